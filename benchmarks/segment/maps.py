"""Which maps of the pretrained encoder describe pixels: ``python -m benchmarks.segment.maps DATA``.

A linear head and LightGBM on 9,000 labelled pixels of the training images, scored on pixels of the
validation images.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read at import

import sys
from itertools import accumulate
from pathlib import Path

import lightgbm
import numpy as np
import torch
from benchmarks.segment.score import score
from benchmarks.segment.sets import read_set
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pearlite.nets.pretrained import encoder
from pearlite.recipes.segment.deep import DeepFeatures
from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.normalise import fit

TRAINED, SCORED = 9000, 4000  # pixels, of all images together and of each
LITE0 = encoder("lite0", generator=torch.Generator())


def main() -> None:
    torch.set_num_threads(1)
    for name in ("Super3", "EBC2"):
        data = read_set(Path(sys.argv[1]), name)
        random = np.random.default_rng(0)
        seen_NF, truth_N = sample(data.train, TRAINED // len(data.train), random)
        new_NF, wanted_N = sample(data.validation, SCORED, random)
        for maps, count in enumerate(accumulate(LITE0.channels), start=1):
            heads = {
                "linear": make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200)),
                "LightGBM": lightgbm.LGBMClassifier(
                    n_estimators=60, num_leaves=15, n_jobs=1, verbose=-1
                ),
            }
            for kind, head in heads.items():
                head.fit(seen_NF[:, :count], truth_N)
                found = score([wanted_N], [np.asarray(head.predict(new_NF[:, :count]))], 3)
                print(f"{name} {maps} maps {kind}: {found.micro:.3f} {found.macro:.3f}", flush=True)


def sample(
    examples: list[Example], count: int, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """Look up features and classes of `count` random pixels of each image."""
    features, truths = [], []
    for example in examples:
        places_N2 = random.integers(0, example.truth_S.shape, (count, 2))
        features.append(DeepFeatures(example.image_CS, fit(example.image_CS), LITE0).at(places_N2))
        truths.append(example.truth_S[tuple(places_N2.T)])
    return np.concatenate(features), np.concatenate(truths)


if __name__ == "__main__":
    main()
