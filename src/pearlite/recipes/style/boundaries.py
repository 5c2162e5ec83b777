"""Whether the phases are still where they were: a segmentation of the result tells.

Axes: C channels, Y rows, X columns; F features.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pearlite.recipes.style.classes import luminance

NEAR = 2.0  # pixels at which a boundary counts as found
WIDTHS = (1, 2, 4, 8)  # pixels, Gaussians of the features
BLOCK = 64  # pixels, side of the squares that are classified by what the others teach
TAUGHT = 20_000  # pixels that a classifier learns from
LARGEST = 768  # pixels, side of the middle part that is looked at
ROUNDS = 60
FLOWN = 2.0  # pixels, blur before gradients are compared


@dataclass(frozen=True)
class Boundaries:
    """How well the phases can be read off an image.

    Parameters
    ----------
    found
        Share of the boundary pixels of the labels that have a boundary of the segmentation within
        `NEAR` pixels.
    iou
        Intersection over union, mean over the classes.
    iou_of
        That of each class, by number.
    """

    found: float
    iou: float
    iou_of: dict[int, float]


def boundaries(image_CYX: NDArray, classes_YX: NDArray[np.int64], seed: int = 0) -> Boundaries:
    """Segment an image by a classifier of its pixels, and compare with its labels.

    The image is cut into squares like a chessboard: the black ones teach the classifier that
    segments the white ones, and the other way round. Labels that are not where the image shows
    something cannot be learned.

    Parameters
    ----------
    image_CYX
        Grey values.
    classes_YX
        Class of every pixel.
    seed
        Of the pixels that are learned from.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    part = tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in _middle(classes_YX.shape))
    image_CYX, classes_YX = image_CYX[(slice(None), *part)], classes_YX[part]
    features_YXF = features(image_CYX)
    block = max(4, min(BLOCK, min(classes_YX.shape) // 4))
    white_YX = np.add.outer(*(np.arange(n) // block for n in classes_YX.shape)) % 2 == 1
    guess_YX = np.zeros_like(classes_YX)
    random = np.random.default_rng(seed)
    for asked_YX in (white_YX, ~white_YX):
        teachers = np.flatnonzero(~asked_YX)
        taught = random.permutation(teachers)[:TAUGHT]
        answers = classes_YX.ravel()[taught]
        if len(np.unique(answers)) == 1:
            guess_YX[asked_YX] = answers[0]
            continue
        model = HistGradientBoostingClassifier(
            max_iter=ROUNDS,
            early_stopping=False,  # pyright: ignore[reportArgumentType]
            random_state=seed,
        )
        model.fit(features_YXF.reshape(-1, features_YXF.shape[-1])[taught], answers)
        guess_YX[asked_YX] = model.predict(features_YXF[asked_YX])
    return compared(guess_YX, classes_YX)


def compared(guess_YX: NDArray[np.int64], classes_YX: NDArray[np.int64]) -> Boundaries:
    """Compare a segmentation with the labels."""
    iou_of = {}
    for number in np.unique(classes_YX).tolist():
        true, said = classes_YX == number, guess_YX == number
        iou_of[number] = float((true & said).sum() / (true | said).sum())
    edges_YX = edges(classes_YX)
    distance_YX = _distance_to(edges(guess_YX))
    found = float((distance_YX[edges_YX] <= NEAR).mean()) if edges_YX.any() else 1.0
    return Boundaries(found, float(np.mean(list(iou_of.values()))), iou_of)


def edges(classes_YX: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the pixels that have another class beside them."""
    return ndimage.maximum_filter(classes_YX, 3) != ndimage.minimum_filter(classes_YX, 3)


def agreement(before_CYX: NDArray, after_CYX: NDArray) -> float:
    """Correlate the steepness of two images, blurred: 1 where edges lie in the same places."""
    one, other = (
        np.asarray(ndimage.gaussian_gradient_magnitude(luminance(image), FLOWN)).ravel()
        for image in (before_CYX, after_CYX)
    )
    if min(float(one.std()), float(other.std())) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def features(image_CYX: NDArray) -> NDArray[np.float32]:
    """Return brightness, steepness and curvature at several widths of every pixel, (Y, X, F)."""
    maps = []
    for plane_YX in image_CYX.astype(np.float32):
        for width in WIDTHS:
            maps += [
                ndimage.gaussian_filter(plane_YX, width),
                ndimage.gaussian_gradient_magnitude(plane_YX, width),
                ndimage.gaussian_laplace(plane_YX, width),
            ]
    return np.stack(maps, axis=-1)


def _distance_to(mask_YX: NDArray[np.bool_]) -> NDArray[np.float64]:
    if not mask_YX.any():
        return np.full(mask_YX.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(~mask_YX))


def _middle(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(side, min(side, LARGEST)) for side in shape]
