"""Super-resolution in runs: the low-resolution volume kept, applied to another one, on the page.

Axes: ZYX of a volume.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.write import write
from pearlite.errors import InputError
from pearlite.recipes.reconstruct.generate import generate, generate_file
from pearlite.recipes.reconstruct.given import Slices
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.low import Encoding, Low
from pearlite.recipes.reconstruct.low_asked import Agreement
from pearlite.recipes.reconstruct.low_given import another_low, low_image
from pearlite.recipes.reconstruct.material import Material
from pearlite.run import Run
from pearlite.see import page, preview
from pearlite.see.html import Html

KEPT_LOW = "low.tif"
SHOWN = 256  # voxels a side of the slice that is shown


def low_source(given: Any) -> Any:
    """Return the file of a low-resolution volume; where an array was given, that array."""
    image = low_image(given)
    return np.asarray(image.array) if image.path is None else image.path.resolve()


def keep_low(run: Run, source: Any) -> None:
    """Write a low-resolution volume that was given as an array into the run, its last input."""
    if not isinstance(source, Path):
        write(run.path / KEPT_LOW, Image(source, "ZYX"))
        run.record["inputs"][-1]["path"] = KEPT_LOW


def finer(
    material: Material,
    encoding: Encoding | None,
    new: Any,
    slices: Slices,
    *,
    seed: int,
    out: Path,
    suffix: str,
    show: bool,
) -> NDArray[Any] | list[Path]:
    """Make other low-resolution volumes fine: an array of an array, files of files.

    Parameters
    ----------
    material, encoding
        What was learned, and how it takes a low-resolution volume.
    new
        An array (Z, Y, X), a file, or a list of files.
    slices
        That were learned from; what is made has their pixel size.
    seed
        Which of the volumes that the low-resolution one allows.
    out
        Folder for the files; a file, where it ends as one and one is made.
    suffix
        Of the files in a folder.
    show
        Whether to draw progress bars.

    Raises
    ------
    InputError
        If one of them is no such volume, or two have the same name.
    """
    if encoding is None:
        raise InputError("the material takes no low-resolution volume: its folder is damaged")
    files = [new] if isinstance(new, str | Path) else new if isinstance(new, list) else None
    size = {"pixel_size": slices.pixel_size, "unit": slices.unit}
    if files is None:
        low = another_low(new, encoding, **size)
        return generate(replace(material, low=low), low.shape, seed=seed)
    volumes = [another_low(file, encoding, **size) for file in files]
    if len(files) == 1 and out.name.endswith((".tif", ".zarr", ".npy")):
        made = [out]
    else:
        out.mkdir(parents=True, exist_ok=True)
        made = [out / f"{Path(file).name.split('.')[0]}-seed{seed}{suffix}" for file in files]
    if len(set(made)) < len(made):
        raise InputError("two volumes have the same name; apply the run to one after the other")
    for path, low in zip(made, volumes, strict=True):
        each = replace(material, low=low)
        generate_file(each, path, low.shape, seed=seed, **size, show=show)
    return made


def agreement_said(found: dict[str, Any]) -> tuple[str, str, str]:
    """Return a card of the page: how far what was made is the low-resolution volume."""
    size = " × ".join(map(str, found["shape"]))
    if found["labels"]:
        return (
            "Low-resolution voxels kept",
            f"{found['agreement']:.1%}",
            f"Of {size} voxels, each {found['factor']}³ now, the phase that fills most is that "
            "which was given.",
        )
    return (
        "Correlation with the low resolution",
        f"{found['agreement']:.3f}",
        f"Of the brightness of {size} voxels, each the mean of {found['factor']}³ now.",
    )


def seen_beside(volume: Any, pictures: Pictures) -> Iterator[Html]:
    """Yield the section that shows a slice at low resolution beside the same slice as made.

    Parameters
    ----------
    volume
        What was made: (Z, Y, X), in colour (Z, Y, X, 3).
    pictures
        With the low-resolution volume; nothing is yielded where there is none.
    """
    if (low := pictures.low) is None:
        return
    factor = low.encoding.factor
    middle, side = low.array.shape[0] // 2, SHOWN // factor
    coarse = np.asarray(low.array[middle])[:side, :side].astype(np.float32)
    coarse = coarse.repeat(factor, 0).repeat(factor, 1)
    fine = np.asarray(volume[middle * factor + factor // 2])[:SHOWN, :SHOWN]
    limits = [
        (float(coarse.min()), float(coarse.max())),
        (pictures.meaning.low, pictures.meaning.high),
    ]
    named = ("the low-resolution volume", "the volume")
    shown = [
        page.picture(
            preview.data_uri(preview.grey(part, limit), exact=True),
            part.shape[:2],
            name,
            f"A slice of {name}, {part.shape[0]}x{part.shape[1]} voxels as made.",
        )
        for part, limit, name in zip((coarse, fine), limits, named, strict=True)
    ]
    yield page.section(
        "The low-resolution volume and what was made of it", page.side_by_side(*shown)
    )


def measured_beside(path: Path, pictures: Pictures, low: Low) -> dict[str, Any]:
    """Return how a written volume agrees with its low one, for the page and ``test.json``."""
    array: Any = read(path, lazy=True).array
    agreement = Agreement(low.encoding, pictures.meaning).measured(array, low, pictures.meaning)
    return {
        "agreement": agreement,
        "labels": bool(low.encoding.values),
        "factor": low.encoding.factor,
        "shape": list(low.array.shape),
    }
