"""Which members a portfolio tries on which view, in the order in which time is given to them."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.features import Features
from pearlite.recipes.tabular.members import Member, member_class
from pearlite.recipes.tabular.views import View, amounts_in

Quality = Literal["fast", "balanced", "best"]
KRIGED_ROWS, KRIGED_FEATURES = 5_000, 60
"""Up to which a Gaussian process is tried; for classes a quarter of the rows."""
GROWN_ROWS = 50_000
"""Up to which forests, whose trees end in single rows, and neural networks are tried."""
SKEWED = 2.0
"""Skewness of a positive target from which its logarithm is tried."""


@dataclass(frozen=True)
class Candidate:
    """A member to be, with all that decides how it is made.

    Parameters
    ----------
    name
        How it is called in tables and files.
    kind
        One of `pearlite.recipes.tabular.members.KINDS`.
    view
        What it sees.
    options
        Of the member's constructor.
    log
        Learn the logarithm of the target.
    """

    name: str
    kind: str
    view: View
    options: dict[str, Any] = field(default_factory=dict)
    log: bool = False

    def make(self, effort: float = 1.0) -> Member:
        """Return a new member that learns this share of what the options say."""
        member = member_class(self.kind)(**self.options)
        if effort < 1:
            most = getattr(member, member.amount)
            setattr(member, member.amount, max(1, round(effort * most)))
        return member

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON holds."""
        return asdict(self)

    @classmethod
    def from_dict(cls, known: dict[str, Any]) -> Self:
        """Return the candidate that `to_dict` described."""
        return cls(**{**known, "view": View(**known["view"])})


def candidates(
    features: Features, frame: pd.DataFrame, y_N: NDArray[Any], aim: Aim, quality: Quality
) -> list[Candidate]:
    """Return what is worth trying on a table, the most promising first."""
    count, amounts = len(y_N), amounts_in(features, frame)
    compositions = features.has_compositions
    rich, narrow = View(), View(composition="fractions")
    trees = {"fast": 100, "balanced": 200, "best": 400}[quality]
    boosted: dict[str, Any] = {"rounds": 2 * trees, "rate": 8 / trees}
    boosted |= {"features": 0.3 if compositions else 0.6}
    leafy = {**boosted, "leaves": 15 if count < 1500 else 31}
    deep = {**boosted, "depth": 5 if count < 1500 else 6}
    if aim.levels:
        leafy |= {"rows_in_leaf": 20}
        deep |= {"rows_in_leaf": 20, "depth": 4}
    found = [Candidate("LightGBM", "lightgbm", rich, leafy)]
    if count <= GROWN_ROWS:
        share = (0.2 if count < 1500 else 0.1) if compositions else 1.0
        many = {"trees": trees, "features": share}
        found.append(Candidate("extra trees", "extra_trees", rich, many))
        if compositions:
            many = {"trees": trees, "features": 0.5 if count < 1500 else 0.25}
            found.append(Candidate("extra trees, fractions", "extra_trees", narrow, many))
    linear = Candidate("linear", "linear", View("dense"))
    if quality == "fast":
        return [*found, linear]
    kriged = _smooth_view(features, frame, narrow if compositions else rich)
    if kriged is not None and count <= (KRIGED_ROWS // 4 if aim.of_classes else KRIGED_ROWS):
        for smooth in (False, True):
            name = "Gaussian process, " + ("smooth" if smooth else "rough")
            found.append(Candidate(name, "gaussian_process", kriged, {"smooth": smooth}))
    if len(amounts) > 2:
        found.append(Candidate("XGBoost, shares", "xgboost", View(shares=True), deep))
    else:
        found.append(Candidate("XGBoost", "xgboost", rich, deep))
    if _is_skewed(y_N, aim):
        found += [
            Candidate(f"{each.name}, log", each.kind, each.view, each.options, log=True)
            for each in found
            if each.name in ("LightGBM", "extra trees", "Gaussian process, rough")
        ]
    if quality == "best" and count <= GROWN_ROWS:
        many = {"trees": trees, "features": 0.33}
        found.append(Candidate("random forest", "random_forest", rich, many))
        found.append(Candidate("histogram boosting", "histogram", rich))
        found.append(Candidate("neural network", "mlp", View("dense")))
    return [*found, linear]


def _smooth_view(features: Features, frame: pd.DataFrame, view: View) -> View | None:
    """Return the view for a Gaussian process; None where it would have too many features."""
    plain = set(features.kinds.values()) <= {"number", "composition", "identifier", "constant"}
    if not plain or np.isnan(features.matrix(frame, "tree", view.composition)).any():
        view = View("dense", view.composition)
    names = features.names(view.encoding, view.composition)
    return view if len(names) <= min(KRIGED_FEATURES, len(frame) // 5) else None


def _is_skewed(y_N: NDArray[Any], aim: Aim) -> bool:
    if aim.of_classes or y_N.min() <= 0 or y_N.std() == 0:
        return False
    return float(((y_N - y_N.mean()) ** 3).mean() / y_N.std() ** 3) > SKEWED
