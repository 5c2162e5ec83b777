"""Rays through a volume, drawn by NumPy alone: a lit picture that needs no graphics card.

Parallel rays enter the box, or the corner that was cut out of it, and go on to the first voxel of a
phase that is shown. Empty space is crossed in leaps as long as the nearest such voxel is far (Hart,
The Visual Computer 12, 1996). Light falls from the upper left; what lies deep is darker, by how
much of its surroundings is filled.

Axes: Z planes, Y rows, X columns, V rows and U columns of the picture, R rays, H rays that hit,
P entries of the palette; a last axis of 3 is z, y, x, or red, green, blue. Lengths are in the
volume's shortest cell side.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates, uniform_filter

from pearlite.see.volume import Lengths, Volume

Array = NDArray[np.floating]

MARGIN = 1.02  # of the box's outline
_AMBIENT, _DIFFUSE, _SHADOW = 0.42, 0.78, 0.6
_LIGHT = (-0.55, 0.75, 0.6)  # towards it: to the right, upward and to the viewer
_GLOSS, _SHARP = 0.16, 24  # of the white highlight
_FACES = 0.07  # of white in the colour of the box's faces and cuts, which tells them from surfaces
_AROUND = 0.05  # of the longest side: the surroundings that darken
_LEAP, _SHORTEST = 1.3, 0.35
_STEPS = 4000


@dataclass(frozen=True)
class View:
    """Where a picture is seen from, and what is cut away.

    Parameters
    ----------
    azimuth, elevation
        Degrees by which the viewer stands right of the front face, and above the box; 5 to 85.
    cut
        Place of the three cuts along z, y, x as shares of the box: all that is above, in front and
        to the right of them is taken away. ``None`` leaves the box whole.
    """

    azimuth: float = 38.0
    elevation: float = 27.0
    cut: Lengths | None = (0.5, 0.5, 0.5)

    def axes(self) -> tuple[Array, Array, Array]:
        """Return the directions towards the viewer, to the right and upward, each z, y, x."""
        a, e = np.radians([self.azimuth, self.elevation])
        toward = [-np.sin(e), np.cos(e) * np.cos(a), np.cos(e) * np.sin(a)]
        right = [0, -np.sin(a), np.cos(a)]
        upward = [-np.cos(e), -np.sin(e) * np.cos(a), -np.sin(e) * np.sin(a)]
        return _vector(toward), _vector(right), _vector(upward)


def frame(size: Lengths, view: View) -> tuple[float, float]:
    """Return half the width and half the height of a picture of a box, in the box's unit."""
    _, right, upward = view.axes()
    wide, tall = (float(np.abs(axis) @ np.array(size)) / 2 for axis in (right, upward))
    return MARGIN * wide, MARGIN * tall


def project(points_R3: NDArray, size: Lengths, view: View) -> tuple[Array, Array]:
    """Return how far right of and above the picture's middle points of the box lie."""
    _, right, upward = view.axes()
    centred_R3 = np.asarray(points_R3, np.float32) - np.array(size, np.float32) / 2
    return centred_R3 @ right, centred_R3 @ upward


def render(volume: Volume, shown: list[int], view: View, width: int) -> NDArray[np.uint8]:
    """Return the picture.

    Parameters
    ----------
    volume
        Labels, grey or colours.
    shown
        Places of the phases that are opaque; not looked at for grey and colours, which all are.
    view
        From where.
    width
        Of the picture in pixels.

    Returns
    -------
    array
        Shape ``(V, U, 4)``, uint8: red, green, blue, opacity.
    """
    scene = _Scene(volume, shown, view)
    half_wide, half_tall = frame(scene.size, view)
    height = max(1, round(width * half_tall / half_wide))
    across_U = ((np.arange(width) + 0.5) / width * 2 - 1) * half_wide
    down_V = ((np.arange(height) + 0.5) / height * 2 - 1) * half_tall
    right_R, up_R = (grid.ravel() for grid in np.meshgrid(across_U, -down_V))
    picture_R4 = np.zeros((len(right_R), 4), np.uint8)
    ray_H, point_H3, normal_H3, flat_H = scene.first_hits(right_R, up_R)
    paint_H3 = _to_light(scene.colours(point_H3 - 0.2 * normal_H3))
    if 0 < len(shown) < len(volume.phases):
        paint_H3[flat_H] += _FACES * (1 - paint_H3[flat_H])
    light_H, gloss_H = scene.light(point_H3, normal_H3)
    lit_H3 = _to_bytes(paint_H3 * light_H[:, None] + (gloss_H * ~flat_H)[:, None])
    picture_R4[ray_H] = np.concatenate([lit_H3, np.full((len(ray_H), 1), 255, np.uint8)], axis=1)
    return picture_R4.reshape(height, width, 4)


