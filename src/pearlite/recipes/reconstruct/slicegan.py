"""SliceGAN as it was published, beside which our own method is measured.

Kench & Cooper, Nature Machine Intelligence 3, 299 (2021; arXiv 2102.07708): a generator makes
volumes from noise; critics see all their slices along three axes and windows of the images; both
play for the Wasserstein distance under a gradient penalty. Networks, losses and rates are the
paper's. What differs is what is broken in the authors' code: a softmax ends the networks of phases
only, so that grey and colour images can be learned; the penalty looks at slices from anywhere and
not from the border of one volume; volumes have any shape, are periodic if they shall be, need no
GPU and have a seed; training can be taken up again; windows are drawn when they are needed.

Letters: B batch, C channels, S space (DHW).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.folders import read_json, write_json
from pearlite.nets.slicegan import HALO, SliceGenerator
from pearlite.nets.weights import load, save
from pearlite.recipes.reconstruct.generate import generate
from pearlite.recipes.reconstruct.images import Meaning, Pictures, prepare
from pearlite.recipes.reconstruct.material import Material
from pearlite.recipes.reconstruct.slicegan_game import AXES, Published, SliceGame, standard
from pearlite.train.budget import Budget
from pearlite.train.device import device_of
from pearlite.train.history import Row
from pearlite.train.optimisers import adam
from pearlite.train.rows import Rows
from pearlite.train.state import State
from pearlite.train.trainer import Event, Trainer

WEIGHTS, ABOUT = "slicegan.safetensors", "slicegan.json"


@dataclass(frozen=True)
class SliceGAN:
    """A trained generator.

    Attributes
    ----------
    network
        In evaluation mode.
    meaning
        Of its channels.
    history
        Rows with the step, the seconds and the mean losses since the row before.
    """

    network: SliceGenerator = field(repr=False)
    meaning: Meaning
    history: list[Row] = field(default_factory=list, repr=False)

    @property
    def material(self) -> Material:
        """The same as a material, for `generate_file` and `with_fractions`."""
        endless: Any = Endless(self.network, self.meaning)
        return Material(endless, self.meaning)

    def generate(
        self,
        shape: Sequence[int],
        seed: int = 0,
        *,
        start: Sequence[int] | None = None,
        periodic: bool | Sequence[bool] = False,
    ) -> NDArray:
        """Make a block of the endless volume of a seed; see `recipes.reconstruct.generate`."""
        return generate(self.material, shape, seed=seed, start=start, periodic=periodic)


def train_slicegan(
    images: Pictures | NDArray | Sequence[NDArray],
    *,
    seconds: float = 300.0,
    steps: int | None = None,
    seed: int = 0,
    kind: str | None = None,
    end: str | None = None,
    published: Published | None = None,
    state: State | None = None,
    events: dict[str, list[Event]] | None = None,
    progress: str | None = None,
    device: str = "auto",
) -> SliceGAN:
    """Train the published networks on one, two or three images.

    Parameters
    ----------
    images, kind
        See `pearlite.recipes.reconstruct.images.prepare`; or what it has made.
    seconds
        CPU seconds of the training. As a time decides, two trainings with the same seed differ.
    steps
        Moves of the generator, where they and not the time shall decide.
    seed
        Determines all that is drawn.
    end
        Of the generator; ``"softmax"`` for phases and ``"tanh"`` for values unless given.
    published
        The numbers of the method: smaller widths for a try.
    state
        Where the training is kept, and taken up again if it was interrupted.
    events
        Further events of the trainer; ``trainer.task.generator`` is what learns.
    progress
        What the progress bar says; no bar where None.
    device
        Where it computes.

    Raises
    ------
    InputError
        If an image or an option is wrong.
    KeyboardInterrupt
        After Ctrl-C; the state is saved.
    """
    numbers = published or Published()
    pictures = images if isinstance(images, Pictures) else prepare(images, kind=kind)
    phases = pictures.meaning.kind == "phases"
    end = end or ("softmax" if phases else "tanh")
    if phases != (end == "softmax"):
        raise InputError(f"end={end!r} does not fit {pictures.meaning.kind}: softmax is for phases")
    if numbers.batch < 1 or numbers.rounds < 1:
        raise InputError(f"batch={numbers.batch} and rounds={numbers.rounds} must be at least 1")
    where = device_of(device)
    task = SliceGame(pictures, numbers, end, seed).to(where)
    moves = AXES * numbers.rounds
    budget = Budget(seconds, None if steps is None else moves * steps)
    if state is not None:
        state.also |= {"budget": budget}

    def stop(trainer: Trainer) -> None:
        if budget.share(trainer.step) >= 1 and trainer.step:
            trainer.stopped = "budget"

    given, due = events or {}, Rows(budget)
    trainer = Trainer(
        task,
        optimiser=adam(numbers.rate, betas=numbers.betas),
        every=2**62,
        keep="last",
        seed=seed,
        state=state,
        events={
            **given,
            "start": [stop, due.begin, *given.get("start", [])],
            "step": [due.follow, stop, *given.get("step", [])],
        },
        progress=progress,
    )
    trainer.fit(task.draws(pictures, seed, where), resume=state is not None)
    network = task.generator.eval().requires_grad_(False)
    return SliceGAN(network, pictures.meaning, trainer.history)


class Endless(nn.Module):
    """A generator as `generate` asks it: by the cells of noise that a block of voxels needs.

    As a pyramid whose coarsest level alone has noise; what comes out are logarithms of the phases'
    shares, or values of mean 0 and variance 1 in the images.
    """

    def __init__(self, network: SliceGenerator, meaning: Meaning) -> None:
        super().__init__()
        self.network, self.meaning = network, meaning
        self.grain, self.dims, self.noise = network.grain, network.dims, network.noise
        self.levels = len(network.widths) + 1

    def spans(self, first: int, end: int) -> list[tuple[int, int]]:
        """Return the cells of each level, finest first, whose noise the voxels of a span need."""
        none = (first // self.grain,) * 2
        return [none] * (self.levels - 1) + [(none[0], -(-end // self.grain) + HALO)]

    def forward(self, noise_BCS: Sequence[Tensor], starts: Sequence[int]) -> Tensor:
        """Map noise, of whose levels only the last counts, to ``(B, C, *S)``."""
        del starts  # blocks begin where a cell does
        made_BCS = self.network(noise_BCS[-1])
        if self.meaning.kind == "phases":
            return made_BCS.clamp(min=torch.finfo(made_BCS.dtype).tiny).log()
        return standard(made_BCS, self.meaning)


def save_slicegan(model: SliceGAN, folder: Path) -> None:
    """Write a model into a folder: weights, then a small text that makes them whole."""
    save(model.network, folder / WEIGHTS)
    built = {"widths": model.network.widths, "end": model.network.end}
    about = {"network": built, "meaning": asdict(model.meaning), "history": model.history}
    write_json(folder / ABOUT, about)


def load_slicegan(folder: Path) -> SliceGAN:
    """Read what `save_slicegan` wrote; `InputError` if it is missing or damaged."""
    path = folder / ABOUT
    try:
        about: dict[str, Any] = read_json(path)
        said: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) else v for n, v in about["meaning"].items()
        }
        meaning = Meaning(**said)
        network = SliceGenerator(
            meaning.channels, **about["network"], generator=torch.Generator().manual_seed(0)
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is missing or damaged; expected a trained SliceGAN") from error
    load(network, folder / WEIGHTS)
    return SliceGAN(network.eval().requires_grad_(False), meaning, about["history"])
