"""Reconstruction as runs: a folder with the material, a volume, what was measured, and the page."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pearlite.data.write import write
from pearlite.errors import InputError
from pearlite.recipes.reconstruct import filling
from pearlite.recipes.reconstruct.applied import (
    MADE_HERE,
    SAYS_ITSELF,
    apply,
    slices_of,
)
from pearlite.recipes.reconstruct.choices import (
    Choices,
    check_fractions,
    choose,
    leave_out,
)
from pearlite.recipes.reconstruct.given import KEPT, Slices, find_slices, kept
from pearlite.recipes.reconstruct.images import Pictures, prepare
from pearlite.recipes.reconstruct.low_given import find_low
from pearlite.recipes.reconstruct.low_runs import keep_low, low_source
from pearlite.recipes.reconstruct.methods import check_periodic
from pearlite.recipes.reconstruct.report import html, rows
from pearlite.recipes.reconstruct.work import work
from pearlite.run import PAGE, Run

__all__ = ["apply", "fit", "report", "resume", "summary"]

STATE = "state"
SHAPE, QUALITY, DEVICE, METHOD, UNTIL = (128, 128, 128), "balanced", "auto", "auto", "budget"


def fit(
    data: Any,
    *,
    shape: str | int | Sequence[int] | None = None,
    method: str = METHOD,
    kind: str | None = None,
    clean: bool = False,
    vf: str | float | Mapping[int, float] | None = None,
    periodic: bool = False,
    quality: str = QUALITY,
    minutes: float | None = None,
    until: str = UNTIL,
    format: str = ".tif",
    start: str | Path | None = None,
    hole: Any = None,
    low: Any = None,
    factor: int | None = None,
    seed: int = 0,
    device: str = DEVICE,
    dask: str | None = None,
    out: str | Path | None = None,
    command: str | None = None,
    progress: bool = False,
) -> Run:
    """Learn a material from its slices, and make a volume of it, into a new run.

    Parameters
    ----------
    data
        One image, or a list of two or three; see `pearlite.recipes.reconstruct.given.find_slices`.
        Arrays are kept in the run.
    shape
        Voxels of the volume along z, y and x, a cube of 128 unless given; one number for a cube.
        Two numbers ask for a texture: an image, as large as that.
    method
        ``"auto"``, or ``"slicegan"``: the published method, which needs days where this needs
        minutes.
    kind, clean
        See `pearlite.recipes.reconstruct.images.prepare`.
    vf
        Volume fraction that the volume shall have: a number for the phase of the largest value,
        or by phase value.
    periodic
        Whether opposite faces of the volume fit to each other.
    quality, minutes
        CPU time of learning: ``"fast"`` is 1 minute, ``"balanced"`` 5, ``"best"`` 15.
    until
        ``"budget"`` takes the whole time; ``"inside"`` ends learning earlier, once the main
        measures of small volumes are well inside the floor of the images (see
        `pearlite.recipes.reconstruct.watch`). Of the method ``"auto"``.
    format
        Suffix of the volume's file: ``.tif``, ``.ome.tif``, ``.ome.zarr`` or ``.npy``.
    start
        A run of the same images, to go on learning from.
    hole
        A mask, an array or a file, not 0 where pixels of the image shall be filled instead of
        making a volume; see `pearlite.recipes.reconstruct.inpaint.inpaint`.
    low
        A volume of low resolution, an array or a file, of which one is made that has the images'
        pixel size and look; see `pearlite.recipes.reconstruct.low_asked`. Arrays are kept in the
        run.
    factor
        Pixels of the images along a voxel of `low`: 2, 4 or 8; by the pixel sizes unless given.
    seed
        Determines all that is drawn.
    device
        Where to compute.
    dask
        Address of a Dask scheduler on whose workers the volume's tiles are made.
    out, command, progress
        As of every fit.

    Returns
    -------
    Run
        Its ``result`` is the volume, labels with the image's own values.

    Raises
    ------
    InputError
        If an image or an option is wrong; before anything is learned.
    """
    if hole is not None:
        leave_out(
            "a hole is filled in the image as it is, here and in seconds",
            {
                "shape": (shape, None),
                "method": (method, METHOD),
                "vf": (vf, None),
                "periodic": (periodic, False),
                "quality": (quality, QUALITY),
                "minutes": (minutes, None),
                "until": (until, UNTIL),
                "from": (start, None),
                "low": (low is None, True),
                "factor": (factor, None),
                "device": (device, DEVICE),
                "dask": (dask, None),
            },
        )
        return filling.fit(
            data,
            hole,
            kind=kind,
            clean=clean,
            format=format,
            seed=seed,
            out=out,
            command=command,
            progress=progress,
        )
    if low is not None:
        leave_out(
            SAYS_ITSELF,
            {
                "shape": (shape, None),
                "method": (method, METHOD),
                "vf": (vf, None),
                "periodic": (periodic, False),
            },
        )
        leave_out(MADE_HERE, {"dask": (dask, None)})
    else:
        leave_out("factor needs a low-resolution volume, low", {"factor": (factor, None)})
    slices = find_slices(data)
    choices = choose(
        shape=SHAPE if shape is None else shape,
        method=method,
        kind=kind,
        clean=clean,
        vf=vf,
        periodic=periodic,
        quality=quality,
        minutes=minutes,
        format=format,
        device=device,
        until=until,
    )
    pictures = _prepared(slices, choices, low, factor)
    sources = slices.sources
    if pictures.low is not None:
        choices = replace(choices, shape=pictures.low.shape)
        sources = [*sources, low_source(low)]
    options = {**choices.plain(), "start": None if start is None else str(start)}
    if pictures.low is not None:
        options["factor"] = pictures.low.encoding.factor
    earlier = None if start is None else _earlier_state(Path(start), pictures, method)
    with Run.create("reconstruct", options, seed, sources, out, command) as run:
        for number, (image, source) in enumerate(zip(slices.images, slices.sources, strict=True)):
            if not isinstance(source, Path):
                write(run.path / KEPT[number], kept(image, slices))
                run.record["inputs"][number]["path"] = KEPT[number]
        if low is not None:
            keep_low(run, sources[-1])
        if earlier is not None:
            shutil.copytree(earlier, run.path / STATE)
        work(run, slices, pictures, choices, dask, progress)
    return run


def resume(
    run: Run,
    *,
    device: str | None = None,
    dask: str | None = None,
    progress: bool = False,
) -> Run:
    """Go on where the run stopped: learning to its last saved step, the rest anew.

    Raises
    ------
    InputError
        If an input is gone or has changed since the run began.
    """
    if "hole" in run.options:
        why = "a hole is filled here and in seconds"
        leave_out(why, {"device": (device, None), "dask": (dask, None)})
        return filling.resume(run, progress=progress)
    if "factor" in run.options:
        leave_out(MADE_HERE, {"dask": (dask, None)})
    run.check_inputs()
    if device is not None:
        run.options["device"] = device
    choices = Choices.recorded(run.options)
    with run:
        work(run, slices_of(run), _pictures_of(run), choices, dask, progress)
    return run


def report(run: Run) -> Path:
    """Write the run's page from what the folder holds, and from the inputs."""
    if "hole" in run.options:
        return filling.report(run)
    return run.write_text(PAGE, html(run, _pictures_of(run)))


