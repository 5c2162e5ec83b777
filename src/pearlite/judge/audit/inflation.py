"""How much better a score looks than it is: one quick model, judged in two ways."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.audit.finding import Inflation
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.quick import MOST_ROWS, fit_predict, folds, out_of_fold
from pearlite.judge.bootstrap import bootstrap
from pearlite.judge.paired import compare
from pearlite.judge.scores import chosen

LEAST = 0.05  # share of the error by which the honest error must be larger to count as inflated
DRAWS = 500
MOST = 0.3  # share of rows in one group, so that folds can still be made
FEW = 0.2  # share of rows that stand with an earlier one: up to it, only they change their fold


class Measure:
    """Fits the quick model as often as asked; the answers of the random split are kept.

    Parameters
    ----------
    table
        With a target.
    seed
        Decides the folds and the rows that are left out of a large table.
    """

    def __init__(self, table: Prepared, seed: int = 0) -> None:
        assert table.truth is not None
        self.table, self.seed = table, seed
        self.rows = _some(table, seed)
        self.truth: NDArray[Any] = table.truth[self.rows]
        self.features = table.model_NF[self.rows]
        self.classes = len(table.classes)
        self.metric = chosen(table.goal)
        self.group = None if table.group is None else table.group[self.rows]
        self.fold = folds(len(self.rows), group=self.group, seed=seed)
        self.answer = self.out_of_fold(self.features, self.fold)

    def out_of_fold(
        self, features: NDArray[np.float64], fold: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the quick model's answers to rows that it has not seen."""
        return out_of_fold(features, self.truth, fold, self.classes, self.seed)

    def fit(
        self,
        known: NDArray[np.bool_],
        asked: NDArray[np.bool_],
        features: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Fit the quick model to the known rows and answer the asked ones."""
        given = self.features if features is None else features
        return fit_predict(given[known], self.truth[known], given[asked], self.classes, self.seed)

    @property
    def name(self) -> str:
        """How the folds of `answer` were made."""
        return "random split" if self.group is None else "grouped as declared"

    def score(self, answer: NDArray[np.float64]) -> float:
        """Return the metric of an answer."""
        return self.metric(self.truth, answer)

    def error(self, answer: NDArray[np.float64]) -> float:
        """Return what is left to gain: 0 for a perfect answer."""
        score = self.score(answer)
        return 1 - score if self.metric.higher_is_better else score

    def grouped(self, label: NDArray[np.int64], name: str) -> Inflation:
        """Compare with folds that keep rows of one label (N of the whole table) together.

        Declared groups stay together as well, unless that would join most rows to one.
        """
        label = label[self.rows]
        if self.group is not None:
            both = joined(label, self.group)
            label = both if np.bincount(both).max() <= MOST * len(both) else label
        _, first, group = np.unique(label, return_index=True, return_inverse=True)
        if len(first) >= (1 - FEW) * len(label):
            fold = self.fold[first][group]
        else:
            fold = folds(len(self.rows), group=label, seed=self.seed)
        return self.against(self.out_of_fold(self.features, fold), name, label)

    def without(self, columns: list[int], said: str) -> Inflation:
        """Compare with the model that does not see these input columns."""
        features = self.features.copy()
        features[:, columns] = np.nan
        answer = self.out_of_fold(features, self.fold)
        names = f"without {said}", f"with {said}"
        return self.against(answer, names[0], self.group, as_is_name=names[1])

    def against(
        self,
        honest: NDArray[np.float64],
        name: str,
        group: NDArray[np.int64] | None = None,
        as_is: NDArray[np.float64] | None = None,
        as_is_name: str = "",
        rows: NDArray[np.bool_] | None = None,
    ) -> Inflation:
        """Compare two answers, with intervals from resampled groups.

        Parameters
        ----------
        honest, as_is
            Answers; the kept ones of the random split unless given.
        name, as_is_name
            What people call them.
        group
            Labels of what is resampled together.
        rows
            Where both are compared; everywhere unless given.
        """
        as_is = self.answer if as_is is None else as_is
        keep = np.ones(len(self.truth), bool) if rows is None else rows
        truth, flattered, sober = self.truth[keep], as_is[keep], honest[keep]
        label = None if group is None else group[keep]
        options = {"group": label, "draws": DRAWS, "seed": self.seed}
        verdict = compare(truth, sober, flattered, self.metric, **options).verdict
        intervals = [bootstrap(self.metric, truth, a, **options) for a in (flattered, sober)]
        scores = [1 - i.value if self.metric.higher_is_better else i.value for i in intervals]
        return Inflation(
            metric=self.metric.title,
            as_is=intervals[0],
            honest=intervals[1],
            as_is_name=as_is_name or self.name,
            honest_name=name,
            real=verdict == "worse" and scores[1] > (1 + LEAST) * scores[0],
        )


def joined(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels that keep together whatever shares either label, directly or through others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left = np.unique(first, return_inverse=True)[1]
    right = np.unique(second, return_inverse=True)[1] + left.max() + 1
    size = int(right.max()) + 1
    edges = coo_array((np.ones(len(left)), (left, right)), shape=(size, size))
    return connected_components(edges, directed=False)[1][left].astype(np.int64)


def _some(table: Prepared, seed: int) -> NDArray[np.int64]:
    """Return the rows to fit to: all of them, or about `MOST_ROWS` in whole groups."""
    if table.rows <= MOST_ROWS:
        return np.arange(table.rows)
    labels = np.arange(table.rows) if table.group is None else table.group
    _, unit = np.unique(labels, return_inverse=True)
    order = np.random.default_rng(seed).permutation(unit.max() + 1)
    kept = order[np.cumsum(np.bincount(unit)[order]) <= MOST_ROWS]
    return np.flatnonzero(np.isin(unit, kept))
