"""A large volume on disk: peak memory, voxels a second, and blocks that do not depend on the cut.

    python -m benchmarks.reconstruct.memory [--side 512] [--formats .ome.zarr .tif] [--threads 1]

A generator of the default size with random weights writes a cube of three phases, in a process of
its own for each format, whose peak resident memory (of torch and all) is told. Then a block, by
default (300:364)³, is made alone, and a second time from another start, and compared with the
file's voxels bit by bit. Seconds are CPU seconds. What the weights are changes neither.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from pearlite.data.read import read
from pearlite.nets.pyramid import NoisePyramid
from pearlite.recipes.reconstruct.generate import generate, generate_file
from pearlite.recipes.reconstruct.images import Meaning
from pearlite.recipes.reconstruct.material import Material
from pearlite.recipes.reconstruct.settings import Recipe

LIMIT = 1.5e9  # bytes
SEED, BLOCK = 3, 64


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--formats", nargs="+", default=[".ome.zarr", ".tif"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=int, default=300, help="first voxel of the block")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.write:
        write(options.write, options.side)
        return
    alone = block(options.start, BLOCK)
    moved = block(options.start + 17, 32)
    same = (alone[17:49, 17:49, 17:49] == moved).all()
    print(f"the block alone, and a part of it from another start: {said(same)}")
    for suffix in options.formats:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"volume{suffix}"
            in_process(path, options)
            part = slice(options.start, options.start + BLOCK)
            inside = np.asarray(read(path).array[part, part, part])
            print(f"{suffix:10} the block alone and in the file: {said((inside == alone).all())}")


def material() -> Material:
    recipe = Recipe()
    network = NoisePyramid(
        3, widths=recipe.widths, noise=recipe.noise, generator=torch.Generator().manual_seed(0)
    )
    meaning = Meaning("phases", (0, 128, 255), (), (), 0.0, 255.0, "uint8")
    return Material(network.eval().requires_grad_(False), meaning)


def block(start: int, side: int) -> np.ndarray:
    return generate(material(), (side,) * 3, seed=SEED, start=(start,) * 3)


def in_process(path: Path, options: argparse.Namespace) -> None:
    typed = ["--write", str(path), "--side", str(options.side), "--threads", str(options.threads)]
    subprocess.run([sys.executable, "-m", "benchmarks.reconstruct.memory", *typed], check=True)


def write(path: Path, side: int) -> None:
    """Write the volume, and print what it took."""
    began = time.process_time()
    generate_file(material(), path, (side,) * 3, seed=SEED)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    suffix = path.name.removeprefix("volume")
    print(
        f"{suffix:10} {side}³: {peak / 1e9:.2f} GB resident at most "
        f"({said(peak < LIMIT)}: under {LIMIT / 1e9} GB), {seconds:.0f} CPU s, "
        f"{side**3 / seconds / 1e6:.2f} million voxels a CPU s",
        flush=True,
    )


def said(met: bool | np.bool_) -> str:
    return "met" if met else "MISSED"


if __name__ == "__main__":
    main()
