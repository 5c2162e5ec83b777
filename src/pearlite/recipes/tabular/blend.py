"""Shares of members in a blend, from predictions of rows that they have not seen.

Axes: M members, N rows, K outputs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pearlite.recipes.tabular.aim import Aim

LEAST_SHARE = 0.03
"""Members with less are left out."""
_PASSES = 30


def shares(
    predictions_MNK: Sequence[NDArray[np.float64]],
    target_NK: NDArray[np.float64],
    weight_N: NDArray[np.float64] | None,
    aim: Aim,
) -> NDArray[np.float64]:
    """Return each member's share, (M,): none negative, together 1.

    Non-negative least squares (Lawson & Hanson 1974; as in stacking, Breiman, ML 24, 49, 1996).
    Absolute errors and pinball losses are minimised by solving again with the weights 1/|error|
    (iteratively reweighted least squares).

    Parameters
    ----------
    predictions_MNK
        Of every member, of rows that it did not learn from.
    target_NK
        The truth: numbers, or 1 for the true class and 0 for others. One column if K are quantiles.
    weight_N
        How much each row counts.
    aim
        Says which errors are minimised.
    """
    columns_XM = np.stack([prediction.ravel() for prediction in predictions_MNK], axis=1)
    target_X = np.broadcast_to(target_NK, predictions_MNK[0].shape).ravel()
    outputs = predictions_MNK[0].shape[1]
    given_X = np.ones(len(target_X)) if weight_N is None else np.repeat(weight_N, outputs)
    kept = np.arange(columns_XM.shape[1])
    while True:
        share = _solve(columns_XM[:, kept], target_X, given_X, aim)
        large = share >= LEAST_SHARE
        if large.all() or not large.any():
            break
        kept = kept[large]
    shares_M = np.zeros(columns_XM.shape[1])
    shares_M[kept] = share / share.sum()
    return shares_M


def _solve(
    columns_XM: NDArray[np.float64],
    target_X: NDArray[np.float64],
    given_X: NDArray[np.float64],
    aim: Aim,
) -> NDArray[np.float64]:
    """Return shares that sum to 1, (M,)."""
    from scipy.optimize import nnls

    share = np.full(columns_XM.shape[1], 1 / columns_XM.shape[1])
    if len(share) == 1:
        return share
    level_X = np.full(len(target_X), 0.5)
    if aim.levels:
        level_X = np.resize(np.asarray(aim.levels), len(target_X))
    absolute = aim.absolute or bool(aim.levels)
    scale = float(np.abs(target_X - np.median(target_X)).mean()) or 1.0
    penalty = 1e3 * len(target_X)  # holds the sum at 1
    for _ in range(_PASSES if absolute else 1):
        weight_X = given_X
        if absolute:
            error_X = target_X - columns_XM @ share
            side_X = np.where(error_X > 0, level_X, 1 - level_X)
            weight_X = given_X * side_X / np.maximum(np.abs(error_X), 1e-3 * scale)
        root_X = np.sqrt(weight_X / weight_X.mean())
        moved_XM = (columns_XM - target_X[:, None]) / scale  # with a sum of 1, the errors
        normal_MM = (moved_XM * root_X[:, None] ** 2).T @ moved_XM + penalty
        root_MM = np.linalg.cholesky(normal_MM + 1e-9 * np.trace(normal_MM) * np.eye(len(share)))
        found, _ = nnls(root_MM.T, np.linalg.solve(root_MM, np.full(len(share), penalty)))
        found /= found.sum()
        moved, share = np.abs(found - share).max(), found
        if moved < 1e-4:
            break
    return share
