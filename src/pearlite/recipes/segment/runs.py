"""Segmentation as runs: a folder with the labels, the model, its test, and the page."""

from pathlib import Path
from typing import Any

import numpy as np

from pearlite.data.disk import clear_unfinished
from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.write import write
from pearlite.errors import InputError
from pearlite.provenance import fingerprint, sha256
from pearlite.recipes.segment.classes import Names
from pearlite.recipes.segment.examples import Gathered, gather
from pearlite.recipes.segment.pairs import Pair, find_pairs
from pearlite.recipes.segment.report import html, rows
from pearlite.recipes.segment.reuse import apply
from pearlite.recipes.segment.settings import Settings, metres
from pearlite.recipes.segment.work import work
from pearlite.run import PAGE, Run

__all__ = ["apply", "fit", "report", "resume", "summary"]

IMAGES, MASKS = "images", "masks"


def fit(
    data: Any,
    *,
    masks: Any = None,
    unlabelled: int | None = None,
    names: Names | None = None,
    method: str = "auto",
    encoder: str = "auto",
    train: str = "all",
    vary: str = "auto",
    symmetries: str = "auto",
    scale: float | None = None,
    head: str = "forest",
    group: str | None = None,
    volume: bool = False,
    instances: bool = False,
    pixel_size: str | float | None = None,
    quality: str = "balanced",
    minutes: float | None = None,
    axes: str | None = None,
    force: bool = False,
    device: str = "auto",
    workers: int | None = None,
    dask: str | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    command: str | None = None,
    progress: bool = False,
) -> Run:
    """Learn to give every pixel its class, and do it, into a new run.

    Parameters
    ----------
    data
        An array, an `Image`, a file, a folder, or a list of these. Arrays are kept in the run.
    masks
        Labels: the same for masks, or ImageJ ROI, COCO or VIA files; ``None`` looks beside the
        images. See `pearlite.recipes.segment.examples.gather`, also for `unlabelled`, `names`,
        `volume` and `axes`.
    unlabelled
        The value that means: nobody has labelled it.
    names
        Names of the classes.
    method
        ``"pixels"``, a classifier of pixels, ``"network"``, a U-Net, or ``"auto"``: what is better
        on the validation part.
    encoder
        Of the network: ``"auto"``, ``"none"``, ``"lite0"``, or a MicroNet file.
    train
        What of a pretrained encoder learns: ``"all"``, ``"adaptors"`` or ``"head"``.
    vary
        How crops differ: ``"usual"`` (other shots), ``"unlike"`` (other microscopes) or ``"auto"``.
    symmetries
        Which turns and mirror images of the material are as likely as itself, for the network:
        ``"all"``, ``"left-right"`` (layers), ``"none"``; ``"auto"`` asks whole masks.
    scale
        Working pixels of the network per pixel; ``None`` asks whole masks.
    head
        What classifies pixels: ``"forest"``, ``"lightgbm"`` or ``"linear"``.
    group
        Which images show the same specimen: see `pearlite.data.filenames.image_groups`.
    volume
        Whether stacks along Z are volumes, seen in 3-D.
    instances
        Part touching particles and measure each; masks may number objects.
    pixel_size
        Such as ``"20 nm"``, or metres, of images that do not say.
    quality
        How much time to spend: ``"fast"``, ``"balanced"`` or ``"best"``.
    minutes
        A budget instead, for all that comes between reading and labelling files: that many minutes
        of every thread, of which 70 % train; `docs/segment.md` says what is in it.
    force
        Go on where the answer may not be honest; the report says so.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` …
    workers
        Processor cores to use; all by default.
    dask
        Address of a Dask scheduler over which to spread the files.
    seed
        The one source of randomness.
    out
        The run's folder; ``None`` makes a new one in ``runs/``.
    command
        What was typed to get here, for the record.
    progress
        Draw progress bars.

    Returns
    -------
    Run
        Its ``result`` is the label array, in the masks' own values; for several images a dict of
        them by name: those that were tested on, and those not wholly labelled.

    Raises
    ------
    InputError
        If images and masks do not fit together, or an option is wrong.
    """
    settings = Settings(
        unlabelled,
        names,
        method,
        encoder,
        train,
        vary,
        symmetries,
        scale,
        head,
        group,
        volume,
        instances,
        metres(pixel_size),
        quality,
        minutes,
        axes,
        force,
        device,
        workers,
        seed,
    )
    pairs, _ = find_pairs(data, masks, axes)
    gathered = _gather(data, masks, settings)
    sources = [_source(pair) for pair in pairs]
    command = command or settings.call(data, masks)
    with Run.create("segment", settings.options(), seed, sources, out, command) as run:
        run.options["unlabelled"] = gathered.classes.unlabelled
        if _keep(run, data, masks, pairs):
            gathered = _gathered_again(run)
        run.record["masks"] = [fingerprint(path) for path in _mask_paths(run)]
        _work(run, gathered, dask, progress)
    return run


