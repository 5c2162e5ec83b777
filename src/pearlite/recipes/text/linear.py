"""A linear model on how often each word, or each piece of one, stands in a text.

Axes: N texts, W words of a text, F terms, T terms in a text, K classes (one column for a number).
"""

import re
import warnings
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from pearlite.errors import InputError
from pearlite.folders import read_json, write_json
from pearlite.judge.goal import Truth
from pearlite.judge.scores import CLASSES
from pearlite.recipes.text.span import spans

TERMS: dict[str, dict[str, Any]] = {
    "words": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "characters": {"analyzer": "char_wb", "ngram_range": (2, 5)},
}
"""Single words and pairs of them; two to five consecutive characters of a word."""
STRENGTHS = tuple(np.logspace(-2, 6, 17))
"""Inverse penalties that are tried; on 900 abstracts the best was 10 to 1,000."""
ITERATIONS = 1000
TABLE, WEIGHTS = "terms.json", "linear.safetensors"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Linear:
    """TF-IDF with logistic or ridge regression, as arrays.

    Parameters
    ----------
    terms
        A key of `TERMS`.
    goal
        One of `pearlite.judge.scores.GOALS`.
    vocabulary
        The F terms.
    rarity_F
        Inverse document frequency of each.
    coefficient_KF, bias_K
        Of each class, or of the number.
    """

    terms: str
    goal: str
    vocabulary: tuple[str, ...]
    rarity_F: NDArray[np.float64]
    coefficient_KF: NDArray[np.float64]
    bias_K: NDArray[np.float64]

    def __post_init__(self) -> None:
        vectoriser = new_vectoriser(self.terms, vocabulary=self.vocabulary)
        vectoriser.idf_ = self.rarity_F
        object.__setattr__(self, "_vectoriser", vectoriser)
        object.__setattr__(self, "_place", vectoriser.vocabulary_)

    def answer(self, texts: list[str]) -> NDArray[np.float64]:
        """Return probabilities ``(N, K)``, or numbers ``(N,)``."""
        return answered(self._features(texts), self.coefficient_KF, self.bias_K, self.goal)

    def weigh(self, text: str) -> NDArray[np.float64]:
        """Return what each word adds to the logit of each class, or to the number, ``(W, K)``.

        A term's coefficient times its TF-IDF, shared equally among the places where it stands; a
        pair of words is shared by both.
        """
        features = self._features([text])
        worth_TK = features.data[:, None] * self.coefficient_KF[:, features.indices].T
        worth = dict(zip(features.indices.tolist(), worth_TK, strict=True))
        placed = self._placed(text)
        shares: dict[int, float] = defaultdict(float)
        for term, share in chain.from_iterable(placed):
            shares[term] += share
        words_WK = np.zeros((len(placed), len(self.bias_K)))
        for word, terms in enumerate(placed):
            for term, share in terms:
                words_WK[word] += worth[term] * (share / shares[term])
        return words_WK

    def save(self, folder: Path) -> None:
        """Write it into an empty folder."""
        table = {"terms": self.terms, "goal": self.goal, "vocabulary": self.vocabulary}
        write_json(folder / TABLE, table)
        arrays = {"rarity": self.rarity_F, "coefficient": self.coefficient_KF, "bias": self.bias_K}
        save_file({n: np.ascontiguousarray(a) for n, a in arrays.items()}, folder / WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If a file is missing or damaged.
        """
        table = read_json(folder / TABLE)
        try:
            arrays = load_file(folder / WEIGHTS)
            return cls(
                table["terms"],
                table["goal"],
                tuple(table["vocabulary"]),
                *(arrays[name] for name in ("rarity", "coefficient", "bias")),
            )
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{folder} holds no whole model ({error}); make it again") from error

    def _features(self, texts: list[str]) -> csr_matrix:
        return csr_matrix(self._vectoriser.transform(texts))  # pyright: ignore[reportAttributeAccessIssue]

    def _placed(self, text: str) -> list[list[tuple[int, float]]]:
        """Return the terms in each word of a text, each with the share that falls to the word."""
        place: dict[str, int] = self._place  # pyright: ignore[reportAttributeAccessIssue]
        words = spans(text)
        found: list[list[tuple[int, float]]] = [[] for _ in words]
        if self.terms == "characters":
            analyse = self._vectoriser.build_analyzer()  # pyright: ignore[reportAttributeAccessIssue]
            for number, (begin, end) in enumerate(words):
                terms = analyse(text[begin:end])
                found[number] = [(place[term], 1.0) for term in terms if term in place]
            return found
        ends = np.array([end for _, end in words])
        parts = [
            (int(np.searchsorted(ends, part.start(), side="right")), part[0].lower())
            for part in _WORD.finditer(text)
        ]
        for number, (word, part) in enumerate(parts):
            if part in place:
                found[word].append((place[part], 1.0))
            if number + 1 < len(parts) and (pair := f"{part} {parts[number + 1][1]}") in place:
                found[word].append((place[pair], 0.5))
                found[parts[number + 1][0]].append((place[pair], 0.5))
        return found


def new_vectoriser(terms: str, **options: Any) -> TfidfVectorizer:
    """Return a vectoriser that counts a term's repetitions by their logarithm."""
    return TfidfVectorizer(**TERMS[terms], sublinear_tf=True, **options)


def answered(
    x_NF: csr_matrix, coefficient_KF: NDArray[np.float64], bias_K: NDArray[np.float64], goal: str
) -> NDArray[np.float64]:
    """Return probabilities ``(N, K)``, or numbers ``(N,)``."""
    said_NK = np.asarray(x_NF @ coefficient_KF.T + bias_K)
    return softmax(said_NK, axis=1) if goal in CLASSES else said_NK[:, 0]


def fit_linear(
    terms: str,
    texts: list[str],
    truth: Truth,
    judge: Any,
    validation: list[str],
    strengths: tuple[float, ...] = STRENGTHS,
) -> tuple[Linear, dict[str, Any]]:
    """Fit one model for each strength, and keep that which is best on the validation texts.

    Parameters
    ----------
    terms
        A key of `TERMS`.
    texts, truth
        To learn from.
    judge
        Maps an answer for the validation texts to an error: smaller is better.
    validation
        Texts to choose on.
    strengths
        Inverse penalties.

    Returns
    -------
    Linear, dict
        The model; the strength, the errors of all, and whether the end of the range was chosen.

    Raises
    ------
    InputError
        If no text holds a term.
    """
    vectoriser = new_vectoriser(terms)
    try:
        x_NF = csr_matrix(vectoriser.fit_transform(texts))
    except ValueError as error:
        raise InputError("the texts hold no words; give texts of words") from error
    x_MF = csr_matrix(vectoriser.transform(validation))
    best, chosen, errors = np.inf, None, []
    for strength in strengths:
        coefficient_KF, bias_K = _fit(x_NF, truth, float(strength))
        error = judge(answered(x_MF, coefficient_KF, bias_K, truth.goal))
        errors.append(float(error))
        if chosen is None or error < best:
            best, chosen = error, (float(strength), coefficient_KF, bias_K)
    assert chosen is not None
    strength, coefficient_KF, bias_K = chosen
    vocabulary = tuple(map(str, vectoriser.get_feature_names_out()))
    model = Linear(
        terms,
        truth.goal,
        vocabulary,
        np.asarray(vectoriser.idf_, np.float64),
        coefficient_KF,
        bias_K,
    )
    at_end = strength in (float(strengths[0]), float(strengths[-1]))
    return model, {"strength": strength, "errors": errors, "end of the range": at_end}


def _fit(
    x_NF: csr_matrix, truth: Truth, strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coefficients ``(K, F)`` and biases ``(K,)``; classes that were not seen get none."""
    if truth.goal not in CLASSES:
        ridge: Any = Ridge(alpha=1 / strength).fit(x_NF, truth.values)
        return np.atleast_2d(ridge.coef_), np.atleast_1d(ridge.intercept_)
    count = len(truth.classes)
    coefficient_KF = np.zeros((count, x_NF.shape[1]))  # pyright: ignore[reportOptionalSubscript]
    bias_K = np.full(count, -50.0)
    seen = np.unique(truth.values)
    if len(seen) == 1:
        bias_K[seen] = 0.0
        return coefficient_KF, bias_K
    model: Any = LogisticRegression(C=strength, max_iter=ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near its best is enough here
        model.fit(x_NF, truth.values)
    if len(seen) == 2:  # one column for both, where the softmax has two
        half_F, half = model.coef_[0] / 2, float(model.intercept_[0]) / 2
        coefficient_KF[seen] = [-half_F, half_F]
        bias_K[seen] = [-half, half]
    else:
        coefficient_KF[seen], bias_K[seen] = model.coef_, model.intercept_
    return coefficient_KF, bias_K
