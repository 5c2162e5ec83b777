"""What the withheld texts say of every model that was tried.

Axes: N texts, K classes.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.baselines import dummy
from pearlite.judge.bootstrap import bootstrap
from pearlite.judge.calibration import reliability
from pearlite.judge.goal import Truth
from pearlite.judge.paired import compare
from pearlite.judge.scores import CLASSES, METRICS, Metric, chosen
from pearlite.recipes.text.compare import Trial, best, to
from pearlite.recipes.text.fitted import COVERAGE, Answer

DUMMY = "dummy"
SCORES = {
    "binary": ("balanced_accuracy", "accuracy", "f1", "log_loss"),
    "multiclass": ("balanced_accuracy", "accuracy", "f1_macro", "log_loss"),
    "regression": ("mae", "r2", "rmse"),
}
"""What is said of every model."""


def answers(
    trials: Sequence[Trial], known: Truth, texts: list[str], metric: Metric
) -> dict[str, Answer]:
    """Return what each trial says of some texts, after an answer that looks at none.

    Parameters
    ----------
    trials
        Fitted.
    known
        Truth of the training texts.
    texts
        To be answered.
    metric
        What the answers are for.
    """
    constant = dummy(
        known.goal, known.values, len(texts), metric=metric.name, classes=len(known.classes)
    )
    blind = Answer(constant.argmax(1), constant) if known.goal in CLASSES else Answer(constant)
    return {DUMMY: blind} | {trial.name: trial.fitted.answer(texts) for trial in trials}


def examine(
    said: dict[str, Answer],
    trials: Sequence[Trial],
    truth: Truth,
    metric: Metric,
    group: NDArray[np.int64] | None,
    seed: int,
) -> dict[str, Any]:
    """Score all answers on the withheld texts.

    Returns
    -------
    dict
        ``chosen``: the trial that was best in validation; ``models``: by name its title, scores
        with intervals, score in validation, and how the chosen one compares; ``coverage`` of
        intervals or ``reliability`` of probabilities of the chosen one; ``sentence``: who won.
    """
    winner = best(trials, metric)
    names = dict.fromkeys([metric.name, *SCORES[truth.goal]])
    metrics = [chosen(truth.goal, name) for name in names]
    given = {"group": group, "seed": seed}
    own = said[winner.name]
    known = {trial.name: trial for trial in trials}
    models: dict[str, Any] = {}
    for name, answer in said.items():
        models[name] = {
            "title": known[name].title if name in known else _blind(truth),
            "metrics": {m.name: _scored(m, truth, answer, given) for m in metrics},
            "validation": known[name].score if name in known else None,
            "seconds": known[name].seconds if name in known else 0.0,
            "facts": known[name].facts if name in known else {},
        }
        if name != winner.name:
            found = compare(
                truth.values,
                to(metric, own),
                to(metric, answer),
                metric,
                names=(winner.title, models[name]["title"]),
                **given,
            )
            models[name]["compared"] = {"verdict": found.verdict, "sentence": found.sentence}
    facts: dict[str, Any] = {"chosen": winner.name, "models": models}
    if own.interval is not None:
        held = _scored(METRICS["coverage"], truth, Answer(own.interval), given)
        width = float(np.mean(np.ptp(own.interval, axis=1)))
        facts["coverage"] = held | {"nominal": COVERAGE, "width": width}
    if own.shares is not None:
        found = reliability(truth.values, own.shares, group=group, seed=seed)
        facts["reliability"] = asdict(found) | {"sentence": found.sentence}
    facts["sentence"] = _verdict(trials, winner, metric, models)
    return facts


def _blind(truth: Truth) -> str:
    return "always the majority" if truth.goal in CLASSES else "always the same number"


def _scored(metric: Metric, truth: Truth, said: Answer, given: dict[str, Any]) -> dict[str, Any]:
    score = bootstrap(metric, truth.values, to(metric, said), **given)
    return {
        "title": metric.title,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "note": score.note,
        "higher_is_better": metric.higher_is_better,
    }


def _verdict(trials: Sequence[Trial], winner: Trial, metric: Metric, models: dict[str, Any]) -> str:
    """Say first whether a network or the baseline won, on what, and whether that held."""
    networks = [trial for trial in trials if not trial.linear]
    lines = [trial for trial in trials if trial.linear]
    score = f"{metric.title} {winner.score:.3f} in validation"
    if models[DUMMY]["compared"]["verdict"] != "better":
        lead = (
            f"Nothing was learned: the {winner.title}, the best in validation, is not better than "
            f"{models[DUMMY]['title']}."
        )
    elif not winner.linear:
        line = best(lines, metric)
        found = models[line.name]["compared"]
        held = {
            "better": "and on the test part it is better, too",
            "tie": "on the test part it is a tie",
            "worse": "but on the test part it is worse",
        }[found["verdict"]]
        lead = (
            f"The {winner.title} won ({score}) against the best baseline, {line.title} "
            f"({line.score:.3f}); {held}."
        )
    elif networks:
        other = best(networks, metric)
        lead = (
            f"The baseline won: {winner.title} ({score}); the best network, the {other.title}, "
            f"reached {other.score:.3f}."
        )
    else:
        lead = f"The baseline won, as no network was tried: {winner.title} ({score})."
    return lead
