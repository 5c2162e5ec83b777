"""What the estimators for numbers and for classes share: options, tables in, folders out.

Axes: N rows, F input columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
import pandas as pd
from joblib import cpu_count
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from pearlite.data.columns import moments
from pearlite.data.table import read_table
from pearlite.errors import InputError
from pearlite.judge.answers import read_weight
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.candidates import Quality
from pearlite.recipes.tabular.portfolio import Portfolio

_validate: Any = validate_data  # its annotations say less than it takes

FEWEST = 5
"""Rows below which nothing is fitted."""


@dataclass(frozen=True)
class Training:
    """The rows to learn from: those whose weight is not 0.

    Attributes
    ----------
    frame
        Their input columns.
    y
        Their targets, (N,), as they were given.
    weight, group, time
        One value a row, or ``None`` where nothing was declared.
    """

    frame: pd.DataFrame
    y: NDArray[Any]
    weight: NDArray[np.float64] | None
    group: NDArray[np.int64] | None
    time: NDArray[np.float64] | None


class Estimator(BaseEstimator):
    """A portfolio under scikit-learn's contract."""

    state: Path | None = None
    """Folder for finished trials, from which a fit that was stopped goes on."""
    portfolio_: Portfolio
    columns_: list[str]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    def __init__(
        self,
        *,
        quality: Quality = "balanced",
        minutes: float | None = None,
        metric: str | None = None,
        seed: int = 0,
        threads: int | None = None,
        progress: bool = False,
    ) -> None:
        self.quality: Quality = quality
        self.minutes = minutes
        self.metric = metric
        self.seed = seed
        self.threads = threads
        self.progress = progress

    def __sklearn_tags__(self) -> Any:
        """Say what scikit-learn may expect: missing values are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def save(self, folder: str | Path) -> Path:
        """Write the fitted model as a folder of JSON, text and safetensors files.

        Parameters
        ----------
        folder
            Where to; an older model there is replaced.

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        from pearlite.recipes.tabular.files import save

        check_is_fitted(self)
        return save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Return the fitted model that `save` wrote.

        Raises
        ------
        InputError
            If the folder holds no model of this kind, or is damaged.
        """
        from pearlite.recipes.tabular.files import load

        model = load(Path(folder))
        if not isinstance(model, cls):
            raise InputError(f"{folder} holds a {type(model).__name__}; load it as one")
        return model

    def _training(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
        time: ArrayLike | None,
    ) -> Training:
        """Check what a fit was given, and note the names of the columns."""
        if _is_table(X):
            frame = read_table(X)
            _validate(self, frame, y, skip_check_array=True)
            y = column_or_1d(y, warn=True)
            assert_all_finite(y, input_name="y")
            check_consistent_length(frame, y)
        else:
            values, y = _validate(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
            frame = pd.DataFrame(values, columns=[f"x{n + 1}" for n in range(values.shape[1])])
        if np.asarray(y).dtype.kind in "mM":
            raise InputError("the target holds dates; give numbers, such as days, or classes")
        self.columns_ = list(frame.columns)
        count = len(frame)
        weight = None if sample_weight is None else _weights(sample_weight, count)
        kept = np.ones(count, bool) if weight is None else weight > 0
        if kept.sum() < FEWEST:
            raise InputError(
                f"there are {kept.sum()} rows (n_samples={kept.sum()}) to learn from, too few to "
                f"test anything on; give at least {FEWEST}"
            )
        return Training(
            frame.loc[kept],
            y[kept],
            None if weight is None else weight[kept],
            None if groups is None else _groups(groups, count)[kept],
            None if time is None else _moments(time, count)[kept],
        )

    def _learn(self, rows: Training, y: NDArray[Any], aim: Aim) -> None:
        """Fit the portfolio to the rows, with numbers or codes of classes as targets."""
        if self.quality not in get_args(Quality):
            known = ", ".join(get_args(Quality))
            raise InputError(f"quality is {self.quality!r}; expected one of {known}")
        if self.minutes is not None and not (
            isinstance(self.minutes, Real) and float(self.minutes) >= 0
        ):
            raise InputError(f"minutes is {self.minutes!r}; expected a number, 0 or more")
        if not isinstance(self.seed, Integral):
            raise InputError(f"seed is {self.seed!r}; expected a whole number")
        self.portfolio_ = Portfolio.fit(
            rows.frame,
            y,
            aim,
            weight=rows.weight,
            group=rows.group,
            time=rows.time,
            quality=self.quality,
            minutes=self.minutes,
            seed=self.seed,
            threads=self.threads or cpu_count(),
            progress=self.progress,
            state=self.state,
        )

    def _new(self, X: Any) -> pd.DataFrame:
        """Return new rows as a table with the names of training."""
        check_is_fitted(self)
        if _is_table(X):
            return read_table(X)
        values = validate_data(
            self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan"
        )
        return pd.DataFrame(values, columns=self.columns_)


def _is_table(X: Any) -> bool:
    """Tell a table, or the path of one, from an array."""
    if issparse(X):  # some of them are dicts
        return False
    named = hasattr(X, "columns") or hasattr(X, "column_names")
    return named or isinstance(X, Mapping | str | Path)


def _weights(weight: ArrayLike, count: int) -> NDArray[np.float64]:
    """Return how much each row counts."""
    given = np.asarray(weight)
    if not given.any():
        raise InputError("every sample weight is zero; give rows that count a weight above 0")
    return read_weight(given, count)


def _groups(groups: ArrayLike, count: int) -> NDArray[np.int64]:
    """Return the number of each row's group."""
    codes, _ = pd.factorize(column_or_1d(groups))
    if len(codes) != count or (codes < 0).any():
        raise InputError(
            f"groups must give each of {count} rows a label; there are {(codes >= 0).sum()} labels"
        )
    return codes.astype(np.int64)


def _moments(time: ArrayLike, count: int) -> NDArray[np.float64]:
    """Return each row's time as a number."""
    found = moments(pd.DataFrame({"time": column_or_1d(time)}), "time")
    if len(found) != count:
        raise InputError(f"time must give each of {count} rows a number or a date")
    return found
