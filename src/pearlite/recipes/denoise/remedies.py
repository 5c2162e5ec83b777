"""What can be done to an image whose noise is correlated, before it is denoised.

What each remedy brings is measured by ``python -m benchmarks.denoise.verdict``; see
``docs/noise-verdict.md``.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import eye_array
from scipy.sparse.linalg import spsolve

from pearlite.errors import InputError
from pearlite.recipes.denoise.noise import NoiseModel, fit_noise

OUTLYING = 3.0  # median absolute deviations beyond which a column says no more about a row
STRUCTURE = 0.007  # variance that structure lends to line offsets, relative to the noise's


def remove_lines(image_YX: NDArray) -> NDArray:
    """Take the offsets of rows and of columns out.

    Parameters
    ----------
    image_YX
        Grey values of shape (Y, X) and any real type; not-finite pixels are left out and kept.

    Returns
    -------
    NDArray
        Same shape, floats of at least 32 bits. The mean is kept.
    """
    image_YX = np.asarray(image_YX, np.promote_types(image_YX.dtype, np.float32))
    image_YX = image_YX - _row_offsets(image_YX)[:, None].astype(image_YX.dtype)
    return image_YX - _row_offsets(image_YX.T)[None, :].astype(image_YX.dtype)


def _row_offsets(image_YX: NDArray) -> NDArray:
    """Estimate the offset of every row: least squares on robust second differences between rows.

    The curvature of a column at a row is averaged over the columns, outlying ones pulled in. The
    offsets o that explain these averages c minimise ``|D o - c|² + penalty |o|²``, where D takes
    second differences. The penalty is that of a Wiener filter: the weaker the offsets, the more of
    the slow changes are left to the image, and all where there are none.
    """
    rows, columns = image_YX.shape
    if rows < 3:
        return np.zeros(rows)
    curvature_YX = image_YX[:-2] - 2.0 * image_YX[1:-1] + image_YX[2:]
    known_YX = np.isfinite(curvature_YX)
    if not known_YX.any():
        return np.zeros(rows)
    noise_variance = _deviation(curvature_YX[known_YX]) ** 2 / 6
    c = _robust_mean(curvature_YX, known_YX)
    variance = _deviation(c) ** 2 / 6 - noise_variance / columns
    if variance <= 0:
        return np.zeros(rows)
    penalty = STRUCTURE * noise_variance / variance
    before, at, after = (eye_array(rows - 2, rows, k=k) for k in range(3))
    d = before - 2 * at + after
    offsets = spsolve((d.T @ d + penalty * eye_array(rows)).tocsc(), d.T @ c)
    return offsets - offsets.mean()


def _robust_mean(values_YX: NDArray, known_YX: NDArray) -> NDArray:
    """Average the known values of each row, those far from its median pulled in; 0 without any."""
    rows = np.any(known_YX, axis=1)
    values = np.where(known_YX, values_YX, np.nan)[rows]
    middle = np.nanmedian(values, axis=1, keepdims=True)
    reach = OUTLYING * np.nanmedian(np.abs(values - middle), axis=1, keepdims=True)
    means = np.zeros(rows.size)
    means[rows] = np.nanmean(np.clip(values, middle - reach, middle + reach), axis=1)
    return means


def _deviation(values: NDArray) -> float:
    """Robust standard deviation of values whose mean is 0."""
    return 1.4826 * float(np.median(np.abs(values)))


def bin_pixels(image_YX: NDArray) -> NDArray:
    """Average 2 × 2 pixels, which doubles the pixel size.

    Parameters
    ----------
    image_YX
        Grey values of shape (Y, X), both at least 2; an odd last row or column is left out.

    Returns
    -------
    NDArray
        Shape (Y // 2, X // 2), floats of at least 32 bits.

    Raises
    ------
    InputError
        If the image is only one pixel high or wide.
    """
    height, width = (n // 2 for n in image_YX.shape)
    if not height or not width:
        raise InputError(f"an image of shape {image_YX.shape} is too small to be binned 2 × 2")
    blocks = image_YX[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    return blocks.mean((1, 3), dtype=np.promote_types(image_YX.dtype, np.float32))


def leave(image_YX: NDArray) -> NDArray:
    """Return the image as it is: the remedy is in how its noise is fitted."""
    return image_YX


def fit_noise_apart(image_YX: NDArray, valid: NDArray[np.bool_] | None = None) -> NoiseModel | None:
    """Fit the noise between pixels two apart, where short correlation no longer hides it.

    Between neighbours, correlated noise reads too weak, and too little of it would be removed.

    Parameters
    ----------
    image_YX
        The noisy image, finite where `valid`.
    valid
        True where a pixel counts; all do when absent.

    Returns
    -------
    NoiseModel or None
        The median of the fits to the four images of every second pixel; None where none can be
        fitted.
    """
    phases = [(slice(y, None, 2), slice(x, None, 2)) for y in (0, 1) for x in (0, 1)]
    fits = [fit_noise(image_YX[p], None if valid is None else valid[p]) for p in phases]
    known = [model for model in fits if model is not None]
    if not known:
        return None
    gain = float(np.median([model.gain for model in known]))
    offset = float(np.median([model.offset for model in known]))
    return NoiseModel(gain, offset, max(model.error for model in known))


REMEDIES: dict[str, Callable[[NDArray], NDArray]] = {  # name → what is done to every plane
    "apart": leave,
    "lines": remove_lines,
    "bin": bin_pixels,
}


def fit_for(remedies: Sequence[str]) -> Callable[..., NoiseModel | None]:
    """Return the function that fits the noise where these remedies are chosen."""
    return fit_noise_apart if "apart" in remedies else fit_noise


def binning(remedies: Sequence[str]) -> int:
    """Return how many rows and columns of the image become one of the result."""
    return 2 ** remedies.count("bin")