class _Scene:
    def __init__(self, volume: Volume, shown: list[int], view: View) -> None:
        self.volume = volume
        shortest = min(volume.cell)
        self.cell = _vector([length / shortest for length in volume.cell])
        z, y, x = (float(n * side) for n, side in zip(volume.shape, self.cell, strict=True))
        self.size: Lengths = (z, y, x)
        self.toward, self.right, self.upward = view.axes()
        cells = volume.shape if view.cut is None else self._whole_cells(view.cut)
        self.cut = None if view.cut is None else _vector(cells) * self.cell
        opaque_ZYX = self._opaque(shown)
        if view.cut is not None:
            opaque_ZYX[: cells[0], cells[1] :, cells[2] :] = False
        filled_ZYX = np.pad(opaque_ZYX, 1)
        spacing = tuple(float(side) for side in self.cell)
        self.filled_ZYX = filled_ZYX.astype(np.float32)
        found: Any = distance_transform_edt(~filled_ZYX, sampling=spacing, return_indices=True)
        free_ZYX, nearest_3ZYX = found
        self.free_ZYX = free_ZYX.astype(np.float32)
        self.paint_ZYX = np.pad(volume.cells_ZYX, 1, mode="edge")[tuple(nearest_3ZYX)]
        self.soft_ZYX = gaussian_filter(self.filled_ZYX, [1.0 / side for side in spacing])
        self.around = _AROUND * max(self.size)
        windows: Any = [2 * int(self.around / side) + 1 for side in spacing]
        once_ZYX = uniform_filter(self.filled_ZYX, windows, mode="constant")
        self.crowd_ZYX = uniform_filter(once_ZYX, windows, mode="constant")

    def _whole_cells(self, cut: Lengths) -> tuple[int, int, int]:
        z, y, x = (round(share * n) for share, n in zip(cut, self.volume.shape, strict=True))
        return z, y, x

    def _opaque(self, shown: list[int]) -> NDArray[np.bool_]:
        if not self.volume.phases:
            return np.ones(self.volume.shape, bool)
        return np.isin(self.volume.cells_ZYX, np.array(shown, np.uint8))

    def first_hits(
        self, right_R: Array, up_R: Array
    ) -> tuple[NDArray[np.intp], Array, Array, NDArray[np.bool_]]:
        """Return which rays hit, where, the surface's direction there, whether it is a face."""
        middle = _vector(self.size) / 2
        from_R3 = middle + right_R[:, None] * self.right + up_R[:, None] * self.upward
        from_R3 = (from_R3 + 2 * max(self.size) * self.toward).astype(np.float32)
        enter_R, leave_R, face_R3 = self._box(from_R3)
        ray_R = np.flatnonzero(enter_R < leave_R - 1e-3)
        from_R3, enter_R, leave_R, face_R3 = (
            own[ray_R] for own in (from_R3, enter_R, leave_R, face_R3)
        )
        point_R3 = from_R3 - enter_R[:, None] * self.toward
        flat_R = self._at(self.filled_ZYX, point_R3 - 0.02 * face_R3, order=0) > 0.5
        going = np.flatnonzero(~flat_R)
        hit_R, reach_R = self._march(point_R3[going], -self.toward, (leave_R - enter_R)[going])
        reached = going[hit_R]
        point_R3[reached] -= reach_R[hit_R, None] * self.toward
        normal_R3 = face_R3
        normal_R3[reached] = self._slope(point_R3[reached])
        hits = np.concatenate([np.flatnonzero(flat_R), reached])
        return ray_R[hits], point_R3[hits], normal_R3[hits], flat_R[hits]

    def _box(self, from_R3: Array) -> tuple[Array, Array, Array]:
        """Return where rays enter and leave what is left of the box, and the face they enter by."""
        near_R3 = (np.where(self.toward > 0, self.size, 0) - from_R3) / -self.toward
        far_R3 = (np.where(self.toward > 0, 0, self.size) - from_R3) / -self.toward
        enter_R, leave_R = near_R3.max(axis=1), far_R3.min(axis=1)
        facing = np.diag(np.sign(self.toward)).astype(np.float32)
        face_R3 = facing[near_R3.argmax(axis=1)]
        if self.cut is not None:
            through_R3 = (self.cut - from_R3) / -self.toward
            corner_R = through_R3.min(axis=1)
            inside_R = (corner_R > enter_R) & (enter_R < leave_R)
            face_R3[inside_R] = facing[through_R3.argmin(axis=1)[inside_R]]
            enter_R = np.where(inside_R, corner_R, enter_R)
        return enter_R.astype(np.float32), leave_R.astype(np.float32), face_R3

    def _march(self, from_R3: Array, way: Array, most_R: Array) -> tuple[NDArray[np.bool_], Array]:
        """Return which rays meet the surface before they have gone `most_R`, and after how far."""
        gone_R = np.zeros(len(from_R3), np.float32)
        before_R, hit_R = gone_R.copy(), np.zeros(len(from_R3), bool)
        going = np.arange(len(from_R3))
        for _ in range(_STEPS):
            if not len(going):
                break
            point_R3 = from_R3[going] + gone_R[going, None] * way
            free_R = self._at(self.free_ZYX, point_R3, order=0)
            close = free_R < 2 * _LEAP
            found = np.zeros(len(going), bool)
            found[close] = self._at(self.filled_ZYX, point_R3[close], order=1) >= 0.5
            hit_R[going[found]] = True
            going, free_R = going[~found], free_R[~found]
            before_R[going] = gone_R[going]
            gone_R[going] += np.maximum(free_R - _LEAP, _SHORTEST)
            going = going[gone_R[going] < most_R[going]]
        low_R, high_R = before_R[hit_R], gone_R[hit_R]
        for _ in range(5):
            middle_R = (low_R + high_R) / 2
            inside_R = self._at(self.filled_ZYX, from_R3[hit_R] + middle_R[:, None] * way) >= 0.5
            low_R = np.where(inside_R, low_R, middle_R)
            high_R = np.where(inside_R, middle_R, high_R)
        gone_R[hit_R] = high_R
        return hit_R, gone_R

    def _slope(self, point_H3: Array) -> Array:
        """Return the direction out of what is filled."""
        steps = np.eye(3, dtype=np.float32) * 0.75
        slope_H3 = np.stack(
            [
                self._at(self.soft_ZYX, point_H3 - step) - self._at(self.soft_ZYX, point_H3 + step)
                for step in steps
            ],
            axis=1,
        )
        length_H1 = np.linalg.norm(slope_H3, axis=1, keepdims=True)
        return np.where(length_H1 > 1e-4, slope_H3 / np.maximum(length_H1, 1e-4), self.toward)

    def light(self, point_H3: Array, normal_H3: Array) -> tuple[Array, Array]:
        """Return how much light each point sends to the viewer, 1 for white paper, and gloss."""
        right, upward, toward = _LIGHT
        # The box is upright, so that the lamp stands with the viewer but is not tilted with them.
        level = _vector([0, self.right[2], -self.right[1]])
        lamp = right * self.right + toward * level + _vector([-upward, 0, 0])
        lamp /= np.linalg.norm(lamp)
        facing_H = np.maximum(normal_H3 @ lamp, 0)
        lit_H = np.ones(len(point_H3), np.float32)
        turned = np.flatnonzero(facing_H > 0)
        start_H3 = point_H3[turned] + 1.2 * normal_H3[turned]
        end_H3 = np.where(lamp > 0, self.size, 0)
        most_H = ((end_H3 - start_H3) / lamp).min(axis=1).astype(np.float32)
        blocked_H, _ = self._march(start_H3, lamp, most_H)
        lit_H[turned[blocked_H]] = 1 - _SHADOW
        crowd_H = self._at(self.crowd_ZYX, point_H3 + self.around * normal_H3)
        open_H = 1 - np.clip(1.25 * (crowd_H - 0.08), 0, 0.8)
        half = lamp + self.toward
        gloss_H = (
            _GLOSS * lit_H * np.maximum(normal_H3 @ (half / np.linalg.norm(half)), 0) ** _SHARP
        )
        light_H = _AMBIENT * open_H + _DIFFUSE * facing_H * lit_H * (0.55 + 0.45 * open_H)
        return light_H, gloss_H

    def colours(self, inner_H3: Array) -> NDArray[np.uint8]:
        """Return the colour of the filled cell at, or else next to, each point."""
        return self.volume.palette_P3[self._at(self.paint_ZYX, inner_H3, order=0)]

    def _at(self, padded_ZYX: NDArray, point_R3: Array, order: int = 1) -> NDArray:
        """Return values at points; the array has one cell more on each side."""
        place_3R = (point_R3 / self.cell + 0.5).T
        if order == 0:
            index_3R = np.rint(place_3R).astype(np.intp)
            ends_31 = np.array(padded_ZYX.shape)[:, None] - 1
            return padded_ZYX[tuple(np.clip(index_3R, 0, ends_31))]
        return map_coordinates(padded_ZYX, place_3R, np.float32, order=1, mode="nearest")


def _vector(values: object) -> Array:
    return np.asarray(values, np.float32)


def _to_light(colour: NDArray[np.uint8]) -> Array:
    return (colour.astype(np.float32) / 255) ** 2.2


def _to_bytes(light: Array) -> NDArray[np.uint8]:
    return (255 * np.clip(light, 0, 1) ** (1 / 2.2)).round().astype(np.uint8)
