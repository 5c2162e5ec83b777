"""How far from the images what is being learned is, and whether it is near enough to end.

At each row of the history a small volume is made with the averaged weights, from a seed of its own.
The newest four are held against pieces of the images, as the report does with its larger volumes in
the end, and in the same unit: the floor, by which one real piece is off.

Four small volumes are off by chance, too: those of a perfect generator by a quarter of a floor
(random fields of lengths 4 and 8 pixels). So it is not enough to be inside the floor once: training
ends when nothing is further off than two thirds of a floor at three rows running, to which six
volumes belong, in the second half of the budget. Then a perfect generator ends as soon as it
may; one of which a measure is off by a whole floor in one training of eight, by 1.25 floors in one
of a hundred (simulated for three independent measures; see the tests). The rest of the schedule
takes a tenth of the budget: the learning rate still falls to 0.

Axes: K phases, S space.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.judge.structure.describe import (
    S2,
    Description,
    average,
    describe,
    describe_slices,
    pieces,
)
from pearlite.judge.structure.floor import COLUMNS, MOST_REAL, held_against
from pearlite.judge.structure.labelled import Labelled, labelled
from pearlite.nets.pyramid import NoisePyramid
from pearlite.recipes.reconstruct.fraction import bias_for
from pearlite.recipes.reconstruct.generate import TILES, tile_channels
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.judged import LONGEST
from pearlite.recipes.reconstruct.known import Phases
from pearlite.recipes.reconstruct.material import Material
from pearlite.see.curves import Goal
from pearlite.seeds import derived_seed
from pearlite.train.history import Row

MAIN = ("fraction", S2, "surface", "interface")
NEWEST = 4  # volumes that are held against the images together
NEAR = 2 / 3  # floors
RUNNING = 3  # rows
HALF = 0.5  # of the budget, before which no training ends
_PLANES = 8
_REACH = 32  # half of a tile's side
_EACH = 2  # of the voxels along an axis, one counts where a bias is found


def column(measure: str) -> str:
    """Return the name of a measure's column in the history."""
    return f"{measure} (floors)"


GOAL = Goal("floors off the image", tuple(map(column, MAIN)), 1.0, "the floor")


