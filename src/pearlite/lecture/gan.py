"""A generator against a critic: the two-player game, how it goes wrong, and what cures it.

Axes: N samples, D features of a sample, Z features of a seed, HW of an image.
"""

from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from pearlite.data.stream import Stream
from pearlite.lecture import run
from pearlite.lecture.digits import digits
from pearlite.lecture.gan_pictures import (
    cures_figure,
    digits_figure,
    losses_figure,
    orbits_figure,
    seeds_figure,
)
from pearlite.lecture.page import Page, Picture, Section
from pearlite.lecture.rivals import (
    MODES,
    NEAR,
    Match,
    Rivals,
    Rules,
    judged,
    play,
    ring,
    ring_rivals,
    ring_stream,
)
from pearlite.lecture.training import parameters
from pearlite.lecture.two_numbers import orbit
from pearlite.nets.mlp import MLP
from pearlite.see import page
from pearlite.see.style import styled
from pearlite.seeds import derived_seed
from pearlite.train.adversarial import WASSERSTEIN
from pearlite.train.optimisers import sgd

STEPS, EVERY, LOOKED_AT = 1500, 50, 2000
DIGIT_STEPS, DIGIT_WIDTH, DIGIT_SEED = 2500, 192, 12
SHOWN, WALKS = 12, 3
USUAL = Rules("as usual")
TOGETHER = Rules(
    "all together",
    critic_rate=4e-3,
    rate=4e-3,
    momentum=0.0,
    steepness=0.1,
    lazy=4,
    falls=True,
)
# Changed one at a time but for the Wasserstein game, which needs a faster critic (seeds 0 to 2).
ALL_RULES = (
    USUAL,
    Rules("slower generator", rate=2e-4),
    Rules("R1", steepness=1.0),
    Rules("no momentum", momentum=0.0),
    Rules(
        "Wasserstein +\ngradient penalty",
        game=WASSERSTEIN,
        critic_rate=4e-3,
        rate=1e-3,
        momentum=0.0,
        slope=1.0,
    ),
    TOGETHER,
)


