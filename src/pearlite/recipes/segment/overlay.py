"""A micrograph under its labels: translucent colours, boundaries, and a bar of known length.

Axes: C channels, Y rows, X columns, 3 red, green and blue.
"""

import math
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from pearlite.see.preview import grey, limits

_LONGEST = 2048  # pixels of the picture's longer side
_OPACITY = 0.35
_BAR = 0.2  # of the picture's width, at most
_MARGIN = 0.03  # of the picture's width, and the height of its letters
_METRES = {"nm": 1e-9, "µm": 1e-6, "mm": 1e-3, "m": 1.0}


def overlay(
    image_CYX: NDArray[np.generic],
    labels_YX: NDArray[np.integer],
    colours: dict[int, str],
    *,
    pixel_size: float | None = None,
    opacity: float = _OPACITY,
    longest: int = _LONGEST,
) -> NDArray[np.uint8]:
    """Return a picture of a micrograph and its labels, for people.

    Parameters
    ----------
    image_CYX
        One or several channels of any values: three are shown as red, green and blue, of other
        numbers the first is shown.
    labels_YX
        One label a pixel.
    colours
        Colour of each label as ``"#rrggbb"``; labels without a colour are left clear.
    pixel_size
        Side of a pixel in metres; without it there is no bar.
    opacity
        Of the colours inside a region, 0 to 1; boundaries are always drawn in full colour.
    longest
        Larger images are thinned out to so many pixels a side.

    Returns
    -------
    array
        Shape ``(Y, X, 3)``, uint8.
    """
    step = -(-max(labels_YX.shape) // longest)
    thin_CYX, thin_YX = image_CYX[:, ::step, ::step], labels_YX[::step, ::step]
    picture_YX3 = _grey_or_colour(thin_CYX).astype(np.float32)
    edge_YX = _boundaries(thin_YX)
    for label, colour in colours.items():
        inside_YX = thin_YX == label
        colour_3 = np.array(tuple(bytes.fromhex(colour.removeprefix("#"))), np.float32)
        picture_YX3[inside_YX] += opacity * (colour_3 - picture_YX3[inside_YX])
        picture_YX3[inside_YX & edge_YX] = colour_3
    drawn_YX3 = picture_YX3.round().clip(0, 255).astype(np.uint8)
    return _with_bar(drawn_YX3, pixel_size * step) if pixel_size else drawn_YX3


def round_length(longest: float) -> float:
    """Return the largest of 1, 2, 5, 10, 20 … (and 0.5, 0.2 …) that is no longer."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max(n * power for n in (1, 2, 5) if n * power <= longest * (1 + 1e-9))


def _grey_or_colour(image_CYX: NDArray[np.generic]) -> NDArray[np.uint8]:
    shown_CYX = image_CYX if len(image_CYX) == 3 else image_CYX[:1]
    stretch = limits(shown_CYX)
    scaled_CYX = np.stack([grey(channel_YX, stretch) for channel_YX in shown_CYX])
    return np.moveaxis(np.broadcast_to(scaled_CYX, (3, *scaled_CYX.shape[1:])), 0, -1)


def _boundaries(labels_YX: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return the pixels next to one of another label."""
    edge_YX = np.zeros(labels_YX.shape, bool)
    for here_YX, labels in ((edge_YX, labels_YX), (edge_YX.T, labels_YX.T)):
        differs = labels[:-1] != labels[1:]
        here_YX[:-1] |= differs
        here_YX[1:] |= differs
    return edge_YX


def _with_bar(picture_YX3: NDArray[np.uint8], pixel_size: float) -> NDArray[np.uint8]:
    """Draw a white bar of round length with its length above it, on dark ground."""
    height, width = picture_YX3.shape[:2]
    length = round_length(_BAR * width * pixel_size)
    across, letters = round(length / pixel_size), max(9, round(_MARGIN * width))
    unit = next((u for u, m in _METRES.items() if length < 999.5 * m), "m")
    words = f"{length / _METRES[unit]:g} {unit}"
    picture = Pillow.fromarray(picture_YX3)
    draw = ImageDraw.Draw(picture, "RGBA")
    font = ImageFont.truetype(Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), letters)
    wide = max(across, math.ceil(draw.textlength(words, font)))
    gap = max(2, letters // 3)
    tall = round(letters * 1.3) + gap + 2 * gap
    box = (width - wide - 4 * gap, height - tall - gap, width - gap, height - gap)
    if box[0] < 0 or box[1] < 0:
        return picture_YX3
    draw.rectangle(box, fill=(0, 0, 0, 150))
    middle = (box[0] + box[2]) / 2
    draw.text((middle, box[1] + gap / 2), words, fill="white", font=font, anchor="ma")
    left = round(middle - across / 2)
    draw.rectangle((left, box[3] - 2 * gap, left + across - 1, box[3] - gap), fill="white")
    return np.array(picture)
