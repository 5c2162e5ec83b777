"""What a language model learns fastest with, in the few CPU minutes that a user has.

The rates, the momentum, the batch and the network were chosen on the validation half of
tiny-shakespeare's withheld tenth, with 115 to 200 steps, some 10 CPU seconds of a core with AMX;
``python -m benchmarks.language --ablate`` measures what each part brings.
"""

from dataclasses import dataclass
from typing import Any

from torch import nn

from pearlite.nets.ngram import NGram
from pearlite.nets.position import Learned
from pearlite.train.optimisers import MakeOptimiser, muon


@dataclass(frozen=True)
class Recipe:
    """The numbers of a training.

    Attributes
    ----------
    network
        Options of the network, its vocabulary apart.
    batch
        Windows a step.
    rate, rest_rate
        Of Muon for the hidden matrices, and of AdamW for everything else.
    momentum
        Of Muon.
    decay, clip, warm_up
        Of both; share of the budget over which the rates rise.
    """

    network: dict[str, Any]
    batch: int
    rate: float = 2e-2
    rest_rate: float = 2e-2
    momentum: float = 0.9
    decay: float = 0.05
    clip: float = 1.0
    warm_up: float = 0.03

    def optimiser(self, network: nn.Module) -> MakeOptimiser:
        """Return Muon and AdamW for a network; tables that are looked up are no hidden matrices."""
        tables = [
            parameter
            for layer in network.modules()
            if isinstance(layer, NGram | Learned)
            for parameter in layer.parameters()
        ]
        return muon(
            self.rate,
            self.decay,
            self.clip,
            momentum=self.momentum,
            rest=tables,
            rest_rate=self.rest_rate,
        )


def decoder(context: int, width: int, depth: int) -> dict[str, Any]:
    """Return the options of a decoder that learns fast: heads of 64, an MLP for its parameters."""
    return {
        "context": context,
        "width": width,
        "depth": depth,
        "heads": max(1, width // 64),
        "positions": "rotary",
        "rotary_pairing": "halves",
        "norm": "layer",
        "bias": False,
        "query_key_norm": True,
        "mlp": "relu_squared",
        "zero_init": True,
        "shift": 1,
    }
