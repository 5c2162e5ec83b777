"""Which pixels carry a measurement: not NaN, not saturated, not padding, not an info bar."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from pearlite.data.bar import find_bar
from pearlite.errors import InputError

_BLOCK = 15  # a square this wide of one value is no measurement (narrower ones occur by chance)
_NARROWEST = 4  # in images smaller than this nothing is called constant
_FEWEST = 6  # equal extreme values that can be a spike


@dataclass(frozen=True)
class Validity:
    """What keeps pixels out of the statistics; each pixel is counted once, in this order.

    Parameters
    ----------
    valid
        True where a pixel counts, (Y, X).
    empty
        True where a pixel shows nothing of the scene: not finite, info bar, constant region.
    not_finite, in_bar, constant, saturated_low, saturated_high
        Shares of the pixels, 0 to 1.
    bar
        Rows of the info bar, None without one.
    """

    valid: np.ndarray
    empty: np.ndarray
    not_finite: float
    in_bar: float
    constant: float
    saturated_low: float
    saturated_high: float
    bar: slice | None

    def sentences(self) -> list[str]:
        """Say what was left out, for reports; nothing when all pixels count."""
        said = []
        if self.bar is not None:
            said.append(
                f"Rows {self.bar.start} to {self.bar.stop - 1} are an info bar and were left out."
            )
        for share, what in (
            (self.not_finite, "are NaN or infinite"),
            (self.constant, "lie in regions of one single value (padding or masked)"),
            (self.saturated_low, "are saturated at the lowest value"),
            (self.saturated_high, "are saturated at the highest value"),
        ):
            if share > 0:
                said.append(f"{100 * share:.2g} % of the pixels {what} and were left out.")
        return said


def examine(image_YX: np.ndarray, *, bar: bool = True) -> Validity:
    """Find the pixels that carry no measurement, and why.

    Parameters
    ----------
    image_YX
        One plane of numbers, any size from 1 x 1.
    bar
        Whether to look for a burnt-in info bar.

    Raises
    ------
    InputError
        If it is not one plane.
    """
    image = np.asarray(image_YX)
    if image.dtype == np.float16:
        image = image.astype(np.float32)
    if image.ndim != 2 or image.size == 0:
        raise InputError(f"one plane (Y, X) is expected, not an array of shape {image.shape}")
    finite = np.isfinite(image)
    rows = find_bar(image) if bar else None
    left = finite.copy()
    in_bar = np.zeros(image.shape, dtype=bool)
    if rows is not None:
        in_bar[rows] = left[rows]
        left[rows] = False
    constant = _constant(np.where(finite, image, 0)) & left
    low = _saturated(image, left, lowest=True) & ~constant
    high = _saturated(image, left, lowest=False) & ~constant
    valid = left & ~constant & ~low & ~high
    return Validity(
        valid=valid,
        empty=~finite | in_bar | constant,
        not_finite=float(1 - finite.mean()),
        in_bar=float(in_bar.mean()),
        constant=float(constant.mean()),
        saturated_low=float(low.mean()),
        saturated_high=float(high.mean()),
        bar=rows,
    )


def valid_pixels(image_YX: np.ndarray, bar: bool = True) -> np.ndarray:
    """Return True where a pixel carries a measurement; see `examine`."""
    return examine(image_YX, bar=bar).valid


def _saturated(image: np.ndarray, where: np.ndarray, *, lowest: bool) -> np.ndarray:
    """Mark the pixels at the extreme if they are a spike there.

    A distribution that ends by itself falls off at least as fast at its last value as just before
    it (it is log-concave there); a clipped one gathers at its last value what lies beyond.
    """
    left = image[where]
    counts: list[int] = []
    extreme = None
    while left.size and len(counts) < 3:
        edge = left.min() if lowest else left.max()
        extreme = edge if extreme is None else extreme
        beyond = left != edge
        counts.append(left.size - int(beyond.sum()))
        left = left[beyond]
    if extreme is None or len(counts) < 2:
        return np.zeros(image.shape, dtype=bool)
    first, second = counts[0], counts[1]
    third = counts[2] if len(counts) > 2 else second
    expected = max(second, second**2 / third)
    spike = first >= _FEWEST and first > 2 * expected + 4 * np.sqrt(expected)
    return where & (image == extreme) if spike else np.zeros(image.shape, dtype=bool)


def _constant(image: np.ndarray) -> np.ndarray:
    """Mark blocks of one value with what belongs to them, and whole lines of one value."""
    marked = np.zeros(image.shape, dtype=bool)
    block = min(_BLOCK, *image.shape)
    if block >= _NARROWEST:
        same = ndimage.maximum_filter(image, block, mode="nearest") == ndimage.minimum_filter(
            image, block, mode="nearest"
        )
        for value in np.unique(image[same]):
            equal = image == value
            marked |= ndimage.binary_dilation(same & equal, iterations=block, mask=equal)
    if image.shape[1] >= _NARROWEST:
        marked |= (image == image[:, :1]).all(axis=1, keepdims=True)
    if image.shape[0] >= _NARROWEST:
        marked |= (image == image[:1]).all(axis=0, keepdims=True)
    return marked
