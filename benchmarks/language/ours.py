"""pearlite's side: a recipe, variants that leave one part out, trained for some CPU seconds."""

import time
from dataclasses import dataclass, replace

import torch
from benchmarks.language.text import CONTEXT, Text

from pearlite.nets.transformer import TransformerDecoder
from pearlite.recipes.language.settings import Recipe, decoder
from pearlite.train.budget import Budget
from pearlite.train.objectives import TokenPrediction
from pearlite.train.optimisers import MakeOptimiser, adamw
from pearlite.train.trainer import Trainer


@dataclass(frozen=True)
class Variant:
    """A recipe, and what no recipe of the product's says."""

    recipe: Recipe
    optimiser: MakeOptimiser | None = None
    precision: str = "auto"

    def but(self, **network: object) -> "Variant":
        """Return it with other options of the network."""
        recipe = replace(self.recipe, network={**self.recipe.network, **network})
        return replace(self, recipe=recipe)


SMALL = Variant(Recipe({**decoder(CONTEXT, 192, 2), "mlp_width": 624}, batch=16))
NGRAMS = SMALL.but(ngrams=[4356, 8192])
LARGE = Variant(Recipe({**decoder(CONTEXT, 256, 2), "ngrams": [4356, 8192]}, batch=24))
WITHOUT = {
    "all of it": SMALL,
    "without Muon (AdamW, 4e-3)": replace(SMALL, optimiser=adamw(4e-3, 0.05, 1.0)),
    "without bfloat16": replace(SMALL, precision="float32"),
    "without the shift": SMALL.but(shift=0),
    "without rotary positions (learned)": SMALL.but(positions="learned"),
    "without normalised queries and keys": SMALL.but(query_key_norm=False),
    "without zeros at the start": SMALL.but(zero_init=False),
    "without squared ReLU (GELU)": SMALL.but(mlp="gelu"),
    "4 blocks of 128 instead of 2 of 192": SMALL.but(width=128, depth=4, heads=2, mlp_width=512),
}


@dataclass(frozen=True)
class Trained:
    """A network, the CPU seconds and steps that it took, and its parameters."""

    network: TransformerDecoder
    seconds: float
    steps: int
    parameters: int


def train(variant: Variant, text: Text, seed: int, seconds: float) -> Trained:
    """Train with the product's own trainer; the seconds count all but making the network."""
    recipe = variant.recipe
    generator = torch.Generator().manual_seed(seed)
    network = TransformerDecoder(text.vocabulary, generator=generator, **recipe.network)

    def stream(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        starts_B = text.starts(recipe.batch, 1_000_003 * (seed + 1) + step)
        rows_BT = text.train_N[starts_B[:, None] + torch.arange(CONTEXT + 1)]
        return rows_BT[:, :-1], rows_BT[:, 1:]

    budget = Budget(seconds, warm_up=recipe.warm_up, linear=True)
    trainer = Trainer(
        TokenPrediction(network),
        optimiser=variant.optimiser or recipe.optimiser(network),
        every=2**62,
        keep="last",
        seed=seed,
        precision=variant.precision,
        events={"start": [budget.follow], "step": [budget.follow]},
    )
    began = time.process_time()
    trainer.fit(stream)
    spent = time.process_time() - began
    parameters = sum(p.numel() for p in network.parameters())
    return Trained(network.eval(), spent, trainer.step, parameters)
