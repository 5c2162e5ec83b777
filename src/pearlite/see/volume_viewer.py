"""A volume in a report's page, to be turned with the mouse and cut open: slices and lit surfaces.

The page carries a byte a cell, deflated; the surfaces between the phases are made from it by the
page's own script (``web/volume``, built into ``volume_viewer.js`` with three.js), which
`pearlite.see.page` puts into a page once, however many viewers it has. Where scripts or WebGL are
missing the picture of `surface_picture` stands there instead.

Axes: Z planes, Y rows, X columns, V rows and U columns of a picture.
"""

import base64
import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from pearlite.see import preview
from pearlite.see.figure import png
from pearlite.see.html import Html, tag
from pearlite.see.volume import Volume, describe
from pearlite.see.volume_cells import Shape, commonest, fit_within, mean_cells
from pearlite.see.volume_picture import default_shown, surface_picture

MOST_BYTES = 1_600_000  # deflated, of one viewer; a third more in the page
MOST_QUADS = 1_000_000  # between unlike voxels; what a laptop's graphics turns without jerks
PICTURE = 1000  # pixels that are computed along the longer side of the still picture
_STILL = "This picture turns with the mouse in a browser that has WebGL."


def viewer(
    volume: NDArray[Any] | Volume,
    *,
    title: str = "Volume",
    show: Sequence[str] | None = None,
    **about: Any,
) -> Html:
    """Return a volume for a page made by `pearlite.see.page.page`.

    Parameters
    ----------
    volume
        What `describe` takes, or has made.
    title
        What it shows, for those who cannot see it.
    show
        Names of the phases that are shown in space at first; all but the first by itself.
    **about
        What `describe` takes beside the volume: ``names``, ``colours``, ``voxel_size``, ``unit``,
        ``kind``.

    Returns
    -------
    Html
        With a sentence if the page carries fewer cells than the volume has voxels.

    Raises
    ------
    InputError
        If it is no volume, or there is no such phase.
    """
    ready = describe(volume, **about)
    shown = default_shown(ready) if show is None else ready.numbers(show)
    names = [ready.phases[number].name for number in shown] if ready.phases else None
    carried, deflated = _fit(ready)
    words = f"{title}: {ready.words()}."
    if carried.shape != ready.whole:
        cells = " × ".join(map(str, carried.shape))
        words += f" Shown here with {cells} cells, so that the page stays small."
    data = json.dumps(_facts(carried, shown, deflated), ensure_ascii=False).replace("<", "\\u003c")
    return tag(
        "figure",
        tag("div", _picture(ready, names, title), class_="volume-still"),
        tag("p", _STILL, class_="volume-note"),
        tag("figcaption", words),
        tag("script", Html(data), type="application/json"),
        class_="volume",
        data_title=title,
    )


def _facts(volume: Volume, shown: list[int], deflated: bytes) -> dict[str, Any]:
    phases = [
        {"name": p.name, "colour": p.colour, "share": p.share, "shown": number in shown}
        for number, p in enumerate(volume.phases)
    ]
    return {
        "shape": volume.shape,
        "size": volume.size,
        "unit": volume.unit,
        "phases": phases,
        "palette": _base64(volume.palette_P3.tobytes()),
        "cells": _base64(deflated),
        "differences": not volume.phases,
    }


def _fit(volume: Volume) -> tuple[Volume, bytes]:
    """Return the volume brought to as many cells as a page can bear, and its deflated bytes."""
    fitted = volume
    while True:
        deflated = _deflate(fitted)
        ratio = (MOST_BYTES / len(deflated)) ** (1 / 3)
        if volume.phases:
            ratio = min(ratio, (MOST_QUADS / max(1, _quads(fitted.cells_ZYX))) ** 0.4)
        longest = max(fitted.shape)
        if ratio >= 1 or longest == 1:
            return fitted, deflated
        smaller = max(1, int(longest * min(0.95, ratio)))
        fitted = _with_cells(volume, fit_within(volume.shape, smaller))


def _with_cells(volume: Volume, shape: Shape) -> Volume:
    """Return the volume with fewer cells: the commonest of each, or its mean or middle one."""
    cells_ZYX = volume.cells_ZYX
    if volume.phases:
        fewer_ZYX = commonest(cells_ZYX, range(len(volume.phases)), shape)
    elif len(volume.palette_P3) == 256 and (volume.palette_P3[:, 0] == np.arange(256)).all():
        fewer_ZYX = np.rint(mean_cells(cells_ZYX, shape)).astype(np.uint8)
    else:
        middles = [
            (np.arange(n) + 0.5) * (whole / n)
            for n, whole in zip(shape, cells_ZYX.shape, strict=True)
        ]
        fewer_ZYX = cells_ZYX[np.ix_(*(middle.astype(int) for middle in middles))]
    return replace(volume, cells_ZYX=fewer_ZYX)


def _quads(cells_ZYX: NDArray[np.uint8]) -> int:
    return sum(
        int((np.diff(cells_ZYX.astype(np.int16), axis=axis) != 0).sum()) for axis in range(3)
    )


def _deflate(volume: Volume) -> bytes:
    cells_ZYX = volume.cells_ZYX
    if not volume.phases:
        cells_ZYX = np.diff(cells_ZYX, axis=2, prepend=np.uint8(0))  # modulo 256
    return zlib.compress(cells_ZYX.tobytes())


def _picture(volume: Volume, names: Sequence[str] | None, title: str) -> Html:
    figure = surface_picture(volume, show=names, longest=PICTURE)
    drawn = Pillow.open(io.BytesIO(png(figure))).convert("RGB")
    uri = preview.data_uri(np.asarray(drawn))
    return tag("img", src=uri, alt=f"{title}: {volume.words()}", width=drawn.width // 2)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
