"""Which share of labels stays the same in copies of an image, and in parts of it.

Axes: C channels, H rows, W columns.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.segment.sets import read_set
from numpy.typing import NDArray

from pearlite.recipes.segment.decide import from_labels
from pearlite.recipes.segment.example import Segmenter
from pearlite.recipes.segment.network import predict, train_network
from pearlite.recipes.segment.network.segmenter import NetworkSegmenter
from pearlite.recipes.segment.pixels import PixelSegmenter, train_pixels

Image = NDArray[Any]
Copy = Callable[[Image], Image]

COPIES: dict[str, Copy] = {
    "16 bits (times 257)": lambda image_CHW: image_CHW.astype(np.uint16) * 257,
    "16 bits, 12 used": lambda image_CHW: image_CHW.astype(np.uint16) * 16,
    "floats from 0 to 1": lambda image_CHW: image_CHW.astype(np.float32) / 255,
    "gain 0.6": lambda image_CHW: (image_CHW * 0.6).astype(np.float32),
    "gain 0.6, rounded to 8 bits": lambda image_CHW: np.rint(image_CHW * 0.6).astype(np.uint8),
    "offset 1000": lambda image_CHW: image_CHW.astype(np.int32) + 1000,
    "gain 3, offset -50": lambda image_CHW: 3 * image_CHW.astype(np.float32) - 50,
}


def main() -> None:
    """Print a row a copy: the share of labels that is that of the image itself, of all images."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.segment.copies", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds Super3")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds of the network")
    parser.add_argument("--images", type=int, default=2, help="of the validation part")
    options = parser.parse_args()
    data = read_set(options.data, "Super3")
    images = [example.image_CS for example in data.validation[: options.images]]
    pixels = train_pixels(data.train, len(data.classes))
    recipe = from_labels(data.train)
    network = train_network(data.train, [], recipe, seed=0, seconds=options.seconds)
    segmenters: tuple[Segmenter, ...] = (pixels, network)
    print("| copy | pixels | network |\n|---|---|---|")
    known = [[labels(each, image_CHW) for image_CHW in images] for each in segmenters]
    for name, copy in COPIES.items():
        same = [
            np.mean([labels(each, copy(i)) == own for i, own in zip(images, of_each, strict=True)])
            for each, of_each in zip(segmenters, known, strict=True)
        ]
        print(f"| {name} | " + " | ".join(f"{share:.4%}" for share in same) + " |", flush=True)
    wide_CHW = np.pad(images[0], ((0, 0), (0, 700), (0, 700)), "reflect")  # of several tiles
    gaps = of_parts(pixels, wide_CHW), of_network_parts(network, wide_CHW)
    print(
        "| parts or tiles, largest difference of a probability | "
        + " | ".join(f"{gap:g}" for gap in gaps)
        + " |"
    )


def labels(segmenter: Segmenter, image_CHW: Image) -> NDArray[np.integer]:
    """Return the number of the class of every pixel, (H, W)."""
    return segmenter.probabilities(image_CHW).argmax(axis=0)


def of_parts(segmenter: PixelSegmenter, image_CHW: Image) -> float:
    """Return the largest difference between the whole and parts that fall on no tile's border."""
    whole_KHW, described = segmenter.probabilities(image_CHW), segmenter.describe(image_CHW)
    rows, columns = described.shape
    gaps = [0.0]
    for start, stop in (((0, 0), (100, 90)), ((37, 61), (rows - 5, columns - 21))):
        part_KHW = segmenter.part(described, start, stop)
        own_KHW = whole_KHW[:, start[0] : stop[0], start[1] : stop[1]]
        gaps.append(float(np.abs(part_KHW - own_KHW).max()))
    return max(gaps)


def of_network_parts(segmenter: NetworkSegmenter, image_CHW: Image) -> float:
    """Return the largest difference between tiles and the whole seen at once."""
    tiled_KHW = segmenter.probabilities(image_CHW)
    usual, predict.CORE[2] = predict.CORE[2], max(image_CHW.shape)
    whole_KHW = segmenter.probabilities(image_CHW)
    predict.CORE[2] = usual
    same = np.mean(whole_KHW.argmax(axis=0) == tiled_KHW.argmax(axis=0))
    print(f"| labels of tiles and of the whole | | {same:.4%} |")
    return float(np.abs(whole_KHW - tiled_KHW).max())


if __name__ == "__main__":
    main()
