"""How large a network is and how it learns, unless asked otherwise."""

from dataclasses import dataclass
from typing import Any

from pearlite.recipes.language.choices import Choices


@dataclass(frozen=True)
class Recipe:
    """The numbers of a training.

    Attributes
    ----------
    network
        Options of the network, its vocabulary apart.
    batch
        Windows a step.
    rate, decay, clip, warm_up
        Of Muon and AdamW; of the budget over which the rate rises.
    """

    network: dict[str, Any]
    batch: int
    rate: float = 4e-3
    decay: float = 0.05
    clip: float = 1.0
    warm_up: float = 0.05


def recipe_for(choices: Choices) -> Recipe:
    """Choose what was not asked for by the model and the time it has."""
    context = choices.context or 128
    if choices.model != "transformer":
        own = {"width": choices.width or 192, "depth": choices.depth or 1, "cell": choices.model}
        return Recipe({"context": context, **own}, choices.batch or 16)
    width = choices.width or 128
    network = {
        "context": context,
        "width": width,
        "depth": choices.depth or 4,
        "heads": max(1, width // 32),
        "positions": "rotary",
    }
    return Recipe(network, choices.batch or 16)
