"""A second network where masks tell objects apart: it learns their rims."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pearlite.recipes.segment.decide import from_labels
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.examples import Gathered
from pearlite.recipes.segment.instances import RIM, rims
from pearlite.recipes.segment.network.segmenter import NetworkSegmenter
from pearlite.recipes.segment.network.training import train_network
from pearlite.recipes.segment.pace import with_turns
from pearlite.recipes.segment.parts import Parts
from pearlite.recipes.segment.settings import Settings
from pearlite.train.state import State

SHARE = 1 / 3  # of the seconds
SAVED = 20.0  # seconds from one state to the next
_LEFT = 0.5  # of that share, for the training itself at least
_MEASURED = 16  # images whose rims decide about the network, at most


def rims_seconds(gathered: Gathered, settings: Settings) -> float:
    """Return how many of the CPU seconds `learn_rims` takes, where all masks number objects."""
    known = bool(gathered.objects) and all(drawn is not None for drawn in gathered.objects)
    return SHARE * settings.seconds if known else 0.0


def learn_rims(
    gathered: Gathered, parts: Parts, settings: Settings, folder: Path, progress: bool
) -> NetworkSegmenter | None:
    """Train a network on the rims of objects, where all masks tell objects apart.

    Parameters
    ----------
    gathered, parts, settings, folder, progress
        As in `pearlite.recipes.segment.learn.learn`.
    """
    seconds = rims_seconds(gathered, settings)
    if not seconds:
        return None
    began = time.process_time()
    objects = {
        example.name: objects_S
        for example, objects_S in zip(gathered.examples, gathered.objects, strict=True)
    }
    train, validation = (
        [replace(e, truth_S=_rims_of(e, objects[e.name])) for e in part]
        for part in (parts.train, parts.validation)
    )
    shown = [example for example in train if (example.truth_S == RIM).any()] or train
    recipe = from_labels(shown[:: -(-len(shown) // _MEASURED)])
    recipe = replace(recipe, scale=1.0, thin=(), band=None, encoder="", classes=3)
    withheld = [*parts.validation, *parts.test] or list(gathered.examples)
    recipe = with_turns(recipe, withheld, settings.seconds, settings.device)
    left = seconds - (time.process_time() - began)
    return train_network(
        train,
        validation,
        recipe,
        seed=settings.seed,
        seconds=max(left, _LEFT * seconds),
        state=State(folder / "rims", seconds=SAVED),
        device=settings.device,
        progress="Training on rims" if progress else None,
    )


def _rims_of(example: Example, objects_S: NDArray[np.int32] | None) -> NDArray[np.int16]:
    """Return what is learned of one image, or of the part of it that is labelled."""
    assert objects_S is not None
    return np.where(example.truth_S < 0, np.int16(UNLABELLED), rims(objects_S))
