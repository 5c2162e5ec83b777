"""Which texts are copies of one another, but for punctuation, capitals and white space.

Axes: N texts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pearlite.data.alike_texts import find_copies
from pearlite.data.documents import Passage

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Same:
    """Texts that belong together.

    Attributes
    ----------
    group
        Label of each text, int64 ``(N,)``; copies have the same.
    equal, near
        Texts that have the words of an earlier one, and nearly all of its sequences of words.
    """

    group: NDArray[np.int64]
    equal: int
    near: int

    @property
    def count(self) -> int:
        """Texts that are copies of an earlier one."""
        return self.equal + self.near


def same_texts(texts: Sequence[str]) -> Same:
    """Find copies; texts without any word are compared as they are written."""
    found = find_copies(Passage(n, _words(text), True) for n, text in enumerate(texts))
    return Same(found.group, found.equal, found.near)


def joined(*labels: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    """Return one label a row where rows that share any of several labels belong together."""
    known = [label for label in labels if label is not None]
    if not known:
        return None
    count = len(known[0])
    row, column, width = [], [], 0
    for label in known:
        codes = np.unique(label, return_inverse=True)[1]
        row.append(np.arange(count))
        column.append(count + width + codes)
        width += int(codes.max()) + 1
    rows, columns = np.concatenate(row), np.concatenate(column)
    size = count + width
    links = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(size, size))
    together = connected_components(links, directed=False)[1][:count]
    return np.unique(together, return_inverse=True)[1].astype(np.int64)


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold())) or text
