"""The network of a run: built from a few options, and read back from its folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pearlite.errors import InputError
from pearlite.folders import read_json, write_json
from pearlite.nets.language import MaskedLanguageModel, RecurrentLanguageModel
from pearlite.nets.transformer import TransformerDecoder
from pearlite.nets.weights import load as load_weights
from pearlite.nets.weights import save as save_weights

WEIGHTS, ABOUT = "model.safetensors", "model.json"
NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "decoder": TransformerDecoder,
    "encoder": MaskedLanguageModel,
    "recurrent": RecurrentLanguageModel,
}


@dataclass(frozen=True)
class Design:
    """What builds a network.

    Attributes
    ----------
    kind
        One of `NETWORKS`.
    options
        What its class takes, as plain values.
    """

    kind: str
    options: dict[str, Any]

    @property
    def causal(self) -> bool:
        """Whether it predicts the next token, and can write."""
        return self.kind != "encoder"

    @property
    def context(self) -> int:
        """Most tokens in a row."""
        return self.options["context"]

    def build(self, seed: int = 0) -> nn.Module:
        """Return the network with new weights."""
        generator = torch.Generator().manual_seed(seed)
        return NETWORKS[self.kind](**self.options, generator=generator)


def design_for(objective: str, model: str, options: dict[str, Any]) -> Design:
    """Return the design of a model for an objective."""
    if model != "transformer":
        return Design("recurrent", options)
    return Design("decoder" if objective == "causal" else "encoder", options)


def save(network: nn.Module, design: Design, folder: Path) -> None:
    """Write a network's weights, then what builds it, into a folder."""
    save_weights(network, folder / WEIGHTS)
    write_json(folder / ABOUT, {"network": design.kind, "options": design.options})


def load(folder: Path) -> tuple[nn.Module, Design]:
    """Return the network in a folder, in evaluation mode, and what built it.

    Raises
    ------
    InputError
        If it is missing or damaged.
    """
    about = read_json(folder / ABOUT)
    try:
        design = Design(about["network"], about["options"])
        network = design.build()
    except (KeyError, TypeError) as error:
        raise InputError(f"{folder / ABOUT} is damaged ({error!r}); make the run again") from error
    load_weights(network, folder / WEIGHTS)
    return network.eval(), design
