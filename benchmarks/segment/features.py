"""Features and head: time and memory beside scikit-image, and how long a stroke takes.

``python -m benchmarks.segment.features --data ../shared/data/segment``

Every row is a process of its own: learn from the same strokes on a real micrograph, then label an
image that is the micrograph mirrored up to the side given. It has done so once on a small image
before, so that nothing is imported while the clock runs. CPU seconds are those of all its threads;
peak memory is that of the process over what it held before it began.

Axes: C channels, H rows, W columns.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.segment.scribbles import scribbles
from benchmarks.segment.sets import read_set
from numpy.typing import NDArray

from pearlite.provenance import hardware
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.filters import LEVELS
from pearlite.recipes.segment.interactive import Interactive
from pearlite.recipes.segment.normalise import normalise
from pearlite.recipes.segment.pixels import train_pixels

PIXELS = 2_700
WARM = 128  # side of the small image
STROKES = 5  # after which the time of an update is the median
Image = NDArray[np.generic]
Truth = NDArray[np.int16]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.segment.features")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds Super3")
    parser.add_argument("--sides", nargs="+", type=int, default=[512, 1536, 4096])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--stroke", type=int, default=1024, help="side for the time of a stroke")
    parser.add_argument("--repeat", type=int, default=3, help="the fastest of so many counts")
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "SIDE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(row_of(options.data, options.one[0], int(options.one[1]))))
        return
    print(hardware())
    print("| side | method | CPU s | wall s | peak MB | micro IoU on the image |")
    print("|---|---|---|---|---|---|")
    for side in options.sides:
        for method in options.methods:
            print(line_of(fastest(options, method, side)), flush=True)
    print("\n| side | after a stroke | CPU s | wall s | peak MB | |\n|---|---|---|---|---|---|")
    for method in STROKE_METHODS:
        print(line_of(fastest(options, method, options.stroke)), flush=True)


def fastest(options: argparse.Namespace, method: str, side: int) -> dict[str, float | str]:
    """Measure several times, and return the row with the fewest CPU seconds."""
    rows = [alone(options.data, method, side) for _ in range(options.repeat)]
    return min(rows, key=lambda row: row["cpu"])


def alone(data: Path, method: str, side: int) -> dict[str, float | str]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.segment.features", "--data", str(data)]
    done = subprocess.run(
        [*command, "--one", method, str(side)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return json.loads(done.stdout)


def row_of(data: Path, method: str, side: int) -> dict[str, float | str]:
    """Measure one method on one side."""
    example = read_set(data, "Super3").train[0]
    drawn_HW = scribbles(example.truth_S, pixels=PIXELS, seed=0)
    image_CHW = np.stack([mirrored(channel_HW, side) for channel_HW in example.image_CS])
    truth_HW = mirrored(example.truth_S, side)
    strokes_HW = np.full((side, side), UNLABELLED, np.int16)
    inside = tuple(slice(0, min(side, n)) for n in drawn_HW.shape)
    strokes_HW[inside] = drawn_HW[inside]
    run = {**METHODS, **STROKE_METHODS}[method]
    run(image_CHW[:, :WARM, :WARM], example.truth_S[:WARM, :WARM])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    labels_HW, cpu, wall = run(image_CHW, strokes_HW)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    right = float((labels_HW == truth_HW).mean())
    return {
        "side": side,
        "method": method,
        "cpu": cpu,
        "wall": wall,
        "peak": peak,
        "micro": right / (2 - right),
    }


def mirrored(image_HW: NDArray, side: int) -> NDArray:
    """Let an image go on as its mirror image up to a side, or cut it."""
    missing = [(0, max(0, side - n)) for n in image_HW.shape]
    return np.pad(image_HW, missing, mode="symmetric")[:side, :side]


def scikit_image(image_CHW: Image, strokes_HW: Truth) -> tuple[NDArray, float, float]:
    """scikit-image's trainable segmentation as its gallery has it, with 100 trees."""
    from skimage.feature import multiscale_basic_features
    from sklearn.ensemble import RandomForestClassifier

    def work() -> NDArray:
        features_HWF = multiscale_basic_features(normalise(image_CHW)[0], workers=2)
        known_HW = strokes_HW != UNLABELLED
        model = RandomForestClassifier(100, n_jobs=2, random_state=0)
        model.fit(features_HWF[known_HW], strokes_HW[known_HW])
        flat_NF = features_HWF.reshape(-1, features_HWF.shape[-1])
        return model.predict(flat_NF).reshape(strokes_HW.shape)

    return timed(work)


def pearlite(head: str) -> Callable[[Image, Truth], tuple[NDArray, float, float]]:
    """Do the same by pearlite, with a head."""

    def measure(image_CHW: Image, strokes_HW: Truth) -> tuple[NDArray, float, float]:
        def work() -> NDArray:
            example = Example(image_CHW, strokes_HW, "")
            model = train_pixels([example], 3, head=head, levels=LEVELS)
            return model.probabilities(image_CHW).argmax(0)

        return timed(work)

    return measure


def stroke(head: str) -> Callable[[Image, Truth], tuple[NDArray, float, float]]:
    """Update the whole image after one stroke more."""

    def measure(image_CHW: Image, strokes_HW: Truth) -> tuple[NDArray, float, float]:
        session = Interactive(image_CHW, 3, head=head)
        session.add(strokes_HW)
        labels_HW, *_ = timed(lambda: session.update()[0])
        found = []
        for row in range(STROKES):
            session.stroke([(20 * row, 5), (20 * row, 30)], 2, int(labels_HW[20 * row, 15]))
            found.append(timed(lambda: session.update()[0]))
        labels_HW = found[-1][0]
        cpu, wall = (float(np.median([each[n] for each in found])) for n in (1, 2))
        return labels_HW, cpu, wall

    return measure


def timed(work: Callable[[], NDArray]) -> tuple[NDArray, float, float]:
    """Return what it makes, its CPU seconds and its seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    made = work()
    return made, time.process_time() - cpu, time.perf_counter() - wall


def line_of(row: dict[str, float | str]) -> str:
    """Write a row of the table."""
    numbers = [f"{row['cpu']:.2f}", f"{row['wall']:.2f}", f"{row['peak']:.0f}"]
    return f"| {row['side']} | {row['method']} | {' | '.join(numbers)} | {row['micro']:.3f} |"


METHODS = {
    "scikit-image + random forest": scikit_image,
    "forest": pearlite("forest"),
    "LightGBM": pearlite("lightgbm"),
    "linear": pearlite("linear"),
}
STROKE_METHODS = {
    "forest, stroke": stroke("forest"),
    "LightGBM, stroke": stroke("lightgbm"),
    "linear, stroke": stroke("linear"),
}

if __name__ == "__main__":
    main()
