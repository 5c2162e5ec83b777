"""One image in; labels, probabilities, uncertainty, overlay, fractions and particles out.

Axes: C channels, S space, K classes.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.write import create, write
from pearlite.errors import InputError, Refused
from pearlite.folders import write_text
from pearlite.recipes.segment.fraction import Tally, tally
from pearlite.recipes.segment.labels_file import (
    label_meta,
    probability_meta,
    uncertainty_meta,
    write_instances,
)
from pearlite.recipes.segment.measured import find_particles, particle_table, pixel_scale
from pearlite.recipes.segment.model import Model
from pearlite.recipes.segment.outlines import outlines, write_outlines
from pearlite.recipes.segment.overlay import overlay
from pearlite.recipes.segment.particles import Summary
from pearlite.recipes.segment.planes import Planes, pixel_metres
from pearlite.recipes.segment.uncertainty import uncertainty

if TYPE_CHECKING:
    from roifile import ImagejRoi

KINDS = {
    "labels": ".tif",
    "probabilities": ".tif",
    "uncertainty": ".tif",
    "overlay": ".png",
    "particles": ".csv",
    "instances": ".tif",
    "outlines": ".zip",
}
PARTED = ("instances", "outlines")  # kinds that are written where instances are wanted


@dataclass(frozen=True)
class Wanted:
    """How images are segmented; `pearlite.recipes.segment.settings.Settings` says what it means."""

    axes: str | None = None
    force: bool = False
    pixel_size: float | None = None
    instances: bool = False
    device: str = "auto"


@lru_cache(maxsize=2)
def opened(folder: Path, device: str, _changed: int) -> Model:
    """Return a run's model, read once a process."""
    from pearlite.recipes.segment.network.training import device_of

    return Model.load(folder, str(device_of(device)))


def open_model(folder: Path, device: str) -> Model:
    """Return the model in a folder, read again only if it was changed.

    Raises
    ------
    InputError
        If there is none.
    """
    about = folder / "recipe.json"
    return opened(folder, device, about.stat().st_mtime_ns if about.exists() else 0)


def places(folder: Path, name: str | None) -> dict[str, Path]:
    """Return where the files of an image go: in folders by kind, or beside each other.

    Parameters
    ----------
    folder
        The run's, or the one that was asked for.
    name
        Of the image; ``None`` where it is the only one.
    """
    if name is None:
        return {kind: folder / f"{kind}{suffix}" for kind, suffix in KINDS.items()}
    return {kind: folder / kind / f"{name}{suffix}" for kind, suffix in KINDS.items()}


def segment_file(
    source: Path, targets: dict[str, Path], model_folder: Path, wanted: Wanted
) -> dict[str, Any] | InputError | Refused:
    """Segment a file into the files of `places`.

    Returns
    -------
    dict, InputError or Refused
        What was measured, or why this file gives no result.
    """
    try:
        model = open_model(model_folder, wanted.device)
        return write_results(read(source, axes=wanted.axes), targets, model, wanted)
    except (InputError, Refused) as error:
        return error


def label(image: Image, model: Model, wanted: Wanted) -> NDArray[Any]:
    """Return the label array of an image, in the masks' own values."""
    image, layout, _ = model.check(image, wanted.force, wanted.pixel_size)
    labels = np.empty(layout.label_shape, model.classes.dtype)
    for piece, answer_KS, _ in answers(image, layout, model):
        labels[layout.of_labels(piece)] = model.classes.values_of(answer_KS.argmax(axis=0))
    return labels


def answers(
    image: Image, layout: Planes, model: Model
) -> Iterator[tuple[int, NDArray[np.float32], bool]]:
    """Yield the probabilities (K, *S) of every piece of an image, and whether that was adapted to.

    One at a time.
    """
    for piece in range(len(layout)):
        pixels_CS = model.read(image, layout, piece)
        segmenter = model.fitting(pixels_CS)
        adapted = segmenter is not model.segmenter
        yield piece, segmenter.probabilities(pixels_CS), adapted


