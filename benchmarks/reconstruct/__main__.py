"""Volumes reconstructed from slices against the true volume and the floor of its own pieces.

    python -m benchmarks.reconstruct [--sets field SEM cathode separator] [--seconds 300]
        [--steps N] [--seeds 0] [--volumes 4] [--side 96] [--threads 1] [--conducts 0 …]
        [--csv FILE]

Each set has a true volume and the slices that are learned from: ``field``, a random field of known
law (one 512² slice, the truth is an independent volume); ``SEM``, a measured cathode; ``cathode``,
three phases, itself generated (taufactor's example); ``separator``, anisotropic. From each training
seed come `volumes` volumes with different noise; their measures are the means over them. The floor
is the standard deviation of real pieces of the same size. Diffusivities, which take longest, are
those of the phases that `conducts` names. Seconds are CPU seconds of all threads.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from pearlite.judge.structure.floor import compare
from pearlite.recipes.reconstruct.generate import generate
from pearlite.recipes.reconstruct.images import prepare
from pearlite.recipes.reconstruct.train import train

FILES = {
    "SEM": "SuperRes_SEM_lr_128.tif",
    "cathode": "taufactor_electrode_256_3phase_GENERATED_by_Polaron.tiff",
    "separator": "Separator_lr_input.tif",
}
SUMMED = ("fraction", "faces", "surface", "interface", "triple lines", "diffusivity")
"""Measures of which the difference relative to the truth is told."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=["field", *FILES], choices=["field", *FILES])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--volumes", type=int, default=4)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--conducts", type=int, nargs="*", default=[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/reconstruct"))
    parser.add_argument("--csv", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tables = []
    for name in options.sets:
        slices, truth = load(name, options.data)
        pictures = prepare(slices)
        side = min(options.side, *truth.shape)
        for seed in options.seeds:
            began = time.process_time()
            trained = train(pictures, seed=seed, seconds=options.seconds, steps=options.steps)
            learned = time.process_time() - began
            volumes = [
                generate(trained.material, (side,) * 3, seed=1000 * seed + number)
                for number in range(options.volumes)
            ]
            made = time.process_time() - began - learned
            steps = trained.history[-1]["step"]
            rate = options.volumes * side**3 / made / 1e6
            comparison = compare(volumes, truth, conducts=options.conducts)
            print(
                f"\n{name}, seed {seed}: {steps} steps, {learned:.0f} CPU s "
                f"({learned / steps:.2f} a step); {rate:.2f} million voxels a CPU s\n"
                f"{comparison.sentence()}"
            )
            print(shown(comparison.table), flush=True)
            tables.append(comparison.table.assign(set=name, seed=seed))
    if options.csv:
        pd.concat(tables).to_csv(options.csv, index=False)


def load(name: str, data: Path) -> tuple[list[NDArray], NDArray]:
    """Return the slices that are learned from, and the true volume."""
    if name == "field":
        return [random_field((512, 512, 33), 2)[..., 16]], random_field((192, 192, 192), 1)
    truth = tifffile.imread(data / FILES[name]).astype(np.uint8)
    middle = [side // 2 for side in truth.shape]
    return [truth.take(index, axis) for axis, index in enumerate(middle)], truth


def random_field(shape: tuple[int, ...], seed: int, width: float = 4.0) -> NDArray[np.uint8]:
    """Cut a Gaussian field with a Gaussian covariance where 40 % of it is above."""
    white = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    smooth = gaussian_filter(white, width, mode="wrap")
    scale = (2 * np.sqrt(np.pi) * width) ** (-len(shape) / 2)
    return (smooth > scale * norm.isf(0.4)).astype(np.uint8)


def shown(table: pd.DataFrame) -> str:
    """Return the rows worth reading: real, floor and generated, and the relative difference."""
    head = f"{'measure':22}{'phase':10}{'dir':6}{'real':>10}{'floor':>10}{'made':>10}{'rel %':>8}"
    lines = [head]
    for row in table.to_dict("records"):
        relative = f"{100 * row['relative']:8.1f}" if row["measure"] in SUMMED else " " * 8
        lines.append(
            f"{row['measure']:22}{row['phase']:10}{row['direction']:6}{row['real']:10.4f}"
            f"{row['floor']:10.4f}{row['generated']:10.4f}{relative}"
            f"{'' if row['inside'] else '  outside'}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
