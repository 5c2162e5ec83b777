"""How often the 90 % interval of a material's fraction holds it: random fields of known law.

    python -m benchmarks.segment.representative [--fields 40] [--side 256]

Each field is one image of a material whose true fraction is known, cut from a larger one so that it
has no seams.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read at import

import argparse
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.stats import norm

from pearlite.judge.representative import material_interval, pieces

SHARES = (0.03, 0.3, 0.5)
Spectrum = Callable[[NDArray, NDArray], NDArray]
Inside = NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fields", type=int, default=40)
    parser.add_argument("--side", type=int, default=256)
    options = parser.parse_args()
    for name, draw in FIELDS.items():
        cells = []
        for share in SHARES:
            held, widths = [], []
            for seed in range(options.fields):
                inside = draw(np.random.default_rng(2000 + seed), options.side, share)
                low, high = material_interval(float(inside.mean()), pieces(inside))
                held.append(low <= share <= high)
                widths.append(high - low)
            cells.append(f"{share:.0%}: held {np.mean(held):.2f}, width {np.median(widths):.3f}")
        print(f"{name:32}" + "   ".join(cells), flush=True)


def level_cut(spectrum: Spectrum, random: np.random.Generator, side: int, share: float) -> Inside:
    """Return where a Gaussian random field is above the level that leaves `share` of the plane."""
    wide = 2 * side
    down, across = fft.fftfreq(wide)[:, None], fft.rfftfreq(wide)[None]
    amplitude = spectrum(down, across)
    noise = np.asarray(fft.rfft2(random.standard_normal((wide, wide))))
    field = np.asarray(fft.irfft2(noise * amplitude, (wide, wide)))[:side, :side]
    power = amplitude**2 * np.where((across == 0) | (across == 0.5), 1, 2)
    return field / (np.sqrt(power.sum()) / wide) > norm.isf(share)


def gaussian(length: float, stretch: float, down: NDArray, across: NDArray) -> NDArray:
    squares = (stretch * down) ** 2 + across**2
    return np.exp(-((2 * np.pi * length) ** 2) * squares / 4)


def exponential(length: float, down: NDArray, across: NDArray) -> NDArray:
    return (1 + (2 * np.pi * length) ** 2 * (down**2 + across**2)) ** -0.75


def periodic(length: float, down: NDArray, across: NDArray) -> NDArray:
    cycles = np.sqrt(down**2 + across**2) * length
    return np.exp(-(((cycles - 1) / 0.15) ** 2))


def discs(radius: int, random: np.random.Generator, side: int, share: float) -> Inside:
    """Return overlapping discs at random places (the Boolean model)."""
    frame = side + 6 * radius
    count = random.poisson(-np.log(1 - share) / (np.pi * radius**2) * frame**2)
    inside = np.zeros((side, side), bool)
    y, x = np.indices((side, side), sparse=True)
    for row, column in random.random((count, 2)) * frame - 3 * radius:
        inside |= (y - row) ** 2 + (x - column) ** 2 <= radius**2
    return inside


FIELDS: dict[str, Callable[[np.random.Generator, int, float], Inside]] = {
    "Gaussian, 6 px": partial(level_cut, partial(gaussian, 6.0, 1.0)),
    "Gaussian, 50 px": partial(level_cut, partial(gaussian, 50.0, 1.0)),
    "exponential, 6 px": partial(level_cut, partial(exponential, 6.0)),
    "exponential, 20 px": partial(level_cut, partial(exponential, 20.0)),
    "Gaussian, stretched 6 to 1": partial(level_cut, partial(gaussian, 6.0, 6.0)),
    "nearly periodic, 40 px": partial(level_cut, partial(periodic, 40.0)),
    "discs, radius 15 px": partial(discs, 15),
    "discs, radius 35 px": partial(discs, 35),
}


if __name__ == "__main__":
    main()
