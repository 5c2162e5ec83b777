"""Find documents that are copies of one another, word for word or nearly so.

Axes: D documents, W words, S shingles, H hash functions.
"""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pearlite.data.documents import Passage

SHINGLE = 5  # words
FEWEST = 20  # words below which documents may agree by chance: only equal ones are copies
READ = 5_000  # words of a document that are compared, its first ones
HASHES, ROWS = 64, 4
"""Bands of 4 of 64 hashes: documents that share half of their shingles meet in one with a chance of
two thirds, those that share `NEAR` of them nearly always."""
NEAR = 0.8  # share of the shingles that copies have in common


@dataclass(frozen=True)
class Copies:
    """Which documents belong together, and how long each is.

    Attributes
    ----------
    group : ndarray
        Number of the documents that each is a copy of, int64 ``(D,)``.
    characters : ndarray
        Length of each document, int64 ``(D,)``.
    equal, near : int
        Documents that are equal to an earlier one but for white space; and nearly so.
    """

    group: NDArray[np.int64]
    characters: NDArray[np.int64]
    equal: int
    near: int


def find_copies(passages: Iterable[Passage]) -> Copies:
    """Compare the documents whose passages are given, in one pass.

    Equal documents have the same words. Nearly equal ones share most groups of five consecutive
    words, estimated by MinHash (Broder, Compression and Complexity of Sequences, 1997) in bands
    (Leskovec et al., Mining of Massive Datasets, chapter 3).
    """
    random = np.random.default_rng(0)
    factor_H = random.integers(1, 2**63, HASHES, dtype=np.uint64) | np.uint64(1)
    shift_H = random.integers(0, 2**63, HASHES, dtype=np.uint64)
    digests, lengths, signatures = [], [], []
    digest, length, words = hashlib.blake2b(digest_size=16), 0, []
    for passage in passages:
        here = passage.text.split()
        digest.update(" ".join([*here, ""]).encode())
        length += len(passage.text)
        words += here[: READ - len(words)]
        if passage.last:
            digests.append(digest.digest())
            lengths.append(length)
            signatures.append(_signature(words, factor_H, shift_H))
            digest, length, words = hashlib.blake2b(digest_size=16), 0, []
    first: dict[bytes, int] = {}
    pairs = [(first.setdefault(digest, d), d) for d, digest in enumerate(digests)]
    group = _joined(pairs, len(digests))
    near = {d: s for d, s in enumerate(signatures) if s is not None and pairs[d][0] == d}
    both = [*pairs, *_near(near)]
    whole = _joined(both, len(digests))
    kinds = len(np.unique(group))
    return Copies(
        whole,
        np.array(lengths, np.int64),
        len(digests) - kinds,
        kinds - len(np.unique(whole)),
    )


def _signature(
    words: list[str], factor_H: NDArray[np.uint64], shift_H: NDArray[np.uint64]
) -> NDArray[np.uint32] | None:
    """Return the smallest hash of the shingles by each function; None for short documents."""
    if len(words) < FEWEST:
        return None
    word_W = np.array([zlib.crc32(word.encode()) for word in words], np.uint64)
    shingle_S = np.zeros(len(words) - SHINGLE + 1, np.uint64)
    for place in range(SHINGLE):
        following_S = word_W[place : place + len(shingle_S)]
        shingle_S = shingle_S * np.uint64(0x9E3779B97F4A7C15) + following_S
    hashed_HS = (factor_H[:, None] * shingle_S + shift_H[:, None]) >> np.uint64(32)
    return hashed_HS.min(1).astype(np.uint32)


def _near(signatures: dict[int, NDArray[np.uint32]]) -> list[tuple[int, int]]:
    """Return pairs that agree in so many hashes: every document with the first of a band's."""
    pairs = []
    for start in range(0, HASHES, ROWS):
        bucket: dict[bytes, int] = {}
        for d, signature in signatures.items():
            first = bucket.setdefault(signature[start : start + ROWS].tobytes(), d)
            if first != d and np.mean(signatures[first] == signature) >= NEAR:
                pairs.append((first, d))
    return pairs


def _joined(pairs: list[tuple[int, int]], count: int) -> NDArray[np.int64]:
    """Return the number of the group that each belongs to, as pairs connect them."""
    if not pairs:
        return np.arange(count)
    one, other = np.array(pairs).T
    links = coo_matrix((np.ones(len(one)), (one, other)), shape=(count, count))
    return connected_components(links, directed=False)[1].astype(np.int64)
