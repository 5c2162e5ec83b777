"""A few strokes a class on an image whose labels are known: what a person would have drawn."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from pearlite.recipes.segment.example import UNLABELLED

WIDTH = 3  # pixels, of the brush
LONGEST = 80  # steps of a pixel
TURN = 0.15  # standard deviation of the change of direction in a step, in radians


def scribbles(truth_HW: NDArray[np.int16], *, pixels: int, seed: int) -> NDArray[np.int16]:
    """Keep the labels under a few strokes, everywhere else `UNLABELLED`.

    A stroke starts anywhere in its class, wanders as a hand does, and ends before it leaves the
    class or is `LONGEST`; on a small particle it is a dab. Every class gets as many pixels, but at
    most half of those that it has. Nobody labels the very border: it stays free, unless a class
    is nothing else.

    Parameters
    ----------
    truth_HW
        Number of the class of every pixel.
    pixels
        Number of labelled pixels, all classes together; reached but for less than a stroke.
    seed
        Determines the strokes.

    Returns
    -------
    ndarray
        As `truth_HW`, with labels under the strokes only.
    """
    random = np.random.default_rng(seed)
    drawn_HW = np.full_like(truth_HW, UNLABELLED)
    classes = np.unique(truth_HW[truth_HW != UNLABELLED])
    for k in classes:
        depth_HW = np.asarray(distance_transform_edt(np.pad(truth_HW == k, 1)))[1:-1, 1:-1]
        inside_HW = depth_HW > (1 if (depth_HW > 1).any() else 0)
        wanted = min(pixels // len(classes), int(np.count_nonzero(truth_HW == k)) // 2)
        starts = np.argwhere(inside_HW)
        while np.count_nonzero(drawn_HW == k) < min(wanted, len(starts)):
            start = starts[random.integers(len(starts))]
            left = wanted - int(np.count_nonzero(drawn_HW == k))
            draw_stroke(drawn_HW, inside_HW, k, start, left, random)
    return drawn_HW


def draw_stroke(
    drawn_HW: NDArray[np.int16],
    inside_HW: NDArray[np.bool_],
    k: int,
    start: NDArray[np.intp],
    most: int,
    random: np.random.Generator,
) -> None:
    """Draw one stroke of class `k` in place: at most `most` pixels, only where `inside_HW`."""
    place, angle, before = start.astype(float), random.uniform(0, 2 * np.pi), drawn_HW == k
    for _ in range(LONGEST):
        row, column = np.round(place).astype(int)
        within = 0 <= row < inside_HW.shape[0] and 0 <= column < inside_HW.shape[1]
        if not within or not inside_HW[row, column]:
            return
        brush = np.s_[max(row - WIDTH // 2, 0) : row + WIDTH // 2 + 1]
        brush = brush, np.s_[max(column - WIDTH // 2, 0) : column + WIDTH // 2 + 1]
        drawn_HW[brush][inside_HW[brush]] = k
        if np.count_nonzero((drawn_HW == k) & ~before) >= most:
            return
        place += np.sin(angle), np.cos(angle)
        angle += random.normal(scale=TURN)
