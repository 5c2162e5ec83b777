"""Denoising as runs: a folder in which the clean images, the noise models and the page lie."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pearlite.data.disk import clear_unfinished
from pearlite.data.write import write
from pearlite.errors import InputError, Refused
from pearlite.provenance import plain
from pearlite.recipes.denoise.files import Settings, clean_file
from pearlite.recipes.denoise.report import html, rows
from pearlite.recipes.denoise.reuse import MODEL, apply, recorded_settings
from pearlite.recipes.sources import (
    as_image,
    find_files,
    match_truths,
    result_names,
    result_suffix,
    together,
)
from pearlite.recipes.spread import spread
from pearlite.run import PAGE, TEST, Run

__all__ = ["apply", "fit", "report", "resume", "summary"]

KEPT = "noisy.tif"
STATE = "state"


def fit(
    data: Any,
    *,
    axes: str | None = None,
    method: str = "auto",
    quality: str = "balanced",
    remedies: Sequence[str] = (),
    truth: str | Path | None = None,
    as_float: bool = False,
    force: bool = False,
    seed: int = 0,
    device: str = "auto",
    dask: str | None = None,
    out: str | Path | None = None,
    command: str | None = None,
    progress: bool = False,
) -> Run:
    """Denoise images, each from itself alone, into a new run.

    Parameters
    ----------
    data
        An array, an `Image`, a file, a folder, or a list of files and folders. An array is kept
        in the run as ``noisy.tif``.
    axes
        Axes of an array of more than two dimensions, or of files that do not say.
    method, quality, remedies, force, seed, device
        See `pearlite.recipes.denoise.denoise`.
    truth
        A clean reference, or a folder with one of the same name for each file: to report the true
        error beside the estimated one.
    as_float
        Write 32-bit floats instead of the input's type.
    dask
        Address of a Dask scheduler over which to spread the files, or the parts of a single one.
    out
        The run's folder; ``None`` makes a new one in ``runs/``.
    command
        What was typed to get here, for the record.
    progress
        Draw progress bars.

    Returns
    -------
    Run
        Its ``result`` is the clean array, or for several files a dict of them by name. Files that
        gave no result are in ``failures``.

    Raises
    ------
    InputError
        If no file could be read, or an option is wrong.
    Refused
        If the noise of every file breaks the method's assumption and `force` was not given.
    """
    image = as_image(data, axes)
    sources = find_files(data) if image is None else [np.asarray(image.array)]
    settings = Settings(
        axes if image is None else None,
        method,
        quality,
        tuple(remedies),
        force,
        device,
        seed,
        as_float,
    )
    options: dict[str, Any] = asdict(settings) | {
        "truth": None if truth is None else str(Path(truth).resolve())
    }
    del options["seed"]
    with Run.create("denoise", options, seed, sources, out, command) as run:
        if image is not None:
            write(run.path / KEPT, image)
            run.record["inputs"][0]["path"] = KEPT
        _work(run, settings, dask, progress)
    return run


def resume(
    run: Run,
    *,
    force: bool | None = None,
    device: str | None = None,
    dask: str | None = None,
    progress: bool = False,
) -> Run:
    """Denoise what `run` has not finished: files that it did not reach, or that gave no result.

    A Noise2Fast training goes on from where it last saved itself, with the same result.

    Raises
    ------
    InputError
        If an input is gone or has changed since the run began.
    """
    run.check_inputs()
    settings = recorded_settings(run, force=force, device=device)
    run.options.update(force=settings.force, device=settings.device)
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
    """Denoise the inputs that have no result yet; then write the page."""
    sources, single = run.inputs, len(run.inputs) == 1
    truths = match_truths(run.options["truth"], sources)
    names = ["clean"] if single else result_names(sources)
    if not single:
        (run.path / "clean").mkdir(exist_ok=True)
    places = {
        name: ("" if single else "clean/") + name + result_suffix(source)
        for name, source in zip(names, sources, strict=True)
    }
    jobs = {
        name: (
            source.absolute(),
            (run.path / places[name]).absolute(),
            settings,
            None,
            truth,
            progress and single,
            dask if single else None,
            (run.path / STATE).absolute(),
        )
        for name, source, truth in zip(names, sources, truths, strict=True)
        if name not in run.results
    }
    test = run.test if run.results else {}
    errors: list[InputError | Refused] = []
    for name, facts in spread(
        clean_file, jobs, None if single else dask, "Denoising", progress and not single
    ):
        if not isinstance(facts, dict):
            errors.append(facts)
            run.fail(name, facts)
            continue
        number = names.index(name)
        test[name] = plain({"input": sources[number].name, "number": number, **facts})
        run.write_json(TEST, {name: test[name] for name in names if name in test})
        run.write_json(MODEL, {"noise": {name: facts["noise"] for name, facts in test.items()}})
        run.finish(name, places[name])
    shutil.rmtree(run.path / STATE, ignore_errors=True)
    if not run.results:
        raise together(errors)
    report(run)
