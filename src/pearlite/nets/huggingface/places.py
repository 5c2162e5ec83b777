"""Where the tensors of a Hugging Face file belong in our decoder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pearlite.errors import InputError

ATTENTION = ("query", "key", "value")


@dataclass(frozen=True)
class Place:
    """A tensor of the file, and those of ours that it holds one below the other.

    Attributes
    ----------
    theirs
        Its name in the file.
    ours
        Names in the decoder's state.
    transposed
        Whether the file has rows for inputs, as GPT-2's dense layers have.
    """

    theirs: str
    ours: tuple[str, ...]
    transposed: bool = False

    def join(self, state: Mapping[str, Tensor]) -> Tensor:
        """Return the file's tensor, made of ours."""
        tensor = torch.cat([state[name] for name in self.ours])
        return (tensor.T if self.transposed else tensor).contiguous()

    def shape(self, state: Mapping[str, Tensor]) -> tuple[int, ...]:
        """Return the shape that the file's tensor is to have."""
        first = state[self.ours[0]]
        shape = (sum(len(state[name]) for name in self.ours), *first.shape[1:])
        return shape[::-1] if self.transposed else shape

    def fill(self, state: Mapping[str, Tensor], tensor: Tensor) -> None:
        """Copy the file's tensor, of the right shape, into ours."""
        own = [state[name] for name in self.ours]
        parts = (tensor.T if self.transposed else tensor).split([len(part) for part in own])
        for mine, given in zip(own, parts, strict=True):
            mine.copy_(given)


def pair(theirs: str, *ours: str, bias: bool, transposed: bool = False) -> Iterator[Place]:
    """Yield the places of a layer's weight and, where it has one, of its bias."""
    yield Place(f"{theirs}.weight", tuple(f"{name}.weight" for name in ours), transposed)
    if bias:
        yield Place(f"{theirs}.bias", tuple(f"{name}.bias" for name in ours))


def wanted(config: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Make sure that options have the only values that our decoder knows.

    Raises
    ------
    InputError
        If one of them has another.
    """
    for name, value in defaults.items():
        given = config.get(name, value)
        if given != value and given is not None:
            raise InputError(
                f"config.json has {name}={given!r}; pearlite's decoder only knows {value!r}"
            )


def named(found: Sequence[str]) -> str:
    """Return words as an enumeration."""
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"
