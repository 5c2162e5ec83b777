"""Decision trees as flat arrays, so that a forest is saved without pickle and walked by NumPy.

Axes: N rows, F features, T trees, M nodes of all trees, L leaves of all trees, K outputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError

_WALKED_TOGETHER = 2**18  # pairs of row and tree: 256k stay in a CPU's cache


@dataclass(frozen=True)
class Nodes:
    """The nodes of several trees.

    Attributes
    ----------
    root_T : int32
        Where each tree begins.
    feature_M : int32
        What a node looks at; -1 at a leaf.
    threshold_M : float64
        Values up to it go left.
    left_M, right_M : int32
        Where to go on; a leaf leads to itself.
    missing_left_M : bool
        Whether NaN goes left.
    value_LK : float64
        What each leaf says, in the order of the nodes.
    """

    root_T: NDArray[np.int32]
    feature_M: NDArray[np.int32]
    threshold_M: NDArray[np.float64]
    left_M: NDArray[np.int32]
    right_M: NDArray[np.int32]
    missing_left_M: NDArray[np.bool_]
    value_LK: NDArray[np.float64]

    @classmethod
    def of_sklearn(cls, trees: Sequence[Any]) -> Self:
        """Take over fitted trees of scikit-learn's forests; their values are means or shares."""
        counts = [tree.node_count for tree in trees]
        root_T = np.cumsum([0, *counts[:-1]]).astype(np.int32)
        shift_M = np.repeat(root_T, counts)
        left_M = np.concatenate([tree.children_left for tree in trees])
        right_M = np.concatenate([tree.children_right for tree in trees])
        leaf_M = left_M < 0
        own_M = np.arange(len(leaf_M))
        if hasattr(trees[0], "missing_go_to_left"):
            missing_left_M = np.concatenate([tree.missing_go_to_left for tree in trees])
        else:
            missing_left_M = np.zeros(len(leaf_M))
        value_MK = np.concatenate([tree.value[:, 0] for tree in trees])
        return cls(
            root_T,
            np.where(leaf_M, -1, np.concatenate([tree.feature for tree in trees])).astype(np.int32),
            np.where(leaf_M, 0, np.concatenate([tree.threshold for tree in trees])),
            np.where(leaf_M, own_M, left_M + shift_M).astype(np.int32),
            np.where(leaf_M, own_M, right_M + shift_M).astype(np.int32),
            missing_left_M.astype(bool),
            value_MK[leaf_M],
        )

    def values(self, x_NF: NDArray[Any]) -> NDArray[np.float64]:
        """Return what each tree says of each row, (N, T, K)."""
        number_M = np.cumsum(self.feature_M < 0) - 1
        return self.value_LK[number_M[self.leaves(x_NF)]]

    def mean(self, x_NF: NDArray[Any]) -> NDArray[np.float64]:
        """Return the mean over the trees, (N, K)."""
        mean_NK = np.empty((len(x_NF), self.value_LK.shape[1]))
        for rows in self._blocks(len(x_NF)):
            mean_NK[rows] = self.values(x_NF[rows]).mean(axis=1)
        return mean_NK

    def quantiles(self, x_NF: NDArray[Any], levels_Q: Sequence[float]) -> NDArray[np.float64]:
        """Return quantiles over the trees, (N, Q), of trees that say one number."""
        quantiles_NQ = np.empty((len(x_NF), len(levels_Q)))
        for rows in self._blocks(len(x_NF)):
            quantiles_NQ[rows] = np.quantile(self.values(x_NF[rows])[..., 0], levels_Q, axis=1).T
        return quantiles_NQ

    def leaves(self, x_NF: NDArray[Any]) -> NDArray[np.int32]:
        """Return the node in which each row ends, (N, T)."""
        node_NT = np.broadcast_to(self.root_T, (len(x_NF), len(self.root_T)))
        rows_N1 = np.arange(len(x_NF))[:, None]
        while (feature_NT := self.feature_M[node_NT]).max(initial=-1) >= 0:
            x_NT = x_NF[rows_N1, feature_NT]
            left_NT = x_NT <= self.threshold_M[node_NT]
            left_NT |= np.isnan(x_NT) & self.missing_left_M[node_NT]
            node_NT = np.where(left_NT, self.left_M[node_NT], self.right_M[node_NT])
        return node_NT

    def _blocks(self, count: int) -> list[slice]:
        step = max(1, _WALKED_TOGETHER // len(self.root_T))
        return [slice(start, start + step) for start in range(0, count, step)]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Make nodes of what `arrays` returned; `InputError` if one is missing or leads back."""
        if lacking := {each.name for each in fields(cls)} - arrays.keys():
            raise InputError(f"the file of trees lacks {', '.join(sorted(lacking))}")
        made = cls(**{each.name: arrays[each.name] for each in fields(cls)})
        own_M = np.arange(len(made.feature_M))
        leaf_M = made.feature_M < 0
        for next_M in (made.left_M, made.right_M):
            onward_M = (next_M > own_M) & (next_M < len(own_M))
            if len(next_M) != len(own_M) or not np.where(leaf_M, next_M == own_M, onward_M).all():
                raise InputError("the file of trees is damaged: a branch leads nowhere")
        return made