class Watch:
    """Measures what has been learned so far; its state is a part of the training's.

    Parameters
    ----------
    pictures
        What is learned from.
    seed
        Of the volumes.

    Attributes
    ----------
    made : int
        Volumes so far.
    volume : array
        The newest, with the images' values.
    """

    def __init__(self, pictures: Pictures, seed: int) -> None:
        self.pictures, self.seed, self.made = pictures, seed, 0
        self.phases = Phases(pictures)
        self.volume: NDArray[Any] = np.empty(0)
        self._newest: list[list[Description]] = []
        self._real: list[list[Description]] = []

    def measure(self, generator: NoisePyramid) -> Row:
        """Make a volume; return how many floors the newest are off, the worst of each measure."""
        volume, shares = self._make(generator)
        self.made += 1
        return self.compare(volume, shares)

    def compare(self, volume: NDArray[Any], shares: Sequence[float] | None = None) -> Row:
        """Do so with a volume that is given; `shares` stand for its fractions, if they do."""
        self.volume, labels = volume, self.phases.of(volume)
        found = [self._described(labels, normals) for _, normals in self._views()]
        if shares is not None:
            for each in found:
                keys = [key for key in each.values if key[0] == "fraction"]
                each.values.update(zip(keys, shares, strict=True))
        self._newest = [*self._newest, found][-NEWEST:]
        worst: Row = {}
        for view, real in enumerate(self._floors()):
            for values in held_against("-", real, [each[view] for each in self._newest]):
                row = dict(zip(COLUMNS, values, strict=True))
                gap, floor = abs(row["generated"] - row["real"]), row["floor"]
                off = gap / floor if floor else math.inf if gap else 0.0
                name = column(row["measure"])
                worst[name] = max(worst.get(name, 0.0), off)
        return worst

    def state_dict(self) -> dict[str, Any]:
        """Return what was measured last, for a `State` to keep."""
        return {
            "made": self.made,
            "newest": [
                [
                    {
                        "values": torch.tensor(list(each.values.values()), dtype=torch.float64),
                        "curves": torch.from_numpy(np.stack(list(each.curves.values()))),
                    }
                    for each in views
                ]
                for views in self._newest
            ],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take it back."""
        like = [real[0] for real in self._floors()]
        self.made = state["made"]
        self._newest = [
            [
                Description(
                    dict(zip(keys.values, each["values"].tolist(), strict=True)),
                    dict(zip(keys.curves, each["curves"].numpy(), strict=True)),
                )
                for keys, each in zip(like, views, strict=True)
            ]
            for views in state["newest"]
        ]

    def _make(self, generator: NoisePyramid) -> tuple[NDArray[Any], list[float] | None]:
        """Return a tile, of phases with the images' fractions; and the fractions it had before.

        Beside a low-resolution volume it lies at a random place of that, with its own fractions.
        """
        low = self.pictures.low
        material = Material(generator, self.pictures.meaning, low=low)
        dims = generator.dims
        seed = derived_seed(self.seed, 4, self.made)
        first = (0,) * dims
        if low is not None:
            first = low.place((TILES[dims],) * dims, np.random.default_rng(seed))
        made_KS = tile_channels(material, first, seed, (None,) * dims)
        if material.meaning.kind != "phases" or low is not None:
            return material.valued(made_KS), None
        thinned_KS = made_KS[(slice(None), *dims * [slice(None, None, _EACH)])]
        logits_KN = thinned_KS.flatten(1).cpu().numpy()
        shares_K = np.bincount(logits_KN.argmax(0), minlength=len(logits_KN)) / logits_KN.shape[1]
        bias_K = bias_for(logits_KN, self.pictures.shares().tolist())
        biased = replace(material, bias=tuple(bias_K.tolist()))
        return biased.valued(made_KS), shares_K.tolist()

    def _views(self) -> list[tuple[NDArray[Any], tuple[int, ...]]]:
        """Return each different image with the normals of the slices that are as it is."""
        images = self.phases.images
        normals = {1: [(0, 1, 2)], 2: [(0,), (1, 2)], 3: [(0,), (1,), (2,)]}[len(images)]
        return list(zip(images, normals, strict=True))

    def _floors(self) -> list[list[Description]]:
        """Return the real pieces of each view, as large as those of the report."""
        if not self._real:
            side = min(LONGEST, *(min(image.shape) for image in self.phases.images))
            for image, _ in self._views():
                whole = self._labelled(image)
                size = tuple(min(side, length // 2) for length in image.shape)
                places = pieces(image.shape, size, MOST_REAL[2])
                found = (describe(whole.cut(*place), reach=self._reach) for place in places)
                self._real.append([_main(each) for each in found])
        return self._real

    def _described(self, labels: NDArray[Any], normals: Sequence[int]) -> Description:
        known, reach = self._labelled(labels), self._reach
        if labels.ndim == 2:
            return _main(describe(known, reach=reach))
        several = (describe_slices(known, normal, most=_PLANES, reach=reach) for normal in normals)
        return average(_main(each) for each in several)

    def _labelled(self, labels: NDArray[Any]) -> Labelled:
        several = [np.unique(image) for image in self.phases.images]
        return labelled(labels, np.unique(np.concatenate(several)).tolist())

    @property
    def _reach(self) -> int:
        """Distances that pieces of the images and slices of a tile both hold."""
        return min(_REACH, min(min(image.shape) for image in self.phases.images) // 4)


def is_near(rows: Sequence[Row]) -> bool:
    """Whether the newest rows of a history are all near enough to the images."""
    newest = rows[-RUNNING:]
    names = [name for name in GOAL.columns if newest and name in newest[-1]]
    return len(newest) == RUNNING and all(row[name] <= NEAR for row in newest for name in names)


def _main(found: Description) -> Description:
    """Keep the main measures, over all directions."""
    values = {key: n for key, n in found.values.items() if key[0] in MAIN and key[2] == "all"}
    curves = {key: c for key, c in found.curves.items() if key[0] == S2 and key[2] == "all"}
    return Description(values, curves)
