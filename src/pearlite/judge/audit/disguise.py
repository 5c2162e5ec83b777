"""Inputs that are the target under another name.

Axes: N rows, F features.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.inflation import Measure
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.quick import dummy, folds, out_of_fold, scaled
from pearlite.judge.audit.words import listed, number, quoted

NEARLY_ALL = 0.02  # error that one column leaves, as a share of that of knowing nothing
SURELY = 5e-4, 5e-3  # at most, from which numbers, classes are no honest measurement's
BETTER = 5.0  # times more error that all other columns leave together
TRIED = 6  # columns, the most telling first
SEARCHED = 5_000  # rows
EXACT = 1e-4  # of the variance that a formula leaves
MOST_TERMS = 5
TERMS = 60  # columns of a formula that is looked for, at most


def find_disguises(table: Prepared, measure: Measure | None) -> list[Finding]:
    """Find single columns that say nearly all of the target where the others cannot.

    Without such a column, sums and products of few columns that give it exactly are looked for.
    """
    if table.truth is None or table.codes_ND.shape[1] < 2:
        return []
    rows = _some(table.rows)
    alone = {column: _left(table, rows, [column]) for column in _telling(table, rows)}
    suspects = sorted((left, column) for column, left in alone.items() if left <= NEARLY_ALL)
    if not suspects:
        return _formula(table, rows)
    others = [c for c in range(table.codes_ND.shape[1]) if c not in {c for _, c in suspects}]
    rest = _left(table, rows, others) if others else 1.0
    found = [(left, column) for left, column in suspects if rest >= BETTER * left + 1e-9]
    return [_finding(table, measure, found, rest, rows)] if found else []


def _finding(
    table: Prepared,
    measure: Measure | None,
    found: list[tuple[float, int]],
    rest: float,
    rows: NDArray[np.int64],
) -> Finding:
    names = [table.names[column] for _, column in found]
    each = " (each)" if len(found) > 1 else ""
    what = (
        f"{listed(names)} alone{each} gives {1 - found[-1][0]:.1%} of {table.target}; the other "
        f"columns together {max(0.0, 1 - rest):.1%}. Was it known before {table.target} was?"
    )
    grave = found[0][0] <= SURELY[bool(table.classes)] or any(
        _on_a_line(table, rows, column) for _, column in found
    )
    inflation = measure.without([column for _, column in found], listed(names)) if measure else None
    declare = f"--drop {quoted(names)}"
    return Finding("target in disguise", grave, what, tuple(names), len(names), inflation, declare)


def _on_a_line(table: Prepared, rows: NDArray[np.int64], column: int) -> bool:
    """Tell whether a number is the target in another unit, or its rank."""
    from scipy.stats import rankdata

    values = table.numbers_ND[rows, column]
    if table.classes or not np.isfinite(values).all():
        return False
    truth = _truth(table, rows)
    pairs = (scaled(values), scaled(truth)), (rankdata(values), rankdata(truth))
    return max(abs(np.corrcoef(*pair)[0, 1]) for pair in pairs) ** 2 >= 1 - EXACT


def _formula(table: Prepared, rows: NDArray[np.int64]) -> list[Finding]:
    """Find few columns whose weighted sum, or product of powers, is the target."""
    assert table.truth is not None
    if table.classes:
        return []
    truth = _truth(table, rows)
    usable = [
        c
        for c, kind in enumerate(table.kinds)
        if kind == "number" and np.isfinite(table.numbers_ND[rows, c]).all()
    ][:TERMS]
    if not usable or len(rows) < 3 * len(usable) + 10:
        return []
    inputs = scaled(table.numbers_ND[rows][:, usable])
    tried = [("a weighted sum", inputs, truth)]
    if (truth > 0).all():
        positive = (inputs > 0).all(0)
        logs = np.where(positive, np.log(np.where(positive, inputs, 1.0)), 0.0)
        tried.append(("a product of powers", logs, np.log(truth)))
    for how, known, asked in tried:
        terms, left = _exact_terms(known, asked)
        if terms is None:
            continue
        names = [table.names[usable[term]] for term in terms]
        what = (
            f"{table.target} is {how} of {listed(names)}: that leaves {number(left)} of its "
            "variance. Either they hold the target, or a formula does what a model would."
        )
        declare = f"--drop {quoted(names)}"
        return [Finding("target in disguise", True, what, tuple(names), len(names), None, declare)]
    return []


def _exact_terms(
    inputs: NDArray[np.float64], truth: NDArray[np.float64]
) -> tuple[NDArray[np.int64] | None, float]:
    """Return the columns of an exact linear formula for the target, and the variance it leaves."""
    spread = inputs.std(0)
    varied = np.flatnonzero(spread > 0)
    scaled = (inputs[:, varied] - inputs[:, varied].mean(0)) / spread[varied]
    centred = (truth - truth.mean()) / (truth.std() or 1.0)
    chosen: list[int] = []
    left = centred
    for _ in range(min(MOST_TERMS, len(varied))):
        # orthogonal matching pursuit: the column nearest to what is left, then all refitted
        chosen.append(int(np.argmax(np.abs(scaled.T @ left))))
        terms, left = _weighted(scaled, centred, np.array(chosen))
        if (left**2).mean() < EXACT:
            return varied[terms], float((left**2).mean())
    terms, left = _weighted(scaled, centred, np.arange(len(varied)))
    if (left**2).mean() < EXACT and len(terms) <= MOST_TERMS:
        return varied[terms], float((left**2).mean())
    return None, 1.0


def _weighted(
    scaled: NDArray[np.float64], centred: NDArray[np.float64], columns: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the columns that weigh something in the sum, and what the sum leaves."""
    weights, *_ = np.linalg.lstsq(scaled[:, columns], centred, rcond=None)
    kept = np.abs(weights) > 1e-2 * np.abs(weights).max(initial=0.0)
    return columns[kept], centred - scaled[:, columns] @ weights


