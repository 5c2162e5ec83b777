"""What a network learns from text that nobody has labelled: the next token, or hidden ones.

A lecture may say that ChatGPT was pretrained by masked language modelling. It was not: the GPT
models predict the next token from those before (Radford et al., "Improving language understanding
by generative pre-training", 2018), which is what makes them write. Predicting hidden tokens from
both sides is how BERT was pretrained (Devlin et al., NAACL 2019); it gives features for reading.
Both are the same task here, on other batches.

Axes: B batch, T tokens, V vocabulary.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pearlite.data.tokens import Tokeniser
from pearlite.seeds import derived_seed
from pearlite.task import Task
from pearlite.train.losses import cross_entropy

HIDDEN = 0.3  # share of the tokens, as Portes et al. found best (MosaicBERT, arXiv 2312.17482)
NOTHING = -1  # target of a token that is not to be predicted

Rows = Callable[[int], tuple[Tensor, Tensor]]


class TokenPrediction(Task):
    """Say which token belongs to each place; a batch is ``(tokens_BT, targets_BT)``.

    Where a target is `NOTHING`, nothing is asked.

    Parameters
    ----------
    network
        Maps tokens, int64 ``(B, T)``, to logits ``(B, T, V)``.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def f(self, tokens_BT: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return logits, ``(B, T, V)``."""
        return self.network(tokens_BT)

    def L(self, logits_BTV: Tensor, targets_BT: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the mean cross-entropy of the tokens that are asked for, in nats."""
        return cross_entropy(logits_BTV.flatten(0, 1), targets_BT.flatten(), ignore=NOTHING)


def hide(
    tokens_BT: Tensor,
    tokeniser: Tokeniser,
    generator: torch.Generator,
    share: float = HIDDEN,
) -> tuple[Tensor, Tensor]:
    """Hide a share of the tokens as BERT does; the targets are the hidden ones.

    Of those, 80 % become the mask, 10 % another token at random, and 10 % stay as they are, so that
    a network cannot rely on seeing where it will be asked.

    Parameters
    ----------
    tokens_BT
        int64, on the CPU.
    tokeniser
        Knows the mask and the size of the vocabulary.
    generator
        Decides which.
    share
        How many, from 0 to 1.

    Returns
    -------
    tokens_BT, targets_BT : Tensor
        int64; a target is `NOTHING` where nothing was hidden.
    """
    asked_BT = torch.rand(tokens_BT.shape, generator=generator) < share
    fate_BT = torch.rand(tokens_BT.shape, generator=generator)
    drawn_BT = torch.randint(len(tokeniser), tokens_BT.shape, generator=generator)
    seen_BT = torch.where(asked_BT & (fate_BT < 0.8), tokeniser.mask, tokens_BT)
    seen_BT = torch.where(asked_BT & (fate_BT >= 0.9), drawn_BT, seen_BT)
    return seen_BT, tokens_BT.masked_fill(~asked_BT, NOTHING)


def hidden_rows(windows: Rows, tokeniser: Tokeniser, seed: int) -> Rows:
    """Make batches for masked language modelling of windows: what is hidden depends on the step."""

    def rows(step: int) -> tuple[Tensor, Tensor]:
        tokens_BT, _ = windows(step)
        generator = torch.Generator().manual_seed(derived_seed(seed, 2, step))
        seen_BT, targets_BT = hide(tokens_BT.cpu(), tokeniser, generator)
        return seen_BT.to(tokens_BT.device), targets_BT.to(tokens_BT.device)

    return rows
