"""A column of free text: its length and its main topics (latent semantic analysis).

Deerwester et al., Indexing by latent semantic analysis, J. Am. Soc. Inf. Sci. 41 (1990) 391.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.recipes.tabular.encoders import Encoding

WORDS, TOPICS = 1000, 16
"""The most words that are told apart, and the most directions they are reduced to."""


@dataclass(frozen=True)
class Text:
    """Words by their rarity, and the directions in which the training texts differ most.

    Attributes
    ----------
    words : tuple of str
        The words and pairs of words that count.
    rarity : tuple of float
        Each word's inverse document frequency.
    topics : tuple of tuple of float
        A weight a word for each topic.
    """

    kind: ClassVar[str] = "text"
    words: tuple[str, ...]
    rarity: tuple[float, ...]
    topics: tuple[tuple[float, ...], ...]

    @classmethod
    def learn(cls, values: pd.Series, seed: int) -> Self:
        """Weigh the words of the training rows and find their topics."""
        from sklearn.decomposition import TruncatedSVD

        texts = _texts(values)
        counter = _vectorizer(min_df=2 if len(texts) > 20 else 1, max_features=WORDS)
        try:
            weights = counter.fit_transform(texts)
        except ValueError:  # no words at all: lengths alone are left
            return cls((), (), ())
        words = tuple(str(word) for word in counter.get_feature_names_out())
        count = min(TOPICS, weights.shape[0] - 1, weights.shape[1] - 1)
        rarity = tuple(float(value) for value in counter.idf_)
        if count < 1:
            return cls(words, rarity, ())
        reducer = TruncatedSVD(count, random_state=seed % 2**32)
        reducer.fit(weights)
        topics = np.asarray(reducer.components_, np.float32).tolist()
        return cls(words, rarity, tuple(map(tuple, topics)))

    def names(self, encoding: Encoding) -> list[str]:
        """Return the names of the lengths and topics."""
        topics = [f": topic {number + 1}" for number in range(len(self.topics))]
        return [": characters", ": words", *topics]

    def encode(self, values: pd.Series, encoding: Encoding) -> NDArray[np.float64]:
        """Return lengths and topics, (N, 2 + topics); missing texts have length 0."""
        texts = _texts(values)
        lengths = np.array([(len(text), len(text.split())) for text in texts], dtype=np.float64)
        lengths = lengths.reshape(-1, 2)
        if not self.topics:
            return lengths
        counter = _vectorizer(vocabulary=list(self.words))
        counter.idf_ = np.array(self.rarity)
        return np.column_stack([lengths, counter.transform(texts) @ np.array(self.topics).T])


def _vectorizer(**options: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 2), strip_accents="unicode", **options
    )


def _texts(values: pd.Series) -> list[str]:
    return ["" if missing else str(v) for v, missing in zip(values, values.isna(), strict=True)]
