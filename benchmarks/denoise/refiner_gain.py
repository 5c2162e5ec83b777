"""What the refiner adds to combine_patches, in dB: sets of images against strengths of noise.

    python -m benchmarks.denoise.refiner_gain --data ../shared/data/micrographs

The patches are others than the refiner was trained with, of the same images; with `--held-out`
they are of the images that `benchmarks.denoise.train_refiner` holds out.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported

import argparse
from pathlib import Path

import torch
from benchmarks.denoise.refiner_patches import Sources, find_sources, patches, split
from benchmarks.denoise.train_refiner import gains

from pearlite.errors import InputError
from pearlite.nets import weights
from pearlite.nets.refiner import Refiner
from pearlite.recipes.denoise.refine import WEIGHTS


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.denoise.refiner_gain",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/micrographs"))
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="(the shipped ones)")
    parser.add_argument("--sigmas", default="5,15,25,50", help="of 255 (%(default)s)")
    parser.add_argument("--patches", type=int, default=10, help="a set and sigma (%(default)s)")
    parser.add_argument("--seed", type=int, default=99, help="(%(default)s)")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--cache", type=Path, default=Path("benchmarks/denoise/results/patches"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = Refiner(generator=torch.Generator()).requires_grad_(False).eval()
    try:
        weights.load(network, options.weights)
        sources = find_sources(options.data)
    except InputError as error:
        parser.error(str(error))
    sigmas = [float(sigma) for sigma in options.sigmas.split(",")]
    chosen = split(sources)[1] if options.held_out else sources
    print_table(network, chosen, sigmas, options.patches, options.seed, options.cache)


def print_table(
    network: Refiner, sources: Sources, sigmas: list[float], count: int, seed: int, cache: Path
) -> None:
    """Print mean and least gains, and how many patches became worse."""
    heads = "".join(f"{f'σ {sigma:g}':>8}" for sigma in sigmas)
    print(f"{'set':<24}{heads}{'least':>8}{'worse':>7}")
    every = []
    for name, images in sources.items():
        made = [patches({name: images}, count, seed, cache, sigma) for sigma in sigmas]
        row = torch.stack([gains(network, some) for some in made])
        cells = "".join(f"{gain:8.2f}" for gain in row.mean(1).tolist())
        print(f"{name:<24}{cells}{row.min():8.2f}{int((row < 0).sum()):>7}", flush=True)
        every.append(row)
    cells = "".join(f"{gain:8.2f}" for gain in torch.stack(every).mean((0, 2)).tolist())
    print(f"{'mean of the sets':<24}{cells}")


if __name__ == "__main__":
    main()
