"""What would make a score on texts look better than it is.

Axes: N texts, T terms, K classes.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from sklearn.feature_extraction.text import CountVectorizer

from pearlite.judge.audit import Audit, Finding
from pearlite.judge.goal import Truth
from pearlite.judge.scores import CLASSES
from pearlite.recipes.text.linear import TERMS
from pearlite.recipes.text.same import Same

GIVEN_AWAY = 0.995  # mean share of a class and of the others that one term tells right
FEWEST = 10  # texts of a class below which a term may tell it by chance
STATED = 0.5  # share of the texts that hold their own number, beyond chance
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")
_NAMED = 5


def audit_texts(
    texts: Sequence[str], truth: Truth, copies: Same, target: str, subject: str = "table"
) -> Audit:
    """Look for copies, copies that disagree, and terms or numbers that give the target away.

    Parameters
    ----------
    texts, truth
        N texts and what they stand for.
    copies
        Which of them are copies.
    target
        Name of what is predicted.
    subject
        What to call the table.
    """
    found = [*_copies(truth, copies, target), *_given_away(texts, truth, target)]
    words = [len(text.split()) for text in texts]
    overview = (
        ("texts", "words, median", "words, shortest", "words, longest"),
        (f"{len(texts):,}", f"{np.median(words):.0f}", f"{min(words)}", f"{max(words):,}"),
    )
    return Audit(subject, f"{len(texts):,} texts", tuple(found), overview)


def _copies(truth: Truth, copies: Same, target: str) -> list[Finding]:
    if not copies.count:
        return []
    first = np.unique(copies.group, return_index=True)[1]
    later = np.setdiff1d(np.arange(len(copies.group)), first)
    origin = first[np.unique(copies.group, return_inverse=True)[1][later]]
    differ = int((truth.values[later] != truth.values[origin]).sum())
    where = tuple(
        f"text {row + 1} like text {like + 1}"
        for row, like in zip(later[:_NAMED], origin[:_NAMED], strict=True)
    )
    s = "" if len(later) == 1 else "s"
    what = (
        f"{len(later)} text{s} repeat{'s' * (not s)} an earlier one ({copies.equal} with equal "
        f"words, {copies.near} nearly); they stay in one part with it."
    )
    found = [Finding("copies", False, what, where, len(later))]
    if differ:
        said = f"{differ} of the texts that repeat an earlier one have another {target}."
        found.append(Finding("copies that disagree", False, said, count=differ))
    return found


def _given_away(texts: Sequence[str], truth: Truth, target: str) -> list[Finding]:
    if truth.goal in CLASSES:
        return _terms(texts, truth, target)
    stated = np.array(
        [_holds(text, value) for text, value in zip(texts, truth.values, strict=True)]
    )
    turned = np.roll(truth.values, len(texts) // 2 + 1)
    chance = np.array([_holds(text, value) for text, value in zip(texts, turned, strict=True)])
    if stated.mean() - chance.mean() < STATED:
        return []
    what = (
        f"{stated.mean():.0%} of the texts hold their own {target} as a number (the {target} of "
        f"another text stands in {chance.mean():.0%}): what is to be predicted is written there."
    )
    return [Finding("target in disguise", True, what, count=int(stated.sum()))]


def _holds(text: str, value: float) -> bool:
    return any(float(number) == value for number in _NUMBER.findall(text))


def _terms(texts: Sequence[str], truth: Truth, target: str) -> list[Finding]:
    """Tell whether one term for each class, but at most one class, tells that class by itself."""
    vectoriser = CountVectorizer(**TERMS["words"], binary=True, min_df=FEWEST)
    try:
        present_NT = csc_matrix(vectoriser.fit_transform(texts))
    except ValueError:  # no term is in so many texts
        return []
    known = [k for k in range(len(truth.classes)) if (truth.values == k).sum() >= FEWEST]
    best = [_best(present_NT, truth.values == k) for k in known]
    told = [(k, term, score) for k, (term, score) in zip(known, best, strict=True)]
    told = [one for one in told if one[2] >= GIVEN_AWAY]
    if not told or len(told) < len(known) - 1:
        return []
    names = vectoriser.get_feature_names_out()
    said = ", ".join(f"{names[term]!r} {truth.classes[k]}" for k, term, _ in told[:_NAMED])
    what = (
        f"Single terms tell the {target} by themselves, right in {min(s for *_, s in told):.1%} of "
        f"the cases at least ({said}): was the {target} written into the texts, or made from them?"
    )
    return [Finding("target in disguise", True, what, count=len(told))]


def _best(present_NT: csc_matrix, member_N: NDArray[np.bool_]) -> tuple[int, float]:
    """Return the term that tells a class best, and the mean share of both sides it tells right."""
    inside_T = np.asarray(present_NT[member_N].mean(0)).ravel()
    outside_T = np.asarray(present_NT[~member_N].mean(0)).ravel()
    score_T = (inside_T + 1 - outside_T) / 2
    score_T = np.maximum(score_T, 1 - score_T)
    best = int(score_T.argmax())
    return best, float(score_T[best])
