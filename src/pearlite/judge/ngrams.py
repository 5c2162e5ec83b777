"""Counting as a language model: the baseline that every network has to beat.

Axes: N tokens, C different n-grams.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError

MOST = 20_000_000  # tokens that are counted; more take long and change little
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class _Counts:
    """Of one order: n-grams and their contexts by hash, ascending, with what was counted."""

    grams_C: NDArray[np.uint64]
    seen_C: NDArray[np.int64]
    contexts_C: NDArray[np.uint64]
    times_C: NDArray[np.int64]
    kinds_C: NDArray[np.int64]


class NGrams:
    """Probability of each token after the n - 1 before it, by counting.

    Interpolated as Witten and Bell do (IEEE Transactions on Information Theory 37, 1085, 1991):
    after a context that was seen c times with t different followers, the shorter context has the
    weight t / (c + t). The shortest knows nothing: every token of the vocabulary is as likely.

    Parameters
    ----------
    tokens_N
        What to count, whole numbers; the first `MOST` of them.
    vocabulary
        Number of different tokens.
    order
        Longest n-grams, n.

    Raises
    ------
    InputError
        If there is no token or the order is less than 1.
    """

    def __init__(self, tokens_N: ArrayLike, vocabulary: int, order: int = 5) -> None:
        counted_N = np.asarray(tokens_N[:MOST] if isinstance(tokens_N, np.ndarray) else tokens_N)
        if not len(counted_N) or order < 1:
            raise InputError(
                f"{len(counted_N)} tokens and n-grams of order {order}: give at least 1 of both"
            )
        self.vocabulary, self.order = vocabulary, order
        self._orders = [_count(counted_N, n) for n in range(1, order + 1)]

    def losses(self, tokens_N: ArrayLike, order: int | None = None) -> NDArray[np.float64]:
        """Return the negative logarithm of each token's probability, in nats, ``(N,)``.

        Parameters
        ----------
        tokens_N
            A text; its first tokens have a short context.
        order
            Longest n-grams to use; all by default.
        """
        asked_N = np.asarray(tokens_N).astype(np.uint64)
        likely_N = np.full(len(asked_N), 1 / self.vocabulary)
        for n, counts in enumerate(self._orders[:order], start=1):
            if len(asked_N) < n:
                break
            contexts_M, grams_M = _hashes(asked_N, n)
            times_M = _looked_up(contexts_M, counts.contexts_C, counts.times_C)
            kinds_M = _looked_up(contexts_M, counts.contexts_C, counts.kinds_C)
            seen_M = _looked_up(grams_M, counts.grams_C, counts.seen_C)
            known_M = times_M > 0
            mixed_M = (seen_M + kinds_M * likely_N[n - 1 :]) / np.maximum(times_M + kinds_M, 1)
            likely_N[n - 1 :] = np.where(known_M, mixed_M, likely_N[n - 1 :])
        return -np.log(likely_N)

    def best_order(self, tokens_N: ArrayLike) -> int:
        """Return the order that predicts a text best, which is not the text to be judged on."""
        means = [self.losses(tokens_N, n).mean() for n in range(1, self.order + 1)]
        return int(np.argmin(means)) + 1


def _count(tokens_N: NDArray[np.integer], n: int) -> _Counts:
    contexts, grams = _hashes(tokens_N.astype(np.uint64), n)
    grams_C, first_C, seen_C = np.unique(grams, return_index=True, return_counts=True)
    contexts_C, times_C = np.unique(contexts, return_counts=True)
    _, kinds_C = np.unique(contexts[first_C], return_counts=True)
    return _Counts(grams_C, seen_C, contexts_C, times_C, kinds_C)


def _hashes(tokens_N: NDArray[np.uint64], n: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return a hash of the n - 1 tokens before each from the n-th on, and one of all n."""
    count = max(0, len(tokens_N) - n + 1)
    mixed = np.zeros(count, np.uint64)
    for place in range(n - 1):
        mixed = (mixed + tokens_N[place : place + count] + np.uint64(1)) * _SPREAD
        mixed ^= mixed >> np.uint64(32)
    last = (mixed + tokens_N[n - 1 : n - 1 + count] + np.uint64(1)) * _SPREAD
    return mixed, last ^ (last >> np.uint64(32))


def _looked_up(
    keys: NDArray[np.uint64], known_C: NDArray[np.uint64], values_C: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the value of each key, 0 where it is not known."""
    place = np.minimum(np.searchsorted(known_C, keys), len(known_C) - 1)
    return np.where(known_C[place] == keys, values_C[place], 0)
