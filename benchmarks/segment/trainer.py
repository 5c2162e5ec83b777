"""What the network trainer's choices are worth, on validation images only.

``python -m benchmarks.segment.trainer --data ../shared/data/segment --seconds 60``
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read at import

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.segment.score import score
from benchmarks.segment.sets import CLASSES, Set, read_set

from pearlite.recipes.segment.network import NetworkSegmenter, train_network
from pearlite.recipes.segment.recipe import Recipe
from pearlite.train.losses import cross_entropy
from pearlite.train.optimisers import adamw, muon

ARMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "usual": ({}, {}),
    "AdamW, rate 0.003": ({}, {"optimiser": adamw(3e-3, decay=1e-2)}),
    "Muon, rate 0.005": ({}, {"optimiser": muon(5e-3, decay=1e-2)}),
    "Muon, rate 0.02": ({}, {"optimiser": muon(2e-2, decay=1e-2)}),
    "2 crops a step": ({}, {"batch": 2}),
    "8 crops a step": ({}, {"batch": 8}),
    "width 24": ({"width": 24}, {}),
    "depth 4": ({"depth": 4}, {}),
    "cross-entropy alone": ({}, {"loss": cross_entropy}),
    "no variation": ({}, {"vary": None}),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.segment.trainer")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", choices=CLASSES, default="Super3")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds (%(default)s)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    options = parser.parse_args()
    data = read_set(options.data, options.set)
    print("| arm | seed | steps | CPU s | macro | micro | macro, turns | micro, turns |")
    print("|---" * 8 + "|")
    for name in options.arms:
        for seed in options.seeds:
            print(line(name, data, options.seconds, seed), flush=True)


def line(name: str, data: Set, seconds: float, seed: int) -> str:
    """Train one arm and score it on validation, without and with turns."""
    changes, arguments = ARMS[name]
    recipe = replace(Recipe(classes=len(data.classes)), **changes)
    began = time.process_time()
    trained = train_network(
        data.train, data.validation, recipe, seed=seed, seconds=seconds, **arguments
    )
    used = time.process_time() - began
    found = []
    for turns in (False, True):
        segmenter = NetworkSegmenter(trained.network, replace(recipe, turns=turns))
        answers = [segmenter.probabilities(e.image_CS).argmax(0) for e in data.validation]
        scored = score([e.truth_S for e in data.validation], answers, recipe.classes)
        found += [f"{scored.macro:.3f}", f"{scored.micro:.3f}"]
    steps = int(trained.history[-1]["step"])
    return f"| {name} | {seed} | {steps} | {used:.0f} | " + " | ".join(found) + " |"


if __name__ == "__main__":
    main()
