"""The methods by name, each from pictures to a material in a folder."""

from dataclasses import dataclass
from pathlib import Path

from pearlite.errors import InputError
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.material import Material, load_material, save_material
from pearlite.recipes.reconstruct.preview import Preview
from pearlite.recipes.reconstruct.settings import recipe_for
from pearlite.recipes.reconstruct.slicegan import load_slicegan, save_slicegan, train_slicegan
from pearlite.recipes.reconstruct.slicegan_game import Published
from pearlite.recipes.reconstruct.start import began_as
from pearlite.recipes.reconstruct.train import train
from pearlite.recipes.reconstruct.watch import Watch
from pearlite.train.history import Row
from pearlite.train.state import State

METHODS = ("auto", "slicegan")
_FILES = {"auto": "material.json", "slicegan": "slicegan.json"}


@dataclass(frozen=True)
class Work:
    """What a training is given beside its pictures.

    Attributes
    ----------
    seconds
        CPU seconds, those of earlier trainings that it goes on from included.
    seed
        Determines all that is drawn.
    folder
        Of the run: states go to ``state``, pictures to ``preview.png``.
    model
        Folder for the material.
    progress
        What the progress bar says; no bar where None.
    device
        Where to compute.
    until
        What ends the training: ``"inside"`` or ``"budget"``; only of the method ``"auto"``.
    """

    seconds: float
    seed: int
    folder: Path
    model: Path
    progress: str | None
    device: str
    until: str


@dataclass(frozen=True)
class Learned:
    """How a training went.

    Attributes
    ----------
    history
        A row at equal shares of the budget.
    near
        Share of the budget after which it was near enough to end; None where it took all.
    began
        A sentence on what the generator began with.
    """

    history: list[Row]
    near: float | None
    began: str


def learn(method: str, pictures: Pictures, work: Work) -> Learned:
    """Train by a method, and write the material."""
    state = State(work.folder / "state")
    work.model.mkdir(exist_ok=True)
    if method == "slicegan":
        model = train_slicegan(
            pictures,
            seconds=work.seconds,
            seed=work.seed,
            state=state,
            progress=work.progress,
            device=work.device,
        )
        save_slicegan(model, work.model)
        return Learned(model.history, None, began_as((), ()))
    watch = Watch(pictures, work.seed)
    preview = Preview(work.folder / "preview.png", watch)
    trained = train(
        pictures,
        seconds=work.seconds,
        seed=work.seed,
        state=state,
        events={"validate": [preview.follow], "end": [preview.draw]},
        watch=watch,
        until=work.until,
        progress=work.progress,
        device=work.device,
    )
    save_material(trained.material, work.model)
    began = began_as(trained.starts, pictures.meaning.values)
    return Learned(trained.history, trained.near, began)


def is_learned(method: str, model: Path) -> bool:
    """Whether a material was written, whole."""
    return (model / _FILES[method]).is_file()


def load_learned(method: str, model: Path) -> Material:
    """Read what `learn` wrote."""
    return load_slicegan(model).material if method == "slicegan" else load_material(model)


def check_periodic(method: str, shape: tuple[int, ...], pictures: Pictures) -> None:
    """Refuse a periodic volume whose sides are no multiples of the coarsest cell.

    Raises
    ------
    InputError
        With the nearest sides that are.
    """
    levels = len(Published().widths if method == "slicegan" else recipe_for(pictures).widths[1:])
    grain = 2**levels
    if any(side % grain for side in shape):
        nearest = ",".join(str(max(1, round(side / grain)) * grain) for side in shape)
        raise InputError(
            f"sides of a periodic volume are multiples of {grain} voxels, the coarsest cell of "
            f"this material; take {nearest}"
        )
