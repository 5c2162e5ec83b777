"""Patches that teach the refiner, in units of the noise: clean, noisy, and after combine_patches.

Letters: N patches, S rows and columns of a patch.
"""

import csv
import hashlib
import os
import re
import zlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from pearlite.data import samples
from pearlite.data.read import read
from pearlite.errors import InputError
from pearlite.recipes.denoise.estimator import QUALITIES
from pearlite.recipes.denoise.ridge import combine_patches
from pearlite.see.progress import track

SIDE = 128  # pixels
SHARD = 50  # patches a file
LANCZOS = PIL.Image.Resampling.LANCZOS
WEAKEST, STRONGEST = 2.5, 70.0  # standard deviations of the noise, of 255
FLATTEST = 2.0  # least standard deviation of a clean patch, of 255
PASSES = QUALITIES["balanced"].passes
HELD_OUT = 0.1  # of the origins of every set

PICTURES = "scikit-image"
PICTURE_NAMES = [  # those that are free to use by their description there
    *("astronaut", "brick", "camera", "cat", "cell", "coffee", "coins", "grass", "gravel"),
    *("hubble", "immunohistochemistry", "rocket", "text"),
]
PICTURE_LICENCE = "CC0, public domain or no known copyright restrictions, says scikit-image"

SHARES = {  # how often a set is drawn from: by its diversity, not by its size
    "EMPS": 0.40,
    PICTURES: 0.15,
    "NASA": 0.12,
    "AMPIS": 0.10,
    "Nanocomposite_SEM": 0.08,
    "NASA_inst": 0.06,
    "CellProfiler_examples": 0.05,
    "ThinSections_Phil": 0.05,
    "AtomVision_STEM": 0.03,
    "Hydride": 0.03,
}
SHARP = (PICTURES, "AtomVision_STEM")  # sets that need not be made smaller to be free of noise
SMALLER = 1.6, 3.0  # least and greatest factor by which the other images are made smaller
ORIGINS = {  # what is common to the images of one specimen, scan or series, in their names
    "NASA": r"([^/]+)$",
    "AMPIS": r"(Sc\d+|\d+H)",
    "Nanocomposite_SEM": r"__(?:images__)?([\d.]+)(?:wt%)?(C3|un)",
    "NASA_inst": r"(Slice-?\d[A-Z][a-z]+)",
    "CellProfiler_examples": r"(Example[A-Za-z]+)",
    "Hydride": r"(\d+)\.png$",
}


@dataclass(frozen=True)
class Source:
    """A clean image to draw from.

    Attributes
    ----------
    name
        A file, or the name of a sample.
    origin
        Specimen, scan or series that it shows a part of.
    licence
        Of its set.
    """

    name: Path | str
    origin: str
    licence: str

    def grey(self) -> NDArray[np.float32]:
        """Read the image, (Y, X), 0 to 255."""
        image = samples.load(self.name) if isinstance(self.name, str) else read(self.name)
        array = np.asarray(image.array, np.float32)
        return array.mean(0) if array.ndim == 3 else array


Sources = dict[str, list[Source]]  # by set


def find_sources(data: Path) -> Sources:
    """List the images of ``manifest.csv`` in a folder, and scikit-image's, by set."""
    manifest = data / "manifest.csv"
    if not manifest.is_file():
        raise InputError(f"{manifest} does not exist; give the folder of micrographs with --data")
    sources: Sources = defaultdict(list)
    with manifest.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["set"] in SHARES and min(int(row["w"]), int(row["h"])) >= SIDE:
                origin = origin_of(row["set"], row["source"])
                sources[row["set"]].append(Source(data / row["file"], origin, row["licence"]))
    sources[PICTURES] = [Source(name, name, PICTURE_LICENCE) for name in PICTURE_NAMES]
    return {name: sources[name] for name in SHARES if sources[name]}


def origin_of(name: str, source: str) -> str:
    """Name the specimen, scan or series of an image by its set and its path in the collection."""
    found = re.search(ORIGINS.get(name, "(.*)"), source.replace("point", "0."))
    return " ".join(found.groups()) if found else source


