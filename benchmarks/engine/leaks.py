"""Plant leaks in many data sets; count which are named, and how many clean splits are refused.

python -m benchmarks.engine.leaks [--data ../shared/data] [--splits 5] [--planted 10]
"""

import argparse
import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage
from sklearn.datasets import load_digits

from pearlite.data import samples
from pearlite.data.leaks import find_leaks
from pearlite.data.pixels import turned
from pearlite.data.split import Split, split

Images = list[np.ndarray]
PATCH = 64
AMONG, PIXELS = 300, 2**23  # of the set that stand in train beside what is planted, at most
PIECES = {"EMPS": 8, "segment": 64}  # patches of each image that stand for it
TEXTURES = (
    samples.grains,
    samples.laths,
    samples.particles,
    samples.three_phase,
    samples.two_phase,
)
REPEATED = {
    "phantom": "drawn, symmetric: its halves are the same pixels",
    "retina": "its patches at the edge of the field of view are one black corner",
}
TWINS = {
    "AtomVision_STEM": "simulated; two pairs of compounds are byte for byte equal, others have one "
    "lattice: its random splits leak",
}
KINDS = (
    "identical",
    "brightness",
    "turned",
    "noise 2 %",
    "JPEG 90",
    "shift 1",
    "overlap",
    "overlap, turned",
    "overlap, 8 bit",
    "overlap, JPEG 90",
    "group",
)


def bundled() -> Iterator[tuple[str, Images]]:
    known: Any = load_digits()
    digits = known.images.astype(np.float32)
    yield "digits 8²", list(digits)
    yield "digits 32²", [np.asarray(ndimage.zoom(digit, 4, order=1)) for digit in digits[:800]]
    for maker in TEXTURES:
        yield f"{maker.__name__}, one a seed", [maker((PATCH, PATCH), seed) for seed in range(150)]
        yield f"{maker.__name__}, patches", _patches(maker((512, 512), 1000))
    for name in samples.names()[len(TEXTURES) :]:
        if name not in REPEATED:
            cut = _patches(_grey(np.asarray(samples.load(name).array)))
            if len(cut) >= 10:
                yield f"{name}, patches", cut[:300]


