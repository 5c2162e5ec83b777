"""Every method on the same label maps in one run: ``python -m benchmarks.style --help``.

Masks of real micrographs are given the look of another micrograph of the same set. Judged are how
near the texture comes to a withheld part of it (in the patches that `pixels` works on, and in the
features that `adain` and the Gram matrices work on), how well the masks can be read off the result,
and what it is good for: a classifier of pixels that learned from the result segments a third, real
image.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read when torch is imported

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from benchmarks.segment.sets import read_part
from benchmarks.style.peers import METHODS, Case, grams
from numpy.typing import NDArray
from PIL import Image as Pillow
from sklearn.ensemble import HistGradientBoostingClassifier

from pearlite.data.image import Image
from pearlite.errors import InputError
from pearlite.nets.pretrained import encoder
from pearlite.recipes.style.boundaries import (
    ROUNDS,
    TAUGHT,
    boundaries,
    compared,
    features,
)
from pearlite.recipes.style.classes import Matching
from pearlite.recipes.style.patches import kinds_for, piece
from pearlite.recipes.style.reference import Style, ready
from pearlite.recipes.style.texture import texture

CPU = torch.device("cpu")
HEAD = ("patches", "features", "found", "IoU", "teaches", "CPU s")


def main() -> None:
    parser = arguments()
    options = parser.parse_args()
    torch.set_num_threads(1)
    methods = options.methods.split(",") if options.methods else list(METHODS)
    try:
        for name in methods:
            if name not in METHODS:
                raise InputError(f"unknown method {name!r}; there are {', '.join(METHODS)}")
        found = cases(options.data / "segment" / options.set, options.cases, options.side)
    except InputError as error:
        parser.error(str(error))
    options.out.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[list[float]]] = {}
    for case in found:
        pictures = [case.reference, case.truth]
        print(f"\n{case.name}\n{'':<20}" + "".join(f"{name:>10}" for name in HEAD), flush=True)
        for method in ("real image", *methods):
            began = time.process_time()
            made = case.truth if method == "real image" else METHODS[method](case)
            seconds = time.process_time() - began
            numbers = [*judged(case, np.asarray(made, np.float32)), seconds]
            rows.setdefault(method, []).append(numbers)
            print(line(method, numbers), flush=True)
            pictures.append(made)
        save(pictures, options.out / f"{case.name}.png")
    print(f"\nmean of {len(found)}\n{'':<20}" + "".join(f"{name:>10}" for name in HEAD))
    for method, numbers in rows.items():
        print(line(method, np.mean(numbers, axis=0).tolist()))


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.style",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--methods", default="", help=f"of {', '.join(METHODS)}")
    parser.add_argument("--set", default="Super1", help="of MicroNet's sets (%(default)s)")
    parser.add_argument("--cases", type=int, default=3, help="how many (%(default)s)")
    parser.add_argument("--side", type=int, default=384, help="pixels (%(default)s)")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("../shared/data"),
        help="folder with segment/Super1 … (MicroNet's benchmark, MIT; see "
        "benchmarks/segment/sets.py) (%(default)s)",
    )
    parser.add_argument("--out", type=Path, default=Path("benchmarks/style/results"))
    return parser


def cases(folder: Path, count: int, side: int) -> list[Case]:
    """Return masks of a set's training images, each with the next image as its reference."""
    train, test = (read_part(folder / part, folder / f"{part}_annot") for part in ("train", "test"))

    def cut(array: NDArray) -> NDArray:
        return np.ascontiguousarray(array[..., :side, :side])

    found = []
    for number in range(count):
        content, look = train[2 * number], train[2 * number + 2]
        third = test[number % len(test)]
        images = [cut(one.image_CS[0]) for one in (content, look, third)]
        masks = [cut(one.truth_S) for one in (content, look, third)]
        found.append(
            Case(content.name, masks[0], images[0], images[1], masks[1], images[2], masks[2])
        )
    return found


def judged(case: Case, made: NDArray[np.float32]) -> list[float]:
    """Return distances of patches and features, boundaries found, IoU, and the IoU it teaches."""
    style = Style.of([Image(case.reference, "YX")], [Image(case.reference_mask, "YX")])
    matching = Matching(tuple(map(float, case.values)), (), None)
    kinds = kinds_for([made.shape, case.reference.shape], ["the mask", "the reference"])
    reference = ready(style, matching, kinds, CPU)
    image_CYX = reference.scale.to(made[None])
    shown = piece(torch.from_numpy(image_CYX), case.classes, kinds)
    near = texture(
        shown, shown, reference.rest, reference.withheld, kinds, fitted=reference.fitted, seed=0
    )
    kept = boundaries(image_CYX, case.classes)
    return [
        near.after,
        feature_distance(image_CYX, reference.withheld[0].image_BCHW[0].numpy()),
        kept.found,
        kept.iou,
        taught(case, made),
    ]


def feature_distance(made_CYX: NDArray, real_CYX: NDArray) -> float:
    """Return how far the Gram matrices of EfficientNet-lite0 are apart, relative to the real."""
    net = encoder("lite0", generator=torch.Generator()).eval()
    with torch.inference_mode():
        ours, theirs = (
            grams(net(torch.from_numpy(_even(image))[None])) for image in (made_CYX, real_CYX)
        )
    return float(
        np.mean([float((a - b).norm() / b.norm()) for a, b in zip(ours, theirs, strict=True)])
    )


def taught(case: Case, made: NDArray) -> float:
    """Learn to segment from the result and its mask; return the IoU on the real third image."""
    model = HistGradientBoostingClassifier(
        max_iter=ROUNDS,
        early_stopping=False,  # pyright: ignore[reportArgumentType]
        random_state=0,
    )
    known, asked = (features(((i - i.mean()) / i.std())[None]) for i in (made, case.real))
    chosen = np.random.default_rng(0).permutation(made.size)[:TAUGHT]
    model.fit(known.reshape(made.size, -1)[chosen], case.classes.ravel()[chosen])
    guess = model.predict(asked.reshape(case.real.size, -1)).reshape(case.real.shape)
    return compared(guess, np.searchsorted(case.values, case.real_mask)).iou


def line(method: str, numbers: list[float]) -> str:
    return f"{method:<20}" + "".join(f"{number:10.3f}" for number in numbers)


def save(pictures: list[NDArray], path: Path) -> None:
    """Save reference, truth and results side by side, on the reference's grey scale."""
    low, high = np.percentile(pictures[0], (0.1, 99.9))
    scaled = [np.clip((one - low) / (high - low) * 255, 0, 255) for one in pictures]
    Pillow.fromarray(np.hstack(scaled).astype(np.uint8)).save(path)


def _even(image_CYX: NDArray) -> NDArray[np.float32]:
    rows, columns = (side - side % 32 for side in image_CYX.shape[1:])
    return np.ascontiguousarray(image_CYX[:, :rows, :columns], dtype=np.float32)


if __name__ == "__main__":
    main()
