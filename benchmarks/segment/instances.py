"""How many touching particles are told apart: pearlite beside connected pieces and scikit-image.

    python -m benchmarks.segment.instances --data FOLDER [--images 50] [--network SECONDS]

FOLDER holds ``particles/emps`` (EMPS: Yildirim & Cole 2021, by256/emps, MIT licence: particles of
electron micrographs, outlined one by one) and ``micrographs`` with their images. All methods get
the true outlines of all particles together and must part them; with ``--network`` they get those
of a U-Net that learned ``rims`` on the training images, and its rims are used as well. An outlined
particle is found if a piece has an IoU above 0.5 with it.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read at import

import argparse
import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from skimage.feature import peak_local_max
from skimage.measure import label
from skimage.segmentation import watershed

from pearlite.data.read import read
from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.instances import OUTSIDE, from_rims, rims, separate
from pearlite.recipes.segment.network import train_network
from pearlite.recipes.segment.particles import connected
from pearlite.recipes.segment.recipe import Recipe

Map = NDArray[np.integer]
THRESHOLDS = np.arange(0.5, 1.0, 0.05)
NECKS = (0.7, 0.8, 0.85, 0.9)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--part", choices=("train", "test"), default="test")
    parser.add_argument("--network", type=float, default=0.0, help="CPU seconds")
    options = parser.parse_args()
    shown = emps(options.data, options.part, options.images)
    truths = [truth for _, truth in shown]
    print(f"{len(shown)} images, {sum(int(t.max()) for t in truths)} particles")
    insides = [truth > 0 for truth in truths]
    if options.network:
        answers = by_network(options, [image for image, _ in shown])
        insides = [answer_KS[OUTSIDE] < 0.5 for answer_KS in answers]
        report("learnt rims", truths, answers, lambda answer_KS: from_rims(answer_KS).map_S)
    report("connected pieces", truths, insides, lambda inside: connected(inside, [1]).map_S)
    for distance in (5, 10, 20):
        name = f"scikit-image's watershed, peaks {distance} px apart"
        report(name, truths, insides, lambda inside, d=distance: of_peaks(inside, d))
    for neck in NECKS:
        name = f"pearlite, necks below {neck:g}"
        report(name, truths, insides, lambda inside, n=neck: separate(inside, [1], neck=n).map_S)


def emps(data: Path, part: str, count: int) -> list[tuple[NDArray[np.generic], Map]]:
    """Return images (1, H, W) and maps of particles, a random choice that is always the same."""
    folder = data / "particles" / "emps"
    with (data / "micrographs" / "manifest.csv").open() as file:
        files = {Path(row["source"]).stem: row["file"] for row in csv.DictReader(file)}
    with (folder / f"{part}.csv").open() as file:
        names = [row[0] for row in csv.reader(file) if row]
    names = [name for name in names if (folder / "segmaps" / f"{name}.png").exists()]
    found = []
    for place in np.random.default_rng(0).permutation(len(names))[:count]:
        map_YX = first_channel(folder / "segmaps" / f"{names[place]}.png")
        image_YX = first_channel(data / "micrographs" / files[names[place]])
        if map_YX.shape == image_YX.shape:
            numbers_YX = np.unique(map_YX, return_inverse=True)[1].reshape(map_YX.shape)
            found.append((image_YX[None], numbers_YX))
    return found


def first_channel(path: Path) -> NDArray[np.generic]:
    array = np.asarray(read(path).array)
    return array if array.ndim == 2 else array[0]


def by_network(
    options: argparse.Namespace, images: Sequence[NDArray[np.generic]]
) -> list[NDArray[np.float32]]:
    known = emps(options.data, "train", 300)
    examples = [Example(image, rims(truth), str(n)) for n, (image, truth) in enumerate(known)]
    recipe = Recipe(classes=3, turns=False)
    model = train_network(examples[20:], examples[:20], recipe, seed=0, seconds=options.network)
    return [model.probabilities(image) for image in images]


def of_peaks(inside: NDArray[np.bool_], apart: int) -> Map:
    """Follow scikit-image's own example of parting discs."""
    depth = np.asarray(distance_transform_edt(inside))
    peaks = peak_local_max(depth, min_distance=apart, labels=label(inside))
    markers = np.zeros(inside.shape, np.int64)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return watershed(-depth, markers, mask=inside)


def report(name: str, truths: Sequence[Map], given: Sequence, part: Callable[..., Map]) -> None:
    began = time.process_time()
    parted = [part(each) for each in given]
    seconds = (time.process_time() - began) / len(given)
    best = [overlaps(*pair) for pair in zip(truths, parted, strict=True)]
    outlined, pieces = (sum(each.shape[axis] for each in best) for axis in (0, 1))
    hits = [sum(int((each > t).any(1).sum()) for each in best if each.size) for t in THRESHOLDS]
    scores = [2 * hit / (outlined + pieces) for hit in hits]
    precisions = [hit / (outlined + pieces - hit) for hit in hits]
    print(
        f"{name:52} F1 {scores[0]:.3f}  AP {np.mean(precisions):.3f}  {pieces:6} pieces  "
        f"{seconds:.2f} CPU s an image",
        flush=True,
    )


def overlaps(truth: Map, pieces: Map) -> NDArray[np.float64]:
    """Return the IoU of each particle (rows) and each piece (columns)."""
    shape = int(truth.max()) + 1, int(pieces.max()) + 1
    pairs = truth.ravel().astype(np.int64) * shape[1] + pieces.ravel()
    common = np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)
    either = common.sum(1, keepdims=True) + common.sum(0, keepdims=True) - common
    return (common / np.maximum(either, 1))[1:, 1:]


if __name__ == "__main__":
    main()
