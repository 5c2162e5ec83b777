"""pearlite beside its peers on MicroNet's benchmark: ``python -m benchmarks.segment --help``."""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read at import

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from benchmarks.segment.methods import METHODS
from benchmarks.segment.score import score
from benchmarks.segment.sets import CLASSES, Set, read_set

from pearlite.provenance import hardware


def main() -> None:
    options = arguments()
    rows = [json.loads(line) for file in options.show for line in file.read_text().splitlines()]
    if not options.show:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with options.out.open("a", encoding="utf-8") as file:
            for row in measured(options):
                rows.append(row)
                file.write(json.dumps(row) + "\n")
                file.flush()
    print("\n".join(table(rows)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.segment", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder that holds Super1, EBC2 …")
    parser.add_argument("--sets", nargs="+", choices=CLASSES, default=list(CLASSES))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--seconds", type=float, default=120.0, help="CPU seconds of a training (%(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("benchmarks/segment/results/rows.jsonl"), help="adds to it"
    )
    parser.add_argument("--show", nargs="+", type=Path, default=[], help="only print these results")
    options = parser.parse_args()
    if not (options.show or options.data):
        parser.error("--data is needed: ../shared/data/segment, or see benchmarks/segment/sets.py")
    return options


def measured(options: argparse.Namespace) -> Iterator[dict]:
    """Train every method on every set with every seed, and score it on what was withheld."""
    for name in options.sets:
        data = read_set(options.data, name)
        for seed in options.seeds:
            for method in options.methods:
                yield from rows_of(data, method, seed, options.seconds)


def rows_of(data: Set, method: str, seed: int, seconds: float) -> Iterator[dict]:
    classes = len(data.classes)
    began = time.process_time()
    label = METHODS[method](data.train, data.validation, classes, seed, seconds)
    trained = time.process_time() - began
    for part, examples in data.tests.items():
        began = time.process_time()
        answers = [label(example.image_CS) for example in examples]
        used = time.process_time() - began
        found = score([example.truth_S for example in examples], answers, classes)
        yield {
            "set": data.name,
            "tested on": part,
            "method": method,
            "seed": seed,
            "classes": data.classes,
            "iou": found.iou_K.tolist(),
            "macro": found.macro,
            "micro": found.micro,
            "fraction error": found.fraction_K.tolist(),
            "training CPU s": trained,
            "CPU s an image": used / len(examples),
            "hardware": hardware(),
        }


def table(rows: list[dict]) -> list[str]:
    """Return a Markdown table a set and part: mean over seeds, and half the range of micro."""
    lines: list[str] = []
    parts = dict.fromkeys((row["set"], row["tested on"]) for row in rows)
    for name, part in parts:
        here = [row for row in rows if (row["set"], row["tested on"]) == (name, part)]
        lines += ["", f"{name}, {part}", "", _line(_head(here[0]["classes"]))]
        lines += [_line(["---"] * len(_head(here[0]["classes"])))]
        for method in dict.fromkeys(row["method"] for row in here):
            lines.append(_line(_cells([row for row in here if row["method"] == method])))
    return lines


def _head(classes: list[str]) -> list[str]:
    errors = [f"Δ {name}" for name in classes]
    return ["method", *classes, "macro", "micro", *errors, "train CPU s", "CPU s an image", "seeds"]


def _cells(rows: list[dict]) -> list[str]:
    def mean(key: str) -> np.ndarray:
        return np.mean([row[key] for row in rows], 0)

    micro = [row["micro"] for row in rows]
    return [
        rows[0]["method"],
        *(f"{iou:.3f}" for iou in mean("iou")),
        f"{mean('macro'):.3f}",
        f"{mean('micro'):.3f} ± {np.ptp(micro) / 2:.3f}",
        *(f"{error:.3f}" for error in mean("fraction error")),
        f"{mean('training CPU s'):.0f}",
        f"{mean('CPU s an image'):.1f}",
        str(len(rows)),
    ]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