def summary(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first, of what the run brought."""
    return filling.summary(run) if "hole" in run.options else rows(run)


def _prepared(
    slices: Slices, choices: Choices, low: Any = None, factor: int | None = None
) -> Pictures:
    dims = len(choices.shape)
    pictures = prepare(slices.images, kind=choices.kind, clean=choices.clean, dims=dims)
    check_fractions(choices, pictures)
    if choices.periodic:
        check_periodic(choices.method, choices.shape, pictures)
    if low is None:
        return pictures
    known = {"pixel_size": slices.pixel_size, "unit": slices.unit}
    return replace(pictures, low=find_low(low, pictures.meaning, factor=factor, **known))


def _pictures_of(run: Run) -> Pictures:
    choices, factor = Choices.recorded(run.options), run.options.get("factor")
    low = None if factor is None else run.inputs[-1]
    return _prepared(slices_of(run), choices, low, factor)


def _earlier_state(path: Path, pictures: Pictures, method: str) -> Path:
    """Return the folder of a run's training, if it is of the same images."""
    earlier = Run.open(path)
    if earlier.task != "reconstruct" or not (earlier.path / STATE).is_dir():
        raise InputError(f"{path} is no reconstruction that can go on; give one")
    if earlier.options["method"] != method:
        raise InputError(
            f"{path} was learned by the method {earlier.options['method']}; ask for it"
        )
    before = _pictures_of(earlier)
    low = [None if each.low is None else each.low.encoding for each in (before, pictures)]
    if before.meaning != pictures.meaning or low[0] != low[1]:
        raise InputError(
            f"{path} learned from other images; go on with the same, or begin anew without --from"
        )
    return earlier.path / STATE
