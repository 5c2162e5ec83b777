"""Pictures of a styled image for the page: grey, or in colours.

Axes: C channels, Y rows, X columns.
"""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from pearlite.data.image import Image
from pearlite.see import preview

Limits = tuple[float, float]


def middle_plane(image: Image) -> tuple[NDArray[np.float32], str]:
    """Return the plane ``(C, Y, X)`` that was measured, and a few words that say which it is."""
    lengths = dict(zip(image.axes, image.array.shape, strict=True))
    leading = [lengths[axis] for axis in image.axes if axis in "TZ"]
    number = int(np.prod(leading, dtype=int)) // 2
    place = np.unravel_index(number, leading) if leading else ()
    plane = np.asarray(image.array[tuple(int(p) for p in place)], dtype=np.float32)
    which = f"plane {number + 1} of {int(np.prod(leading))}" if int(np.prod(leading)) > 1 else ""
    return plane.reshape(lengths.get("C", 1), lengths["Y"], lengths["X"]), which


def limits(image_CYX: NDArray) -> Limits:
    """Return what is shown black and white."""
    return preview.limits(image_CYX, 0.05, 99.95)


def small(image_CYX: NDArray, longest: int) -> NDArray[np.float32]:
    """Return the image averaged over squares until no side is over `longest` pixels."""
    return np.stack([preview.shrink(plane, longest) for plane in image_CYX])


def uri(image_CYX: NDArray, shown: Limits, exact: bool = False) -> str:
    """Return a picture as a data URI: in colours for three channels, else of the first channel."""
    if len(image_CYX) != 3:
        return preview.data_uri(preview.grey(image_CYX[0], shown), exact)
    colours: NDArray[Any] = np.stack([preview.grey(plane, shown) for plane in image_CYX], axis=-1)
    buffer = io.BytesIO()
    Pillow.fromarray(colours).save(buffer, "WEBP", lossless=exact, quality=85, method=4)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
