"""Use a run's noise model on new images: the same instrument with the same settings."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from pearlite.errors import InputError, Refused
from pearlite.folders import as_folder, check_free, read_json, write_json
from pearlite.recipes.denoise.files import Settings, clean_file, clean_into
from pearlite.recipes.denoise.noise import SILENT, NoiseModel
from pearlite.recipes.sources import as_image, find_files, result_names, result_suffix, together
from pearlite.recipes.spread import spread
from pearlite.run import Run

MODEL, APPLIED = "model.json", "applied.json"


def apply(
    run: Run,
    new: Any,
    out: str | Path | None = None,
    *,
    refit: bool = False,
    axes: str | None = None,
    device: str | None = None,
    force: bool = False,
    progress: bool = False,
) -> Any:
    """Denoise new images with the noise model of `run`: the same instrument, the same settings.

    Parameters
    ----------
    run
        A run with at least one result.
    new
        An array, a file, a folder, or a list of arrays, or of files and folders.
    out
        Folder for the files; ``None`` means ``applied/`` inside the run. Nothing is overwritten.
    refit
        Fit the noise model to each new image instead.
    axes, device
        As in `fit`; what is not given is as the run had it.
    force
        Use the model where it does not fit the image's noise, or the noise fails its test.
    progress
        Draw progress bars.

    Returns
    -------
    array, or list of array or Path
        An array for an array, of its type unless the run writes floats; else the written files.
        What was measured on each is in ``applied.json`` beside them.

    Raises
    ------
    InputError
        If a file gave no result, after all the others are written.
    Refused
        Likewise, if the noise of an image is not that of the run, or fails its test.
    """
    settings = recorded_settings(run, axes=axes, device=device, force=force)
    noise = None if refit else _model(run)
    if isinstance(new, list | tuple) and any(not isinstance(item, str | Path) for item in new):
        given = {"refit": refit, "axes": axes, "device": device, "force": force}
        return [apply(run, item, out, progress=progress, **given) for item in new]
    image = as_image(new, axes or settings.axes)
    if image is not None:
        clean = np.empty(settings.result_shape(image), settings.result_dtype(image))
        clean_into(clean, image, settings, noise, progress)
        return clean
    folder = run.path / "applied" if out is None else as_folder(out)
    return _to_files(find_files(new), folder, settings, noise, progress)


def recorded_settings(run: Run, **given: Any) -> Settings:
    """Return the settings of `run`, with those that are given instead."""
    names = [name for name in asdict(Settings()) if name != "seed"]
    if unsaid := [name for name in names if name not in run.options]:
        raise InputError(f"the record of {run.path} lacks {unsaid[0]!r}; make the run again.")
    known: dict[str, Any] = {name: run.options[name] for name in names}
    known |= {"seed": run.seed, "remedies": tuple(known["remedies"])}
    return replace(Settings(**known), **{k: v for k, v in given.items() if v is not None})


def _model(run: Run) -> list[NoiseModel]:
    """Return the noise model of each channel: the median over the run's files."""
    read = run.read_json(MODEL)["noise"].values()
    fitted = [[NoiseModel(**model) for model in channels] for channels in read]
    noisy = [models for models in fitted if SILENT not in models]
    if not noisy:
        raise InputError(f"{run.path} has no noise model, its images had no noise; use --refit.")
    if len({len(models) for models in noisy}) != 1:
        raise InputError(
            f"the files of {run.path} have different numbers of channels; use --refit."
        )
    table = np.median([[(m.gain, m.offset, m.error) for m in models] for models in noisy], axis=0)
    return [NoiseModel(*map(float, row)) for row in table]


def _to_files(
    sources: list[Path],
    folder: Path,
    settings: Settings,
    noise: list[NoiseModel] | None,
    progress: bool,
) -> list[Path]:
    targets = {
        name: folder / (name + result_suffix(source))
        for name, source in zip(result_names(sources), sources, strict=True)
    }
    check_free(targets.values())
    folder.mkdir(parents=True, exist_ok=True)
    single = len(sources) == 1
    jobs = {
        name: (source, target, settings, noise, None, progress and single)
        for (name, target), source in zip(targets.items(), sources, strict=True)
    }
    journal = folder / APPLIED
    entries = read_json(journal) if journal.exists() else {}
    errors: list[InputError | Refused] = []
    for name, facts in spread(clean_file, jobs, None, "Denoising", progress and not single):
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
