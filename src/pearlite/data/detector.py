"""What a detector and a scan add to an image: noise, line offsets, drift."""

import numpy as np
from scipy import ndimage

from pearlite.errors import InputError


def add_noise(
    clean: np.ndarray, gain: float = 0.01, read_noise: float = 0.02, seed: int = 0
) -> np.ndarray:
    """Add the Poisson noise of counting and the Gaussian noise of reading out.

    Parameters
    ----------
    clean
        Signal, any shape; negative values count nothing.
    gain
        Signal per counted electron or photon, in the units of `clean`; 0 for no Poisson noise.
    read_noise
        Standard deviation of the Gaussian part, in the units of `clean`.
    seed
        Same seed, same noise.

    Returns
    -------
    array
        float32 of the same shape, with variance ``gain * clean + read_noise**2``; not clipped.
    """
    if gain < 0 or read_noise < 0:
        raise InputError(f"gain {gain} and read_noise {read_noise} must not be negative")
    random = np.random.default_rng(seed)
    signal = np.asarray(clean, dtype=np.float64)
    if gain > 0:
        signal = gain * random.poisson(np.maximum(signal, 0) / gain)
    return (signal + read_noise * random.standard_normal(signal.shape)).astype(np.float32)


def add_scan_lines(
    image: np.ndarray, strength: float = 0.03, seed: int = 0, axis: int = -2
) -> np.ndarray:
    """Add one random offset to each scanned line.

    Parameters
    ----------
    image
        Any shape; its last axes are rows and columns.
    strength
        Standard deviation of the offsets, in the units of `image`.
    seed
        Same seed, same offsets.
    axis
        The axis that counts the lines: -2 for rows, -1 for columns.
    """
    image = np.asarray(image, dtype=np.float32)
    shape = list(image.shape)
    shape[-1 if axis == -2 else -2] = 1
    offsets = np.random.default_rng(seed).standard_normal(shape)
    return (image + strength * offsets).astype(np.float32)


def add_drift(image: np.ndarray, pixels: float = 3.0, seed: int = 0) -> np.ndarray:
    """Let the specimen drift while it is scanned line by line, smoothly and by chance.

    Parameters
    ----------
    image
        Rows and columns are the last axes; each plane drifts on its own.
    pixels
        Largest displacement along rows and along columns.
    seed
        Same seed, same drift.

    Returns
    -------
    array
        float32 of the same shape; what drifts in from outside is mirrored.
    """
    image = np.asarray(image, dtype=np.float32)
    random = np.random.default_rng(seed)
    rows, columns = image.shape[-2:]
    drifted = np.empty_like(image)
    grid = np.indices((rows, columns), dtype=np.float32)
    for plane in np.ndindex(image.shape[:-2]):
        walk = random.standard_normal((2, rows)).cumsum(axis=1)
        walk = ndimage.gaussian_filter1d(walk, max(1.0, rows / 40), axis=1)
        walk -= walk[:, :1]
        walk *= pixels / np.maximum(np.abs(walk).max(axis=1, keepdims=True), 1e-9)
        drifted[plane] = ndimage.map_coordinates(
            image[plane], grid + walk[:, :, None], order=3, mode="mirror"
        )
    return drifted
