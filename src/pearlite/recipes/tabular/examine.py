"""What the withheld part says of a model: scores with intervals, beside what any model must beat.

Axes: N rows, K classes, Q quantiles.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.judge.answers import read_labels
from pearlite.judge.baselines import dummy, simple
from pearlite.judge.bootstrap import bootstrap
from pearlite.judge.calibration import reliability
from pearlite.judge.paired import compare
from pearlite.judge.scores import CLASSES, DEFAULTS, METRICS, Metric, chosen
from pearlite.recipes.tabular.classifier import TabularClassifier
from pearlite.recipes.tabular.files import Model
from pearlite.recipes.tabular.prepare import Prepared

COVERAGE = 0.9  # share of truths that an interval shall hold
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Answer:
    """What a model says of some rows.

    Attributes
    ----------
    values
        Numbers or class codes, shape ``(N,)``, or quantiles ``(N, Q)``.
    shares
        Probabilities of the classes, shape ``(N, K)``.
    interval
        Lower and upper ends that hold the truth in `COVERAGE` of the cases, shape ``(N, 2)``.
    """

    values: NDArray[Any]
    shares: NDArray[np.float64] | None = None
    interval: NDArray[np.float64] | None = None

    def middle(self, levels: Sequence[float]) -> NDArray[Any]:
        """Return one value a row: the quantile nearest to the median where there are several."""
        if self.values.ndim == 1:
            return self.values
        return self.values[:, int(np.abs(np.asarray(levels) - 0.5).argmin())]

    def to(self, metric: Metric) -> NDArray[Any]:
        """Return the part of the answer that a metric asks for."""
        return self.values if self.shares is None or metric.read is read_labels else self.shares


def answer(
    model: Model, inputs: pd.DataFrame, classes: Sequence[Any] = (), intervals: bool = True
) -> Answer:
    """Ask an estimator of `pearlite.recipes.tabular`.

    Parameters
    ----------
    model
        Fitted.
    inputs
        N rows.
    classes
        What the codes of the truth stand for; the model may have seen fewer of them.
    intervals
        Whether to ask for intervals too, which takes as long again.
    """
    if isinstance(model, TabularClassifier):
        own_NK = model.predict_proba(inputs)
        place_K = np.array([classes.index(name) for name in model.classes_.tolist()])
        shares_NK = np.zeros((len(own_NK), len(classes)))
        shares_NK[:, place_K] = own_NK
        return Answer(place_K[model.portfolio_.decide(own_NK)], shares_NK)
    interval = model.predict_interval(inputs, COVERAGE) if intervals else None
    if model.quantiles is not None:
        return Answer(model.predict_quantiles(inputs), interval=interval)
    return Answer(model.predict(inputs), interval=interval)


def baselines(model: Model, table: Prepared, rows: Rows) -> dict[str, Answer]:
    """Return what two simple answers say of some rows, learnt from the known ones.

    Returns
    -------
    dict
        By name: ``"dummy"`` ignores the inputs, ``"ridge"`` or ``"logistic"`` is linear in them.
    """
    goal, known = table.truth.goal, table.known
    learnt = {
        "classes": len(table.truth.classes),
        "quantiles": table.quantiles,
        "weight": None if table.weight is None else table.weight[known],
    }
    truth = table.truth.values[known]
    matrices = [
        model.portfolio_.features.matrix(table.inputs.iloc[part], "dense") for part in (known, rows)
    ]
    said = {
        "dummy": dummy(goal, truth, len(rows), metric=table.metric.name, **learnt),
        "logistic" if goal in CLASSES else "ridge": simple(
            goal, matrices[0], truth, matrices[1], **learnt
        ),
    }
    if goal in CLASSES:
        return {name: Answer(shares.argmax(1), shares) for name, shares in said.items()}
    return {name: Answer(values) for name, values in said.items()}


def examine(
    table: Prepared, rows: Rows, own: Answer, others: dict[str, Answer], seed: int
) -> dict[str, Any]:
    """Score an answer and the baselines on some rows.

    Returns
    -------
    dict
        ``metrics`` and ``baselines`` with a value and an interval by name, ``compared``: by
        baseline the difference, verdict and sentence; ``coverage`` of intervals, ``reliability``
        of probabilities.
    """
    goal, truth = table.truth.goal, table.truth.values[rows]
    given = {
        "group": None if table.group is None else table.group[rows],
        "weight": None if table.weight is None else table.weight[rows],
        "seed": seed,
    }
    names = dict.fromkeys([table.metric.name, *DEFAULTS[goal]])
    metrics = [chosen(goal, name, table.quantiles or None) for name in names]
    facts: dict[str, Any] = {
        "metrics": {m.name: _scored(m, truth, own, given) for m in metrics},
        "baselines": {
            name: {m.name: _scored(m, truth, other, given) for m in metrics}
            for name, other in others.items()
        },
        "compared": {
            name: _compared(table.metric, truth, own, name, other, given)
            for name, other in others.items()
        },
    }
    if own.interval is not None:
        coverage = _scored(METRICS["coverage"], truth, Answer(own.interval), given)
        width = float(np.mean(np.ptp(own.interval, axis=1)))
        facts["coverage"] = coverage | {"nominal": COVERAGE, "width": width}
    if own.shares is not None:
        found = reliability(truth, own.shares, group=given["group"], seed=seed)
        facts["reliability"] = asdict(found) | {"sentence": found.sentence}
    return facts


def _scored(
    metric: Metric, truth: NDArray[Any], said: Answer, given: dict[str, Any]
) -> dict[str, Any]:
    score = bootstrap(metric, truth, said.to(metric), **given)
    return {
        "title": metric.title,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "units": score.units,
        "note": score.note,
        "higher_is_better": metric.higher_is_better,
    }


def _compared(
    metric: Metric,
    truth: NDArray[Any],
    own: Answer,
    name: str,
    other: Answer,
    given: dict[str, Any],
) -> dict[str, Any]:
    found = compare(
        truth, own.to(metric), other.to(metric), metric, names=("the model", name), **given
    )
    difference = found.difference
    return {
        "difference": {"value": difference.value, "low": difference.low, "high": difference.high},
        "verdict": found.verdict,
        "sentence": found.sentence,
    }
