"""Small grey pictures of large arrays, as data URIs that a page can carry inside itself."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

Limits = tuple[float, float]


def limits(array: NDArray[Any], low: float = 0.1, high: float = 99.9) -> Limits:
    """Return the values to show as black and white: two percentiles of the finite pixels."""
    finite = array[np.isfinite(array)]
    if finite.size == 0:
        return 0.0, 1.0
    black, white = np.percentile(finite, (low, high))
    return float(black), float(white if white > black else black + 1)


def shrink(array_YX: NDArray[Any], longest: int) -> NDArray[np.float32]:
    """Return the image averaged over square blocks until no side is over `longest` pixels."""
    image_YX = np.asarray(array_YX, dtype=np.float32)
    step = -(-max(image_YX.shape) // longest)
    if step == 1:
        return image_YX
    rows, columns = (np.arange(0, side, step) for side in image_YX.shape)
    sums = np.add.reduceat(np.add.reduceat(image_YX, rows, axis=0), columns, axis=1)
    heights = np.diff(rows, append=image_YX.shape[0])
    widths = np.diff(columns, append=image_YX.shape[1])
    return (sums / np.outer(heights, widths)).astype(np.float32)


def grey(array_YX: NDArray[Any], shown: Limits) -> NDArray[np.uint8]:
    """Return 8-bit grey values with `shown` stretched from black to white; NaN is black."""
    black, white = shown
    scaled = (np.asarray(array_YX, dtype=np.float32) - black) / (white - black) * 255
    return np.nan_to_num(scaled, nan=0.0, posinf=255.0, neginf=0.0).clip(0, 255).astype(np.uint8)


def data_uri(grey_YX: NDArray[np.uint8], exact: bool = False) -> str:
    """Return the picture as a WebP data URI; `exact` keeps every grey value."""
    buffer = io.BytesIO()
    Pillow.fromarray(grey_YX).save(buffer, "WEBP", lossless=exact, quality=85, method=4)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def busiest(array_YX: NDArray[Any], side: int) -> tuple[slice, slice]:
    """Return the square of `side` pixels (less in a smaller image) with the most contrast."""
    image_YX = np.nan_to_num(np.asarray(array_YX, dtype=np.float32))
    height, width = image_YX.shape
    tops = range(0, max(height - side, 0) + 1, max(side // 2, 1))
    lefts = range(0, max(width - side, 0) + 1, max(side // 2, 1))
    squares = [(slice(y, y + side), slice(x, x + side)) for y in tops for x in lefts]
    return max(squares, key=lambda square: float(image_YX[square].std()))
