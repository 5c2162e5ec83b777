"""Which of the targets a set of trainings meets: the mean over training seeds, and the worst."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = Callable[[pd.DataFrame], NDArray[np.float64]]
"""Takes the rows of one training, returns what is held against a target, a number a row."""

SECONDS = {"field": 300, "particles": 300, "SEM": 600, "cathode": 900, "separator": 600}
"""CPU seconds that the targets are for; one core."""
MOST_PARAMETERS, MOST_A_STEP, MOST_TOLD_APART = 250_000, 0.35, 0.65


def rows(measure: str, value: Values) -> Values:
    """Return the values of the rows of a measure."""
    return lambda table: value(table.query(f"measure == {measure!r}"))


def gaps(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return how far the volumes are off."""
    return np.abs(table["generated"].to_numpy() - table["real"].to_numpy())


def floors(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return how many floors the volumes are off."""
    return gaps(table) / table["floor"].to_numpy()


def points(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return how far fractions are off, in points."""
    return 100 * gaps(table)


def percent(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return how far measures are off relative to the truth."""
    return 100 * np.abs(table["relative"].to_numpy())


_ALL = [("all measures, floors", floors, 1.0)]
_MEASURED = [
    ("fraction, points", rows("fraction", points), 1.0),
    ("two-point correlation, floors", rows("two-point correlation", floors), 1.0),
    ("surface, %", rows("surface", percent), 10.0),
    ("diffusivity, %", rows("diffusivity", percent), 5.0),
]
TARGETS: dict[str, list[tuple[str, Values, float]]] = {
    "field": _ALL,
    "particles": _ALL,
    "SEM": _MEASURED,
    "cathode": [
        *_MEASURED,
        ("interface, %", rows("interface", percent), 10.0),
        ("triple lines, %", rows("triple lines", percent), 10.0),
    ],
    "separator": [
        ("two-point correlation, floors", rows("two-point correlation", floors), 1.0),
    ],
}


def summary(measures: pd.DataFrame, trainings: pd.DataFrame) -> Iterator[str]:
    """Yield a line a target: the worst row of each training, its mean and worst over seeds.

    Parameters
    ----------
    measures
        Rows of `pearlite.judge.structure.floor.Comparison`, with ``set``, ``method``, ``seed``.
    trainings
        A row a training: ``set``, ``method``, ``seed``, ``told_apart``, ``a_step``,
        ``parameters``.
    """
    yield f"\n{'set':11}{'method':10}{'worst of':32}{'target':>8}{'mean':>9}{'worst':>9}"
    for name, method in dict.fromkeys(zip(trainings["set"], trainings["method"], strict=True)):
        chosen = f"set == {name!r} and method == {method!r}"
        several = trainings.query(chosen)
        of_seeds = [table for _, table in measures.query(chosen).groupby("seed")]
        head = f"{name:11}{method:10}"
        for said, values, most in TARGETS[name]:
            found = [np.nanmax(values(table), initial=-np.inf) for table in of_seeds]
            yield head + _line(said, most, [float(worst) for worst in found])
        for said, column, most in (
            ("told from the truth, share", "told_apart", MOST_TOLD_APART),
            ("CPU seconds a generator step", "a_step", MOST_A_STEP),
            ("parameters of the generator", "parameters", MOST_PARAMETERS),
        ):
            yield head + _line(said, most, several[column].tolist())


def _line(said: str, most: float, found: list[float]) -> str:
    known = [value for value in found if np.isfinite(value)]
    if not known:
        return f"{said:32}{most:8g}{'not measured':>18}"
    met = "met" if max(known) <= most and len(known) == len(found) else "MISSED"
    return f"{said:32}{most:8g}{np.mean(known):9.3g}{max(known):9.3g}  {met}"