def split(sources: Sources) -> tuple[Sources, Sources]:
    """Part the images so that none of an origin is on both sides; always in the same way.

    Returns
    -------
    dict, dict
        Images to train with, and a tenth of the origins of every set, at least one, held out.
    """
    train, held_out = {}, {}
    for name, images in sources.items():
        origins = sorted({s.origin for s in images}, key=lambda origin: zlib.crc32(origin.encode()))
        out = set(origins[: max(1, round(HELD_OUT * len(origins)))])
        train[name] = [source for source in images if source.origin not in out]
        held_out[name] = [source for source in images if source.origin in out]
    return train, held_out


def draw(images: list[Source], least: float, random: np.random.Generator) -> NDArray[np.float32]:
    """Cut a patch from one of the images, made smaller by a factor of at least `least`."""
    while True:
        image = images[random.integers(len(images))].grey()
        greatest = min(SMALLER[1], min(image.shape) / SIDE)
        side = SIDE * random.uniform(min(least, greatest), greatest)
        top, left = (random.uniform(0, length - side) for length in image.shape)
        box = (left, top, left + side, top + side)
        patch = np.asarray(PIL.Image.fromarray(image).resize((SIDE, SIDE), LANCZOS, box))
        if patch.std() >= FLATTEST:
            return patch


def make(name: str, images: list[Source], sigma: float, random: np.random.Generator) -> Tensor:
    """Make one clean, noisy and denoised patch, (3, S, S)."""
    clean = draw(images, 1.0 if name in SHARP else SMALLER[0], random) / np.float32(sigma)
    noisy = torch.from_numpy(clean + random.standard_normal(clean.shape, np.float32))
    denoised = combine_patches(noisy[None, None], PASSES)[0, 0]
    return torch.stack([torch.from_numpy(clean), noisy, denoised])


def patches(
    sources: Sources, count: int, seed: int, cache: Path, sigma: float | None = None
) -> Tensor:
    """Make patches of all sets by their shares, or take them from an earlier run.

    Parameters
    ----------
    sources
        What to draw from.
    count
        How many.
    seed
        Patch i depends on the seed and on i alone.
    cache
        Folder where they are kept, `SHARD` a file.
    sigma
        Standard deviation of the noise, of 255; drawn between `WEAKEST` and `STRONGEST`, evenly
        in its logarithm, where None.

    Returns
    -------
    Tensor
        (N, 3, S, S)
    """
    cache.mkdir(parents=True, exist_ok=True)
    names = list(sources)
    shares = np.array([SHARES[name] for name in names])

    def one(number: int) -> Tensor:
        random = np.random.default_rng([seed, number])
        name = names[random.choice(len(names), p=shares / shares.sum())]
        drawn = float(np.exp(random.uniform(np.log(WEAKEST), np.log(STRONGEST))))
        return make(name, sources[name], sigma or drawn, random)

    key = _key(sources, seed, sigma)
    shards = []
    for first in track(range(0, count, SHARD), "Making patches"):
        file = cache / f"{key}-{first}.safetensors"
        numbers = range(first, min(first + SHARD, count))
        made = load_file(file)["patches"] if file.is_file() else torch.empty(0)
        if len(made) < len(numbers):
            made = torch.stack([*made, *(one(number) for number in numbers[len(made) :])])
            temporary = file.with_name(f".{file.name}.{os.getpid()}")
            save_file({"patches": made}, temporary)
            os.replace(temporary, file)
        shards.append(made[: len(numbers)])
    return torch.cat(shards)


def _key(sources: Sources, seed: int, sigma: float | None) -> str:
    """Identify what the patches depend on; the denoiser by what it makes of some noise."""
    images = [(name, str(s.name)) for name, images in sources.items() for s in images]
    noise = torch.randn(1, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    answer = combine_patches(noise, PASSES).numpy().tobytes()
    here = Path(__file__).read_bytes()
    return hashlib.sha256(repr((images, seed, sigma, answer, here)).encode()).hexdigest()[:12]
