"""Compare pixels of two images: turned copies, grey levels, equality but for contrast.

Axes: N images, Y rows, X columns.
"""

import numpy as np

_LEVELS = 16  # grey levels from which an image may have been rounded
_DRAWN = (4, 64)  # up to so many grey levels, so many changes of slope are no accident
_PLAIN = 1  # grey levels of standard deviation below which a region is too plain to tell
_ROUNDED, _EXACT = 0.5, 0.002  # what may differ: of a grey level, of the standard deviation
_MOST = 0.1  # of the standard deviation, however coarse the grey levels


def turned(image_YX: np.ndarray, turn: int) -> np.ndarray:
    """Return the image turned by 90 degrees ``turn % 4`` times, mirrored first from 4 on."""
    return np.rot90(image_YX[..., ::-1] if turn >= 4 else image_YX, turn % 4, axes=(-2, -1))


def named_turn(turn: int) -> str:
    """Say in words what `turned` did; empty for 0."""
    words = ["mirrored"] * (turn >= 4) + [f"turned by {turn % 4 * 90}°"] * (turn % 4 > 0)
    return " and ".join(words)


def grey_step(image_YX: np.ndarray) -> float:
    """Return the distance of neighbouring grey levels; 0 for images of a few levels, as masks."""
    levels = np.unique(image_YX)
    return float(np.diff(levels).min()) if len(levels) >= _LEVELS else 0.0


def same_pixels(
    a_YX: np.ndarray, b_YX: np.ndarray, of_a_YX: np.ndarray, of_b_YX: np.ndarray
) -> float:
    """Return the correlation of two regions if one is the other but for contrast and rounding.

    Parameters
    ----------
    a_YX, b_YX
        Regions of equal shape.
    of_a_YX, of_b_YX
        The images that they are cut from, which tell how finely grey levels were rounded.

    Returns
    -------
    float
        The correlation; 0 where they differ, or hold too little to tell.
    """
    a, b = (region - region.mean(dtype=np.float64) for region in (a_YX, b_YX))
    spread_a, spread_b = np.sqrt((a * a).mean()), np.sqrt((b * b).mean())
    if not spread_a * spread_b:
        return 0.0
    correlation = float((a * b).mean() / (spread_a * spread_b))
    left = np.sqrt(max(0.0, 1 - correlation**2))
    if correlation <= 0 or left >= _MOST + _EXACT:
        return 0.0
    steps = grey_step(of_a_YX), grey_step(of_b_YX)
    if spread_a < _PLAIN * steps[0] or spread_b < _PLAIN * steps[1]:
        return 0.0
    if len(np.unique(a_YX)) <= _DRAWN[0] and changes(*slopes(a_YX[None])).sum() < _DRAWN[1]:
        return 0.0
    rounding = np.hypot(steps[0] / spread_a, steps[1] / spread_b)
    return correlation if left < min(_ROUNDED * rounding, _MOST) + _EXACT else 0.0


def slopes(images_NYX: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell where the next pixel to the right, and the next one down, is brighter."""
    corner = images_NYX[:, :-1, :-1]
    return images_NYX[:, :-1, 1:] > corner, images_NYX[:, 1:, :-1] > corner


def changes(right_NYX: np.ndarray, down_NYX: np.ndarray) -> np.ndarray:
    """Count at every pixel how many of both slopes change their sign there."""
    count = np.zeros(right_NYX.shape, dtype=np.int16)
    count[:, :, 1:] += right_NYX[:, :, 1:] != right_NYX[:, :, :-1]
    count[:, 1:] += down_NYX[:, 1:] != down_NYX[:, :-1]
    return count
