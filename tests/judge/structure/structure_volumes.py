"""Volumes and images that the tests of structure share.

Axes: S space.
"""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

REAL = Path(__file__).parents[4] / "shared/data/reconstruct"
VALUES = (-1, 0, 85)

tiny = st.one_of(
    arrays(np.int16, st.tuples(*[st.integers(2, 7)] * 2), elements=st.sampled_from(VALUES)),
    arrays(np.int16, st.tuples(*[st.integers(2, 5)] * 3), elements=st.sampled_from(VALUES)),
)
"""Images and volumes of up to three phases."""


def random_field(shape: tuple[int, ...], length: float, share: float, seed: int) -> np.ndarray:
    """Return 1 where a smooth Gaussian random field is largest, 0 elsewhere."""
    noise_S = np.random.default_rng(seed).standard_normal(shape)
    field_S = ndimage.gaussian_filter(noise_S, length, mode="wrap")
    return (field_S > np.quantile(field_S, 1 - share)).astype(np.uint8)


def ball(side: int, radius: float) -> np.ndarray:
    """Return a volume with a ball of ones in its middle."""
    offsets = np.indices((side,) * 3) - (side - 1) / 2
    return ((offsets**2).sum(0) <= radius**2).astype(np.uint8)


def real(name: str) -> np.ndarray:
    """Return a volume of ../shared/data/reconstruct; the test is skipped where it is not there."""
    (path,) = REAL.glob(f"{name}*.tif*") if REAL.is_dir() else (None,)
    if path is None:
        pytest.skip("../shared/data/reconstruct is not here")
    return tifffile.imread(path)
