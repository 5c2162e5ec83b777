"""Outlines of particles as regions of ImageJ.

Axes: S space, YX of an image or ZYX of a volume.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pearlite.data.disk import replacing
from pearlite.recipes.segment.classes import Classes
from pearlite.recipes.segment.particles import Particles

if TYPE_CHECKING:
    from roifile import ImagejRoi


def outlines(
    particles: Particles, classes: Classes, first_plane: int | None = None
) -> list["ImagejRoi"]:
    """Return the outline of every particle, without its holes; of a volume, in every plane.

    A pixel is in a particle just if its centre is in the outline.

    Parameters
    ----------
    particles
        See `find_particles`.
    classes
        An ROI's name is its class's and the particle's number, its group the class's place (from
        1), its colour the class's.
    first_plane
        Where the particles lie in a stack, counted from 0; ``None`` for a single image.
    """
    from roifile import ImagejRoi
    from skimage.measure import regionprops

    planes = particles.map_S.reshape(-1, *particles.map_S.shape[-2:])
    rois = []
    for plane, map_YX in enumerate(planes):
        for piece in regionprops(map_YX):
            number = int(particles.class_N[piece.label - 1])
            points = _outline(piece.image_filled) + np.array(piece.bbox[1::-1], np.float32)
            roi = ImagejRoi.frompoints(points, name=f"{classes.names[number]} {piece.label}")
            roi.group = number + 1
            roi.stroke_color = b"\xff" + bytes.fromhex(classes.colours[number].removeprefix("#"))
            if first_plane is not None:
                roi.position = first_plane + plane + 1
            rois.append(roi)
    return rois


def write_outlines(path: Path, rois: Sequence["ImagejRoi"]) -> None:
    """Write regions as ImageJ's ROI Manager saves them: a ``.zip``, empty where there is none."""
    import zipfile

    with replacing(path) as hidden, zipfile.ZipFile(hidden, "w") as file:
        for place, roi in enumerate(rois, 1):
            file.writestr(f"{place:06d}.roi", roi.tobytes())


def _outline(filled_YX: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the outline (x, y) of a piece, in pixels from its corner."""
    from skimage.measure import find_contours

    framed_YX = np.pad(filled_YX, 1)
    longest = max(find_contours(framed_YX, 0.5, fully_connected="high"), key=len)
    return (longest[:-1, ::-1] - 0.5).astype(np.float32)
