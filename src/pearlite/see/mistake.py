"""The answer to a mistake, and the words that all answers share."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pearlite.see.failure import Failure, describe


class Advice(NamedTuple):
    """What arrived, what was expected and the likely fix: three parts of a sentence."""

    arrived: str
    expected: str
    fix: str


def together(values: Sequence[Any]) -> str:
    """Describe several values, the first four of them."""
    return " and ".join(describe(value) for value in values[:4]) or "nothing"


def enlarge(failure: Failure) -> str:
    """Say what to do about an image that became too small for a layer."""
    given = together(failure.network_given)
    return (
        f"the network was given {given}, too small for how often it halves the image: enlarge or "
        "pad the image, or build the network with fewer levels"
    )
