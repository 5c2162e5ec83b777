"""The information bar that electron microscopes burn into an image: magnification, scale, date.

Numbers here were set on the 1,190 micrographs of EMPS, NASA, AtomVision and others, some sixty of
which have a bar, and on drawn bars (tests/data/test_bar.py).
"""

import numpy as np
from scipy import ndimage

_NEAR = (0.003, 0.05)  # of the grey range: a bar's background as drawn, and after compression
_CONTRAST = 0.25  # of the grey range: text differs at least that much from its background
_SMALLEST, _TALLEST = 10, 0.3  # height of a bar: rows, and share of the image
_IN_TEXT, _AT_EDGE, _BEYOND = 0.25, 0.72, 0.5  # share of background in rows of, at, beyond a bar
_DROP = 0.15  # of share: the last fall that large, within four rows, is where a bar ends
_LATTICE = 0.8  # share of background at which a row beyond looks like the bar's edge again
_RIM = 3  # outermost rows that may be a bright frame, or blurred into one
_SMOOTH = 0.017  # of the grey range: three quarters of steps in a bar's background are smaller
_STROKES, _TEXT_ROWS = 6, 4  # a row with that many strokes is text; that many rows are a line


def find_bar(image_YX: np.ndarray) -> slice | None:
    """Find a burnt-in information bar at the bottom or the top of a micrograph.

    A bar is a block of rows across the whole width with one background level, free of noise,
    that ends sharply where the micrograph begins, and holds text.

    Parameters
    ----------
    image_YX
        One plane of numbers; NaN and infinities count as the lowest value.

    Returns
    -------
    slice or None
        Rows of the bar.
    """
    image = np.asarray(image_YX, dtype=np.float64)
    finite = np.isfinite(image)
    if image.shape[0] < 4 * _SMALLEST or image.shape[1] < 4 * _SMALLEST or not finite.any():
        return None
    low, high = float(image[finite].min()), float(image[finite].max())
    if low == high:
        return None
    grey = np.where(finite, image / 2 - low / 2, 0) / (high / 2 - low / 2)  # halves: no overflow
    height = grey.shape[0]
    rows = _bar_height(grey[::-1])
    if rows:
        return slice(height - rows, height)
    rows = _bar_height(grey)
    return slice(0, rows) if rows else None


def _bar_height(grey: np.ndarray) -> int:
    """Return the number of first rows that are a bar, 0 if none are; `grey` is from 0 to 1."""
    tallest = int(_TALLEST * len(grey))
    near = grey[: 2 * tallest + 4]
    medians = np.median(near[:tallest], axis=1, keepdims=True)
    heights = [0]
    for width in _NEAR:
        plain = (np.abs(near[:tallest] - medians) <= width).mean(axis=1) >= _AT_EDGE
        levels = {round(float(level) / width): float(level) for level in medians[plain, 0]}
        heights += [_height_for(near, level, width, tallest) for level in levels.values()]
    return max(heights)


def _height_for(near: np.ndarray, level: float, width: float, tallest: int) -> int:
    """Return the height of a bar whose background is about `level`, 0 if there is none."""
    background = np.abs(near - level) <= width
    plain = background.mean(axis=1)
    lines = (np.ptp(near, axis=1) <= width) & (plain < _IN_TEXT)  # a frame's, of another level
    lines &= ~np.asarray(ndimage.binary_opening(lines, np.ones(_RIM + 2)), dtype=bool)
    share = np.where(lines, 1.0, plain)
    fits = share >= _IN_TEXT
    fits[:_RIM] = True
    unbroken = len(fits) if fits.all() else int(np.argmin(fits))
    for rows in range(min(unbroken, tallest), _SMALLEST - 1, -1):
        beyond = float(share[rows : rows + 3].mean())
        if beyond > _BEYOND or share[rows - 4 : rows].max() < max(_AT_EDGE, beyond + 0.4):
            continue
        drops = share[rows - 4 : rows] - share[rows - 3 : rows + 1]
        rows += int(np.flatnonzero(drops >= min(_DROP, drops.max()))[-1]) - 3
        repeats = (plain[rows : 2 * rows] >= _LATTICE).any()
        if rows >= _SMALLEST and not repeats and _holds_text(near[:rows], background[:rows], level):
            return rows
    return 0


def _holds_text(bar: np.ndarray, background: np.ndarray, level: float) -> bool:
    steps = np.abs(np.diff(bar, axis=1))[background[:, 1:] & background[:, :-1]]
    if steps.size == 0 or background.mean() < 0.5 or np.quantile(steps, 0.75) > _SMOOTH:
        return False
    ink = np.abs(bar - level) > _CONTRAST
    strokes = (ink[:, 1:] & ~ink[:, :-1]).sum(axis=1)
    return int((strokes >= _STROKES).sum()) >= _TEXT_ROWS
