"""Calls and CPU time a step, pearlite beside its peers: ``python -m benchmarks.engine --help``."""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read when torch is imported

import argparse
import json
import logging
import warnings
from pathlib import Path

import torch
from benchmarks.engine.engines import ENGINES
from benchmarks.engine.measure import Measured, measure
from benchmarks.engine.problems import problem

from pearlite.provenance import hardware

EPOCHS = {"mlp": (2, 10), "cnn": (1, 5)}


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # the peers' advice about workers, loggers and checkpoints
    logging.disable(logging.WARNING)
    engines = {name: ENGINES[name] for name in ("bare", *options.engines)}
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.problems:
        few, many = EPOCHS[name]
        rounds = 3 if options.quick else options.rounds
        measured = measure(engines, problem(name, many), (few, many), rounds, options.seed)
        print("\n".join([*table(name, measured), "", same_work(measured)]), flush=True)
        write(options.out / f"{name}.json", measured, rounds)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--problems", nargs="+", choices=EPOCHS, default=list(EPOCHS))
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--rounds", type=int, default=15, help="timings of each (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="3 rounds: calls and a first look")
    parser.add_argument("--seed", type=int, default=0, help="of the order in a round (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/engine/results"))
    return parser.parse_args()


def table(name: str, measured: dict[str, Measured]) -> list[str]:
    """Return the lines of a Markdown table: one an engine, ratios against the bare loop."""
    bare = measured["bare"]
    lines = [
        "",
        f"| {name} | calls a step | × bare | CPU µs a step | × bare: median (range) | loss |",
        "|---|---|---|---|---|---|",
    ]
    for engine, own in measured.items():
        ratios = sorted(own.ratios(bare))
        middle = ratios[len(ratios) // 2]
        lines.append(
            f"| {engine} | {own.calls:.0f} | {own.calls / bare.calls:.2f} | {own.median:.0f} "
            f"| {middle:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) | {own.loss:.6f} |"
        )
    return lines


def same_work(measured: dict[str, Measured]) -> str:
    """Say how far the withheld losses are from the bare loop's."""
    bare = measured["bare"].loss
    same = [engine for engine, own in measured.items() if own.loss == bare]
    others = [
        f"{engine} {own.loss / bare - 1:+.2%}"
        for engine, own in measured.items()
        if own.loss != bare
    ]
    return (
        f"Loss equal to the bare loop's, bit for bit: {'; '.join(same)}. "
        f"Not equal: {'; '.join(others) or 'none'}."
    )


def write(path: Path, measured: dict[str, Measured], rounds: int) -> None:
    """Write all timings, with the machine they were made on."""
    engines = {
        name: {"calls": own.calls, "microseconds": own.microseconds, "loss": own.loss}
        for name, own in measured.items()
    }
    about = {"torch": torch.__version__, "hardware": hardware(), "load": os.getloadavg()}
    path.write_text(json.dumps({**about, "rounds": rounds, "engines": engines}, indent=1) + "\n")


if __name__ == "__main__":
    main()
