"""Outlines of objects in annotation files: COCO, and the VGG Image Annotator's (VIA)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LARGEST = 2**28  # bytes of a file


@dataclass(frozen=True)
class Outlines:
    """Outlines of objects that a JSON file holds.

    Parameters
    ----------
    path
        The file.
    kind
        ``"COCO"`` or ``"VIA"``.
    counts
        How many outlines each image has; images are named without folders.
    categories
        What they are called, where the file says so.
    """

    path: Path
    kind: str
    counts: dict[str, int]
    categories: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many outlines there are."""
        return sum(self.counts.values())


def find_outlines(files: Iterable[Path]) -> Iterator[Outlines]:
    """Yield what those of the JSON files hold that hold outlines."""
    for path in files:
        if path.stat().st_size > _LARGEST:
            continue
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            read = _coco(path, known) or _via(path, known)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if read is not None:
            yield read


def _coco(path: Path, known: Any) -> Outlines | None:
    if not (isinstance(known, dict) and {"images", "annotations"} <= known.keys()):
        return None
    names = {image["id"]: Path(image["file_name"]).name for image in known["images"]}
    counts = dict.fromkeys(names.values(), 0)
    for outline in known["annotations"]:
        counts[names[outline["image_id"]]] += 1
    named = tuple(str(category["name"]) for category in known.get("categories", ()))
    return Outlines(path, "COCO", counts, named)


def _via(path: Path, known: Any) -> Outlines | None:
    entries = known.get("_via_img_metadata") if isinstance(known, dict) else None
    if entries is None:
        return None
    counts = {str(entry["filename"]): len(entry["regions"]) for entry in entries.values()}
    return Outlines(path, "VIA", counts, ())
