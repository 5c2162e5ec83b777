"""The benchmark sets of MicroNet (NASA, MIT licence), as examples.

Their own home is the repository nasa/pretrained-microscopy-models, folder
``benchmark_segmentation_data``; here the images are grey and the masks class numbers, PNG, in
``SET/PART`` and ``SET/PART_annot``.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pearlite.data.read import find_images, read
from pearlite.recipes.segment.example import Example

SUPER, EBC = ("matrix", "tertiary", "secondary"), ("background", "oxide", "crack")
CLASSES = {
    "Super1": SUPER,
    "Super2": SUPER,
    "Super3": SUPER,
    "EBC1": EBC,
    "EBC2": EBC,
    "EBC3": EBC,
}
OTHER = "other_alloys"
WITHHELD = ("S248", "S879")  # specimens of EBC3 that are chosen on


@dataclass(frozen=True)
class Set:
    """A training part, what may be chosen on, and what is tested on, by name of the part."""

    name: str
    classes: tuple[str, ...]
    train: list[Example]
    validation: list[Example]
    tests: dict[str, list[Example]]


def read_set(root: Path, name: str) -> Set:
    """Read a set.

    EBC3 has no test part here: its validation part is tested on, and two specimens of its
    training part are chosen on instead.
    """
    folder = root / name
    train, validation = (
        read_part(folder / part, folder / f"{part}_annot") for part in ("train", "val")
    )
    if not (folder / "test").is_dir():
        withheld = [example for example in train if _is_withheld(example)]
        train = [example for example in train if not _is_withheld(example)]
        return Set(name, CLASSES[name], train, withheld, {"val": validation})
    tests = {"test": read_part(folder / "test", folder / "test_annot")}
    if CLASSES[name] == SUPER and (root / OTHER).is_dir():
        tests["other alloys"] = read_part(root / OTHER / "images", root / OTHER / "masks")
    return Set(name, CLASSES[name], train, validation, tests)


def read_part(images: Path, masks: Path) -> list[Example]:
    """Read the images that have a mask of the same name."""
    examples = []
    for path in find_images(images):
        image, mask = (np.asarray(read(file).array) for file in (path, masks / path.name))
        examples.append(Example(image[None], mask.astype(np.int16), path.stem))
    return examples


def _is_withheld(example: Example) -> bool:
    return any(specimen in example.name for specimen in WITHHELD)