def real(data: Path) -> Iterator[tuple[str, Images]]:
    """Yield real micrographs, one of each paper, specimen or compound."""
    with (data / "particles/emps/papers.csv").open() as file:
        paper = {row["image"]: row["doi"] for row in csv.DictReader(file)}
    with (data / "micrographs/manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    for name in ("EMPS", "AtomVision_STEM"):
        sources = {}
        for row in rows:
            if row["set"] == name:
                file_name = Path(row["source"]).name
                sources.setdefault(paper.get(file_name, file_name), row["file"])
        images = [_read(data / "micrographs" / file) for file in sources.values()]
        yield name, images
        if name in PIECES:
            yield f"{name}, patches", _pieces(images, PIECES[name])
    specimens = {}
    for path in sorted(data.glob("segment/*/*/*.png")):
        if not path.parent.name.endswith("_annot"):
            specimens.setdefault(path.name.split("_")[0], path)
    images = [_read(path)[:512, :512] for path in specimens.values()]
    yield "segment", images
    yield "segment, patches", _pieces(images, PIECES["segment"])


def tiles(data: Path, splits: int) -> None:
    """Split real tiles that overlap by halves, at random and by slice; print what is named."""
    paths = sorted((data / "melt_pools/images").glob("*.png"))
    images = [_read(path) for path in paths]
    piece = np.array([path.stem.split("_")[0] for path in paths])
    left = np.array([int(path.stem.split("_")[1]) for path in paths])
    over = (piece[:, None] == piece) & (np.abs(left[:, None] - left) < images[0].shape[1])
    named = wrong = shared = refused = 0
    for seed in range(splits):
        made = split(len(images), seed=seed)
        part = np.zeros(len(images))
        part[made.validation], part[made.test] = 1, 2
        pairs = {(leak.first[1], leak.second[1]) for leak in find_leaks(made, images)}
        named += sum(over[pair] for pair in pairs)
        wrong += sum(not over[pair] for pair in pairs)
        shared += np.count_nonzero(np.triu(over & (part[:, None] != part)))
        refused += bool(find_leaks(split(len(images), group=piece, seed=seed), images))
    print(
        f"melt pools, {len(images)} tiles of {images[0].shape}, {splits} random splits: {named} of "
        f"{shared} pairs that overlap named, {wrong} others; split by slice: {refused}/{splits} "
        "refused",
        flush=True,
    )


def plant(images: Images, kind: str, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return what stands in train and what is put into test."""
    image = images[int(random.integers(len(images)))]
    grey = float(np.ptp(image)) or 1.0
    if kind == "brightness":
        return image, np.float32(0.8) * image + np.float32(0.1 * grey)
    if kind == "turned":
        return image, turned(image, int(random.integers(1, 8)))
    if kind == "noise 2 %":
        noise = random.normal(0, 0.02 * grey, image.shape)
        return image, (image + noise).astype(np.float32)
    if kind == "JPEG 90":
        return image, _compressed(image)
    if kind == "shift 1":
        return image[1:, :-1], image[:-1, 1:]
    if kind.startswith("overlap"):
        size = [n * 2 // 3 for n in image.shape]
        pair = []
        for _ in range(2):
            row, column = (
                random.integers(n - s + 1) for n, s in zip(image.shape, size, strict=True)
            )
            pair.append(image[row : row + size[0], column : column + size[1]])
        turn = int(random.integers(1, 8)) if kind.endswith("turned") else 0
        changed = {"overlap, 8 bit": _grey8, "overlap, JPEG 90": _compressed}.get(kind, np.asarray)
        return changed(pair[0]), changed(turned(pair[1], turn))
    return image, image.copy()


def measure(name: str, images: Images, splits: int, planted: int) -> dict[str, list[int]]:
    """Return (caught, planted) by kind and (refused, tried) of clean splits; print a line."""
    random = np.random.default_rng(0)
    begun = time.process_time()
    found: dict[str, list[int]] = {"clean": [0, splits]}
    for seed in range(splits):
        leaks = find_leaks(split(len(images), seed=seed), images)
        found["clean"][0] += bool(leaks)
        if leaks:
            print(f"    {name}, seed {seed}: {len(leaks)} pairs, such as {leaks[0]}")
    for kind in KINDS:
        if kind.startswith(("overlap", "shift")) and min(images[0].shape) < 24:
            continue
        if kind == "group":
            found[kind] = [_groups_caught(len(images), planted, random), planted]
            continue
        pairs = [plant(images, kind, random) for _ in range(planted)]
        beside = images[: min(AMONG, PIXELS // images[0].size)]
        every = [*beside, *(a for a, _ in pairs), *(b for _, b in pairs)]
        train, test = np.split(np.arange(len(every)), [len(every) - planted])
        leaks = find_leaks(Split(train, np.array([], dtype=int), test, why=""), every)
        found[kind] = [len({leak.second for leak in leaks}), planted]
    spent = time.process_time() - begun
    listed = "  ".join(f"{kind} {a}/{b}" for kind, (a, b) in found.items())
    print(f"{name} ({len(images)} of {images[0].shape}, {spent:.0f} s): {listed}", flush=True)
    return found


def _groups_caught(count: int, planted: int, random: np.random.Generator) -> int:
    """Move one sample of a group of three to test, so often; count how often that is named."""
    caught = 0
    for _ in range(planted):
        group = np.arange(count) // 3
        made = split(count, group=group, seed=int(random.integers(1000)))
        moved = next(n for n in made.train if (group[made.train] == group[n]).sum() > 1)
        leaking = Split(
            made.train[made.train != moved], made.validation, np.append(made.test, moved), why=""
        )
        leaks = find_leaks(leaking, group=group)
        caught += len(leaks) == 1 and leaks[0].second == ("test", int(moved))
    return caught


def _grey8(image: np.ndarray) -> np.ndarray:
    """Return the image stretched to its own 256 grey levels."""
    grey = float(np.ptp(image)) or 1.0
    return np.round((image - image.min()) / grey * 255).astype(np.uint8)


def _compressed(image: np.ndarray) -> np.ndarray:
    stored = io.BytesIO()
    Image.fromarray(_grey8(image)).save(stored, "JPEG", quality=90)
    return np.asarray(Image.open(stored), dtype=np.float32)


def _patches(image: np.ndarray) -> Images:
    rows, columns = (range(0, n - PATCH + 1, PATCH) for n in image.shape)
    return [image[r : r + PATCH, c : c + PATCH] for r in rows for c in columns]


def _pieces(images: Images, count: int) -> Images:
    """Return up to `count` disjoint patches of each image."""
    random = np.random.default_rng(0)
    cut = [_patches(image) for image in images]
    return [patches[n] for patches in cut for n in random.permutation(len(patches))[:count]]


def _grey(array: np.ndarray) -> np.ndarray:
    return (array.mean(axis=0) if array.ndim == 3 else array).astype(np.float32)


def _read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("L"), dtype=np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--planted", type=int, default=10)
    options = parser.parse_args()
    sets = [*bundled(), *(real(options.data) if options.data else [])]
    total: dict[str, list[int]] = {}
    for name, images in sets:
        for kind, (a, b) in measure(name, images, options.splits, options.planted).items():
            if kind == "clean" and name in TWINS:
                continue
            sums = total.setdefault(kind, [0, 0])
            sums[0] += a
            sums[1] += b
    print(
        "\nnamed / planted:",
        "  ".join(f"{k} {a}/{b}" for k, (a, b) in total.items() if k != "clean"),
    )
    print("refused / clean splits: {}/{}".format(*total["clean"]))
    for name, why in REPEATED.items():
        print(f"left out: {name} ({why})")
    for name, why in TWINS.items():
        print(f"not among the clean: {name} ({why})")
    if options.data:
        tiles(options.data, options.splits)


if __name__ == "__main__":
    main()
