"""Measure whether correlated noise is found, white noise passes, and the remedies help.

    python -m benchmarks.denoise.verdict [--images FOLDER] [--only even|odd] [--remedy-images N]

Noise of known kind is added to clean images (0 to 255); each goes the way of `denoise`: fit the
noise, stabilise it, judge. Then the remedies are applied and measured in dB.

--images takes any folder of clean images. The limits of the verdict were set on the even-numbered
images of BSD68, which come with the Noise2Fast repository on GitHub (jason-lequyer/Noise2Fast,
folder BSD68): give that folder, and ``--only odd`` for the images that were not used. Without
--images, micrographs of ../shared/data/micrographs are taken, equally many from each source set,
their pixels averaged 2 × 2; those whose own noise is above σ = 2.5 even then are left out, since
it is unknown and mostly correlated.

"phases" denoises the four images of every second pixel together, as channels (Zhou et al. 2020,
arXiv 1904.03485). pearlite does not offer it: fine texture is lost.
"""

import argparse
import csv
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read when torch is imported

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.signal import lfilter

from pearlite.data.read import find_images, read
from pearlite.judge.metrics import psnr
from pearlite.recipes.denoise import denoise
from pearlite.recipes.denoise.noise import fit_noise
from pearlite.recipes.denoise.remedies import bin_pixels
from pearlite.recipes.denoise.verdict import judge_noise

MICROGRAPHS = Path("../shared/data/micrographs")
OWN_NOISE = 2.5
Random = np.random.Generator
Noise = Callable[[NDArray, Random], NDArray]


def white(sigma: float) -> Noise:
    return lambda clean, random: clean + sigma * random.standard_normal(clean.shape)


def poisson(gain: float) -> Noise:
    return lambda clean, random: gain * random.poisson(np.maximum(clean, 0) / gain)


def blurred(sigma: float, blur: float) -> Noise:
    def add(clean: NDArray, random: Random) -> NDArray:
        noise = gaussian_filter(random.standard_normal(clean.shape), blur, mode="wrap")
        return clean + sigma * noise / noise.std()

    return add


def autoregressive(sigma: float, rho: float, axis: int) -> Noise:
    def add(clean: NDArray, random: Random) -> NDArray:
        noise = random.standard_normal(clean.shape)
        filtered = np.asarray(lfilter([(1 - rho**2) ** 0.5], [1, -rho], noise, axis=axis))
        return clean + sigma * filtered

    return add


def lines(sigma: float, offsets: float, axis: int) -> Noise:
    def add(clean: NDArray, random: Random) -> NDArray:
        shape = (clean.shape[0], 1) if axis == 1 else (1, clean.shape[1])
        return white(sigma)(clean, random) + offsets * random.standard_normal(shape)

    return add


