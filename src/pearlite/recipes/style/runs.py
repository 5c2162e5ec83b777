"""Styling as runs: a folder in which the styled images, the reference and the page lie."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pearlite.data.disk import clear_unfinished
from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.write import write
from pearlite.errors import InputError, Refused
from pearlite.provenance import fingerprint, plain
from pearlite.recipes.sources import (
    as_image,
    find_files,
    match_namesakes,
    result_names,
    result_suffix,
    together,
)
from pearlite.recipes.spread import spread
from pearlite.recipes.style.files import as_labels, style_file
from pearlite.recipes.style.method import Settings
from pearlite.recipes.style.report import html, rows
from pearlite.recipes.style.reuse import apply, kept_look, recorded_settings
from pearlite.run import PAGE, TEST, Run

__all__ = ["apply", "fit", "report", "resume", "summary"]

KEPT, KEPT_LABELS = "content.tif", "labels.tif"
STATE = "state"


def fit(
    data: Any,
    *,
    style: Any = None,
    labels: Any = None,
    style_labels: Any = None,
    dark_to_bright: Sequence[float] | None = None,
    method: str = "pixels",
    strength: float | None = None,
    phases: int = 2,
    quality: str = "balanced",
    minutes: float | None = None,
    axes: str | None = None,
    seed: int = 0,
    device: str = "auto",
    dask: str | None = None,
    out: str | Path | None = None,
    command: str | None = None,
    progress: bool = False,
) -> Run:
    """Give images the look of a reference, into a new run.

    Parameters
    ----------
    data
        The content: an array, an `Image`, a file, a folder, or a list of files and folders. An
        array is kept in the run as ``content.tif``. Up to 8 different values are a label map.
    style
        The reference: the same kinds. Several images are taken together, as of one microscope. A
        copy is kept in the run.
    labels
        Which phase each pixel of the content is: a file, a folder of namesakes, or an array.
    style_labels
        The same of the reference, with the same numbers.
    dark_to_bright, method, strength, phases, quality, minutes, seed, device
        See `pearlite.recipes.style.method.Settings`.
    axes
        Axes of an array of more than two dimensions, or of files that do not say.
    dask
        Address of a Dask scheduler over which to spread the files.
    out
        The run's folder; ``None`` makes a new one in ``runs/``.
    command
        What was typed to get here, for the record.
    progress
        Draw progress bars.

    Returns
    -------
    Run
        Its ``result`` is the styled array, or for several files a dict of them by name.

    Raises
    ------
    InputError
        If no file gave a result, the reference is missing or wrong, or so is an option.
    """
    if style is None:
        raise InputError("give the reference whose look is wanted: --style FILE")
    order = None if dark_to_bright is None else tuple(float(value) for value in dark_to_bright)
    settings = Settings(
        method,
        strength,
        phases,
        order,
        quality,
        minutes,
        axes if as_image(data, axes) is None else None,
        device,
        seed,
    )
    image = as_image(data, axes)
    sources = find_files(data) if image is None else [np.asarray(image.array)]
    references = _references(style)
    marks = _style_labels(style_labels, style, references)
    kept_labels = isinstance(labels, str | Path)
    if kept_labels and image is None:
        match_namesakes(labels, find_files(data), "label image")
    options: dict[str, Any] = asdict(settings)
    del options["seed"]
    options["labels"] = str(Path(labels).resolve()) if kept_labels else None
    with Run.create("style", options, seed, sources, out, command) as run:
        if image is not None:
            write(run.path / KEPT, image)
            run.record["inputs"][0]["path"] = KEPT
        if labels is not None and not kept_labels:
            if len(sources) > 1:
                raise InputError("give the labels of several files as a folder of their namesakes")
            write(run.path / KEPT_LABELS, _mask(as_labels(labels, _label_axes(image, axes))))
            run.options["labels"] = KEPT_LABELS
        _keep_style(run, references, marks)
        _work(run, settings, dask, progress)
    return run


def resume(
    run: Run, *, device: str | None = None, dask: str | None = None, progress: bool = False
) -> Run:
    """Style what `run` has not finished; a painting goes on from where it last saved itself.

    Raises
    ------
    InputError
        If an input is gone or has changed since the run began.
    """
    run.check_inputs()
    settings = recorded_settings(run, device=device)
    run.options["device"] = settings.device
    with run:
        clear_unfinished(run.path)
        _work(run, settings, dask, progress)
    return run


def report(run: Run) -> Path:
    """Write the run's page from what the folder holds, and from the inputs."""
    return run.write_text(PAGE, html(run))


