"""From probabilities to a class, by the rule that the metric rewards.

Axes: N rows, K classes.
"""

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.scores import METRICS
from pearlite.recipes.tabular.aim import Aim

RULED = ("balanced_accuracy", "f1", "f1_macro", "mcc")
"""Metrics of labels that do not reward the most probable class."""
POWERS = np.linspace(0, 1.4, 15)


def factors(
    probability_NK: NDArray[np.float64],
    class_N: NDArray[np.int64],
    weight_N: NDArray[np.float64] | None,
    aim: Aim,
) -> NDArray[np.float64]:
    """Return by what to multiply probabilities before the largest is taken, (K,).

    It is frequency^-p of the class, with the p that does best on rows out of fold: 0 takes the most
    probable class, 1 is optimal for balanced accuracy where probabilities are right. One number is
    chosen however many classes there are, and the middle of all that do as well as the best within
    half a standard error.
    """
    frequency_K = np.bincount(class_N, weight_N, aim.classes) + 0.5
    frequency_K /= frequency_K.sum()
    if aim.metric not in RULED:
        return np.ones(aim.classes)
    metric = METRICS[aim.metric]
    scores = np.array(
        [
            metric(class_N, (probability_NK * frequency_K**-power).argmax(axis=1), weight_N)
            for power in POWERS
        ]
    )
    spread = 0.25 / np.sqrt(len(class_N))
    good = POWERS[scores >= scores.max() - spread]
    return frequency_K ** -float(np.median(good))
