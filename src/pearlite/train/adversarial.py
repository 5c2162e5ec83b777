"""Losses of two players: a critic tells real from made, a generator makes what passes for real.

A critic's score is a number a sample, or one a patch of it, large for what it takes for real. It
has no sigmoid at its end: the losses contain it where their paper has one. Each player descends on
its own loss (`pearlite.task.Player`); all are means over scores, and small values are good for the
player. `Game` holds the losses that belong together.

Letters: B batch, S all other axes of a sample.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.errors import InputError

Critic = Callable[[Tensor], Tensor]


class Game(NamedTuple):
    """What the critic and what the generator descend on.

    Attributes
    ----------
    critic
        Maps the scores of real and of made samples, which may differ in number, to a scalar.
    generator
        Maps the scores of made samples to a scalar.
    """

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def cross_entropy_critic(real: Tensor, made: Tensor) -> Tensor:
    """-log D(real) - log(1 - D(made)), with D the sigmoid of the score; 2 ln 2 = 1.39 is a draw.

    Goodfellow et al., Generative adversarial nets, NeurIPS 2014 (arXiv 1406.2661).
    """
    return F.softplus(-real).mean() + F.softplus(made).mean()


def minimax_generator(made: Tensor) -> Tensor:
    """log(1 - D(made)): the critic's loss with its sign changed (arXiv 1406.2661, equation 1).

    Its gradient vanishes where the critic is sure of itself.
    """
    return -F.softplus(made).mean()


def non_saturating_generator(made: Tensor) -> Tensor:
    """-log D(made): the same equilibrium, a gradient also where the critic is sure of itself.

    Goodfellow et al., arXiv 1406.2661, section 3.
    """
    return F.softplus(-made).mean()


def wasserstein_critic(real: Tensor, made: Tensor) -> Tensor:
    """Mean score of made samples less that of real ones; needs a bounded slope of the critic.

    With `gradient_penalty` minus this estimates the Wasserstein-1 distance of the two
    distributions. Arjovsky, Chintala & Bottou, Wasserstein GAN, ICML 2017 (arXiv 1701.07875).
    """
    return made.mean() - real.mean()


def wasserstein_generator(made: Tensor) -> Tensor:
    """Mean score of made samples, with its sign changed (arXiv 1701.07875)."""
    return -made.mean()


MINIMAX = Game(cross_entropy_critic, minimax_generator)
NON_SATURATING = Game(cross_entropy_critic, non_saturating_generator)
WASSERSTEIN = Game(wasserstein_critic, wasserstein_generator)


def gradient_penalty(
    critic: Critic, real_BS: Tensor, made_BS: Tensor, *, generator: torch.Generator | None = None
) -> Tensor:
    """Mean of (slope - 1)² of the critic, halfway (at random) between real and made samples.

    Gulrajani et al., Improved training of Wasserstein GANs, NeurIPS 2017 (arXiv 1704.00028), who
    add 10 times this to the critic's loss. No gradient reaches the generator.

    Parameters
    ----------
    critic
        Maps samples ``(B, *S)`` to scores; the scores of a sample's patches are added up. It must
        treat every sample for itself: no batch normalisation.
    real_BS, made_BS
        Samples of equal shapes.
    generator
        Draws where between the two, on the samples' device; None is torch's own, which the trainer
        seeds before every update.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    if real_BS.shape != made_BS.shape:
        raise InputError(
            f"real samples have shape {tuple(real_BS.shape)}, made ones {tuple(made_BS.shape)}; "
            "a gradient penalty pairs them: expected the same shape"
        )
    ones = (1,) * (real_BS.ndim - 1)
    share_B1 = torch.rand(len(real_BS), *ones, generator=generator, device=real_BS.device)
    between_BS = torch.lerp(made_BS.detach(), real_BS.detach(), share_B1.to(real_BS.dtype))
    slope_B = slopes(critic, between_BS).flatten(1).norm(dim=1)
    return (slope_B - 1).square().mean()


def r1(critic: Critic, real_BS: Tensor) -> Tensor:
    """Half the mean squared slope of the critic at real samples.

    Mescheder, Geiger & Nowozin, Which training methods for GANs do actually converge?, ICML 2018
    (arXiv 1801.04406), who add γ = 10 times this to the critic's loss. It changes slowly, so it may
    be computed on one update of 16 and count 16 times there (Karras et al., arXiv 1912.04958):
    `Player.penalty` and `Player.lazy`. Scores of patches are added up as in `gradient_penalty`.
    """
    return slopes(critic, real_BS).square().flatten(1).sum(1).mean() / 2


def slopes(critic: Critic, x_BS: Tensor) -> Tensor:
    """Return the gradient of the scores with respect to the samples; it can be differentiated."""
    x_BS = x_BS.detach().requires_grad_()
    (slope_BS,) = torch.autograd.grad(critic(x_BS).sum(), x_BS, create_graph=True)
    return slope_BS


@contextmanager
def frozen(*networks: nn.Module) -> Iterator[None]:
    """Compute through networks without gradients for their weights: cheaper for the other player.

    Gradients still flow through them to whatever made their input.
    """
    weights = [w for network in networks for w in network.parameters() if w.requires_grad]
    for weight in weights:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in weights:
            weight.requires_grad_(True)