CONDITIONS: dict[str, tuple[Noise, str]] = {  # name → what is added, the axes that must be named
    "white, σ 10": (white(10), ""),
    "white, σ 25": (white(25), ""),
    "white, σ 50": (white(50), ""),
    "Poisson, 51 at white": (poisson(5), ""),
    "Poisson, 255 at white": (poisson(1), ""),
    "σ 25 blurred by 0.5 px": (blurred(25, 0.5), "YX"),
    "σ 25, AR(1) 0.4 along X": (autoregressive(25, 0.4, 1), "X"),
    "σ 25, AR(1) 0.4 along Y": (autoregressive(25, 0.4, 0), "Y"),
    "σ 20, row offsets 3": (lines(20, 3, 1), "X"),
    "σ 20, column offsets 3": (lines(20, 3, 0), "Y"),
}
REMEDIED: dict[str, tuple[Noise, tuple[str, ...]]] = {
    "white, σ 20": (white(20), ("lines", "apart", "phases", "bin")),
    "σ 20, row offsets 3": (lines(20, 3, 1), ("lines",)),
    "σ 20, row offsets 8": (lines(20, 8, 1), ("lines",)),
    "σ 25 blurred by 0.5 px": (blurred(25, 0.5), ("apart", "phases", "bin")),
    "σ 25 blurred by 0.7 px": (blurred(25, 0.7), ("apart", "phases", "bin")),
    "σ 25, AR(1) 0.4 along X": (autoregressive(25, 0.4, 1), ("apart", "phases", "bin")),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.denoise.verdict",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--images", type=Path, help="folder of clean images")
    parser.add_argument("--only", choices=("even", "odd"), help="every second image, by number")
    parser.add_argument("--remedy-images", type=int, default=6, help="0 for none (%(default)s)")
    options = parser.parse_args()
    images = list(micrographs() if options.images is None else folder(options.images))
    images = images[{"even": 0, "odd": 1, None: 0}[options.only] :: 2 if options.only else 1]
    print(f"{len(images)} images\n")
    judge_all(images)
    if options.remedy_images:
        measure_remedies(images[:: -(-len(images) // options.remedy_images)])


def folder(path: Path) -> Iterator[NDArray]:
    for file in find_images(path):
        yield np.asarray(read(file, axes="YX").array, np.float64)


def micrographs(each: int = 30) -> Iterator[NDArray]:
    sets: dict[str, list[str]] = defaultdict(list)
    with open(MICROGRAPHS / "manifest.csv", newline="") as manifest:
        for row in csv.DictReader(manifest):
            if min(int(row["w"]), int(row["h"])) >= 256:
                sets[row["set"]].append(row["file"])
    left_out = 0
    for files in sets.values():
        picked = np.unique(np.linspace(0, len(files) - 1, each).astype(int))
        for file in (sorted(files)[i] for i in picked):
            image = bin_pixels(grey(np.asarray(read(MICROGRAPHS / file).array, np.float64)))
            own = fit_noise(image)
            if own is not None and own.variance(np.median(image)) > OWN_NOISE**2:
                left_out += 1
            else:
                yield image
    print(f"{left_out} micrographs left out for their own noise")


def grey(image: NDArray) -> NDArray:
    return image.mean(0) if image.ndim == 3 else image


def judge_all(images: list[NDArray]) -> None:
    heads = ("passed", "cannot tell", "failed", "axes right")
    print(f"{'noise':26}" + "".join(f"{head:>13}" for head in heads))
    for number, (name, (add, axes)) in enumerate(CONDITIONS.items()):
        counts: Counter[str] = Counter()
        for i, clean in enumerate(images):
            noisy = add(clean, np.random.default_rng([number, i]))
            model = fit_noise(noisy)
            verdict = judge_noise(noisy if model is None else model.stabilise(noisy))
            counts[verdict.state] += 1
            counts["axes right"] += verdict.axes == axes
        shares = [f"{counts[head] / len(images):13.1%}" for head in heads]
        print(f"{name:26}" + "".join(shares), flush=True)


def measure_remedies(images: list[NDArray]) -> None:
    """Print the mean PSNR; that of "bin" is on the binned scale, against binning afterwards."""
    print(f"\nPSNR in dB, mean of {len(images)} images, pearlite fast and blind")
    print(f"{'noise':26}{'remedy':>8}{'as it is':>10}{'remedied':>10}{'gain':>8}{'worst':>8}")
    for number, (name, (add, remedies)) in enumerate(REMEDIED.items()):
        pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for i, clean in enumerate(images):
            noisy = add(clean, np.random.default_rng([100 + number, i]))
            plain = clean_up(noisy)
            for remedy in remedies:
                pairs[remedy].append(before_and_after(remedy, clean, noisy, plain))
        for remedy, pair in pairs.items():
            before, after = np.array(pair).T
            print(
                f"{name:26}{remedy:>8}{before.mean():10.2f}{after.mean():10.2f}"
                f"{(after - before).mean():+8.2f}{(after - before).min():+8.2f}",
                flush=True,
            )


def before_and_after(
    remedy: str, clean: NDArray, noisy: NDArray, plain: NDArray
) -> tuple[float, float]:
    if remedy == "phases":
        phases = clean_up(split_phases(noisy), axes="CYX")
        mended = join_phases(phases, (noisy.shape[0], noisy.shape[1]))
    else:
        mended = clean_up(noisy, remedies=(remedy,))
    if remedy == "bin":
        clean, plain = bin_pixels(clean), bin_pixels(plain)
    return psnr(clean, plain, 255), psnr(clean, mended, 255)


def split_phases(image_YX: NDArray) -> NDArray:
    """Split into the four images of every second pixel, (4, (Y + 1) // 2, (X + 1) // 2)."""
    even_YX = np.pad(image_YX, [(0, n % 2) for n in image_YX.shape], mode="reflect")
    return np.stack([even_YX[y::2, x::2] for y in (0, 1) for x in (0, 1)])


def join_phases(phases_CYX: NDArray, shape: tuple[int, int]) -> NDArray:
    """Undo `split_phases` of an image of that shape."""
    _, height, width = phases_CYX.shape
    image_YX = phases_CYX.reshape(2, 2, height, width).transpose(2, 0, 3, 1)
    return image_YX.reshape(2 * height, 2 * width)[: shape[0], : shape[1]]


def clean_up(noisy: NDArray, **options: Any) -> NDArray:
    return denoise(noisy, quality="fast", force=True, assess=False, **options).clean


if __name__ == "__main__":
    main()
