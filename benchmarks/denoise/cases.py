"""The noisy images with their truths. All of them range over 0 to 255, so PSNR has one meaning."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile

from pearlite.data import samples
from pearlite.errors import InputError

DATA_RANGE = 255.0
SEM_SHAPE = (384, 384)
SEM_GAIN, SEM_READ_NOISE = 0.02, 0.02  # of white, which is 1 in pearlite's samples
SEM_IMAGES = {"grains": samples.grains, "particles": samples.particles, "laths": samples.laths}


@dataclass(frozen=True)
class Case:
    """A noisy image, its truth, and what a method may be told.

    Parameters
    ----------
    images, name, noise
        The set, the image in it, and what was done to it.
    clean, noisy
        Shape (Y, X). `noisy` has the type in which a user would have it.
    sigma
        Standard deviation of white Gaussian noise; None where the noise depends on the signal.
    """

    images: str
    name: str
    noise: str
    clean: np.ndarray
    noisy: np.ndarray
    sigma: float | None

    @property
    def label(self) -> str:
        """Name for people and files."""
        return f"{self.images}-{self.name}-{self.noise}"

    @property
    def digest(self) -> str:
        """Identifies the pixels."""
        content = self.clean.astype(np.float64).tobytes() + self.noisy.astype(np.float64).tobytes()
        return hashlib.sha256(content).hexdigest()[:16]


def cases(names: Sequence[str], sigmas: Sequence[int], data: Path) -> Iterator[Case]:
    """Yield the images of the named sets."""
    makers = {
        "bsd68": lambda: bsd68(data, sigmas),
        "confocal": lambda: confocal(data),
        "sem": sem,
    }
    for name in names:
        if name not in makers:
            raise InputError(f"unknown images {name!r}; there are {', '.join(makers)}")
        yield from makers[name]()


def bsd68(data: Path, sigmas: Sequence[int]) -> Iterator[Case]:
    """Natural images with white Gaussian noise: the file that comes with them at σ = 25."""
    pairs = _pairs(
        data,
        ("bsd68", "_clean", "_noisy25"),
        ("BSD68", "N2F+DIP/BSD68_gaussian25"),
    )
    for sigma in sigmas:
        for name, clean, noisy25 in pairs:
            truth = tifffile.imread(clean)
            if sigma == 25:
                noisy = tifffile.imread(noisy25)
            else:
                random = np.random.default_rng([sigma, zlib.crc32(name.encode())])
                noisy = truth + sigma * random.standard_normal(truth.shape)
            yield Case("bsd68", name, f"sigma{sigma}", truth, noisy, sigma)


def confocal(data: Path) -> Iterator[Case]:
    """Fluorescence micrographs with the noise of the instrument, 8 bits; truth by averaging."""
    pairs = _pairs(
        data,
        ("confocal", "_clean", "_noisy"),
        ("Confocal", "Confocal_gaussianpoisson"),
    )
    for name, clean, noisy in pairs:
        yield Case("confocal", name, "real", tifffile.imread(clean), tifffile.imread(noisy), None)


def sem() -> Iterator[Case]:
    """Synthetic electron micrographs with Poisson-Gaussian noise."""
    for name, make in SEM_IMAGES.items():
        clean = make(SEM_SHAPE, seed=1)
        noisy = samples.add_noise(clean, gain=SEM_GAIN, read_noise=SEM_READ_NOISE, seed=2)
        white = np.float32(DATA_RANGE)
        yield Case("sem", name, "poisson", white * clean, white * noisy, None)


def _pairs(
    data: Path, shared: tuple[str, str, str], clone: tuple[str, str]
) -> list[tuple[str, Path, Path]]:
    """Name, clean file and noisy file of each image, in pearlite's layout or that of the clone."""
    folder, clean_end, noisy_end = shared
    clean_folder, noisy_folder = (data / part for part in clone)
    if clean_folder.is_dir() and noisy_folder.is_dir():
        pairs = [(p.stem, p, noisy_folder / p.name) for p in clean_folder.glob("*.tif")]
    else:
        pairs = []
        for clean in (data / "denoise" / folder).glob(f"*{clean_end}.tif"):
            name = clean.stem.removesuffix(clean_end)
            pairs.append((name, clean, clean.with_name(f"{name}{noisy_end}.tif")))
    if not pairs:
        raise InputError(
            f"{data} holds neither denoise/{folder}/*{clean_end}.tif nor {clone[0]}/ and "
            f"{clone[1]}/; give --data (benchmarks/denoise/README.md says where to get the files)"
        )
    return sorted(pairs, key=lambda pair: (not pair[0].isdigit(), pair[0].zfill(4)))
