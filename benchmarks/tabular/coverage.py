"""How often a 90 % interval holds the truth in unseen groups, over many splits of real tables.

    python -m benchmarks.tabular.coverage --data FOLDER [--splits 60] [--tables …] [--own]

Each split withholds a fifth of the groups. Intervals are calibrated on the others, by out-of-fold
predictions of LightGBM, in four ways: folds of rows; folds of groups with each row counting once;
with each group counting once, as pearlite does; and the same with one more group of infinite score.
With ``--own``, pearlite's estimator trains, calibrates and answers instead.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read at import

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from benchmarks.tabular.cases import conductivity, gap, glass, metal, mixes, steels
from sklearn.datasets import load_diabetes

from pearlite.data.composition import fractions, parse, statistics
from pearlite.errors import InputError
from pearlite.judge.conformal import Conformal, ConformalClasses
from pearlite.recipes.tabular import TabularRegressor

NOMINAL, FOLDS, WITHHELD = 0.9, 5, 0.2
MAJOR = 0.02  # share of atoms from which an element names a steel's family
Table = tuple[np.ndarray, np.ndarray, np.ndarray]  # features, target, group


def by_mix(data: Path) -> Table:
    case = mixes(data)
    assert case.group is not None
    return case.inputs.to_numpy(float), case.target, case.group


def by_formula(data: Path) -> Table:
    case = conductivity(data)
    formulas = case.inputs["formula"].to_numpy()
    x = np.column_stack([statistics(formulas)[0], case.inputs["temperature"]])
    return x, case.target, systems(formulas)


def by_family(data: Path) -> Table:
    case = steels(data)
    shares, names = fractions(case.inputs["composition"].to_numpy())
    family = ["-".join(np.array(names)[row >= MAJOR]) for row in shares]
    return shares, case.target, np.array(family)


def by_system(data: Path) -> Table:
    frame = pd.read_csv(data / "superconductivity2018.csv").sample(frac=1, random_state=0)
    frame = frame[[is_formula(text) for text in frame["composition"]]]
    system = systems(frame["composition"].to_numpy())
    some = np.isin(system, pd.unique(pd.Series(system))[:700])
    x, _ = fractions(frame["composition"].to_numpy()[some])
    return x, frame["Tc"].to_numpy(float)[some], system[some]


def gaps(data: Path) -> Table:
    case = gap(data)
    formulas = case.inputs["composition"].to_numpy()
    return statistics(formulas)[0], case.target, systems(formulas)


def patients(_: Path) -> Table:
    x, y = load_diabetes(return_X_y=True)
    return x, y, np.arange(len(y))


def glasses(data: Path) -> Table:
    case = glass(data)
    formulas = case.inputs["composition"].to_numpy()
    return fractions(formulas)[0], case.target.astype(int), systems(formulas)


def metals(data: Path) -> Table:
    case = metal(data)
    formulas = case.inputs["composition"].to_numpy()
    return fractions(formulas)[0], case.target.astype(int), systems(formulas)


TABLES: dict[str, tuple[str, Callable[[Path], Table]]] = {
    "mixes": ("concrete by mix", by_mix),
    "conductivity": ("conductivity by chemical system", by_formula),
    "steels": ("steels by alloy family", by_family),
    "superconductors": ("superconductors by chemical system", by_system),
    "gaps": ("band gaps by chemical system", gaps),
    "diabetes": ("diabetes, no groups", patients),
    "glasses": ("glass formers by chemical system", glasses),
    "metals": ("metals by chemical system", metals),
}
WAYS = (
    "folds of rows",
    "folds of groups, each row counts",
    "**folds of groups, each group counts**",
    "the same, one group more",
)
OWN = "pearlite's estimator, fast"


def is_formula(text: str) -> bool:
    try:
        return bool(parse(text))
    except InputError:
        return False


def systems(formulas: np.ndarray) -> np.ndarray:
    """Return each formula's elements: a chemical system."""
    return np.array(["-".join(sorted(parse(formula))) for formula in formulas])


