"""In how many pairs of rows columns agree, and in how many they would by chance.

Axes: N rows, D columns.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

Codes = NDArray[np.int64]
BEYOND, SURE = 10.0, 1e-3  # times what chance makes; its probability to make as many
NEVER = -2  # in place of a rough value: equal ones are never equal by chance


def row_hashes(codes_ND: Codes, seed: int = 0) -> NDArray[np.uint64]:
    """Return a random number for every value of every column; its sum along a row names the row.

    Leaving a column out is a subtraction (Zobrist, University of Wisconsin report 88, 1970).
    """
    random = np.random.default_rng(seed)
    hashes = np.empty(codes_ND.shape, np.uint64)
    for column in range(codes_ND.shape[1]):
        values = codes_ND[:, column] - codes_ND[:, column].min()
        hashes[:, column] = random.integers(2**63, size=int(values.max()) + 1, dtype=np.uint64)[
            values
        ]
    return hashes


def labels(keys_N: NDArray[np.uint64]) -> Codes:
    """Return a number from 0 a row, equal where the keys are."""
    return np.unique(keys_N, return_inverse=True)[1].astype(np.int64)


def pairs(keys_N: NDArray[np.generic]) -> float:
    """Return how many pairs of rows have equal keys."""
    counts = np.unique(keys_N, return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1) / 2).sum())


def within(fine_N: Codes, coarse_N: Codes) -> bool:
    """Tell whether all rows of one fine label have one coarse label."""
    both = np.unique(np.stack([fine_N, coarse_N]), axis=1)
    return both.shape[1] == len(np.unique(fine_N))


def by_chance(coarse_ND: Codes, hashes_ND: NDArray[np.uint64], columns: list[int]) -> float:
    """Return how many pairs would agree in all `columns` if only rough values belonged together.

    Pairs in which all columns are roughly equal are counted; within that, whether one column is
    exactly equal is taken to say nothing of another. Columns with few values are rough already: in
    a table of such columns equal rows are expected, and nothing follows from them. Names and
    formulas (`NEVER`) are not equal by chance.
    """
    if (coarse_ND[:, columns] == NEVER).all(0).any():
        return 0.0
    rough = row_hashes(coarse_ND[:, columns])
    expected = pairs(rough.sum(1))
    for place, column in enumerate(columns):
        alike = pairs(rough[:, place])
        both = pairs(hashes_ND[:, column] + rough[:, place])
        expected *= both / alike if alike else 0.0
    return expected


def beyond_chance(observed: float, expected: float) -> bool:
    """Tell whether so many pairs are not explained by the expected number."""
    return observed > BEYOND * expected and float(poisson.sf(observed - 1, expected)) < SURE
