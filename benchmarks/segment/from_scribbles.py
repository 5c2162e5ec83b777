"""Who learns most from a few strokes: ``python -m benchmarks.segment.from_scribbles --help``.

A row a method: mean over the seeds, each with its own strokes, and half the range of micro. The
network that learns strokes only, by cross-entropy, is what `train_partial` is held against.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read at import

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from benchmarks.segment.score import Score, score
from benchmarks.segment.scribbles import scribbles
from benchmarks.segment.sets import CLASSES, Set, read_set

from pearlite.recipes.segment.decide import from_labels
from pearlite.recipes.segment.example import Example, Segmenter
from pearlite.recipes.segment.network import train_network
from pearlite.recipes.segment.network.partial import train_partial
from pearlite.recipes.segment.pixels import train_pixels

METHODS = ("pixels", "network, strokes only", "network")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.segment.from_scribbles", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds Super3, EBC2 …")
    parser.add_argument("--set", choices=CLASSES, default="Super3")
    parser.add_argument("--part", choices=("val", "test"), default="val", help="to score on")
    parser.add_argument("--pixels", type=int, default=2700, help="labelled, of all images together")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=120.0, help="CPU seconds of a network")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    options = parser.parse_args()
    data = read_set(options.data, options.set)
    judged = data.validation if options.part == "val" else data.tests["test"]
    heads = ("method", *data.classes, "macro", "micro", "training CPU s")
    print("| " + " | ".join(heads) + " |\n" + len(heads) * "|---" + "|")
    for method in options.methods:
        found, used = [], []
        for seed in options.seeds:
            began = time.process_time()
            drawn = drawn_on(data, options.pixels, seed)
            segmenter = train(method, drawn, len(data.classes), seed, options.seconds)
            used.append(time.process_time() - began)
            found.append(scored(segmenter, judged, len(data.classes)))
        print(row(method, found, used), flush=True)


def drawn_on(data: Set, pixels: int, seed: int) -> list[Example]:
    """Return the training images with strokes, as many on each."""
    each = pixels // len(data.train)
    return [
        replace(e, truth_S=scribbles(e.truth_S, pixels=each, seed=seed + 100 * number))
        for number, e in enumerate(data.train)
    ]


def train(method: str, drawn: list[Example], classes: int, seed: int, seconds: float) -> Segmenter:
    if method == "pixels":
        return train_pixels(drawn, classes, seed=seed)
    recipe = from_labels(drawn)
    if method == "network":
        return train_partial(drawn, recipe, seed=seed, seconds=seconds)
    return train_network(drawn, [], recipe, seed=seed, seconds=seconds)


def scored(segmenter: Segmenter, examples: list[Example], classes: int) -> Score:
    answers = [segmenter.probabilities(example.image_CS).argmax(0) for example in examples]
    return score([example.truth_S for example in examples], answers, classes)


def row(method: str, found: list[Score], used: list[float]) -> str:
    micro = [score.micro for score in found]
    cells = [
        method,
        *(f"{iou:.3f}" for iou in np.mean([score.iou_K for score in found], 0)),
        f"{np.mean([score.macro for score in found]):.3f}",
        f"{np.mean(micro):.3f} ± {np.ptp(micro) / 2:.3f}",
        f"{np.mean(used):.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
