"""What pearlite is held against: thresholds, and scikit-image's features with a random forest."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from skimage.feature import multiscale_basic_features
from sklearn.ensemble import RandomForestClassifier

from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.normalise import normalise
from pearlite.recipes.segment.thresholds import fit_thresholds

PIXELS = 60_000  # labelled pixels that the forest learns from, all images together
Labeller = Callable[[NDArray[np.generic]], NDArray[np.integer]]


def threshold(train: list[Example], classes: int, seed: int) -> Labeller:
    """Otsu's thresholds of each image; training says which class each range of grey is."""
    return fit_thresholds(train, classes)


def forest(train: list[Example], classes: int, seed: int) -> Labeller:
    """scikit-image's multi-scale features, 24 of them, and a random forest of 100 trees."""
    random = np.random.default_rng(seed)
    x, y = [], []
    for example in train:
        features = _features(example.image_CS)
        chosen = random.choice(example.truth_S.size, PIXELS // len(train), replace=False)
        x.append(features.reshape(-1, features.shape[-1])[chosen])
        y.append(example.truth_S.ravel()[chosen])
    model = RandomForestClassifier(100, n_jobs=1, random_state=seed)
    model.fit(np.concatenate(x), np.concatenate(y))
    return partial(_label, model)


def _label(model: RandomForestClassifier, image_CS: NDArray[np.generic]) -> NDArray[np.integer]:
    features = _features(image_CS)
    labels = model.predict(features.reshape(-1, features.shape[-1]))
    return np.asarray(labels, np.int64).reshape(features.shape[:2])


def _features(image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
    return multiscale_basic_features(normalise(image_CS)[0])
