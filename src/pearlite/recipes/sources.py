"""What a recipe is given: arrays, or names of files; and what the results are called."""

from pathlib import Path
from typing import Any

import numpy as np

from pearlite.data.image import Image
from pearlite.data.read import SUFFIXES, find_images
from pearlite.errors import InputError, Refused


def as_image(data: Any, axes: str | None) -> Image | None:
    """Return an array as an image, and nothing for what names files."""
    if isinstance(data, Image):
        return data
    if isinstance(data, str | Path | list | tuple):
        return None
    array = np.asarray(data)
    if array.ndim > 2 and axes is None:
        raise InputError(
            f"the array has shape {array.shape}; say what its axes are, such as axes='ZYX'."
        )
    return Image(array, axes or "YX")


def find_files(data: Any) -> list[Path]:
    """Return the images that `data` names, each once."""
    listed = [data] if isinstance(data, str | Path) else data
    if not listed or any(not isinstance(item, str | Path) for item in listed):
        raise InputError("give an array, or one or more paths of images or folders.")
    return list(dict.fromkeys(path.resolve() for item in listed for path in find_images(item)))


def match_truths(truth: str | Path | None, sources: list[Path]) -> list[Path | None]:
    """Return the clean reference of each source; see `match_namesakes`."""
    return match_namesakes(truth, sources, "truth")


def match_namesakes(
    given: str | Path | None, sources: list[Path], called: str
) -> list[Path | None]:
    """Return what belongs to each source: the file given, or a namesake in the folder.

    Parameters
    ----------
    given
        A file, a folder, or nothing.
    sources
        Files.
    called
        What is given, in the error: ``"truth"``.

    Raises
    ------
    InputError
        If a source has none, or one file is given for several sources.
    """
    if given is None:
        return [None] * len(sources)
    found = find_images(given)
    if found == [Path(given)]:
        if len(sources) > 1:
            raise InputError(
                f"{given} is one {called} for {len(sources)} images; give a folder that holds one "
                "of the same name for each."
            )
        return [found[0]]
    namesakes = {_stem(path): path for path in found}
    if missing := [source for source in sources if _stem(source) not in namesakes]:
        raise InputError(f"{given} holds no {called} named like {missing[0].name}; add it.")
    return [namesakes[_stem(source)] for source in sources]


def result_names(sources: list[Path]) -> list[str]:
    """Return a name for each file, as short as tells them apart."""
    stems = [_stem(path) for path in sources]
    names = [
        stem if stems.count(stem) == 1 else path.name.replace(".", "-")
        for stem, path in zip(stems, sources, strict=True)
    ]
    return [
        name if names.count(name) == 1 else f"{name}-{number}"
        for number, name in enumerate(names, start=1)
    ]


def _stem(path: Path) -> str:
    stem = path.stem if path.suffix.lower() in SUFFIXES else path.name
    return stem.removesuffix(".ome")


def result_suffix(source: Path) -> str:
    """Return the format of an image result: Zarr for Zarr, OME-TIFF for that, else TIFF."""
    if source.suffix.lower() == ".zarr":
        return ".ome.zarr"
    return ".ome.tif" if source.name.lower().endswith((".ome.tif", ".ome.tiff")) else ".tif"


def together(errors: list[InputError | Refused], kept: int = 0) -> InputError | Refused:
    """Return one error for many: wrong input before refusals, and how many results there are."""
    first = next((error for error in errors if isinstance(error, InputError)), errors[0])
    if len(errors) == 1 and not kept:
        return first
    return type(first)(
        f"{len(errors)} of {len(errors) + kept} images gave no result; the first of them: {first}"
    )
