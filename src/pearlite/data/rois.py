"""Regions of ImageJ (``.roi``, or many in a ``.zip``) as shapes with a class.

Axes: P points.
"""

import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.shapes import Shape
from pearlite.errors import InputError

SUFFIXES = (".roi", ".zip")
_BROKEN = (OSError, ValueError, RuntimeError, struct.error, IndexError, zipfile.BadZipFile)
_AUTOMATIC = re.compile(r"\d{4}-\d{4}(-\d{4})?$|[0-9a-f]{8}-[0-9a-f-]+$")  # given by programs
_NUMBERED = re.compile(r"[\s_.#-]*\d+$")
_CORNERS = 64  # of an ellipse


def read_rois(path: str | Path) -> list[Shape]:
    """Read ImageJ's regions; the class is the group, else the stroke's colour, else the name.

    Groups count where any region has one, colours where there are two. Names lose the number
    behind them (``pore-3``); those that ImageJ gave by itself are one class, ``region``.

    Parameters
    ----------
    path
        A ``.roi`` file, or a ``.zip`` of them as the ROI Manager saves it.

    Raises
    ------
    InputError
        If it cannot be read, or holds no region.
    """
    from roifile import roiread

    path = Path(path)
    try:
        read: Any = roiread(path)
    except _BROKEN as error:
        raise InputError(
            f"{path} cannot be read as ImageJ regions ({error}); save them again with the ROI "
            "Manager"
        ) from error
    rois = list(read) if isinstance(read, list) else [read]
    if not rois:
        raise InputError(f"{path} holds no region; save the regions with the ROI Manager")
    colours = [_colour(roi) for roi in rois]
    groups = any(roi.group for roi in rois)
    coloured = len(set(colours)) > 1
    shapes = []
    for roi, colour in zip(rois, colours, strict=True):
        paths, width = _paths(roi, path)
        if groups:
            label = f"group {roi.group}"
        else:
            label = (colour or "no colour") if coloured else _plain_name(roi.name)
        shapes.append(
            Shape(
                label,
                paths,
                width,
                value=roi.group or None if groups else None,
                colour=colour,
                plane=_plane(roi),
                partial=True,
            )
        )
    return shapes


def _colour(roi: Any) -> str:
    """Return the stroke's colour, which ImageJ keeps as alpha, red, green, blue."""
    for argb in (roi.stroke_color, roi.fill_color):
        if argb[0]:  # without opacity nobody chose it
            return f"#{argb[1:].hex()}"
    return ""


def _plain_name(name: str) -> str:
    if not name or _AUTOMATIC.match(name):
        return "region"
    return _NUMBERED.sub("", name) or "region"


def _plane(roi: Any) -> int | None:
    place = max(roi.position, roi.z_position, roi.t_position)
    return place - 1 if place > 0 else None


def _paths(roi: Any, path: Path) -> tuple[tuple[NDArray[np.float64], ...], float]:
    """Return the outlines or strokes as (row, column), and the width of the pen."""
    from roifile import ROI_TYPE

    kind = roi.roitype
    if kind in (ROI_TYPE.LINE, ROI_TYPE.FREELINE, ROI_TYPE.POLYLINE, ROI_TYPE.ANGLE):
        pen = max(1.0, float(roi.float_stroke_width or roi.stroke_width))
        return (_row_column(roi.coordinates()),), pen
    if kind == ROI_TYPE.POINT:
        return tuple(point[None] for point in _row_column(roi.coordinates())), 1.0
    if kind == ROI_TYPE.OVAL:
        return (_ellipse(roi.top, roi.left, roi.bottom, roi.right),), 0.0
    found = roi.coordinates(multi=True)
    pieces = [_row_column(piece) - 0.5 for piece in found if len(piece) > 2]
    if not pieces:
        raise InputError(
            f"{path} holds a region of the kind {kind.name}, which has no surface; save polygons, "
            "freehand lines, ovals, rectangles or points"
        )
    return tuple(pieces), 0.0


def _row_column(points_xy: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(points_xy, dtype=np.float64).reshape(-1, 2)[:, ::-1]


def _ellipse(top: float, left: float, bottom: float, right: float) -> NDArray[np.float64]:
    turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    rows = (top + bottom - 1) / 2 + (bottom - top) / 2 * np.sin(turn)
    columns = (left + right - 1) / 2 + (right - left) / 2 * np.cos(turn)
    return np.column_stack([rows, columns])
