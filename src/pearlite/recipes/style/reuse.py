"""Use a run's reference on new contents."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pearlite.data.image import Image
from pearlite.errors import InputError, Refused
from pearlite.folders import as_folder, check_free, read_json, write_json
from pearlite.recipes.sources import (
    as_image,
    find_files,
    match_namesakes,
    result_names,
    result_suffix,
    together,
)
from pearlite.recipes.spread import spread
from pearlite.recipes.style.files import Look, as_labels, measured, style_file
from pearlite.recipes.style.method import Settings
from pearlite.run import Run

APPLIED = "applied.json"


def apply(
    run: Run,
    new: Any,
    out: str | Path | None = None,
    *,
    labels: Any = None,
    axes: str | None = None,
    device: str | None = None,
    progress: bool = False,
) -> Any:
    """Give new contents the look of `run`, in the same way.

    Parameters
    ----------
    run
        A run whose reference is kept.
    new
        An array, a file, a folder, or a list of arrays, or of files and folders.
    out
        Folder for the files; ``None`` means ``applied/`` inside the run. Nothing is overwritten.
    labels
        Which phase each pixel is: an array for an array, a file or folder for files.
    axes, device
        As in `fit`; what is not given is as the run had it.
    progress
        Draw progress bars.

    Returns
    -------
    array, or list of array or Path
        An array for an array; else the written files. What was measured on each is in
        ``applied.json`` beside them.

    Raises
    ------
    InputError
        If a content gave no result, after all the others are written.
    """
    settings = recorded_settings(run, axes=axes, device=device)
    look = kept_look(run)
    if isinstance(new, list | tuple) and any(not isinstance(item, str | Path) for item in new):
        if labels is not None:
            raise InputError("give arrays with labels one by one")
        given = {"axes": axes, "device": device, "progress": progress}
        return [apply(run, item, out, **given) for item in new]
    image = as_image(new, axes or settings.axes)
    if image is not None:
        known = None if labels is None else as_labels(labels, image.axes.replace("C", ""))
        return measured(image, look, settings, known, progress)[1].image
    folder = run.path / "applied" if out is None else as_folder(out)
    return _to_files(find_files(new), folder, settings, look, labels, progress)


def recorded_settings(run: Run, **given: Any) -> Settings:
    """Return the settings of `run`, with those that are given instead."""
    names = [name for name in asdict(Settings()) if name != "seed"]
    if unsaid := [name for name in names if name not in run.options]:
        raise InputError(f"the record of {run.path} lacks {unsaid[0]!r}; make the run again.")
    known: dict[str, Any] = {name: run.options[name] for name in names} | {"seed": run.seed}
    if known["dark_to_bright"] is not None:
        known["dark_to_bright"] = tuple(known["dark_to_bright"])
    return replace(Settings(**known), **{k: v for k, v in given.items() if v is not None})


def kept_look(run: Run) -> Look:
    """Return where the run keeps its reference.

    Raises
    ------
    InputError
        If a file of it is gone.
    """
    entries = run.record["style"]
    images = tuple((run.path / entry["kept"]).absolute() for entry in entries)
    labels = tuple((run.path / e["labels"]).absolute() for e in entries if e["labels"])
    for path in (*images, *labels):
        if not path.is_file():
            raise InputError(f"{path}, the reference of the run, is gone; bring it back.")
    return Look(images, labels)


def _to_files(
    sources: list[Path],
    folder: Path,
    settings: Settings,
    look: Look,
    labels: Any,
    progress: bool,
) -> list[Path]:
    if isinstance(labels, Image) or (labels is not None and not isinstance(labels, str | Path)):
        raise InputError("give the labels of files as a file or a folder")
    masks = match_namesakes(labels, sources, "label image")
    targets = {
        name: folder / (name + result_suffix(source))
        for name, source in zip(result_names(sources), sources, strict=True)
    }
    check_free(targets.values())
    folder.mkdir(parents=True, exist_ok=True)
    single = len(sources) == 1
    jobs = {
        name: (source, target, None, settings, look, mask, progress and single, None)
        for (name, target), source, mask in zip(targets.items(), sources, masks, strict=True)
    }
    journal = folder / APPLIED
    entries = read_json(journal) if journal.exists() else {}
    errors: list[InputError | Refused] = []
    for name, facts in spread(style_file, jobs, None, "Styling", progress and not single):
        if not isinstance(facts, dict):
            errors.append(facts)
            continue
        entries[targets[name].name] = {"input": str(jobs[name][0]), **facts}
        write_json(journal, entries)
    if errors:
        if not any(folder.iterdir()):
            folder.rmdir()
        raise together(errors, kept=len(sources) - len(errors))
    return list(targets.values())
