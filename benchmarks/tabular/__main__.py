"""pearlite beside its peers on fixed folds: ``python -m benchmarks.tabular --help``."""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read at import

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
from benchmarks.tabular.cases import CASES, Case
from benchmarks.tabular.peers import SHARE, TREES, Answer, Method, autogluon, pearlite

from pearlite.judge.paired import compare
from pearlite.judge.scores import METRICS
from pearlite.provenance import hardware

OURS = "pearlite"


def main() -> None:
    options = arguments()
    warnings.simplefilter("ignore")  # the peers' remarks about feature names
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.tables:
        case = CASES[name](options.data)
        answers = run(case, options)
        print("\n".join(table(case, answers)), flush=True)
        write(options.out / f"{name}.json", case, answers, options)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tabular", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the CSV files")
    parser.add_argument("--tables", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--peers", nargs="*", choices=TREES, default=list(TREES))
    parser.add_argument("--autogluon", type=Path, help="Python of AutoGluon's own environment")
    parser.add_argument(
        "--autogluon-folds", type=int, default=5, help="how many it answers (%(default)s)"
    )
    parser.add_argument("--preset", default="best_quality", help="AutoGluon's (%(default)s)")
    parser.add_argument("--quality", default="balanced", help="pearlite's (%(default)s)")
    parser.add_argument("--folds", type=int, default=5, help="how many of the five (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/tabular/results"))
    return parser.parse_args()


def run(case: Case, options: argparse.Namespace) -> dict[str, list[Answer]]:
    """Let every method answer every fold; AutoGluon gets ten times pearlite's time of that fold."""
    methods: dict[str, Method] = {OURS: pearlite(options.quality)}
    methods |= {name: TREES[name] for name in options.peers}
    answers: dict[str, list[Answer]] = {}
    for number, (train, test) in enumerate(list(case.folds())[: options.folds]):
        for name, method in methods.items():
            answers.setdefault(name, []).append(method(case, train, test, options.seed))
        if options.autogluon and number < options.autogluon_folds:
            seconds = SHARE * answers[OURS][-1].seconds
            peer = autogluon(options.autogluon, options.preset, seconds)
            said = peer(case, train, test, options.seed)
            answers.setdefault(f"AutoGluon {options.preset}", []).append(said)
        last = {
            name: f"{score(case, said[number], test):.4g}"
            for name, said in answers.items()
            if number < len(said)
        }
        print(f"{case.name}, fold {number + 1}: {last}", flush=True)
    return answers


def score(case: Case, answer: Answer, test: np.ndarray) -> float:
    return float(METRICS[case.metric](case.target[test], answer.values))


def table(case: Case, answers: dict[str, list[Answer]]) -> list[str]:
    """Return the lines of a Markdown table: one a method, compared in pairs with pearlite."""
    tests = [test for _, test in case.folds()]
    count = len(answers[OURS])
    rows = sum(len(test) for test in tests[:count])
    known = f" Known: {case.known}." if case.known else ""
    lines = [
        "",
        f"**{case.name}**: {case.metric} {case.unit}, {count} folds, {rows} rows.{known}",
        "",
        "| method | folds | mean | sd of folds | wall s a fold | CPU s | pearlite less it, 95 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, said in answers.items():
        scores = [score(case, answer, test) for answer, test in zip(said, tests, strict=False)]
        spread = f"{np.std(scores, ddof=1):.2g}" if len(scores) > 1 else ""
        wall, cpu = (np.mean([getattr(a, kind) for a in said]) for kind in ("seconds", "cpu"))
        verdict = "" if name == OURS else against(case, answers[OURS], said)
        lines.append(
            f"| {name} | {len(said)} | {np.mean(scores):.4g} | {spread} | {wall:.1f} | {cpu:.1f} "
            f"| {verdict} |"
        )
    return lines


def against(case: Case, ours: list[Answer], theirs: list[Answer]) -> str:
    """Compare pearlite with a peer in pairs, on the folds that both answered."""
    both = list(zip(case.folds(), ours, theirs, strict=False))
    rows = np.concatenate([test for (_, test), _, _ in both])
    pair = [np.concatenate([answers[which].values for answers in both]) for which in (1, 2)]
    group = None if case.group is None else case.group[rows]
    compared = compare(case.target[rows], *pair, METRICS[case.metric], group=group)
    gap = compared.difference
    return f"{gap.value:+.4g} ({gap.low:+.4g} to {gap.high:+.4g}): {compared.verdict}"


def write(
    path: Path, case: Case, answers: dict[str, list[Answer]], options: argparse.Namespace
) -> None:
    """Write the scores and seconds of all folds, with the machine they were made on."""
    tests = [test for _, test in case.folds()]
    methods = {
        name: [
            {"score": score(case, answer, test), "seconds": answer.seconds, "cpu": answer.cpu}
            for answer, test in zip(said, tests, strict=False)
        ]
        for name, said in answers.items()
    }
    facts = {"table": case.name, "metric": case.metric, "quality": options.quality}
    about = {"hardware": hardware(), "load": os.getloadavg()}
    path.write_text(json.dumps({**facts, **about, "methods": methods}, indent=1) + "\n")


if __name__ == "__main__":
    main()
