"""Holes in real images, filled by us, by biharmonic interpolation, and not at all (the truth).

    python -m benchmarks.reconstruct.inpaint [--sets sofc steel terracotta] [--side 256]
        [--seeds 0] [--steps 120] [--threads 1] [--pictures DIR]

A disk, a rectangle and a scratch are cut out of each image. Of each fill: the distance of its
patches from the known image's, over that of known pieces as large (1 is as good as real); the step
across the rim, over that between known neighbours (1 is no seam); the furthest that a phase's
fraction in the hole is from the known image's; CPU seconds. The truth stands beside them, as what
the hole held need not be like the rest. The peer is scikit-image's ``inpaint_biharmonic``;
labels go to the nearest phase after it.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage.restoration import inpaint_biharmonic

from pearlite.data.read import read
from pearlite.recipes.reconstruct.images import prepare
from pearlite.recipes.reconstruct.inpaint import STEPS, inpaint
from pearlite.recipes.reconstruct.seam import belongs

FILES = {
    "sofc": "sofc.png",
    "steel": "steel_micro237.png",
    "terracotta": "terracotta_micro177.png",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=list(FILES), choices=list(FILES))
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/reconstruct"))
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{'set':12}{'fill':16}{'patches':>9}{'seam':>7}{'fraction':>10}{'CPU s':>8}")
    for name in options.sets:
        image = loaded(options.data / FILES[name], options.side)
        hole = cut(options.side)
        fills = {"truth": (image, 0.0), "biharmonic": timed(biharmonic, image, hole)}
        for seed in options.seeds:
            fills[f"ours, seed {seed}"] = timed(ours, image, hole, seed, options.steps)
        for fill, (made, seconds) in fills.items():
            print(f"{name:12}{fill:16}{measured(made, hole, image)}{seconds:8.1f}", flush=True)
        if options.pictures:
            row = np.concatenate([made for made, _ in fills.values()], axis=1)
            Image.fromarray(row).save(options.pictures / f"inpaint-{name}.png")


def loaded(path: Path, side: int) -> NDArray:
    """Return a square of an image's upper left: (Y, X), or (Y, X, 3) in colour."""
    array = np.asarray(read(path).array)
    array = np.moveaxis(array, 0, -1) if array.ndim == 3 else array
    return array[:side, :side]


def cut(side: int) -> NDArray[np.bool_]:
    """Return where a disk, a rectangle and a scratch are cut out of a square."""
    y, x = (places / side for places in np.ogrid[:side, :side])
    disk = (y - 0.3) ** 2 + (x - 0.3) ** 2 < 0.1**2
    rectangle = (np.abs(y - 0.7) < 0.1) & (np.abs(x - 0.65) < 0.15)
    scratch = (np.abs(y - 0.5) < 0.006) & (np.abs(x - 0.5) < 0.4)
    return disk | rectangle | scratch


def biharmonic(image: NDArray, hole: NDArray[np.bool_]) -> NDArray:
    """Fill by scikit-image, in the type and, of few values, with the values of the image."""
    axis = -1 if image.ndim == 3 else None
    empty = np.where(hole if axis is None else hole[..., None], 0, image)
    made = inpaint_biharmonic(empty.astype(float), hole, channel_axis=axis)
    values = np.unique(image)
    if len(values) <= 16:
        edges = (values[:-1].astype(float) + values[1:]) / 2
        made = values[np.searchsorted(edges, made)]
    filled = image.copy()
    filled[hole] = np.clip(made, image.min(), image.max()).astype(image.dtype)[hole]
    return filled


def ours(image: NDArray, hole: NDArray[np.bool_], seed: int, steps: int) -> NDArray:
    """Fill by pearlite."""
    return inpaint(image, hole, seed=seed, steps=steps).image


def timed(fill: Callable[..., NDArray], *given: Any) -> tuple[NDArray, float]:
    """Return what a function makes, and its CPU seconds."""
    began = time.process_time()
    made = fill(*given)
    return made, time.process_time() - began


def measured(made: NDArray, hole: NDArray[np.bool_], image: NDArray) -> str:
    """Return the three numbers of a fill."""
    pictures = prepare(image, dims=2)
    if pictures.meaning.kind == "phases":
        classes = np.searchsorted(pictures.meaning.values, made)
        channels = np.moveaxis(np.eye(pictures.channels, dtype=np.float32)[classes], -1, 0)
    else:
        values = np.moveaxis(np.atleast_3d(made).astype(np.float32), -1, 0)
        offset, scale = (np.array(v) for v in (pictures.meaning.offset, pictures.meaning.scale))
        channels = (values - offset[:, None, None]) / scale[:, None, None]
    channels_CHW = torch.from_numpy(np.ascontiguousarray(channels, np.float32))
    found = belongs(channels_CHW, hole, pictures.meaning)
    off = max((abs(a - b) for a, b in found.shares), default=float("nan"))
    return f"{found.patches / (found.floor or float('nan')):9.2f}{found.seam:7.2f}{off:10.3f}"


if __name__ == "__main__":
    main()
