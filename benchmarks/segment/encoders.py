"""What of a pretrained encoder should learn: ``python -m benchmarks.segment.encoders --help``.

The same U-Net, data, seed and CPU seconds for every arm, scored on validation images, so that test
images stay unseen. Prints a JSON line an arm.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read at import

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import torch
from benchmarks.segment.score import score
from benchmarks.segment.sets import CLASSES, Set, read_set

from pearlite.nets import pretrained
from pearlite.recipes.segment.network.training import train_network
from pearlite.recipes.segment.recipe import Recipe

ARMS = {
    "scratch": {"encoder": ""},
    "random": {"encoder": "lite0", "train": "all"},
    "all": {"encoder": "lite0", "train": "all"},
    "adaptors": {"encoder": "lite0", "train": "adaptors"},
    "head": {"encoder": "lite0", "train": "head"},
}
IMAGENET = pretrained.encoder


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.segment.encoders")
    parser.add_argument("--data", type=Path, required=True, help="folder of Super3, EBC2 …")
    parser.add_argument("--sets", nargs="+", choices=CLASSES, default=["Super3", "EBC2"])
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds of a training")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.sets:
        data = read_set(options.data, name)
        for seed in options.seeds:
            for arm in options.arms:
                print(json.dumps(row(data, arm, seed, options.seconds)), flush=True)


def row(data: Set, arm: str, seed: int, seconds: float) -> dict[str, object]:
    """Train an arm and score it on the validation part."""
    recipe = replace(recipe_of(data.name), seconds=seconds, **ARMS[arm])
    pretrained.encoder = new_weights if arm == "random" else IMAGENET
    began = time.process_time()
    segmenter = train_network(data.train, [], recipe, seed=seed)
    spent = time.process_time() - began
    answers = [segmenter.probabilities(e.image_CS).argmax(0) for e in data.validation]
    found = score([e.truth_S for e in data.validation], answers, recipe.classes)
    return {
        "set": data.name,
        "arm": arm,
        "seed": seed,
        "seconds": round(spent, 1),
        "micro": round(found.micro, 4),
        "macro": round(found.macro, 4),
        "iou": [round(float(value), 3) for value in found.iou_K],
    }


def recipe_of(name: str) -> Recipe:
    """Return what fits the material: grains look alike from everywhere, layers do not."""
    if name.startswith("Super"):
        return Recipe(classes=3)
    return Recipe(classes=3, scale=0.25, symmetries="left-right", depth=4)


def new_weights(
    name: str | Path, channels_in: int = 1, *, generator: torch.Generator
) -> pretrained.StagedEncoder:
    """Build the encoder without its weights."""
    return pretrained.blank(str(name), channels_in, generator=generator)


if __name__ == "__main__":
    main()
