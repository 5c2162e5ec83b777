"""How far an estimate is from the truth: plain functions of two arrays of equal shape."""

import math

import numpy as np
from numpy.typing import ArrayLike
from skimage.metrics import structural_similarity

from pearlite.errors import InputError

SSIM_SIGMA = 1.5  # width of the Gaussian window in pixels (Wang et al., IEEE TIP 13, 600, 2004)
SSIM_WINDOW = 11  # pixels that this window spans


def psnr(truth: ArrayLike, estimate: ArrayLike, data_range: float) -> float:
    """Peak signal-to-noise ratio ``10 log10(data_range² / mean squared error)`` in dB.

    Parameters
    ----------
    truth, estimate
        Arrays of the same shape.
    data_range
        Difference between the largest and the smallest value that the kind of image can hold,
        such as 255.

    Returns
    -------
    float
        dB; infinite where both are equal.

    Raises
    ------
    InputError
        If the shapes differ or `data_range` is not positive.
    """
    true, estimated = _alike(truth, estimate)
    if not data_range > 0:
        raise InputError(f"data_range is {data_range}; expected a positive number")
    error = np.mean((true - estimated) ** 2)
    return math.inf if error == 0 else float(10 * np.log10(data_range**2 / error))


def nrmse(truth: ArrayLike, estimate: ArrayLike) -> float:
    """Root mean squared error over the standard deviation of the truth.

    0 is perfect; 1 is as good as answering the truth's mean everywhere. Unlike `psnr`, it does not
    flatter dark images.

    Raises
    ------
    InputError
        If the shapes differ or the truth is constant.
    """
    true, estimated = _alike(truth, estimate)
    spread = true.std()
    if spread == 0:
        raise InputError("the truth is constant; nrmse needs contrast to compare the error with")
    return float(np.sqrt(np.mean((true - estimated) ** 2)) / spread)


def ssim(truth: ArrayLike, estimate: ArrayLike, data_range: float) -> float:
    """Mean structural similarity of two 2-D images (Wang et al. 2004), by scikit-image.

    Parameters
    ----------
    truth, estimate
        Arrays of the same shape ``(Y, X)``, at least 11 pixels along both axes.
    data_range
        As in `psnr`.

    Returns
    -------
    float
        1 where both are equal.

    Raises
    ------
    InputError
        If the shapes differ, are not 2-D or too small.
    """
    true, estimated = _alike(truth, estimate)
    if true.ndim != 2 or min(true.shape) < SSIM_WINDOW:
        raise InputError(
            f"the shape is {true.shape}; expected two axes of at least {SSIM_WINDOW} pixels"
        )
    similarity = structural_similarity(
        true,
        estimated,
        data_range=data_range,
        gaussian_weights=True,
        sigma=SSIM_SIGMA,
        use_sample_covariance=False,
    )
    return float(np.asarray(similarity))


def _alike(truth: ArrayLike, estimate: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    true, estimated = np.asarray(truth, np.float64), np.asarray(estimate, np.float64)
    if true.shape != estimated.shape:
        raise InputError(f"truth has shape {true.shape}, estimate {estimated.shape}; expected one")
    return true, estimated
