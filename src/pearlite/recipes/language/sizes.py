"""How large a network is, unless asked otherwise: by the time that it has for learning."""

from typing import Any

from pearlite.recipes.language.choices import Choices
from pearlite.recipes.language.settings import Recipe, decoder

BY_SECONDS = ((90.0, 192, 2, 2**13), (1200.0, 256, 4, 2**15), (float("inf"), 384, 6, 2**15))
"""CPU seconds up to which a width, a depth, and so many rows of a table of triples are taken."""
CONTEXT, BATCH = 128, 16
PAIRS = 2**15  # rows of the table of pairs, at most
RECURRENT = {"rate": 4e-3, "rest_rate": 4e-3}


def recipe_for(choices: Choices, vocabulary: int) -> Recipe:
    """Return the numbers of a training; what was asked for comes first."""
    context, batch = choices.context or CONTEXT, choices.batch or BATCH
    _, width, depth, triples = next(size for size in BY_SECONDS if choices.seconds <= size[0])
    width = choices.width or width
    if choices.model != "transformer":
        own = {"width": width, "depth": choices.depth or 1, "cell": choices.model}
        return Recipe({"context": context, **own}, batch, **RECURRENT)
    network: dict[str, Any] = decoder(context, width, choices.depth or depth)
    if choices.objective == "causal":
        network["ngrams"] = [min((vocabulary + 1) ** 2, PAIRS), triples]
    return Recipe(network, batch)
