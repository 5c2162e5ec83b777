"""Effective diffusivity, pearlite beside taufactor: values and CPU time, one thread.

    pip install taufactor==1.2.1 ipython
    python -m benchmarks.reconstruct.diffusion [--sides 64 128] [--data ../shared/data/reconstruct]

taufactor runs with its own stopping rule (fluxes of all layers within 1 %), and with a ten times
stricter one, which is the reference for values. Its start-up and pearlite's are in the times.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read at import

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import taufactor
import tifffile
import torch
from numpy.typing import NDArray
from scipy import ndimage

from pearlite.judge.structure.diffusion import diffusion

STRICT = 1e-3
Inside = NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/reconstruct"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    diffusion(np.ones((8, 8, 8), int), {1: 1.0}, 0)  # both are imported and warm
    peer(np.ones((8, 8, 8), np.uint8), STRICT)
    print(f"{'volume':46}{'pearlite':>10}{'taufactor':>11}{'differ':>9}", end="")
    print(f"{'CPU s':>8}{'its rule':>10}{'ratio':>7}{'strict':>9}{'ratio':>7}")
    for side in options.sides:
        for name, inside in volumes(side, options.data):
            size = "×".join(map(str, inside.shape))
            print(row(f"{name}, {size}", inside), flush=True)


def row(name: str, inside: Inside) -> str:
    began = time.process_time()
    own = diffusion(inside, {1: 1.0}, 0).effective
    seconds = time.process_time() - began
    _, usual_seconds = peer(inside, 1e-2)
    strict, strict_seconds = peer(inside, STRICT)
    return (
        f"{name:46}{own:10.5f}{strict:11.5f}{own / strict - 1:9.2%}{seconds:8.2f}"
        f"{usual_seconds:10.2f}{usual_seconds / seconds:7.1f}"
        f"{strict_seconds:9.2f}{strict_seconds / seconds:7.1f}"
    )


def peer(inside: Inside, criterion: float) -> tuple[float, float]:
    """Return taufactor's D_eff/D_0 along the first axis, and its CPU seconds."""
    began = time.process_time()
    solver = taufactor.Solver(inside, device="cpu")
    solver.solve(verbose=False, conv_crit=criterion)
    return float(np.squeeze(solver.D_eff)), time.process_time() - began


def volumes(side: int, data: Path) -> Iterator[tuple[str, Inside]]:
    """Yield volumes with 1 where it conducts."""
    random = np.random.default_rng(0)
    for length, share in ((2.0, 0.3), (4.0, 0.5), (8.0, 0.7)):
        field = ndimage.gaussian_filter(random.standard_normal((side,) * 3), length, mode="wrap")
        inside = field > np.quantile(field, 1 - share)
        yield f"random field, σ {length:.0f}, {share:.0%}", inside.astype(np.uint8)
    for name, phase in (
        ("SuperRes_SEM", 0),
        ("SuperRes_NMC", 0),
        ("Separator", 0),
        ("taufactor_electrode", 0),
        ("taufactor_electrode", 85),
        ("taufactor_electrode", 170),
    ):
        (path,) = data.glob(f"{name}*.tif*")
        labels = tifffile.imread(path)
        if max(labels.shape) >= side:
            yield f"{name}, phase {phase}", (labels[:side, :side, :side] == phase).astype(np.uint8)


if __name__ == "__main__":
    main()
