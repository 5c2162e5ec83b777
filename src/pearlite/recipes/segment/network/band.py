"""A layer that crosses the image is one unbroken run of pixels on every column.

Where the training's labels show that, answers are corrected by it: the most probable band is found
by dynamic programming over pairs of borders, as layers of the retina are (Garvin et al., IEEE
Trans. Med. Imaging 28, 1436, 2009).

Axes: K classes, H across the layers, W along them; T where a band begins, B where it ends.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.special import expit, logit
from skimage.transform import resize

from pearlite.recipes.segment.example import UNLABELLED, Example

SIDE = 192  # rows at most on which a band is looked for
STEEP = 0.5  # what a border that moves by a row from column to column costs, in log-odds
LEAST = 0.02  # probabilities are taken no nearer to 0 and 1


def in_one_piece(examples: Sequence[Example], classes: Sequence[int]) -> float:
    """Return on which share of the fully labelled columns the classes together are one run."""
    single = columns = 0
    for example in examples:
        known_W = (example.truth_S != UNLABELLED).all(0)
        inside_HW = np.isin(example.truth_S, classes)[:, known_W]
        begins_W = np.diff(inside_HW.astype(np.int8), axis=0, prepend=0).clip(min=0).sum(0)
        single += int((begins_W == 1).sum())
        columns += begins_W.size
    return single / max(1, columns)


def corrected(answer_KHW: NDArray[np.float32], number: int, blur: float) -> NDArray[np.float32]:
    """Correct probabilities by what is known of a class: that it is one band.

    Parameters
    ----------
    answer_KHW
        Probabilities, summing to 1 over the classes.
    number
        The class.
    blur
        Pixels on either side of the band's borders in which the answer counts more and more, and
        at the border alone.

    Returns
    -------
    ndarray of float32
        Same shape. Far from the borders the class is more probable than not within the band, and
        less outside; where the answer was sure of the opposite, it is as unsure as can be.
    """
    inside_HW = band(answer_KHW[number])
    if not inside_HW.any():
        return answer_KHW
    deep_HW = np.asarray(distance_transform_edt(inside_HW))
    away_HW = np.asarray(distance_transform_edt(~inside_HW))
    outvoting = 1.1 * logit(1 - LEAST) + math.log(max(1, len(answer_KHW) - 1))
    told_HW = outvoting * ((deep_HW - away_HW) / blur).clip(-1, 1)
    seen_HW = answer_KHW[number].clip(LEAST, 1 - LEAST)
    class_HW = expit(logit(seen_HW) + told_HW)
    others_KHW = answer_KHW * (1 - class_HW) / (1 - answer_KHW[number]).clip(1e-6)
    others_KHW[number] = class_HW
    return (others_KHW / others_KHW.sum(0)).astype(np.float32)


def band(probability_HW: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return the most probable band: on every column one run of rows, or none.

    Parameters
    ----------
    probability_HW
        Of belonging to the layer.

    Returns
    -------
    ndarray of bool
        Same shape. The borders are those of an image of at most `SIDE` rows and columns.
    """
    shape = tuple(min(SIDE, side) for side in probability_HW.shape)
    small_HW = np.asarray(resize(probability_HW.astype(np.float64), shape, anti_aliasing=True))
    rows, columns = shape
    sums_HW = np.zeros((rows + 1, columns))
    sums_HW[1:] = logit(small_HW.clip(LEAST, 1 - LEAST)).cumsum(0)
    upside_down_TB = np.tri(rows + 1, k=-1, dtype=bool)
    costs_WTB = np.empty((columns, rows + 1, rows + 1), np.float32)
    for column in range(columns):
        cost_TB = sums_HW[:, None, column] - sums_HW[None, :, column]
        cost_TB[upside_down_TB] = np.inf
        if column:
            cost_TB += _reached(costs_WTB[column - 1])
        costs_WTB[column] = cost_TB - cost_TB.min()
    inside_HW = np.zeros(shape, bool)
    moves_T = STEEP * np.abs(np.arange(rows + 1)[:, None] - np.arange(rows + 1))
    cost_TB = costs_WTB[-1]
    for column in reversed(range(columns)):
        begin, end = np.unravel_index(cost_TB.argmin(), cost_TB.shape)
        inside_HW[begin:end, column] = True
        if column:
            cost_TB = costs_WTB[column - 1] + moves_T[:, begin, None] + moves_T[None, end]
    found_HW = resize(inside_HW.astype(np.float64), probability_HW.shape)
    return np.asarray(found_HW) >= 0.5


def _reached(cost_TB: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the least cost with which each pair of borders is reached from any other."""
    for axis in (0, 1):
        way = STEEP * np.arange(cost_TB.shape[axis], dtype=np.float32)
        way = way[:, None] if axis == 0 else way[None]
        down = np.minimum.accumulate(cost_TB - way, axis) + way
        up = np.flip(np.minimum.accumulate(np.flip(cost_TB + way, axis), axis), axis) - way
        cost_TB = np.minimum(down, up)
    return cost_TB
