"""Images of other alloys and microscopes, which are unlike the training's.

What is it worth to vary the look of the training's images, and to adapt to the new one; does
`Outside` tell where labels got worse?

``python -m benchmarks.segment.unlike --data ../shared/data/segment --arms unlike --seconds 220``

The validation part and the other alloys are scored; with ``--test`` the test part too.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read at import

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.segment.score import score
from benchmarks.segment.sets import OTHER, SUPER, read_set

from pearlite.recipes.segment.example import Example, Segmenter
from pearlite.recipes.segment.network import NetworkSegmenter, train_network
from pearlite.recipes.segment.network.adapt import AdaptingSegmenter
from pearlite.recipes.segment.outside import Outside, wrong_share
from pearlite.recipes.segment.recipe import Recipe
from pearlite.recipes.segment.shifts import KINDS, shifted

ARMS = ("usual", "unlike")  # what a recipe may say of how crops vary
RECIPE = Recipe(classes=len(SUPER), depth=4, class_weights=(1.0, 2.0, 1.0))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.segment.unlike")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    parser.add_argument("--seconds", type=float, default=220.0, help="CPU seconds (%(default)s)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--trained", type=Path, help="a saved network, instead of training")
    parser.add_argument("--test", action="store_true", help="look at the test part")
    options = parser.parse_args()
    data = read_set(options.data, "Super3")
    parts = {"validation": data.validation, OTHER: data.tests["other alloys"]}
    if options.test:
        parts["test"] = data.tests["test"]
    strange = {"EBC2": read_set(options.data, "EBC2").validation}
    for arm in options.arms:
        for seed in options.seeds:
            trained = (
                NetworkSegmenter.load(options.trained)
                if options.trained
                else train_network(
                    data.train, [], replace(RECIPE, vary=arm), seed=seed, seconds=options.seconds
                )
            )
            for line in scored(arm, seed, trained, parts):
                print(line, flush=True)
            for line in judged(trained, data.validation, {**parts, **strange}):
                print(line, flush=True)


def scored(
    arm: str, seed: int, trained: NetworkSegmenter, parts: dict[str, list[Example]]
) -> Iterator[str]:
    """Yield a row a part and way of answering: IoU of each class, macro, micro."""
    yield "| arm | seed | answers | part | IoU | macro | micro | CPU s |"
    yield "|---" * 8 + "|"
    ways: dict[str, Segmenter] = {
        "turns": trained,
        "turns, adapted": AdaptingSegmenter(trained),
    }
    for way, segmenter in ways.items():
        for part, examples in parts.items():
            began = time.process_time()
            answers = [segmenter.probabilities(e.image_CS).argmax(0) for e in examples]
            used = time.process_time() - began
            found = score([e.truth_S for e in examples], answers, trained.recipe.classes)
            each = " ".join(f"{iou:.3f}" for iou in found.iou_K)
            numbers = f"{each} | {found.macro:.3f} | {found.micro:.3f} | {used:.0f}"
            yield f"| {arm} | {seed} | {way} | {part} | {numbers} |"


def judged(
    trained: NetworkSegmenter, known: list[Example], parts: dict[str, list[Example]]
) -> Iterator[str]:
    """Yield what `Outside`, learned on `known`, says of images, and how wrong labels are.

    Of the other materials' images only the verdict counts: their classes are others.
    """
    quick = NetworkSegmenter(trained.network, replace(trained.recipe, turns=False))
    began = time.process_time()
    outside = Outside.learn(quick, known)
    yield f"learned in {time.process_time() - began:.0f} CPU s, limit {outside.limit:.2f}"
    yield "| image | outside | expected wrong | at most | wrong |"
    yield "|---" * 5 + "|"
    images = [(f"{part}: {e.name}", e) for part, examples in parts.items() for e in examples]
    copied = parts.get("test", known)[0]
    for kind in KINDS:
        made = shifted(copied.image_CS, copied.truth_S, kind, 0.7, 1)
        changed = replace(copied, image_CS=made.image_CS, truth_S=made.truth_S)
        images.append((f"{copied.name}, {kind}", changed))
    for name, example in images:
        verdict = outside.of(quick, example.image_CS)
        labels_S = quick.probabilities(example.image_CS).argmax(0)
        wrong = wrong_share(labels_S, example.truth_S)
        numbers = f"{verdict.wrong:.3f} | {verdict.most:.3f} | {wrong:.3f}"
        yield f"| {name} | {'yes' if verdict.outside else 'no'} | {numbers} |"


if __name__ == "__main__":
    main()
