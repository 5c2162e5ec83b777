"""Time and order: rows that are predicted from their future, or from the row next to them."""

import re

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.inflation import Measure
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.quick import folds, scaled
from pearlite.judge.audit.words import quoted

NAMED_LIKE_TIME = re.compile(r"(^|[_\W])(date|timestamp|year|trend)([_\W]|$)", re.IGNORECASE)
NAMED_LIKE_DURATION = re.compile(
    r"(^|[_\W])(time|month|day|week|hour|period)([_\W]|$)", re.IGNORECASE
)
STRETCHES = 5
BLOCK = 10  # neighbouring rows that are kept together
ALIKE = 0.15  # correlation of neighbouring residuals
SURELY = 5.0  # standard errors
ASIDE = 0.25  # of the mean error that is to one side
ENOUGH = 50  # rows
FEW, DRAWS = 5_000, 8  # rows, below which training rows are drawn so often
LUCK = 4.0  # standard deviations of the error from draw to draw


def find_time(table: Prepared, measure: Measure | None) -> list[Finding]:
    """Find dates and times after which the past predicts worse than a random sample does."""
    if measure is None or table.time is not None or table.rows < ENOUGH:
        return []
    found = []
    for column, (name, kind) in enumerate(zip(table.names, table.kinds, strict=True)):
        if kind != "date" and not (kind == "number" and _tells_time(table, column)):
            continue
        times = table.numbers_ND[measure.rows, column]
        if not np.isfinite(times).all() or len(np.unique(times)) < STRETCHES:
            continue
        past, anywhere, asked = _forward(measure, times)
        inflation = measure.against(
            past,
            f"past predicts future by {name}",
            None if measure.group is None else measure.group,
            anywhere,
            "as many rows of any time",
            asked,
        )
        real = inflation.real and _beyond_luck(measure, times, past)
        if not real and not _drifts(measure, past, asked):
            continue
        what = (
            f"The rows have an order in time, {name}, and what was measured changes with it: a "
            "random split lets the future predict the past."
        )
        declare = f"--time {quoted([name])}"
        found.append(
            Finding(
                "time order",
                real and kind == "date",
                what,
                (name,),
                1,
                inflation,
                declare,
            )
        )
    return found


def _tells_time(table: Prepared, column: int) -> bool:
    """Tell whether numbers are called like a time; what may be a duration must order the rows."""
    name, numbers = table.names[column], table.numbers_ND[:, column]
    sorted_by_it = bool((np.diff(numbers) >= 0).all())
    return bool(NAMED_LIKE_TIME.search(name) or (sorted_by_it and NAMED_LIKE_DURATION.search(name)))


def find_alike_neighbours(table: Prepared, measure: Measure | None) -> list[Finding]:
    """Find rows whose errors are like those of the row before, though no column says why.

    Neighbours of one declared group do not count.
    """
    if measure is None or table.time is not None or len(measure.rows) < ENOUGH:
        return []
    if len(measure.rows) < table.rows:
        return []  # a sample of rows has no neighbours
    left = _residuals(measure)
    first, second = left[:-1], left[1:]
    news = np.ones(len(first), bool)
    if table.group is not None:
        news &= table.group[:-1] != table.group[1:]
    if news.sum() < ENOUGH:
        return []
    alike = float((first[news] * second[news]).sum(1).mean() / (left**2).sum(1).mean())
    if alike < ALIKE or alike * np.sqrt(news.sum()) < SURELY:
        return []
    block = np.arange(table.rows) // BLOCK
    inflation = measure.grouped(block, f"{BLOCK} neighbouring rows together")
    if not inflation.real:
        return []
    what = (
        f"Neighbouring rows err alike (correlation {alike:.2f}): rows that stand together belong "
        "together. Add the column that says why (batch, person, time) and declare it."
    )
    return [Finding("alike neighbours", False, what, (), table.rows, inflation)]


def _residuals(measure: Measure) -> NDArray[np.float64]:
    """Return what the random split left, (N, 1) or (N, K), without outliers.

    Its mean at each class, or tenth of the target, is taken away: in a table that is sorted by the
    target, neighbours would be alike for no other reason.
    """
    if not measure.classes:
        left = scaled(measure.truth - measure.answer)[:, None]
        bound = 4 * np.median(np.abs(left - np.median(left)))
        left = np.clip(left, -bound, bound) if bound else left
    else:
        left = np.eye(measure.classes)[measure.truth.astype(np.int64)] - measure.answer
    tenths = np.quantile(measure.truth, np.linspace(0.1, 0.9, 9)) if not measure.classes else ()
    kind = np.searchsorted(tenths, measure.truth) if len(tenths) else measure.truth
    for one in np.unique(kind):
        left[kind == one] -= left[kind == one].mean(0)
    return left


def _drifts(measure: Measure, past: NDArray[np.float64], asked: NDArray[np.bool_]) -> bool:
    """Tell whether what the past says of the future is wrong to one side."""
    if measure.classes:
        return False
    left = (measure.truth - past)[asked]
    error = left.std() / np.sqrt(len(left))
    aside = abs(left.mean())
    return bool(aside > SURELY * error and aside > ASIDE * np.abs(left).mean())


def _forward(
    measure: Measure, times: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Answer the later stretches from earlier ones, and from as many rows of any time."""
    stretch = _stretches(times)
    past, asked = measure.answer.copy(), stretch >= 2
    for later in np.unique(stretch)[2:]:
        past[stretch == later] = measure.fit(stretch < later, stretch == later)
    return past, _anywhere(measure, stretch, measure.seed), asked


def _stretches(times: NDArray[np.float64]) -> NDArray[np.int64]:
    inner = np.quantile(times, np.linspace(0, 1, STRETCHES + 1)[1:-1])
    cut = np.searchsorted(inner, times, side="right")
    return np.unique(cut, return_inverse=True)[1].astype(np.int64)


def _anywhere(measure: Measure, stretch: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Answer the later stretches from rows of any time, as many as there are earlier ones."""
    random = np.random.default_rng(seed)
    answer = measure.answer.copy()
    tenth = folds(len(stretch), group=measure.group, seed=seed, number=10)
    for later in np.unique(stretch)[2:]:
        test = stretch == later
        for fold in range(2):
            half = test & (tenth % 2 == fold)
            if half.any():
                others = np.flatnonzero(~half if measure.group is None else tenth % 2 != fold)
                some = np.zeros(len(stretch), bool)
                some[random.permutation(others)[: (stretch < later).sum()]] = True
                answer[half] = measure.fit(some, half)
    return answer


def _beyond_luck(measure: Measure, times: NDArray[np.float64], past: NDArray[np.float64]) -> bool:
    """Tell whether the past is worse than any training rows drawn by luck are.

    The resampled intervals of an inflation take the training rows as given; in a small table,
    which they are matters.
    """
    if len(times) > FEW:
        return True
    stretch = _stretches(times)
    asked = stretch >= 2

    def error(answer: NDArray[np.float64]) -> float:
        score = measure.metric(measure.truth[asked], answer[asked])
        return 1 - score if measure.metric.higher_is_better else score

    usual = [error(_anywhere(measure, stretch, measure.seed + 1 + draw)) for draw in range(DRAWS)]
    return bool(error(past) > np.mean(usual) + LUCK * np.std(usual, ddof=1))
