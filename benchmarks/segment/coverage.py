"""How often the 90 % interval of an area fraction holds the truth in images that were withheld.

    python -m benchmarks.segment.coverage --data FOLDER [--splits 10] [--network SECONDS] [--test]

FOLDER holds the benchmark sets of MicroNet (benchmarks/segment/sets.py). Without ``--test`` the
specimens of Super1's and EBC1's training and validation parts are dealt anew in every split: one to
three to train on, four images to measure the errors on, the rest to test; the test parts stay
untouched. With it, each set's own parts are used, and its test images are looked at.

Segmenters are cheap on purpose: grey alone, and scikit-image's features with LightGBM, on images
shrunk to 256². Intervals must hold for bad segmenters too. ``--network`` takes a U-Net on whole
images instead, with as many CPU seconds a training.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read at import

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from benchmarks.segment.sets import CLASSES, read_set
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.feature import multiscale_basic_features
from skimage.transform import downscale_local_mean

from pearlite.recipes.segment.decide import from_labels
from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.fraction import FractionError, tally
from pearlite.recipes.segment.network import train_network
from pearlite.recipes.segment.normalise import normalise
from pearlite.recipes.segment.outside import Outside

CALIBRATE, PIXELS, SIDE = 4, 4000, 256
HEAD = "set                 segmenter    images fractions   held   width   error"
Answer = Callable[[NDArray[np.generic]], NDArray[np.float32]]
Stretch = Callable[[NDArray[np.generic]], float]
Dealt = tuple[list[Example], list[Example], list[Example]]
Row = tuple[bool, float, float]  # whether the interval holds it, its width, the estimate's error


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--network", type=float, default=0.0, help="CPU seconds")
    parser.add_argument("--test", action="store_true")
    options = parser.parse_args()
    makers = {"grey": grey, "features": features}
    if options.network:
        makers = {f"U-Net {options.network:g} s": partial(network, options.network)}
    print(HEAD)
    for name in options.sets or (CLASSES if options.test else ("Super1", "EBC1")):
        dealt = list(own_parts(options.data, name) if options.test else splits(options, name))
        for called, make in makers.items():
            measured: dict[str, list[Row]] = {}
            for seed, (part, (train, known, test)) in enumerate(dealt):
                if not options.network:
                    train, known, test = (list(map(shrunk, each)) for each in (train, known, test))
                rows = measure(make, train, known, test, len(CLASSES[name]), seed)
                measured.setdefault(part, []).extend(rows)
            for part, rows in measured.items():
                show(f"{name} {part}", called, rows, len(CLASSES[name]))


def own_parts(data: Path, name: str) -> Iterator[tuple[str, Dealt]]:
    known = read_set(data, name)
    for part, examples in known.tests.items():
        yield part, (known.train, known.validation, examples)


def splits(options: argparse.Namespace, name: str) -> Iterator[tuple[str, Dealt]]:
    """Deal the specimens anew; images of one specimen stay together."""
    known = read_set(options.data, name)
    examples = known.train + known.validation
    specimens = np.array([specimen(example.name) for example in examples])
    for seed in range(options.splits):
        random = np.random.default_rng(seed)
        order = random.permutation(np.unique(specimens)).tolist()
        train = chosen(examples, specimens, [order.pop() for _ in range(random.integers(1, 4))])
        calibrate: list[Example] = []
        while len(calibrate) < CALIBRATE:
            calibrate += chosen(examples, specimens, [order.pop()])
        yield "", (train, calibrate, chosen(examples, specimens, order))


def chosen(examples: list[Example], specimens: NDArray, which: Sequence[str]) -> list[Example]:
    return [examples[place] for place in np.flatnonzero(np.isin(specimens, which))]


def specimen(name: str) -> str:
    """Return S044, or what is before the first underline: the date, or the spot."""
    return (re.findall(r"S\d{3}", name) or [name.split("_")[0]])[0]


def shrunk(example: Example) -> Example:
    factor = max(1, example.truth_S.shape[0] // SIDE)
    rows, columns = (side // factor * factor for side in example.truth_S.shape)
    image = downscale_local_mean(example.image_CS[0, :rows, :columns], (factor, factor))
    truth = example.truth_S[factor // 2 : rows : factor, factor // 2 : columns : factor]
    return Example(image[None], truth, example.name)


def measure(
    make: Callable[..., tuple[Answer, Stretch]],
    train: list[Example],
    known: list[Example],
    test: list[Example],
    classes: int,
    seed: int,
) -> list[Row]:
    answer, stretch_of = make(train, known, classes, seed)
    error = FractionError.learn(((answer(e.image_CS), e.truth_S) for e in known), classes)
    rows = []
    for example in test:
        share_KS = answer(example.image_CS)
        stretch = stretch_of(example.image_CS)
        true_K = np.bincount(example.truth_S.ravel(), minlength=classes) / example.truth_S.size
        for found in error.fractions(tally(share_KS), share_KS.argmax(0), stretch=stretch):
            true = float(true_K[found.number])
            held = found.low <= true <= found.high
            rows.append((held, found.high - found.low, abs(found.value - true)))
    return rows


def grey(
    train: list[Example], known: list[Example], classes: int, seed: int
) -> tuple[Answer, Stretch]:
    return learn(_grey, train, classes, seed), lambda image_CS: 1.0


def features(
    train: list[Example], known: list[Example], classes: int, seed: int
) -> tuple[Answer, Stretch]:
    return learn(_features, train, classes, seed), lambda image_CS: 1.0


def network(
    seconds: float, train: list[Example], known: list[Example], classes: int, seed: int
) -> tuple[Answer, Stretch]:
    model = train_network(train, known, from_labels(train, known), seed=seed, seconds=seconds)
    outside = Outside.learn(model, known, seed=seed)
    return model.probabilities, lambda image_CS: outside.of(model, image_CS).wrong / outside.usual


def learn(
    describe: Callable[[NDArray[np.generic]], NDArray[np.float32]],
    train: list[Example],
    classes: int,
    seed: int,
) -> Answer:
    """LightGBM on some pixels of every image, of each class as many as there are."""
    random = np.random.default_rng(seed)
    x, y = [], []
    for example in train:
        x_NF, y_N = describe(example.image_CS), example.truth_S.ravel()
        for number in np.unique(y_N):
            places = random.permutation(np.flatnonzero(y_N == number))
            taken = places[: max(50, PIXELS * len(places) // (len(train) * y_N.size))]
            x.append(x_NF[taken])
            y.append(y_N[taken])
    model = LGBMClassifier(n_estimators=40, num_leaves=15, n_jobs=1, verbose=-1, random_state=seed)
    booster = model.fit(np.concatenate(x), np.concatenate(y)).booster_

    def answer(image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
        share_NK = np.asarray(booster.predict(describe(image_CS)))
        share_KS = np.zeros((classes, *image_CS.shape[1:]), np.float32)
        share_KS[model.classes_] = share_NK.T.reshape(-1, *image_CS.shape[1:])
        return share_KS

    return answer


def _grey(image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
    return gaussian_filter(normalise(image_CS)[0], 1.0).reshape(-1, 1).astype(np.float32)


def _features(image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
    found = multiscale_basic_features(normalise(image_CS)[0])
    return found.reshape(-1, found.shape[-1]).astype(np.float32)


def show(name: str, called: str, rows: list[Row], classes: int) -> None:
    held, width, error = np.array(rows, float).T
    print(
        f"{name:20}{called:12}{len(rows) // classes:7}{len(rows):10}{held.mean():7.2f}"
        f"{np.median(width):8.3f}{error.mean():8.3f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
