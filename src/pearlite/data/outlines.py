"""Outlines of objects in annotation files: COCO, and the VGG Image Annotator's (VIA).

Axes: H rows and W columns of an image.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.shapes import Shape
from pearlite.errors import InputError

_LARGEST = 2**28  # bytes of a file
_CORNERS = 64  # of a circle


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


def read_outlines(path: str | Path) -> dict[str, list[Shape]]:
    """Return the outlines of each image in a COCO or VIA file; images are named without folders.

    Raises
    ------
    InputError
        If it cannot be read, or holds no outlines.
    """
    path = Path(path)
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        if _coco(path, known):
            return _coco_shapes(known)
        if _via(path, known):
            return _via_shapes(known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(
            f"{path} cannot be read as outlines ({type(error).__name__}: {error}); export COCO or "
            "VIA again"
        ) from error
    raise InputError(f"{path} holds no outlines; a COCO or VIA file is expected")


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


def _coco_shapes(known: Any) -> dict[str, list[Shape]]:
    names = {image["id"]: Path(image["file_name"]).name for image in known["images"]}
    called = {one["id"]: str(one["name"]) for one in known.get("categories", ())}
    first = 0 if 0 in called else 1  # 0 is what lies outside all outlines
    shapes: dict[str, list[Shape]] = {name: [] for name in names.values()}
    for one in known["annotations"]:
        number = int(one["category_id"])
        label, drawn = called.get(number, f"category {number}"), one["segmentation"]
        value = number + 1 - first
        if isinstance(drawn, dict):
            shape = Shape(label, value=value, filled_HW=_run_lengths(drawn))
        else:
            shape = Shape(label, tuple(_corners(piece) for piece in drawn), value=value)
        shapes[names[one["image_id"]]].append(shape)
    return shapes


def _corners(flat_xy: list[float]) -> NDArray[np.float64]:
    """Return (row, column) of pixel centres; COCO counts from the corner of the first pixel."""
    return np.asarray(flat_xy, dtype=np.float64).reshape(-1, 2)[:, ::-1] - 0.5


def _run_lengths(drawn: dict[str, Any]) -> NDArray[np.bool_]:
    """Return the pixels of a run-length mask: how many are out, in, out …, column after column."""
    height, width = drawn["size"]
    counts = drawn["counts"]
    if isinstance(counts, str):
        counts = _unpacked(counts)
    inside = np.arange(len(counts)) % 2 == 1
    return np.repeat(inside, counts).reshape(width, height).T


def _unpacked(text: str) -> list[int]:
    """Return the counts in COCO's compressed text: five bits a character, differences from 3."""
    counts: list[int] = []
    value, shift = 0, 0
    for character in text:
        bits = ord(character) - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value, shift = 0, 0
    return counts


def _via_shapes(known: Any) -> dict[str, list[Shape]]:
    shapes = {}
    for entry in known["_via_img_metadata"].values():
        found = [_via_shape(region) for region in entry["regions"]]
        shapes[Path(entry["filename"]).name] = found
    return shapes


def _via_shape(region: dict[str, Any]) -> Shape:
    said = [str(value).strip() for value in region.get("region_attributes", {}).values()]
    label = next((text for text in said if text), "region")
    drawn = region["shape_attributes"]
    kind, width = drawn["name"], 0.0
    if kind in ("polygon", "polyline"):
        path = np.column_stack([drawn["all_points_y"], drawn["all_points_x"]]).astype(float)
        width = 1.0 if kind == "polyline" else 0.0
    elif kind == "rect":
        top, left = float(drawn["y"]), float(drawn["x"])
        low, right = top + drawn["height"], left + drawn["width"]
        path = np.array([[top, left], [top, right], [low, right], [low, left]]) - 0.5
    elif kind == "point":
        path, width = np.array([[drawn["cy"], drawn["cx"]]], dtype=float), 1.0
    else:
        turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
        across, down = drawn.get("rx", drawn.get("r")), drawn.get("ry", drawn.get("r"))
        rows = drawn["cy"] + down * np.sin(turn)
        path = np.column_stack([rows, drawn["cx"] + across * np.cos(turn)])
    return Shape(label, (path,), width)
