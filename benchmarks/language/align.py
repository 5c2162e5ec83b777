"""Alignment on charge-neutral formulas: ``python -m benchmarks.language.align --seeds 0 1 2``.

A small language model learns to write chemical formulas. Pairs of what it writes are preferred by a
rule of oxidation states that it never sees; a reward model learns from the pairs, and the policy
from the reward model. Beside it: the same with shuffled pairs (by force: the product refuses them),
direct preference optimisation, and the rule itself as the reward. The worst seed counts. Times are
CPU seconds of one thread.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read when torch is imported

import argparse
import copy
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from benchmarks.language.formulas import LONGEST, Writer, learn, prefer, read_formulas
from benchmarks.language.oxidation import canonical, is_neutral, is_valid

from pearlite.nets.transformer import TransformerDecoder
from pearlite.provenance import plain
from pearlite.recipes.language.align import Aligned, AlignSettings, align
from pearlite.recipes.language.answers import answer_prompts
from pearlite.recipes.language.preferences import Pair, shuffled
from pearlite.recipes.language.rounds import PolicySettings
from pearlite.recipes.language.standing import Measures
from pearlite.seeds import derived_seed

ROWS = ("pairs", "shuffled", "direct", "rule")
NEUTRAL, EACH, ANSWERS = 5000, 2, 2048
BLOCKS, BLOCK = 4, 512
MEASURES = Measures(
    truth=lambda _prompt, answer: float(is_neutral(answer)),
    valid=lambda _prompt, answer: float(is_valid(answer)),
    canonical=canonical,
)
SETTINGS = AlignSettings(policy=PolicySettings(budget=1.8), answers=ANSWERS, longest=LONGEST)
TARGETS = {
    "neutral share gained": (0.25, 1),
    "divergence": (3.0, -1),
    "validity lost": (0.07, -1),
    "uniqueness lost": (0.07, -1),
    "right on pairs": (0.75, 1),
    "changed by shuffled pairs": (0.05, -1),
    "CPU seconds": (300.0, -1),
}
HEAD = ("row", "neutral", "valid", "unique", "distinct-3", "kl", "pairs", "CPU s", "ended")


def main() -> None:
    options = arguments().parse_args()
    torch.set_num_threads(1)
    formulas = read_formulas(options.formulas)
    known = sum(map(is_neutral, formulas)) / len(formulas)
    print(f"{len(formulas):,} formulas, {known:.3f} of them neutral by the rule")
    found: dict[str, Any] = {}
    for seed in options.seeds:
        found[str(seed)] = one_seed(formulas, seed, options.rows)
        if options.out:
            options.out.write_text(json.dumps(plain(found), indent=2) + "\n")
    verdict(found)


def one_seed(formulas: list[str], seed: int, rows: list[str]) -> dict[str, Any]:
    """Return what was measured of each row, and print it."""
    writer = learn(formulas, seed)
    began = time.process_time()
    pairs = prefer(writer, NEUTRAL, EACH, seed)
    written = time.process_time() - began
    print(
        f"\nseed {seed}: model learned in {writer.seconds:.1f} s, {writer.loss:.3f} nats a "
        f"withheld character; {len(pairs):,} pairs written in {written:.1f} s\n" + line(HEAD),
        flush=True,
    )
    facts: dict[str, Any] = {"learning": writer.seconds, "writing": written}
    for row in rows:
        began = time.process_time()
        network = copy.deepcopy(writer.network)
        aligned = aligned_by(row, network, writer, pairs, seed)
        facts[row] = described(aligned, time.process_time() - began)
        for when, model in (("before", writer.network), ("after", network)):
            facts[row][when]["unique"] = unique(replace(writer, network=model), seed)
        if row == rows[0]:
            print(line(("start", *cells(facts[row]["before"]), "", "", "")))
        last = aligned.fit
        print(
            line(
                (
                    row,
                    *cells(facts[row]["after"]),
                    said(facts[row]["accuracy"]),
                    f"{facts[row]['seconds']:.1f}",
                    f"{last.stopped}, kept {last.kept}",
                )
            ),
            flush=True,
        )
    for row in rows:
        print(f"  {row}: {', '.join(facts[row]['after']['samples'][:10])}", flush=True)
    return facts


def aligned_by(
    row: str, network: TransformerDecoder, writer: Writer, pairs: list[Pair], seed: int
) -> Aligned:
    """Align a model, which is changed, in one of the ways."""
    settings, reward, force = SETTINGS, None, False
    if row == "shuffled":
        pairs, force = shuffled(pairs, seed), True
    elif row == "direct":
        settings = replace(SETTINGS, method="direct")
    elif row == "rule":
        reward = MEASURES.truth
    return align(
        network,
        writer.tokeniser,
        pairs,
        reward=reward,
        measures=MEASURES,
        settings=settings,
        seed=seed,
        force=force,
    )


def described(aligned: Aligned, seconds: float) -> dict[str, Any]:
    """Return the numbers of a row."""
    judged: Any = aligned.reward or aligned.fit
    accuracy = getattr(judged, "accuracy", None)
    facts: dict[str, Any] = {
        "seconds": seconds,
        "accuracy": None if accuracy is None else accuracy.value,
        "history": aligned.fit.history,
    }
    for name in ("before", "after"):
        standing = getattr(aligned, name)
        facts[name] = {
            **{key: mean.value for key, mean in standing.means.items()},
            **standing.variety,
            "samples": [answer for _, answer in standing.samples],
        }
    return facts


def unique(writer: Writer, seed: int) -> float:
    """Return the share of different formulas among 512: the more there are, the smaller it is."""
    generator = torch.Generator().manual_seed(derived_seed(seed, 8))
    asked = [""] * (BLOCKS * BLOCK)
    texts, _, _ = answer_prompts(writer.network, writer.tokeniser, asked, LONGEST, generator)
    blocks = [texts[first : first + BLOCK] for first in range(0, len(texts), BLOCK)]
    return sum(len(set(map(canonical, block))) for block in blocks) / len(texts)


def cells(one: dict[str, Any]) -> list[str]:
    names = ("truth", "valid", "unique", "distinct-3", "kl")
    return [f"{one[name]:.3f}" for name in names]


def verdict(found: dict[str, Any]) -> None:
    """Print the worst seed's number of each criterion beside its target."""
    print("\nworst of the seeds")
    worst: dict[str, list[float]] = {name: [] for name in TARGETS}
    for facts in found.values():
        if "pairs" in facts:
            before, after = facts["pairs"]["before"], facts["pairs"]["after"]
            worst["neutral share gained"].append(after["truth"] - before["truth"])
            worst["divergence"].append(after["kl"])
            worst["validity lost"].append(before["valid"] - after["valid"])
            worst["uniqueness lost"].append(before["unique"] - after["unique"])
            worst["right on pairs"].append(facts["pairs"]["accuracy"])
            total = facts["learning"] + facts["writing"] + facts["pairs"]["seconds"]
            worst["CPU seconds"].append(total)
        if "shuffled" in facts:
            control = facts["shuffled"]
            change = abs(control["after"]["truth"] - control["before"]["truth"])
            worst["changed by shuffled pairs"].append(change)
    for name, (target, sign) in TARGETS.items():
        if worst[name]:
            value = min(worst[name]) if sign > 0 else max(worst[name])
            met = "met" if sign * (value - target) >= 0 else "NOT met"
            print(f"{name:28}{value:8.3f}   target {'≥' if sign > 0 else '≤'} {target:g}: {met}")


def line(row: tuple[str, ...]) -> str:
    return "".join(f"{cell:<12}" for cell in row)


def said(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--out", type=Path, help="keep all numbers as JSON")
    parser.add_argument(
        "--formulas", type=Path, default=Path("../shared/data/text/target_formulas.txt")
    )
    return parser


if __name__ == "__main__":
    main()
