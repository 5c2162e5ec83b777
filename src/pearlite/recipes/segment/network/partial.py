"""Train a U-Net on a few strokes of every class.

Axes: B batch, C channels, S space, that is HW of an image or DHW of a volume; K classes.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pearlite.errors import InputError
from pearlite.nets.lora import merge
from pearlite.nets.unet import UNet
from pearlite.recipes.segment.example import Example, Segmenter
from pearlite.recipes.segment.network.build import build_network, fast_layout
from pearlite.recipes.segment.network.own_labels import OwnLabels
from pearlite.recipes.segment.network.segmenter import NetworkSegmenter
from pearlite.recipes.segment.network.smooth import smoothness, usual_difference
from pearlite.recipes.segment.network.training import (
    BATCH,
    Segmentation,
    check_examples,
    device_of,
    usual_optimiser,
)
from pearlite.recipes.segment.recipe import Recipe
from pearlite.seeds import derived_seed
from pearlite.task import Task
from pearlite.train.budget import Budget
from pearlite.train.losses import cross_entropy
from pearlite.train.moving import MovingWeights
from pearlite.train.precision import has_fast_bfloat16
from pearlite.train.state import State
from pearlite.train.trainer import Event, Trainer

TEACHES = (0.35, 0.675)  # shares of the budget at which the network's sure answers become labels
TURNED = 2**21  # pixels, of all images, up to which such answers are averaged over turns


class PartialSegmentation(Segmentation):
    """Cross-entropy of the labelled pixels, and smoothness of all.

    Parameters
    ----------
    network
        As in `Segmentation`.
    gate
        As in `smoothness`.
    """

    def __init__(self, network: UNet, gate: float) -> None:
        super().__init__(network, cross_entropy)
        self._gate = gate

    def loss(self, batch: Any) -> Tensor:
        """Loss of images (B, C, *S), labels (B, *S) and the weights of the classes (K,)."""
        x_BCS, y_BS, weights_K = batch
        y_hat_BKS = self.f(x_BCS)
        entropy = cross_entropy(y_hat_BKS, y_BS, weights=weights_K)
        return entropy + smoothness(x_BCS, y_hat_BKS.softmax(1), self._gate)


def train_partial(
    examples: Sequence[Example],
    recipe: Recipe,
    *,
    seed: int,
    seconds: float | None = None,
    steps: int | None = None,
    device: str = "auto",
    progress: str | None = None,
    state: State | None = None,
    warm: Segmenter | None = None,
    batch: int = BATCH,
) -> NetworkSegmenter:
    """Train the recipe's network where most pixels have no label.

    First it learns the strokes, all classes alike, while neighbours of like grey are asked to
    agree (`smoothness`). Twice then, all pixels of whose class it is sure become labels, and it
    learns these: it corrects itself, as it sees them turned, bent and varied, and learns how
    common the classes are and where they end.

    Parameters
    ----------
    examples
        Images with a few strokes of every class; together they have every class.
    recipe
        Decides network, scale, crop and symmetries. The weights of its classes do not count.
    warm
        Another segmenter of the same strokes, such as that of the pixels, whose sure answers are
        the first labels.
    seed, seconds, steps, device, progress, state, batch
        As in `train_network`.

    Returns
    -------
    NetworkSegmenter
        With the weights of the last step.

    Raises
    ------
    InputError
        If a class has no stroke, or an example does not fit the recipe.
    KeyboardInterrupt
        After Ctrl-C; the state is saved.
    """
    labels = OwnLabels(check_strokes(examples, recipe), recipe, batch=batch, seed=seed)
    where = device_of(device)
    gate = usual_difference(labels.crops.images)
    network = build_network(recipe, torch.Generator().manual_seed(derived_seed(seed, 0)))
    fast_layout(network, recipe.dims)
    task = PartialSegmentation(network, gate).to(where)
    teacher = MovingWeights(task)
    budget = Budget(recipe.seconds if seconds is None else seconds, steps)
    if state is not None:
        state.also |= {"budget": budget, "labels": labels, "teacher": teacher}
    if warm is not None:
        labels.learn_from(warm)
    trainer = Trainer(
        task,
        optimiser=usual_optimiser(recipe),
        keep="last",
        every=2**62,
        seed=seed,
        precision="auto",
        state=state,
        events={
            "start": [budget.follow],
            "step": [budget.follow, teacher.follow, teach_at(budget, teacher.task, labels)],
        },
        progress=progress,
    )

    def stream(step: int) -> tuple[Tensor, Tensor, Tensor]:
        x_BCS, y_BS = labels(step)
        return x_BCS.to(where), y_BS.to(where), labels.weights_K().to(where)

    trainer.fit(stream, resume=state is not None)
    merge(network)
    return NetworkSegmenter(network, recipe, trainer.history)


def teach_at(budget: Budget, teacher: Task, labels: OwnLabels) -> Event:
    """Make an event that turns the teacher's sure answers into labels, at `TEACHES`."""
    assert isinstance(teacher, PartialSegmentation)
    begun, device = labels.rounds, next(teacher.parameters()).device.type
    few = sum(image_CS[0].numel() for image_CS in labels.crops.images) <= TURNED
    recipe = replace(labels.recipe, turns=labels.recipe.turns and few)
    segmenter = NetworkSegmenter(teacher.network, recipe)

    def teach(trainer: Trainer) -> None:
        passed = sum(budget.share(trainer.step) >= mark for mark in TEACHES)
        if labels.rounds - begun < passed:
            with torch.autocast(device, torch.bfloat16, enabled=has_fast_bfloat16(device)):
                labels.learn_from(segmenter)

    return teach


def check_strokes(examples: Sequence[Example], recipe: Recipe) -> list[Example]:
    """Return the examples with strokes; `InputError` if a class has none, or one does not fit."""
    labelled = check_examples(examples, recipe)
    drawn = {number for example in labelled for number in np.unique(example.truth_S).tolist()}
    missing = [str(number) for number in range(recipe.classes) if number not in drawn]
    if missing:
        raise InputError(
            f"class {', '.join(missing)} has no labelled pixel; draw a stroke of every class"
        )
    return labelled