def summary(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first, of what the run brought."""
    return rows(run)


def _work(run: Run, settings: Settings, dask: str | None, progress: bool) -> None:
    """Style the inputs that have no result yet; then write the page."""
    sources, single = run.inputs, len(run.inputs) == 1
    given = run.options["labels"]
    labels = match_namesakes(None if given is None else run.path / given, sources, "label image")
    names = ["styled"] if single else result_names(sources)
    for folder in ("before",) if single else ("before", "styled"):
        (run.path / folder).mkdir(exist_ok=True)
    places = {
        name: ("" if single else "styled/") + name + result_suffix(source)
        for name, source in zip(names, sources, strict=True)
    }
    look = kept_look(run)
    jobs = {
        name: (
            source.absolute(),
            (run.path / places[name]).absolute(),
            (run.path / "before" / f"{name}.tif").absolute(),
            settings,
            look,
            mask,
            progress and single,
            (run.path / STATE / name).absolute(),
        )
        for name, source, mask in zip(names, sources, labels, strict=True)
        if name not in run.results
    }
    test = run.test if run.results else {}
    errors: list[InputError | Refused] = []
    for name, facts in spread(
        style_file, jobs, None if single else dask, "Styling", progress and not single
    ):
        if not isinstance(facts, dict):
            errors.append(facts)
            run.fail(name, facts)
            continue
        number = names.index(name)
        test[name] = plain({"input": sources[number].name, "number": number, **facts})
        run.write_json(TEST, {name: test[name] for name in names if name in test})
        run.finish(name, places[name])
        shutil.rmtree(run.path / STATE / name, ignore_errors=True)
    shutil.rmtree(run.path / STATE, ignore_errors=True)
    if not run.results:
        raise together(errors)
    report(run)


def _references(style: Any) -> list[tuple[str, Path | Image]]:
    """Return name and source of each image of the reference."""
    image = as_image(style, _array_axes(style))
    if image is not None:
        return [("reference", image)]
    if isinstance(style, list | tuple) and not all(_is_path(one) for one in style):
        return [
            (f"reference-{number}", Image(np.asarray(one), _array_axes(one) or "YX"))
            for number, one in enumerate(style, start=1)
        ]
    files = find_files(style)
    return list(zip(result_names(files), files, strict=True))


def _style_labels(
    given: Any, style: Any, references: list[tuple[str, Path | Image]]
) -> list[Image]:
    """Return the labels of each image of the reference, or nothing."""
    if given is None:
        return []
    if _is_path(given):
        sources = [source for _, source in references if isinstance(source, Path)]
        if not sources:
            return [as_labels(given)]
        return [as_labels(path) for path in match_namesakes(given, sources, "label image")]
    listed = given if isinstance(given, list | tuple) else [given]
    if len(listed) != len(references):
        raise InputError(
            f"there are {len(references)} references and labels of {len(listed)}; give one each"
        )
    return [as_labels(one) for one in listed]


def _keep_style(run: Run, references: list[tuple[str, Path | Image]], marks: list[Image]) -> None:
    """Copy the reference and its labels into the run, and record where they came from."""
    run.record["style"] = []
    for number, (name, source) in enumerate(references):
        image = read(source, lazy=False) if isinstance(source, Path) else source
        entry = fingerprint(source if isinstance(source, Path) else np.asarray(image.array))
        place = f"style/{name}.tif"
        (run.path / "style").mkdir(exist_ok=True)
        write(run.path / place, image)
        entry |= {"kept": place, "labels": None}
        if marks:
            entry["labels"] = f"style-labels/{name}.tif"
            (run.path / "style-labels").mkdir(exist_ok=True)
            write(run.path / entry["labels"], _mask(marks[number]))
        run.record["style"].append(entry)


def _mask(labels: Image) -> Image:
    """Return labels in the smallest type that holds them."""
    array = np.asarray(labels.array)
    small = array.min() >= 0 and array.max() <= 255
    return Image(array.astype(np.uint8 if small else np.int32), labels.axes)


def _label_axes(image: Image | None, axes: str | None) -> str | None:
    known = image.axes if image is not None else axes
    return None if known is None else known.replace("C", "")


def _array_axes(style: Any) -> str | None:
    return "CYX" if getattr(style, "ndim", 2) == 3 else None


def _is_path(given: Any) -> bool:
    return isinstance(given, str | Path)
