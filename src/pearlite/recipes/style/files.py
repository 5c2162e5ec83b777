"""One content file in, one styled file out, with what was measured on the way."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pearlite.data.image import Image
from pearlite.data.masks import read_mask
from pearlite.data.read import read
from pearlite.data.write import write
from pearlite.errors import InputError, Refused
from pearlite.recipes.style.method import Settings, Styled, style_image
from pearlite.recipes.style.reference import Style

ALIKE = 1.05  # factor between pixel sizes up to which they count as equal
CACHED = "before.tif"


@dataclass(frozen=True)
class Look:
    """Where a run keeps its reference.

    Parameters
    ----------
    images
        Files, and of each the labels, if there are any.
    labels
        As many files, or none.
    """

    images: tuple[Path, ...]
    labels: tuple[Path, ...]

    def read(self) -> tuple[Style, list[Image]]:
        """Return the reference, and its images with what their files say."""
        images = [read(path, lazy=False) for path in self.images]
        labels = [as_labels(path) for path in self.labels]
        return Style.of(images, labels or None), images


def as_labels(source: Any, axes: str | None = None) -> Image:
    """Read labels: a mask of any kind, as whole numbers."""
    mask = read_mask(source, axes)
    if mask.coloured:
        raise InputError(f"{mask.name} is coloured; save its labels as whole numbers, one a phase")
    return Image(mask.values_S, mask.axes)


def style_file(
    source: Path,
    target: Path,
    before: Path | None,
    settings: Settings,
    look: Look,
    labels: Path | None,
    progress: bool,
    state: Path | None,
) -> dict[str, Any] | InputError | Refused:
    """Style `source` into `target`.

    Parameters
    ----------
    source, target
        The content, which is only read, and the file to write.
    before
        Where to write what it was like before, for the page; a plane in the reference's greys.
    settings, look
        How, and like what.
    labels
        Which phase each pixel is.
    progress
        Draw a progress bar.
    state
        A folder in which the painting keeps where it is, and from which it goes on.

    Returns
    -------
    dict, InputError or Refused
        What was measured, or why this file gives no result.
    """
    try:
        image = read(source, lazy=False, axes=settings.axes)
        known = None if labels is None else as_labels(labels, settings.axes)
        facts, styled = measured(image, look, settings, known, progress, state)
        write(target, result_image(image, styled))
        if before is not None:
            write(before, _plane_image(styled.before))
    except (InputError, Refused) as error:
        return error
    return facts


def measured(
    image: Image,
    look: Look,
    settings: Settings,
    labels: Image | None,
    progress: bool,
    state: Path | None = None,
) -> tuple[dict[str, Any], Styled]:
    """Style an image; return what was measured, as JSON holds it, and the result.

    Raises
    ------
    InputError
        If the image, the reference or the labels are wrong.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    style, images = look.read()
    styled = style_image(image, style, settings, labels, state=state, progress=progress)
    notes = [*image.meta.get("notes", []), *_pixel_size_note(image, images), *styled.notes]
    facts = {
        "shape": image.array.shape,
        "axes": image.axes,
        "dtype": str(image.array.dtype),
        "result_dtype": str(styled.image.dtype),
        "pixel_size": image.pixel_size,
        "unit": image.unit,
        "texture": styled.texture,
        "boundaries": styled.kept,
        "boundaries_of_reference": styled.kept_in_reference,
        "steepness": styled.steepness,
        "classes": styled.classes,
        "labelled": bool(styled.matching.values),
        "loss": styled.history,
        "notes": notes,
        "seconds": {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu},
    }
    return facts, styled


def result_image(image: Image, styled: Styled) -> Image:
    """Return the result with what the content's file said."""
    meta = dict(image.meta)
    meta.pop("palette", None)
    if "C" in styled.axes and styled.image.shape[styled.axes.index("C")] == 3:
        meta["rgb"] = True
    return Image(styled.image, styled.axes, image.pixel_size, image.unit, meta=meta)


def _plane_image(plane_CYX: np.ndarray) -> Image:
    if len(plane_CYX) == 1:
        return Image(plane_CYX[0], "YX")
    return Image(plane_CYX, "CYX", meta={"rgb": True} if len(plane_CYX) == 3 else {})


def _pixel_size_note(content: Image, references: list[Image]) -> list[str]:
    """Say where the pixels of content and reference are known to have other sizes."""
    for reference in references:
        ours, theirs = content.pixel_size.get("X"), reference.pixel_size.get("X")
        if not (ours and theirs and content.unit == reference.unit):
            continue
        if max(ours / theirs, theirs / ours) > ALIKE:
            return [
                f"A pixel is {ours:g} {content.unit} in the content and {theirs:g} "
                f"{content.unit} in the reference: the texture is {ours / theirs:.3g} times as "
                "coarse as it should be; bring both to one pixel size."
            ]
    return []
