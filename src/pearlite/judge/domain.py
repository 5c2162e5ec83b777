"""Whether new samples are like those that a model was trained on.

Axes: N training samples, M new samples, F features, R samples that are kept to compare with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError
from pearlite.judge.answers import Floats
from pearlite.judge.units import units_of

NEIGHBOURS = 5
USUAL = 0.99  # share of the training samples that count as inside
KEPT = 5000  # training samples to compare with; more are thinned out at random
SAME = 1e-6  # relative difference up to which two values of a feature are one
AROUND = 50  # neighbours among which those of other groups are looked for


@dataclass(frozen=True)
class Domain:
    """The region of feature space that training samples fill.

    A sample is outside if its mean distance to its five nearest training samples is larger than
    that of 99 % of the training samples to theirs (Ramaswamy, Rastogi & Shim, SIGMOD 2000). With
    groups, relatives do not count as neighbours: a new group has none. A sample is also outside if
    a feature differs that was the same in all training samples, such as the share of an element
    that none of them held.

    Attributes
    ----------
    kept : ndarray
        Scaled training samples, float32, shape ``(R, F)``.
    middle, spread : ndarray
        Of each feature, shape ``(F,)``; a spread of 0 where it never varied.
    limit : float
        The largest usual distance.
    """

    kept: NDArray[np.float32]
    middle: Floats
    spread: Floats
    limit: float

    @classmethod
    def learn(cls, features: ArrayLike, *, group: ArrayLike | None = None, seed: int = 0) -> Self:
        """Learn the domain from the training part.

        Parameters
        ----------
        features
            Finite numbers, shape ``(N, F)``, N at least 3.
        group
            A label a sample.
        seed
            Determines which samples are kept if there are more than 5000.

        Raises
        ------
        InputError
            If there are fewer than three samples or groups, or a value is missing or infinite.
        """
        x_NF = _matrix(features)
        unit_N, units = units_of(group, len(x_NF))
        if units < 3:
            raise InputError(f"{units} samples or groups have no domain; give at least 3")
        middle, spread = x_NF.mean(0), x_NF.std(0)
        spread[spread <= SAME * np.abs(middle)] = 0.0
        rows = np.sort(np.random.default_rng(seed).permutation(len(x_NF))[:KEPT])
        kept = _scaled(x_NF[rows], middle, spread)
        distance, place = _nearest(kept, kept, min(AROUND, len(kept)))
        relative = unit_N[rows][place] == unit_N[rows][:, None]
        usual = _mean_of_nearest(np.where(relative, np.nan, distance))
        return cls(kept, middle, spread, float(np.nanquantile(usual, USUAL)))

    def distance(self, features: ArrayLike) -> Floats:
        """Return how far samples are from the training part, shape ``(M,)``.

        1 is the border; infinite is where a feature differs that never did.

        Raises
        ------
        InputError
            If the features are not those of `learn`.
        """
        x_MF = _matrix(features)
        if x_MF.shape[1] != self.kept.shape[1]:
            raise InputError(
                f"{x_MF.shape[1]} features; the domain was learned with {self.kept.shape[1]}"
            )
        scaled = _scaled(x_MF, self.middle, self.spread)
        distance, _ = _nearest(self.kept, scaled, min(NEIGHBOURS, len(self.kept)))
        novel_MF = np.abs(x_MF - self.middle) > SAME * np.maximum(np.abs(self.middle), 1)
        novel_M = (novel_MF & (self.spread == 0)).any(1)
        return np.where(novel_M, np.inf, distance.mean(1) / (self.limit or 1.0))

    def outside(self, features: ArrayLike) -> NDArray[np.bool_]:
        """Return which samples are outside, shape ``(M,)``; the mean of that is their share."""
        return self.distance(features) > 1

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return what `from_arrays` reads, as safetensors holds it."""
        return {
            "kept": self.kept,
            "middle": self.middle,
            "spread": self.spread,
            "limit": np.array([self.limit]),
        }

    @classmethod
    def from_arrays(cls, known: Mapping[str, NDArray[np.generic]]) -> Self:
        """Read what `arrays` returned."""
        middle, spread = (np.asarray(known[name], np.float64) for name in ("middle", "spread"))
        return cls(np.asarray(known["kept"], np.float32), middle, spread, float(known["limit"][0]))


def _matrix(features: ArrayLike) -> Floats:
    x_NF = np.asarray(features, np.float64)
    if x_NF.ndim != 2 or not np.isfinite(x_NF).all():
        raise InputError(f"features must be a matrix of finite numbers; the shape is {x_NF.shape}")
    return x_NF


def _scaled(x_NF: Floats, middle: Floats, spread: Floats) -> NDArray[np.float32]:
    """Return the features that vary in training in units of their spread, the others as 0."""
    varies = spread > 0
    return np.where(varies, (x_NF - middle) / np.where(varies, spread, 1), 0).astype(np.float32)


def _nearest(
    kept: NDArray[np.float32], new: NDArray[np.float32], count: int
) -> tuple[Floats, NDArray[np.int64]]:
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=count).fit(kept).kneighbors(new)


def _mean_of_nearest(distance: Floats) -> Floats:
    """Return the mean of the five smallest that are not NaN; NaN where there are none."""
    nearest = np.sort(distance, 1)[:, :NEIGHBOURS]
    known = np.isfinite(nearest).sum(1)
    return np.divide(np.nansum(nearest, 1), known, out=np.full(len(known), np.nan), where=known > 0)
