"""Make an image look as if a certain microscope had taken it, its phases staying where they are.

1. Find the phases of the content and of the reference, and which is which (`classes.py`).
2. Give every phase of the content the greys of the reference's (`greys.py`).
3. Paint: move the pixels until their patches are those of the reference, phase by phase
   (`paint.py`); or send the image once through a trained network (`feed.py`).
4. Measure how near the texture came, and whether the phases can still be read off the result.

Axes: C channels, Y rows, X columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.data.image import Image
from pearlite.data.write import cast_like
from pearlite.errors import InputError
from pearlite.recipes.style.boundaries import Boundaries
from pearlite.recipes.style.classes import Matching
from pearlite.recipes.style.content import Content, open_content
from pearlite.recipes.style.greys import recast
from pearlite.recipes.style.patches import kinds_for
from pearlite.recipes.style.plane import Plane, measured
from pearlite.recipes.style.reference import Reference, Style, ready
from pearlite.recipes.style.settings import Settings
from pearlite.recipes.style.texture import Texture
from pearlite.train.device import device_of
from pearlite.train.history import Row


@dataclass(frozen=True)
class Styled:
    """An image with a new look, and what was measured on it.

    Parameters
    ----------
    image
        The content's shape; of the reference's type where the content is a label map, else of the
        content's own. With channels of the reference where a label map meets colours.
    axes
        Of `image`.
    before
        The content's measured plane in the reference's type ``(C, Y, X)``: of a label map, every
        phase in its mean grey.
    texture
        How near the reference's.
    kept
        How well the phases can be read off the result; None without labels.
    kept_in_reference
        The same of the reference itself, if it has labels.
    steepness
        Correlation of the blurred gradients before and after.
    classes
        Value, and shares of the content and of the reference, of each class.
    matching
        Which phase of the reference is which.
    history
        The loss on the way, of the measured plane.
    notes
        Sentences.
    """

    image: NDArray[Any]
    axes: str
    before: NDArray[Any]
    texture: Texture
    kept: Boundaries | None
    kept_in_reference: Boundaries | None
    steepness: float
    classes: list[dict[str, float]]
    matching: Matching
    history: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def stylise(
    content: ArrayLike,
    reference: ArrayLike | Sequence[ArrayLike],
    *,
    axes: str | None = None,
    labels: ArrayLike | None = None,
    style_labels: ArrayLike | Sequence[ArrayLike] | None = None,
    progress: bool = False,
    **settings: Any,
) -> Styled:
    """Give an image, or every plane of a stack, the look of a reference.

    Parameters
    ----------
    content
        Grey values, colours, or a label map: up to 8 different values.
    reference
        A plane ``(Y, X)`` or, in colour, ``(C, Y, X)``; or a list of them.
    axes
        Axes of a content of more than two dimensions, such as ``"ZYX"``.
    labels
        What phase each pixel of the content is, as whole numbers; of its shape without channels.
    style_labels
        The same of the reference, with the same numbers.
    progress
        Draw a progress bar.
    **settings
        Those of `Settings`.

    Returns
    -------
    Styled
        The image and what was measured.

    Raises
    ------
    InputError
        If content, reference and labels do not fit together, are too small or constant.
    """
    array = np.asarray(content)
    image = Image(array, axes or "YX")
    listed: list[Any] = list(reference) if isinstance(reference, list | tuple) else [reference]
    marked: list[Any] = (
        list(style_labels) if isinstance(style_labels, list | tuple) else [style_labels]
    )
    style = Style.of(
        [_image(one) for one in listed],
        None if style_labels is None else [_image(one) for one in marked],
    )
    known = None if labels is None else Image(np.asarray(labels), image.axes.replace("C", ""))
    return style_image(image, style, Settings(**settings), known, progress=progress)


def style_image(
    image: Image,
    style: Style,
    settings: Settings,
    labels: Image | None = None,
    *,
    state: Path | None = None,
    progress: bool = False,
) -> Styled:
    """Do what `stylise` does, to an image whose axes are known.

    Parameters
    ----------
    image, style, settings, labels
        The content, the reference, how, and the content's labels.
    state
        A folder in which the painting keeps where it is, and from which it goes on.
    progress
        Draw a progress bar.
    """
    content = open_content(image, labels, settings.phases)
    notes = list(content.notes)
    style, said = _fit_channels(content, style)
    notes += said
    matching = content.match(style.label_values, settings.dark_to_bright)
    shapes = [content.plane_shape, *(one.shape[1:] for one in style.images)]
    kinds = kinds_for(shapes, ["the content", *["the reference"] * len(style.images)])
    device = device_of(settings.device)
    reference = ready(style, matching, kinds, device)
    notes += [reference.note] if reference.note else []
    if reference.fitted:
        notes.append(
            "The reference is too small to withhold a part of it: texture distances are to what "
            "was fitted."
        )
    dtype = style.dtype if content.is_map else np.dtype(image.array.dtype)
    made = content.blank(style.channels, dtype)
    found: dict[str, Any] = {}
    clipped = 0.0
    for number in range(content.planes):
        work = Plane(content, number, matching, reference, kinds, settings, device)
        place = None if state is None else state / f"{number}"
        painted_CYX, history = work.paint(place, progress)
        values, lost = _as_file(painted_CYX, reference, style, dtype)
        made[content.place(number)] = values.reshape(made[content.place(number)].shape)
        clipped += lost / content.planes
        if number == content.planes // 2:
            found = measured(work, painted_CYX, style, history)
            found["before"] = _as_file(work.before_CYX, reference, style, dtype)[0]
    if content.planes > 1:
        notes.append(
            f"The {content.planes} planes were styled one by one; numbers and pictures are of "
            f"plane {content.planes // 2 + 1}."
        )
    if clipped:
        notes.append(f"{clipped:.2%} of the result lay outside the range of {dtype}: clipped.")
    return Styled(made, content.axes_with(style.channels), matching=matching, notes=notes, **found)


def _fit_channels(content: Content, style: Style) -> tuple[Style, list[str]]:
    if content.is_map or content.channels == style.channels:
        return style, []
    if content.channels == 1:
        return style.grey(), [
            "The content is grey and the reference has colours: its brightness alone was used."
        ]
    raise InputError(
        f"the content has {content.channels} channels and the reference {style.channels}; give a "
        "reference with the same channels, or a grey content"
    )


def _as_file(
    image_CYX: NDArray[np.float32], reference: Reference, style: Style, dtype: np.dtype
) -> tuple[NDArray[Any], float]:
    """Bring an image from the reference's scale to the grey values of a file."""
    values = recast(reference.scale.back(image_CYX), style.dtype, dtype, style.top)
    return cast_like(values, dtype)


def _image(array: ArrayLike) -> Image:
    values = np.asarray(array)
    return Image(values, {2: "YX", 3: "CYX"}.get(values.ndim, "YX"))