def _some(count: int) -> NDArray[np.int64]:
    if count <= SEARCHED:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, SEARCHED, replace=False))


def _truth(table: Prepared, rows: NDArray[np.int64]) -> NDArray[Any]:
    """Return class codes, or numbers of which none is larger than 1."""
    assert table.truth is not None
    return table.truth[rows] if table.classes else scaled(table.truth[rows])


def _telling(table: Prepared, rows: NDArray[np.int64]) -> list[int]:
    """Return the columns that tell most about the target, by trees of three leaves each alone."""
    assert table.truth is not None
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    tree = DecisionTreeClassifier if table.classes else DecisionTreeRegressor
    truth, numbers = _truth(table, rows), scaled(table.numbers_ND[rows])
    scores = []
    for column in range(numbers.shape[1]):
        one = numbers[:, [column]]
        leaves = max(8, 2 * len(table.classes))
        scores.append(tree(max_leaf_nodes=leaves, random_state=0).fit(one, truth).score(one, truth))
    order = [int(column) for column in np.argsort(scores)[::-1]]
    return [column for column in order if table.kinds[column] != "date"][:TRIED]


def _left(table: Prepared, rows: NDArray[np.int64], columns: list[int]) -> float:
    """Return the error that the columns leave in other folds; 1 is that of knowing nothing."""
    assert table.truth is not None
    truth, numbers = _truth(table, rows), scaled(table.numbers_ND[rows][:, columns])
    group = None if table.group is None else table.group[rows]
    fold = folds(len(rows), group=group, number=3)
    if len(columns) == 1:
        answers = _answers_by_one(numbers[:, 0], truth, fold, table)
    else:
        answers = [out_of_fold(numbers, truth, fold, len(table.classes))]
    return min(_error(table, truth, answer, fold) for answer in answers)


def _error(
    table: Prepared, truth: NDArray[Any], answer: NDArray[np.float64], fold: NDArray[np.int64]
) -> float:
    nothing = dummy(truth, fold, len(table.classes))
    if not table.classes:
        return float(np.mean((truth - answer) ** 2) / np.mean((truth - nothing) ** 2))
    wrong = (answer.argmax(1) if answer.ndim == 2 else answer) != truth
    by_class = [wrong[truth == one].mean() for one in np.unique(truth)]
    return float(np.mean(by_class) / (1 - 1 / len(by_class)))


def _answers_by_one(
    one: NDArray[np.float64], truth: NDArray[Any], fold: NDArray[np.int64], table: Prepared
) -> list[NDArray[np.float64]]:
    """Return what a tree says of the other folds, and for numbers a line between neighbours."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    tree = DecisionTreeClassifier if table.classes else DecisionTreeRegressor
    smooth = not table.classes and bool(np.isfinite(one).all())
    by_tree, by_line = np.empty(len(truth)), np.empty(len(truth))
    for number_of in np.unique(fold):
        asked = fold == number_of
        known, told = one[~asked], truth[~asked]
        model = tree(min_samples_leaf=2, random_state=0).fit(known[:, None], told)
        by_tree[asked] = model.predict(one[asked, None])
        if smooth:
            values, place, counts = np.unique(known, return_inverse=True, return_counts=True)
            by_line[asked] = np.interp(one[asked], values, np.bincount(place, told) / counts)
    return [by_tree, by_line] if smooth else [by_tree]
