"""Columns of a table that say much the same.

Axes: N samples, C columns, L levels of a category.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from pearlite.judge.answers import Floats

if TYPE_CHECKING:
    import pandas as pd

RELATED = 0.7  # |Spearman| from which columns are taken together
MOST_ROWS = 2000  # more are thinned out evenly
MOST_LEVELS = 50  # of a category; the rest counts as one


def related_columns(frame: "pd.DataFrame", at_least: float = RELATED) -> list[tuple[str, ...]]:
    """Sort columns into sets whose members are alike, on average by at least `at_least`.

    Parameters
    ----------
    frame
        Numbers, flags, dates, categories and texts; missing values are a level or a middle rank.
    at_least
        Likeness from 0 to 1: |Spearman's correlation| of two numbers, Cramér's V without its bias
        of two categories (Bergsma, J. Korean Stat. Soc. 42, 323, 2013), correlation ratio of the
        ranks, without its bias, of one and the other (Kelley, PNAS 21, 554, 1935).

    Returns
    -------
    list of tuple
        Every column once, in the order of the frame.
    """
    names = [str(name) for name in frame.columns]
    if len(names) < 2 or len(frame) < 3:
        return [(name,) for name in names]
    thinned = frame.iloc[:: -(-len(frame) // MOST_ROWS)]
    alike_CC = _likeness(thinned)
    distance = squareform(1 - alike_CC, checks=False).clip(0)
    label_C = fcluster(linkage(distance, "average"), 1 - at_least, "distance")
    sets: dict[int, list[str]] = {}
    for name, label in zip(names, label_C.tolist(), strict=True):
        sets.setdefault(label, []).append(name)
    return [tuple(members) for members in sets.values()]


def _likeness(frame: "pd.DataFrame") -> Floats:
    rank_by_place: dict[int, Floats] = {}
    level_by_place: dict[int, NDArray[np.int64]] = {}
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if _is_number(column):
            rank_by_place[place] = _ranks(column)
        else:
            level_by_place[place] = _levels(column)
    alike_CC = np.eye(frame.shape[1])
    numbers = list(rank_by_place)
    if numbers:
        z_NC = np.column_stack(list(rank_by_place.values()))
        alike_CC[np.ix_(numbers, numbers)] = np.abs(z_NC.T @ z_NC)
    for i, level_N in level_by_place.items():
        for j, rank_N in rank_by_place.items():
            alike_CC[i, j] = alike_CC[j, i] = _correlation_ratio(level_N, rank_N)
        for j, other_N in level_by_place.items():
            if j > i:
                alike_CC[i, j] = alike_CC[j, i] = _cramer(level_N, other_N)
    return alike_CC


def _is_number(column: "pd.Series") -> bool:
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

    kinds = (is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype)
    return any(is_kind(column) for is_kind in kinds)


def _ranks(column: "pd.Series") -> Floats:
    """Return centred ranks of unit length; zeros for a constant."""
    ranks: Floats = column.rank().to_numpy(np.float64, na_value=np.nan)
    known = np.isfinite(ranks)
    centred = np.where(known, ranks - (ranks[known].mean() if known.any() else 0), 0)
    return np.asarray(centred / (np.linalg.norm(centred) or 1), np.float64)


def _levels(column: "pd.Series") -> NDArray[np.int64]:
    texts = column.astype("str").fillna("")
    frequent = texts.value_counts().index[: MOST_LEVELS - 1]
    return np.asarray(frequent.get_indexer(texts), np.int64) + 1


def _correlation_ratio(level_N: NDArray[np.int64], rank_N: Floats) -> float:
    count_L = np.bincount(level_N)
    used, count = int((count_L > 0).sum()), len(level_N)
    if not rank_N.any() or count <= used:
        return 0.0
    mean_L = np.bincount(level_N, rank_N) / np.maximum(count_L, 1)
    explained = float((count_L * mean_L**2).sum())
    adjusted = 1 - (1 - explained) * (count - 1) / (count - used)
    return max(adjusted, 0.0) ** 0.5


def _cramer(a_N: NDArray[np.int64], b_N: NDArray[np.int64]) -> float:
    count = len(a_N)
    table = np.zeros((a_N.max() + 1, b_N.max() + 1))
    np.add.at(table, (a_N, b_N), 1)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    expected = table.sum(1, keepdims=True) * table.sum(0) / count
    rows, columns = table.shape
    phi2 = float(((table - expected) ** 2 / expected).sum()) / count
    phi2 = max(phi2 - (rows - 1) * (columns - 1) / (count - 1), 0.0)
    least = min(n - (n - 1) ** 2 / (count - 1) for n in (rows, columns)) - 1
    return min((phi2 / least) ** 0.5, 1.0) if least > 0 else 0.0