def predict(x: np.ndarray, y: np.ndarray, new: np.ndarray, seed: int) -> np.ndarray:
    """Train a quick model and answer: numbers, or probabilities of the classes."""
    kind = lightgbm.LGBMClassifier if y.dtype.kind == "i" else lightgbm.LGBMRegressor
    model = kind(num_leaves=15, colsample_bytree=0.3, n_jobs=1, verbose=-1, random_state=seed).fit(
        x, y
    )
    return model.predict_proba(new) if y.dtype.kind == "i" else np.asarray(model.predict(new))


def out_of_fold(x: np.ndarray, y: np.ndarray, fold: np.ndarray, seed: int) -> np.ndarray:
    parts = [predict(x[fold != k], y[fold != k], x[fold == k], seed) for k in range(FOLDS)]
    answer = np.empty((len(y), *parts[0].shape[1:]))
    for k, part in enumerate(parts):
        answer[fold == k] = part
    return answer


def withheld(group: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return which rows test: those of a fifth of the groups."""
    groups = int(group.max()) + 1
    return np.isin(group, random.permutation(groups)[: round(groups * WITHHELD)])


def scores(inside: np.ndarray, group: np.ndarray, size: np.ndarray) -> list[float]:
    """Return coverage by row, coverage by group, mean width or size of the sets."""
    each = 1 / np.bincount(group)[group]
    return [inside.mean(), np.average(inside, weights=each), size.mean()]


def quick(table: Table, seed: int) -> np.ndarray:
    """Calibrate a quick model in the four ways, and score each on unseen groups."""
    x, y, group = table
    random = np.random.default_rng(seed)
    test = withheld(group, random)
    fold_by_group = random.permutation(int(group.max()) + 1) % FOLDS
    x_train, y_train, g_train = x[~test], y[~test], group[~test]
    by_row = out_of_fold(x_train, y_train, random.permutation(len(y_train)) % FOLDS, seed)
    by_group = out_of_fold(x_train, y_train, fold_by_group[g_train], seed)
    answer = predict(x_train, y_train, x[test], seed)
    units = len(np.unique(g_train))
    more = NOMINAL * (units + 1) / units
    found = []
    for said, label, level in (
        (by_row, None, NOMINAL),
        (by_group, None, NOMINAL),
        (by_group, g_train, NOMINAL),
        (by_group, g_train, more),
    ):
        if y.dtype.kind == "i":
            sets = ConformalClasses.calibrate(y_train, said, group=label).sets(answer, level)
            inside, size = sets[np.arange(len(sets)), y[test]], sets.sum(1)
        else:
            low, high = Conformal.calibrate(y_train, said, group=label).interval(answer, level).T
            inside, size = (y[test] >= low) & (y[test] <= high), high - low
        found.append(scores(inside, group[test], size))
    return np.array(found)


def own(table: Table, seed: int) -> np.ndarray:
    """Let pearlite's estimator make the intervals, as a user would."""
    x, y, group = table
    test = withheld(group, np.random.default_rng(seed))
    model = TabularRegressor(quality="fast", threads=1, seed=seed)
    model.fit(x[~test], y[~test], groups=group[~test])
    low, high = model.predict_interval(x[test], NOMINAL).T
    return np.array([scores((y[test] >= low) & (y[test] <= high), group[test], high - low)])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tabular.coverage")
    parser.add_argument("--data", type=Path, required=True, help="folder of the CSV files")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--splits", type=int, default=60)
    parser.add_argument("--own", action="store_true", help="pearlite's estimator, numbers only")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # LightGBM's remarks about feature names
    print(
        "| table | rows | groups | calibrated on | by row | by group | splits in 87–93 % | width |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in options.tables:
        title, load = TABLES[name]
        x, y, label = load(options.data)
        table = x, y, np.unique(label, return_inverse=True)[1]
        ways, split = ((OWN,), own) if options.own else (WAYS, quick)
        found = np.array([split(table, seed) for seed in range(options.splits)])
        for way, row in zip(ways, found.transpose(1, 2, 0), strict=True):
            error = row[:2].std(1) / len(found) ** 0.5
            within = np.mean((row[1] >= 0.87) & (row[1] <= 0.93))
            print(
                f"| {title} | {len(y)} | {table[2].max() + 1} | {way} | "
                f"{row[0].mean():.1%} ± {error[0]:.1%} | {row[1].mean():.1%} ± {error[1]:.1%} | "
                f"{within:.0%} | {row[2].mean():.3g} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
