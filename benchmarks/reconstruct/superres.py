"""Super-resolution against a truth that was withheld, beside trilinear upsampling.

    python -m benchmarks.reconstruct.superres [--sets field cathode] [--lows labels greys]
        [--factor 4] [--seconds 300] [--seeds 0] [--threads 1] [--pictures DIR]

A volume of 128³ voxels is made coarse by the factor: to the phase that fills most of each cube, or
to the mean of each, as greys. One slice of the volume is the image. ``field`` is a Gaussian field
over its 60 % quantile, with grains about two coarse voxels wide; ``cathode`` was measured. Of
each: the share of voxels that are right; the area between the phases over the true one; how far the
fraction of the second phase is off, in points; the share of coarse voxels whose phase was kept, of
greys the correlation with them; CPU seconds. Trilinear upsampling goes to the nearer phase.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

from pearlite.data.read import read
from pearlite.judge.structure.surface import interface_area
from pearlite.recipes.reconstruct import reconstruct
from pearlite.recipes.reconstruct.images import prepare
from pearlite.recipes.reconstruct.low_asked import Agreement
from pearlite.recipes.reconstruct.low_given import find_low

SIDE = 128
CATHODE = "SuperRes_SEM_lr_128.tif"
WIDE = 2.5  # of the field's filter, in voxels


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=["field", "cathode"])
    parser.add_argument("--lows", nargs="+", default=["labels", "greys"])
    parser.add_argument("--factor", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/reconstruct"))
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(
        f"{'set':9}{'low':8}{'made by':14}{'right':>8}{'area':>7}{'off':>7}{'kept':>8}{'CPU s':>8}"
    )
    for name in options.sets:
        truth = field() if name == "field" else cathode(options.data)
        for kind in options.lows:
            low = coarse(truth, options.factor, kind)
            made = {"truth": truth, "trilinear": trilinear(low, options.factor)}
            seconds = dict.fromkeys(made, 0.0)
            for seed in options.seeds:
                began, by = time.process_time(), f"ours, seed {seed}"
                made[by] = reconstruct(
                    truth[SIDE // 2],
                    low=low,
                    factor=options.factor,
                    seed=seed,
                    seconds=options.seconds,
                ).volume
                seconds[by] = time.process_time() - began
            for by, volume in made.items():
                row = measured(volume, truth, low, options.factor)
                print(f"{name:9}{kind:8}{by:14}{row}{seconds[by]:8.1f}", flush=True)
            if options.pictures:
                shown = np.concatenate([volume[SIDE // 3] for volume in made.values()], axis=1)
                Image.fromarray(shown * 255).save(options.pictures / f"superres-{name}-{kind}.png")


def field() -> NDArray[np.uint8]:
    """Return a Gaussian field of which 40 % is phase 1."""
    random = np.random.default_rng(0)
    made = gaussian_filter(random.standard_normal((SIDE,) * 3), WIDE, mode="wrap")
    return (made > np.quantile(made, 0.6)).astype(np.uint8)


def cathode(data: Path) -> NDArray[np.uint8]:
    """Return the measured cathode, its phases 0 and 1."""
    return (np.asarray(read(data / CATHODE).array) > 0).astype(np.uint8)


def coarse(truth: NDArray[np.uint8], factor: int, kind: str) -> NDArray:
    """Return a volume at low resolution: the phases of most voxels, or means."""
    n = SIDE // factor
    mean = truth.reshape(n, factor, n, factor, n, factor).mean((1, 3, 5))
    if kind == "labels":
        return (mean > 0.5).astype(np.uint8)
    return mean.astype(np.float32)


def trilinear(low: NDArray, factor: int) -> NDArray[np.uint8]:
    """Return a coarse volume, interpolated between the centres of its voxels."""
    fine = zoom(low.astype(np.float32), factor, order=1, mode="nearest", grid_mode=True)
    return np.asarray(fine > 0.5, np.uint8)


def measured(made: NDArray, truth: NDArray, low: NDArray, factor: int) -> str:
    """Return the four numbers of a volume."""
    areas = [interface_area(volume)[0, 1] for volume in (made, truth)]
    meaning = prepare(truth[SIDE // 2]).meaning
    given = find_low(low, meaning, factor=factor)
    kept = Agreement(given.encoding, meaning).measured(made, given, meaning)
    off = 100 * (made.mean() - truth.mean())
    return f"{(made == truth).mean():8.1%}{areas[0] / areas[1]:7.2f}{off:7.2f}{kept:8.3f}"


if __name__ == "__main__":
    main()