def write_results(
    image: Image, targets: dict[str, Path], model: Model, wanted: Wanted
) -> dict[str, Any]:
    """Segment an image into files, a piece at a time.

    Returns
    -------
    dict
        Shape, fractions by class, notes and seconds.

    Raises
    ------
    InputError, Refused
        If the image does not fit what the model was trained on.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    image, layout, notes = model.check(image, wanted.force, wanted.pixel_size)
    for kind, path in targets.items():
        if kind not in PARTED or wanted.instances:
            path.parent.mkdir(parents=True, exist_ok=True)
    axes, shape = layout.label_axes, layout.label_shape
    scale = (image.pixel_size, image.unit)
    deep = (*shape[:-2], len(model.classes), *shape[-2:])
    counts: Tally | None = None
    tables: list[pd.DataFrame] = []
    means: dict[str, Summary] = {}
    numbered = np.zeros(shape if wanted.instances else (), np.int32)
    drawn: list[ImagejRoi] = []
    spacing, unit = pixel_scale(image, len(layout.space), wanted.pixel_size)
    unlike, unsure, middle_S = 0, 0.0, np.zeros(layout.space, np.int64)
    label_file = create(
        targets["labels"],
        shape,
        model.classes.dtype,
        axes,
        *scale,
        label_meta(model.classes, image),
    )
    share_file = create(
        targets["probabilities"],
        deep,
        np.float32,
        axes.replace("Y", "CY"),
        *scale,
        probability_meta(model.classes, image),
    )
    doubt_file = create(
        targets["uncertainty"], shape, np.float32, axes, *scale, uncertainty_meta(image)
    )
    with label_file as labels, share_file as shares, doubt_file as doubts:
        for piece, answer_KS, adapted in answers(image, layout, model):
            unlike += adapted
            index = layout.of_labels(piece)
            numbers_S = answer_KS.argmax(axis=0)
            doubt_S = uncertainty(answer_KS)
            labels[index] = model.classes.values_of(numbers_S)
            shares[index] = np.moveaxis(answer_KS, 0, -3)
            doubts[index] = doubt_S
            here = tally(answer_KS)
            counts = here if counts is None else counts + here
            found = find_particles(
                numbers_S,
                model.read(image, layout, piece),
                model.classes,
                parted=wanted.instances,
                rims=model.rims,
                spacing=spacing,
            )
            which = layout.name(piece)
            table, means = particle_table(found, model.classes, spacing, unit, which)
            tables.append(table)
            if wanted.instances:
                numbered[index] = found.map_S
                first = piece * math.prod(layout.space[:-2]) if len(shape) > 2 else None
                drawn += outlines(found, model.classes, first)
            unsure += float(doubt_S.mean()) / len(layout)
            if piece == len(layout) // 2:
                middle_S = numbers_S
    assert counts is not None
    if unlike:
        named = "It looks" if len(layout) == 1 else f"{unlike} of {len(layout)} planes look"
        notes.append(f"{named} unlike the training's images: the network's normalisation adapted.")
    write_text(targets["particles"], pd.concat(tables).to_csv(index=False))
    if wanted.instances:
        write_instances(targets["instances"], numbered, image)
        write_outlines(targets["outlines"], drawn)
    pixels_CS = model.read(image, layout, len(layout) // 2)
    verdict = model.judge(pixels_CS)
    stretch = model.worse(verdict)
    fractions = model.errors.fractions(counts, middle_S, stretch=stretch)
    _write_overlay(targets["overlay"], pixels_CS, middle_S, image, model)
    return {
        "shape": image.array.shape,
        "axes": image.axes,
        "dtype": str(image.array.dtype),
        "pixel_size": image.pixel_size,
        "unit": image.unit,
        "fractions": {model.classes.names[one.number]: asdict(one) for one in fractions},
        "particles": {"count": sum(map(len, tables)), "means": means if len(layout) == 1 else {}},
        "length": unit or "px",
        "uncertainty": unsure,
        "verdict": verdict,
        "notes": notes,
        "seconds": {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu},
    }


def _write_overlay(
    path: Path, pixels_CS: NDArray[Any], numbers_S: NDArray[np.integer], image: Image, model: Model
) -> None:
    if numbers_S.ndim == 3:
        middle = numbers_S.shape[0] // 2
        pixels_CS, numbers_S = pixels_CS[:, middle], numbers_S[middle]
    colours = dict(enumerate(model.classes.colours))
    drawn_YXC = overlay(pixels_CS, numbers_S, colours, pixel_size=pixel_metres(image))
    write(path, Image(np.moveaxis(drawn_YXC, -1, 0), "CYX", meta={"rgb": True}))
