"""The tables of the benchmark, with their fixed folds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

FOLDS, MATBENCH_SEED = 5, 18012019  # matbench v0.1's own folds: Dunn et al., 2020


@dataclass(frozen=True)
class Case:
    """A table, what is predicted from it, and how it is divided.

    Parameters
    ----------
    name
        For the table of results.
    inputs
        One row a sample.
    target
        Numbers, or classes counted from 0.
    metric
        A name in `pearlite.judge.scores.METRICS`.
    unit
        Of the metric.
    group
        Rows with one label are tested together; None for folds at random.
    known
        Published or earlier numbers, with their source.
    """

    name: str
    inputs: pd.DataFrame
    target: np.ndarray
    metric: str
    unit: str
    group: np.ndarray | None
    known: str

    @property
    def classes(self) -> bool:
        """Whether the target is a class."""
        return self.target.dtype.kind == "i"

    def folds(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the rows that train and the rows that test, five times."""
        if self.group is not None:
            rule = GroupKFold(FOLDS)
        else:
            kind = StratifiedKFold if self.classes else KFold
            rule = kind(FOLDS, shuffle=True, random_state=MATBENCH_SEED)
        yield from rule.split(self.inputs, self.target, self.group)


def steels(data: Path) -> Case:
    return _matbench(
        data, "steels", "yield strength", "mae", "MPa", "leaderboard's first 79.95 (TPOT-Mat)"
    )


def gap(data: Path) -> Case:
    return _matbench(
        data, "expt_gap", "gap expt", "mae", "eV", "MODNet 0.3327, AMMExpress 0.4161, RF 0.4461"
    )


def glass(data: Path) -> Case:
    return _matbench(data, "glass", "gfa", "balanced_accuracy", "", "AMMExpress 0.8607, RF 0.8587")


def metal(data: Path) -> Case:
    return _matbench(
        data, "expt_is_metal", "is_metal", "balanced_accuracy", "", "AMMExpress 0.9209, RF 0.9167"
    )


def concrete(data: Path) -> Case:
    """Divide Yeh's concretes at random, as almost every published score does."""
    inputs, strength = _concrete(data)
    return Case("concrete, at random", inputs, strength, "mae", "MPa", None, "")


def mixes(data: Path) -> Case:
    """Divide the same concretes by mix: no mix is tested that was trained at another age."""
    inputs, strength = _concrete(data)
    mix = inputs.groupby(inputs.columns.drop("Age").tolist()).ngroup().to_numpy()
    return Case("concrete, by mix", inputs, strength, "mae", "MPa", mix, "findings: 3.80")


def conductivity(data: Path) -> Case:
    """Divide Citrine's thermal conductivities by formula; the target is log10 of W/(m K)."""
    frame = pd.read_csv(data / "citrine_thermal_conductivity.csv")
    kelvin = pd.to_numeric(frame["k_condition"], errors="coerce").fillna(300.0)
    inputs = pd.DataFrame({"formula": frame["formula"], "temperature": kelvin})
    formulas = inputs.groupby("formula").ngroup().to_numpy()
    target = np.log10(frame["k_expt"].to_numpy(float))
    return Case("conductivity, by formula", inputs, target, "mae", "log10", formulas, "")


CASES = {
    "steels": steels,
    "gap": gap,
    "glass": glass,
    "metal": metal,
    "concrete": concrete,
    "mixes": mixes,
    "conductivity": conductivity,
}


def _matbench(data: Path, file: str, target: str, metric: str, unit: str, known: str) -> Case:
    frame = pd.read_csv(data / f"matbench_{file}.csv")
    values = frame[target].to_numpy()
    if values.dtype == bool:
        values = values.astype(np.int64)
    return Case(f"matbench {file}", frame[["composition"]], values, metric, unit, None, known)


def _concrete(data: Path) -> tuple[pd.DataFrame, np.ndarray]:
    frame = pd.read_csv(data / "concrete_data.csv", encoding="utf-8-sig")
    return frame.drop(columns="strength"), frame["strength"].to_numpy(float)