def resume(
    run: Run,
    *,
    force: bool | None = None,
    device: str | None = None,
    workers: int | None = None,
    dask: str | None = None,
    progress: bool = False,
) -> Run:
    """Go on where `run` stopped: trained networks and finished images stay.

    A training goes on from where it last saved itself.

    Raises
    ------
    InputError
        If an image or a mask is gone or has changed since the run began.
    """
    entries = [*run.record["inputs"], *run.record["masks"]]
    for path, entry in zip([*run.inputs, *_mask_paths(run)], entries, strict=True):
        if not path.exists():
            raise InputError(f"the input {path} is gone; bring it back to resume.")
        if not path.is_relative_to(run.path) and sha256(path) != entry["sha256"]:
            raise InputError(f"the input {path} has changed; make a new run instead.")
    given = {"force": force, "device": device, "workers": workers}
    run.options.update({name: value for name, value in given.items() if value is not None})
    with run:
        clear_unfinished(run.path)
        _work(run, _gathered_again(run), dask, progress)
    return run


def report(run: Run) -> Path:
    """Write the run's page from what the folder holds, and from the inputs."""
    return run.write_text(PAGE, html(run))


def summary(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first, of the scores on the test part."""
    return rows(run)


def _work(run: Run, gathered: Gathered, dask: str | None, progress: bool) -> None:
    settings = Settings.recorded(run.options, run.seed)
    if settings.workers is not None:
        import torch

        torch.set_num_threads(settings.workers)
    work(run, gathered, settings, dask, progress)


def _gather(data: Any, masks: Any, settings: Settings) -> Gathered:
    return gather(
        data,
        masks,
        unlabelled=settings.unlabelled,
        names=settings.names,
        axes=settings.axes,
        volume=settings.volume,
        instances=settings.instances,
        pixel_size=settings.pixel_size,
    )


def _gathered_again(run: Run) -> Gathered:
    """Gather what the run's record names; paths of what was kept are relative to the run."""
    data, masks = (_located(run, run.options[name]) for name in ("data", "masks"))
    return _gather(data, masks, Settings.recorded(run.options, run.seed))


def _located(run: Run, named: list[str] | None) -> list[Path] | Path | None:
    if named is None:
        return None
    paths = [run.path / name for name in named]
    return paths[0] if len(paths) == 1 else paths


def _mask_paths(run: Run) -> list[Path]:
    return [run.path / name for name in run.options["masks"] or ()]


def _source(pair: Pair) -> Path | Any:
    return (
        np.asarray(pair.source.array) if isinstance(pair.source, Image) else pair.source.resolve()
    )


def _keep(run: Run, data: Any, masks: Any, pairs: list[Pair]) -> bool:
    """Record where images and masks lie; keep arrays in the run. Tell whether there were any."""
    images = [(n, pair.source) for n, pair in enumerate(pairs) if isinstance(pair.source, Image)]
    for number, image in images:
        name = f"{IMAGES}/{pairs[number].name.replace(' ', '-')}.tif"
        (run.path / IMAGES).mkdir(exist_ok=True)
        write(run.path / name, image)
        run.record["inputs"][number]["path"] = name
    kept = [entry["path"] for entry in run.record["inputs"]]
    run.options["data"] = kept if images else _paths(data)
    if masks is None or _only_paths(masks):
        run.options["masks"] = None if masks is None else _paths(masks)
        return bool(images)
    names = []
    for number, pair in enumerate(pairs):
        mask = pair.mask
        names.append(f"{MASKS}/{Path(kept[number]).stem}-{number + 1}.tif")
        (run.path / MASKS).mkdir(exist_ok=True)
        write(run.path / names[-1], _mask_image(mask))
    run.options["masks"] = names
    return True


def _only_paths(given: Any) -> bool:
    listed = given if isinstance(given, list | tuple) else [given]
    return all(isinstance(item, str | Path) for item in listed)


def _paths(given: Any) -> list[str]:
    listed = [given] if isinstance(given, str | Path) else given
    return [str(Path(item).resolve()) for item in listed]


def _mask_image(mask: Any) -> Image:
    """Return a mask that was given as an array as an image that a TIFF holds."""
    if isinstance(mask, str | Path):
        return read(mask)
    if isinstance(mask, Image):
        return mask
    array = np.asarray(mask)
    if array.ndim == 3 and array.shape[-1] in (3, 4):
        return Image(np.moveaxis(array, -1, 0), "CYX", meta={"rgb": True})
    small = array.dtype == np.uint8 or array.dtype == bool
    axes = {2: "YX", 3: "ZYX", 4: "TZYX"}[array.ndim]
    return Image(array if small else array.astype(np.int32), axes)
