"""What a segmentation is worth on the withheld part, beside answers that cost nothing.

Axes: U units (images, blocks, strokes), K classes, D draws, S space.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.bootstrap import Bootstrapped, interval
from pearlite.recipes.segment.classes import Classes
from pearlite.recipes.segment.example import UNLABELLED, Example, Segmenter, class_counts
from pearlite.recipes.segment.parts import Parts
from pearlite.recipes.segment.scores import Floats, fraction_error, iou, mean_iou, micro_iou, pooled
from pearlite.recipes.segment.thresholds import fit_thresholds

Numbers = Callable[[NDArray[np.generic]], NDArray[np.integer]]
DRAWS = 2000
FEWEST = 20  # labelled pixels of a class in the test part below which its score says nothing


def examine(segmenter: Segmenter, parts: Parts, classes: Classes, seed: int) -> dict[str, Any]:
    """Score a segmenter, the majority class, and thresholds on the test part.

    Returns
    -------
    dict
        ``metrics`` with intervals, ``baselines`` without; ``confusion``, rows the truth; ``units``.
    """
    count = len(classes)
    majority = int(class_counts(parts.train, count).argmax())
    answers: dict[str, Numbers] = {
        "model": lambda image_CS: segmenter.probabilities(image_CS).argmax(axis=0),
        "one class": lambda image_CS: np.full(image_CS.shape[1:], majority),
        "thresholds": fit_thresholds(parts.train, count),
    }
    found = {name: confusions(parts.test, parts.units, f, count) for name, f in answers.items()}
    own = found.pop("model")
    return {
        "metrics": _metrics(own, classes, seed),
        "baselines": {name: _plain(table, classes) for name, table in found.items()},
        "confusion": own.sum(axis=0),
        "units": len(own),
    }


def confusions(
    examples: Sequence[Example], units: Sequence[NDArray[np.int32]], answer: Numbers, classes: int
) -> NDArray[np.int64]:
    """Return counts of pixels (U, K, K) by unit, true class and answer."""
    tables: dict[int, NDArray[np.int64]] = {}
    for example, unit_S in zip(examples, units, strict=True):
        answer_S = answer(example.image_CS)
        for unit in np.unique(unit_S[example.truth_S != UNLABELLED]).tolist():
            here = unit_S == unit
            table = pooled([(example.truth_S[here], answer_S[here])], classes)
            tables[unit] = tables.get(unit, 0) + table
    return np.stack(list(tables.values()))


def scores(tables_UKK: NDArray[np.int64], weight_DU: Floats) -> dict[str, Floats]:
    """Return scores of weighted units.

    ``iou`` (D, K) of pooled pixels, NaN for classes without truth; ``macro`` their mean; ``micro``
    the mean over units of all classes pooled; ``fraction`` the mean over units of the absolute
    error of the area fraction, averaged over classes.
    """
    pooled_DKK = np.tensordot(weight_DU, tables_UKK.astype(float), axes=1)
    share_DU = weight_DU / weight_DU.sum(axis=1, keepdims=True)
    return {
        "iou": iou(pooled_DKK),
        "macro": mean_iou(pooled_DKK),
        "micro": share_DU @ micro_iou(tables_UKK),
        "fraction": share_DU @ fraction_error(tables_UKK).mean(axis=1),
    }


def _metrics(tables_UKK: NDArray[np.int64], classes: Classes, seed: int) -> dict[str, Any]:
    units = len(tables_UKK)
    random = np.random.default_rng(seed)
    times_DU = random.multinomial(units, np.full(units, 1 / units), size=DRAWS).astype(float)
    value = scores(tables_UKK, np.ones((1, units)))
    drawn = scores(tables_UKK, times_DU)
    truth_K = tables_UKK.sum(axis=(0, 2))

    def said(title: str, own: float, draws_D: Floats) -> dict[str, Any]:
        return {"title": title, **_facts(interval(own, draws_D, units, (0.0, 1.0)))}

    known = {
        "macro": said("mean IoU of the classes", value["macro"][0], drawn["macro"]),
        "micro": said("IoU of all pixels", value["micro"][0], drawn["micro"]),
        "fraction": said("error of area fractions", value["fraction"][0], drawn["fraction"]),
    }
    for number, name in enumerate(classes.names):
        title = f"IoU of {name}"
        if truth_K[number] < FEWEST:
            note = f"Too few examples in the test part: {truth_K[number]} pixels."
            blank = {"value": None, "low": None, "high": None, "units": units, "note": note}
            known[f"iou {name}"] = {"title": title, **blank}
        else:
            known[f"iou {name}"] = said(title, value["iou"][0, number], drawn["iou"][:, number])
    return known


def _plain(tables_UKK: NDArray[np.int64], classes: Classes) -> dict[str, float | None]:
    found = scores(tables_UKK, np.ones((1, len(tables_UKK))))
    known = {name: float(found[name][0]) for name in ("macro", "micro", "fraction")}
    truth_K = tables_UKK.sum(axis=(0, 2))
    return known | {
        f"iou {name}": float(found["iou"][0, k]) if truth_K[k] >= FEWEST else None
        for k, name in enumerate(classes.names)
    }


def _facts(found: Bootstrapped) -> dict[str, Any]:
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "units": found.units,
        "note": found.note,
    }