@styled
def draw(folder: Path, seed: int = 0) -> Page:
    """Play the game with two numbers, on a ring and with digits; write the page."""
    plain = orbit(sgd(0.1))
    orbits = {
        "gradient steps": plain,
        "with momentum": orbit(sgd(0.02, 0.5)),
        "with R1": orbit(sgd(0.1), steepness=0.3),
        "averaged": plain,
    }
    averages = {"averaged": plain.cumsum(0) / torch.arange(1, len(plain) + 1)[:, None]}
    ends = {name: path[-1].norm().item() for name, path in orbits.items()}
    ends["averaged"] = averages["averaged"][-1].norm().item()

    random = torch.Generator().manual_seed(derived_seed(seed, 1))
    real_N2 = ring(LOOKED_AT, random)
    seeds_NZ = torch.randn(LOOKED_AT, 2, generator=random)
    matches = [
        play(ring_rivals(rules, seed), ring_stream(seed), STEPS, seed, EVERY, seeds_NZ)
        for rules in ALL_RULES
    ]
    usual, together = matches[0], matches[-1]
    walk_NZ = torch.lerp(
        torch.tensor([-2.0, 0.9]), torch.tensor([2.0, 0.9]), torch.linspace(0, 1, 201)[:, None]
    )
    with torch.no_grad():
        apart_N = torch.cdist(together.average(walk_NZ), real_N2).min(1).values

    images_NHW, truth_N = digits()
    pixels_ND = torch.from_numpy(images_NHW).flatten(1)
    game = digit_match(pixels_ND, seed)
    made_ND = made_digits(game, torch.randn(LOOKED_AT, DIGIT_SEED, generator=random))
    ends_RZ = torch.randn(WALKS, 2, DIGIT_SEED, generator=random)
    walks = torch.stack([
        made_digits(game, torch.lerp(a, b, torch.linspace(0, 1, SHOWN)[:, None]))
        for a, b in ends_RZ
    ])  # fmt: skip
    named_N = LogisticRegression(C=0.01, max_iter=2000).fit(pixels_ND, truth_N).predict(made_ND)
    shares = np.bincount(named_N, minlength=10) / len(named_N)
    nearest = torch.cdist(made_ND, pixels_ND).min(1).values.median().item()
    among = torch.cdist(pixels_ND, pixels_ND).fill_diagonal_(torch.inf).min(1).values
    own = among.median().item()

    weights = [parameters(net) for net in (usual.last, ring_rivals(USUAL, seed).critic)]
    rows = [_row(match) for match in matches]
    best_share = judged(real_N2)[1]
    sections = [
        Section(
            "Two players on a ring with eight modes",
            [
                "The generator turns random numbers, the seed, into a sample. The critic scores "
                "samples, real and made, and descends on a loss that is small if real ones get "
                "more. The generator descends on a loss that is small if its own get more.",
                f"Both are networks of two hidden layers ({weights[0]:,} and {weights[1]:,} "
                "parameters), the seed is a pair of normal numbers and the samples lie around "
                f"{MODES} places of a ring. How good is what is made? Its share within {NEAR} "
                "standard deviations of a place, and the number of places that get at least a "
                f"fifth of their due. Of real samples {best_share:.1%} are that near.",
                Picture(
                    "figure",
                    cures_figure(matches, real_N2, seeds_NZ),
                    "Samples of six games on a ring of eight modes, of the last weights and of "
                    "their average, and the share of good samples over the steps",
                    f"Grey: real samples. Blue: made by the weights after {STEPS:,} steps; red: by "
                    "their running average. Below each: modes covered, share of good samples. "
                    "Bottom: that share on the way. Every column starts from the same weights and "
                    "sees the same samples.",
                ),
                page.table(
                    rows,
                    (
                        "second half of the training, mean",
                        "modes",
                        "good",
                        "modes, average",
                        "good, average",
                    ),
                ),
                "Adam with its usual momentum and the same rate for both: where the generator has "
                "learned to put its samples, the critic learns to look, and the generator moves "
                "on; if all its samples move together, that is mode collapse. What changes the "
                "picture: a generator that is slower than its critic, no momentum, a critic whose "
                "slope is bounded (R1 at real samples, or the gradient penalty between real and "
                "made ones with the Wasserstein loss), and the average of the generator's weights, "
                "which costs nothing and no longer circles. An average of generators "
                "that have collapsed cannot mend them. How far each goes alone is in the table. "
                "The last column has no momentum, R1 on every fourth step, and rates that begin "
                "twice as high and fall to 0.",
            ],
        ),
        Section(
            "The smallest game",
            [
                "Neither player has a landscape of its own: each move of one changes the other's. "
                "What that does is seen best where each has one number.",
                Picture(
                    "orbits",
                    orbits_figure(orbits, averages),
                    "Four paths in the plane of two numbers: a circle, a spiral outwards, a "
                    "spiral inwards, and a circle whose average goes to its middle",
                    "The smallest such game (Mescheder et al., ICML 2018): every real sample is 0, "
                    "the generator makes the number θ, the critic scores x by ψ · x. Open dot: "
                    "start; cross: the solution; full dot: the end. Gradient steps in turn go "
                    "round and round it. Momentum, which goes on pushing where the other player "
                    "was, carries outwards; R1, a penalty on the critic's slope at real samples, "
                    "carries inwards. The average of the circling path (red) finds the middle.",
                ),
            ],
        ),
        Section(
            "What the two curves say, and do not say",
            [
                Picture(
                    "losses",
                    losses_figure([usual, together]),
                    "Losses of critic and generator over the steps in two games",
                    "Dotted: the losses of a draw, 2 ln 2 for the critic, ln 2 for the generator, "
                    "when the critic cannot tell real from made. Each loss is measured against an "
                    "opponent that learns as well, so that a loss that falls is no sign of better "
                    "samples; large swings are a sign of trouble.",
                ),
                f"At the end the critic's loss is {usual.history[-1]['loss_critic']:.2f} in the "
                f"game as usual and {together.history[-1]['loss_critic']:.2f} in the last one.",
            ],
        ),
        Section(
            "From seed to sample",
            [
                Picture(
                    "seeds",
                    seeds_figure(together, walk_NZ),
                    "The plane of seeds coloured by the direction of their samples, the samples, "
                    "and the distance to the next mode along a straight walk between two seeds",
                    "The averaged generator of the last game. Colour: the direction in which the "
                    "sample lies. The line is a straight walk between two seeds. The generator is "
                    "a continuous map: it cannot leap from mode to mode, so some seeds become "
                    "samples between them, and those are the share that is not good.",
                ),
            ],
        ),
        Section(
            "The same game with digits",
            [
                Picture(
                    "digits",
                    digits_figure(
                        pixels_ND[:: len(pixels_ND) // SHOWN][:SHOWN].view(-1, 8, 8),
                        made_ND[:SHOWN].view(-1, 8, 8),
                        walks.view(WALKS, SHOWN, 8, 8),
                    ),
                    "Real digits, made digits, and three rows in which one made digit turns into "
                    "another",
                    f"{len(pixels_ND):,} digits of 8 × 8 pixels, {DIGIT_STEPS:,} steps with the "
                    "last column's rules. In each walk the seed goes along a straight line.",
                ),
                "A linear model that was taught with the real digits finds "
                f"{(shares > 0.02).sum()} of 10 digits in at least 2 % of {LOOKED_AT:,} made "
                f"ones; the rarest has {shares.min():.1%}. Half of the made ones are nearer than "
                f"{nearest:.2f} to a digit of the file, half of the file's own nearer than "
                f"{own:.2f} to another: "
                "a distance near 0 would be learning by heart.",
            ],
        ),
    ]
    numbers = {
        "orbits": ends,
        "ring": {
            match.rules.name.replace("\n", " "): {
                "second_half": dict(zip(_NUMBERS, match.settled(), strict=True)),
                "end": dict(zip(_NUMBERS, match.looks[-1][1], strict=True)),
            }
            for match in matches
        },
        "real_share": best_share,
        "furthest_on_the_walk": apart_N.max().item(),
        "digit_shares": shares.tolist(),
        "nearest_made": nearest,
        "nearest_real": own,
    }
    question = (
        "A generator makes samples out of noise, and its only teacher is a critic that learns at "
        "the same time. Why does that go wrong, and what helps?"
    )
    return Page("gan", question, sections, numbers, seed).write(folder)


_NUMBERS = ("modes", "share", "average_modes", "average_share")


def digit_match(pixels_ND: Tensor, seed: int) -> Match:
    """Let a generator and a critic play with digits, by the rules that served best on the ring."""
    random = torch.Generator().manual_seed(derived_seed(seed, 2))
    features, width = pixels_ND.shape[1], DIGIT_WIDTH
    generator = MLP((DIGIT_SEED, width, width, features), generator=random)
    critic = MLP((features, width, width, 1), activation="leaky_relu", generator=random)
    rules = Rules(
        "digits", momentum=0.0, steepness=1.0, lazy=4, falls=True, critic_rate=1e-3, rate=1e-3
    )
    stream = Stream(2 * pixels_ND - 1, 64, seed=seed)
    return play(Rivals(generator, critic, DIGIT_SEED, rules), stream, DIGIT_STEPS, seed, EVERY)


@torch.no_grad()
def made_digits(game: Match, seeds_NZ: Tensor) -> Tensor:
    """Return the averaged generator's digits, values 0 to 1: (N, D)."""
    return ((game.average(seeds_NZ) + 1) / 2).clamp(0, 1)


def _row(match: Match) -> tuple[str, ...]:
    modes, share, average_modes, average_share = match.settled()
    name = match.rules.name.replace("\n", " ")
    return name, f"{modes:.1f}", f"{share:.0%}", f"{average_modes:.1f}", f"{average_share:.0%}"


if __name__ == "__main__":
    print(run("gan") / "index.html")
