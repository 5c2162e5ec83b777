"""Use what a run has learned on new images: an array's labels, or files by name."""

from pathlib import Path
from typing import Any

from pearlite.errors import InputError, Refused
from pearlite.folders import as_folder, check_free, read_json, write_json
from pearlite.recipes.segment.model import ABOUT
from pearlite.recipes.segment.planes import given_image
from pearlite.recipes.segment.results import Wanted, label, open_model, places, segment_file
from pearlite.recipes.segment.settings import metres
from pearlite.recipes.sources import find_files, result_names, together
from pearlite.recipes.spread import spread
from pearlite.run import Run

MODEL, APPLIED = "model", "applied.json"


def apply(
    run: Run,
    new: Any,
    out: str | Path | None = None,
    *,
    axes: str | None = None,
    pixel_size: str | float | None = None,
    device: str | None = None,
    dask: str | None = None,
    force: bool = False,
    progress: bool = False,
) -> Any:
    """Segment new images with the model of `run`.

    Parameters
    ----------
    run
        A run with a model.
    new
        An array, a file, a folder, or a list of arrays, or of files and folders.
    out
        Folder for the files; ``None`` means ``applied/`` inside the run. Nothing is overwritten.
    axes, device
        As in `fit`; what is not given is as the run had it.
    pixel_size
        Such as ``"20 nm"``, of images that do not say.
    dask
        Address of a Dask scheduler over which to spread the files.
    force
        Go on where pixels are of quite another size than the training's.
    progress
        Draw a progress bar.

    Returns
    -------
    array, or list of array or Path
        For an array its labels, in the masks' own values (uint8; uint16 where those ask for it);
        else the written label images, with all other results beside them.

    Raises
    ------
    InputError
        If an image does not fit the model; of several, after the others are written.
    Refused
        Likewise, if pixels are of quite another size and `force` was not given.
    """
    if not (run.path / MODEL / ABOUT).exists():
        raise InputError(f"{run.path} holds no model yet: it is {run.status}; finish it first")
    wanted = Wanted(
        axes or run.options["axes"],
        force,
        metres(pixel_size),
        run.options["instances"],
        device or run.options["device"],
    )
    if isinstance(new, list | tuple) and any(not isinstance(item, str | Path) for item in new):
        given = {"axes": axes, "pixel_size": pixel_size, "device": device, "force": force}
        return [apply(run, item, out, **given) for item in new]
    image = given_image(new, wanted.axes)
    if image is not None:
        return label(image, open_model(run.path / MODEL, wanted.device), wanted)
    folder = run.path / "applied" if out is None else as_folder(out)
    return _to_files(run, find_files(new), folder, wanted, dask, progress)


def _to_files(
    run: Run,
    sources: list[Path],
    folder: Path,
    wanted: Wanted,
    dask: str | None,
    progress: bool,
) -> list[Path]:
    names = result_names(sources)
    targets = {name: places(folder.absolute(), name) for name in names}
    check_free(target["labels"] for target in targets.values())
    folder.mkdir(parents=True, exist_ok=True)
    model = (run.path / MODEL).absolute()
    jobs = {
        name: (source.absolute(), targets[name], model, wanted)
        for name, source in zip(names, sources, strict=True)
    }
    journal = folder / APPLIED
    entries = read_json(journal) if journal.exists() else {}
    errors: list[InputError | Refused] = []
    for name, facts in spread(segment_file, jobs, dask, "Segmenting", progress):
        if not isinstance(facts, dict):
            errors.append(facts)
            continue
        entries[name] = {"input": str(jobs[name][0]), **facts}
        write_json(journal, entries)
    if errors:
        if not any(folder.iterdir()):
            folder.rmdir()
        raise together(errors, kept=len(sources) - len(errors))
    return [targets[name]["labels"] for name in names]
