"""Plant failures in sets of images, count how many the audit names; count alarms in clean sets.

``python -m benchmarks.tabular.audit_images --planted 5`` prints the table of docs/audit-images.md.
Two classes of images a set: patches of pictures, synthetic textures, handwritten digits.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits

from pearlite.data import samples
from pearlite.data.image import Image
from pearlite.data.pixels import turned
from pearlite.data.write import write
from pearlite.judge.audit.images import audit_images

Classes = dict[str, list[np.ndarray]]
MAKERS = (samples.grains, samples.laths, samples.particles)
PICTURES = (("brick", "gravel"), ("camera", "coins"), ("moon", "grass"))
SIZE, COUNT = 96, 20


def grey(image: np.ndarray) -> np.ndarray:
    low, high = float(image.min()), float(image.max())
    return np.round(20 + (image - low) / max(high - low, 1e-9) * 215).astype(np.uint8)


def sets() -> Iterator[tuple[str, Classes]]:
    for number, maker in enumerate(MAKERS):
        other = MAKERS[(number + 1) % len(MAKERS)]
        made = {
            one.__name__: [grey(one((SIZE, SIZE), 100 * number + seed)) for seed in range(COUNT)]
            for one in (maker, other)
        }
        yield f"synthetic {maker.__name__}", made
    for pair in PICTURES:
        yield f"patches of {' and '.join(pair)}", {name: patches(name) for name in pair}
    digits = load_digits()
    yield (
        "digits",
        {
            str(value): [
                grey(ndimage.zoom(image, 8, order=1))
                for image in digits.images[digits.target == value][:COUNT]
            ]
            for value in (3, 8)
        },
    )


def patches(name: str) -> list[np.ndarray]:
    image = grey(np.asarray(samples.load(name).array, dtype=float))
    corners = [
        (row, column)
        for row in range(0, image.shape[0] - SIZE + 1, SIZE)
        for column in range(0, image.shape[1] - SIZE + 1, SIZE)
    ]
    return [image[r : r + SIZE, c : c + SIZE] for r, c in corners[:COUNT]]


def save(folder: Path, classes: Classes) -> None:
    for name, images in classes.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(images):
            write(folder / name / f"{number}.png", Image(image, "YX"))


def identical(classes: Classes, image: np.ndarray, name: str) -> None:
    classes[name].append(image)


def brighter(classes: Classes, image: np.ndarray, name: str) -> None:
    classes[name].append((image * 0.7 + 30).astype(np.uint8))


def turned_copy(classes: Classes, image: np.ndarray, name: str) -> None:
    classes[name].append(turned(image, 5))


def noisier(classes: Classes, image: np.ndarray, name: str) -> None:
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    classes[name].append(np.clip(image + noise, 0, 255).astype(np.uint8))


def two_classes(classes: Classes, image: np.ndarray, name: str) -> None:
    other = next(one for one in classes if one != name)
    classes[other].append(image)


def overlapping(classes: Classes, image: np.ndarray, name: str) -> None:
    half = image.shape[1] // 2
    classes[name].append(np.hstack([image[:, half:], image[::-1, ::-1][:, :half]]))


def other_size(classes: Classes, image: np.ndarray, name: str) -> None:
    classes[name][:] = [one[:-8] for one in classes[name]]


def other_type(classes: Classes, image: np.ndarray, name: str) -> None:
    classes[name][:] = [one.astype(np.uint16) * 200 for one in classes[name]]


def blank(classes: Classes, image: np.ndarray, name: str) -> None:
    classes[name].append(np.full_like(image, 90))


def clipped(classes: Classes, image: np.ndarray, name: str) -> None:
    bright = np.where(image > np.quantile(image, 0.9), 255, image // 2)
    classes[name].append(bright.astype(np.uint8))


def rare(classes: Classes, image: np.ndarray, name: str) -> None:
    del classes[name][4:]


FAILURES: dict[str, tuple[Callable[[Classes, np.ndarray, str], None], str]] = {
    "equal copy": (identical, "identical images"),
    "brighter copy": (brighter, "near-identical images"),
    "turned copy": (turned_copy, "near-identical images"),
    "noisier copy": (noisier, "near-identical images"),
    "field that overlaps by half": (overlapping, "overlapping fields"),
    "one picture, two classes": (two_classes, "label noise"),
    "a class of another size": (other_size, "class told by the file"),
    "a class of another type": (other_type, "class told by the file"),
    "blank image": (blank, "blank images"),
    "clipped image": (clipped, "saturated images"),
    "rare class": (rare, "class balance"),
}


def kinds(classes: Classes) -> set[str]:
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder), classes)
        return {finding.kind for finding in audit_images(folder, measure=False)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planted", type=int, default=5, help="failures of each kind in each set")
    planted = parser.parse_args().planted
    random = np.random.default_rng(0)
    every = dict(sets())
    named = dict.fromkeys(FAILURES, 0)
    for title, classes in every.items():
        alarms = kinds(classes)
        print(f"{title}: clean, {len(alarms)} alarms {alarms or ''}", flush=True)
        for failure, (plant, kind) in FAILURES.items():
            for _ in range(planted):
                copy = {name: list(images) for name, images in classes.items()}
                name = str(random.choice(list(copy)))
                plant(copy, copy[name][int(random.integers(len(copy[name])))], name)
                found = kind in kinds(copy)
                named[failure] += found
                if not found:
                    print(f"  missed: {failure}", flush=True)
    for failure, count in named.items():
        print(f"| {failure} | {count}/{planted * len(every)} |")


if __name__ == "__main__":
    main()
