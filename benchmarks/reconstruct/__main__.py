"""Volumes reconstructed from slices against the true volume and the floor of its own pieces.

    python -m benchmarks.reconstruct [--sets field particles SEM cathode separator]
        [--methods auto slicegan] [--seconds N] [--steps N] [--seeds 0 1 2] [--volumes 4]
        [--side 96] [--threads 1] [--conducts 0 …] [--csv FILE]

Each set has a true volume and the slices that are learned from: ``field``, a random field of known
law (one 512² slice, the truth is an independent volume); ``particles``, balls that overlap, of
known law too, as in a micrograph of two phases; ``SEM``, a measured cathode; ``cathode``, three
phases, itself generated (taufactor's example); ``separator``, anisotropic, of which slices are
taken that hold as much of the phases as the volume: the middle ones hold up to 11 points less. From
each training seed come `volumes` volumes with different noise; their measures are the means over
them. The floor is the standard deviation of real pieces of the same size. Diffusivities, which take
longest, are those of the phases that `conducts` names.

``auto`` is pearlite's method, ``slicegan`` the published one, as faithful as we could write it and
on the same CPU time; its step is one of the generator, to which five of each critic belong. The
two-sample test is against the true volume. Seconds are CPU seconds of all threads; unless given,
those of the targets, one core. In the end stands which targets are met, by the mean over training
seeds and by the worst.
"""

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import tifffile
import torch
from benchmarks.reconstruct.summary import SECONDS, summary
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from pearlite.judge.structure.floor import compare
from pearlite.recipes.reconstruct.generate import generate
from pearlite.recipes.reconstruct.images import Pictures, prepare
from pearlite.recipes.reconstruct.material import Material
from pearlite.recipes.reconstruct.slicegan import train_slicegan
from pearlite.recipes.reconstruct.told_apart import tell_apart
from pearlite.recipes.reconstruct.train import train

FILES = {
    "SEM": "SuperRes_SEM_lr_128.tif",
    "cathode": "taufactor_electrode_256_3phase_GENERATED_by_Polaron.tiff",
    "separator": "Separator_lr_input.tif",
}
SUMMED = ("fraction", "faces", "surface", "interface", "triple lines", "diffusivity")
"""Measures of which the difference relative to the truth is told."""
ROUND = 15  # moves of SliceGAN's critics for one of its generator


class Learned(NamedTuple):
    """A material, and the steps of its generator that it took."""

    material: Material
    steps: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=list(SECONDS), choices=list(SECONDS))
    parser.add_argument("--methods", nargs="+", default=["auto"], choices=["auto", "slicegan"])
    parser.add_argument("--seconds", type=float)
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
    tables, trainings = [], []
    for name in options.sets:
        slices, truth = load(name, options.data)
        for method in options.methods:
            for seed in options.seeds:
                table, facts = tried(name, method, seed, slices, truth, options)
                which = {"set": name, "method": method, "seed": seed}
                tables.append(table.assign(**which))
                trainings.append({**which, **facts})
    print("\n".join(summary(pd.concat(tables), pd.DataFrame(trainings))))
    if options.csv:
        pd.concat(tables).to_csv(options.csv, index=False)


def tried(
    name: str,
    method: str,
    seed: int,
    slices: list[NDArray],
    truth: NDArray,
    options: argparse.Namespace,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Train once, make volumes and print what they are; return their measures and the costs."""
    began = time.process_time()
    seconds = options.seconds or SECONDS[name]
    learned = learn(method, prepare(slices), seed, seconds, options.steps)
    spent = time.process_time() - began
    side = min(options.side, *truth.shape)
    volumes = [
        generate(learned.material, (side,) * 3, seed=1000 * seed + number)
        for number in range(options.volumes)
    ]
    rate = options.volumes * side**3 / (time.process_time() - began - spent)
    comparison = compare(volumes, truth, conducts=options.conducts)
    apart = tell_apart(volumes, [truth])
    facts = {
        "told_apart": apart.get("value", np.nan),
        "a_step": spent / learned.steps,
        "parameters": sum(p.numel() for p in learned.material.network.parameters()),
    }
    print(
        f"\n{name}, {method}, seed {seed}: {learned.steps:.4g} steps, {spent:.0f} CPU s "
        f"({facts['a_step']:.2f} a step); {facts['parameters']:,} parameters; "
        f"{rate / 1e6:.2f} million voxels a CPU s\n{apart['sentence']}\n{comparison.sentence()}"
    )
    print(shown(comparison.table), flush=True)
    return comparison.table, facts


def learn(method: str, pictures: Pictures, seed: int, seconds: float, steps: int | None) -> Learned:
    if method == "slicegan":
        model = train_slicegan(pictures, seed=seed, seconds=seconds, steps=steps)
        return Learned(model.material, model.history[-1]["step"] / ROUND)
    trained = train(pictures, seed=seed, seconds=seconds, steps=steps)
    return Learned(trained.material, trained.history[-1]["step"])


def load(name: str, data: Path) -> tuple[list[NDArray], NDArray]:
    """Return the slices that are learned from, and the true volume."""
    if name == "field":
        return [random_field((512, 512, 33), 2)[..., 16]], random_field((192, 192, 192), 1)
    if name == "particles":
        return [particles((512, 512, 33), 2)[..., 16]], particles((192, 192, 192), 1)
    truth = tifffile.imread(data / FILES[name]).astype(np.uint8)
    places = typical(truth) if name == "separator" else [side // 2 for side in truth.shape]
    return [truth.take(index, axis) for axis, index in enumerate(places)], truth


def typical(truth: NDArray[np.uint8]) -> list[int]:
    """Return which slice normal to each axis holds as much of the phases as the volume does."""
    there = truth > truth.min()
    means = [there.mean(tuple({0, 1, 2} - {axis})) for axis in range(3)]
    return [int(np.abs(mean - there.mean()).argmin()) for mean in means]


def random_field(shape: tuple[int, ...], seed: int, width: float = 4.0) -> NDArray[np.uint8]:
    """Cut a Gaussian field with a Gaussian covariance where 40 % of it is above."""
    white = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    smooth = gaussian_filter(white, width, mode="wrap")
    scale = (2 * np.sqrt(np.pi) * width) ** (-len(shape) / 2)
    return (smooth > scale * norm.isf(0.4)).astype(np.uint8)


def particles(shape: tuple[int, int, int], seed: int, share: float = 0.45) -> NDArray[np.uint8]:
    """Throw balls of 4 to 12 pixels' radius at random places until they should fill a share.

    Balls that overlap freely (a Boolean model) leave exp(-number × mean volume / whole) free.
    """
    random = np.random.default_rng(seed)
    reach = 12
    room = tuple(side + 2 * reach for side in shape)
    radii = random.uniform(4, reach, 10**5)
    wanted = -np.log(1 - share) * np.prod(room)
    count = int(wanted / (4 / 3 * np.pi * radii**3).mean())
    inside = np.zeros(room, np.uint8)
    for radius in radii[:count]:
        middle = [random.uniform(0, side) for side in room]
        spans = [
            slice(max(0, int(place - radius)), min(side, int(place + radius) + 2))
            for place, side in zip(middle, room, strict=True)
        ]
        grid = np.ogrid[tuple(spans)]
        gaps = [(axis - place) ** 2 for axis, place in zip(grid, middle, strict=True)]
        inside[tuple(spans)] |= gaps[0] + gaps[1] + gaps[2] <= radius**2
    return inside[reach:-reach, reach:-reach, reach:-reach]


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
