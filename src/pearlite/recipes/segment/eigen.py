"""Eigenvalues of the symmetric 2 x 2 or 3 x 3 matrix at every pixel.

Axes: S space, one entry of a matrix at every pixel.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Entry = NDArray[np.float32]


def eigenvalues(matrix: Mapping[tuple[int, int], Entry]) -> tuple[Entry, ...]:
    """Return the eigenvalues, the largest first.

    Parameters
    ----------
    matrix
        Entries of the upper triangle, numbered from 1: three for 2 x 2, six for 3 x 3.
    """
    if (3, 3) in matrix:
        return _of_three(matrix)
    middle_S = (matrix[1, 1] + matrix[2, 2]) * np.float32(0.5)
    apart_S = (matrix[1, 1] - matrix[2, 2]) * np.float32(0.5)
    radius_S = np.sqrt(apart_S * apart_S + matrix[1, 2] * matrix[1, 2])
    return middle_S + radius_S, middle_S - radius_S


def _of_three(matrix: Mapping[tuple[int, int], Entry]) -> tuple[Entry, ...]:
    """Take the cosines of the cubic's angle (Smith, Commun. ACM 4, 168, 1961)."""
    middle_S = (matrix[1, 1] + matrix[2, 2] + matrix[3, 3]) / np.float32(3)
    a, b, c = (matrix[i, i] - middle_S for i in (1, 2, 3))
    d, e, f = matrix[1, 2], matrix[1, 3], matrix[2, 3]
    spread_S = np.sqrt((a * a + b * b + c * c + 2 * (d * d + e * e + f * f)) / np.float32(6))
    determinant_S = a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e)
    cube_S = np.maximum(2 * spread_S**3, np.finfo(np.float32).tiny)
    angle_S = np.arccos(np.clip(determinant_S / cube_S, -1, 1)) / np.float32(3)
    first_S = middle_S + 2 * spread_S * np.cos(angle_S)
    third_S = middle_S + 2 * spread_S * np.cos(angle_S + np.float32(2 * np.pi / 3))
    return first_S, 3 * middle_S - first_S - third_S, third_S
