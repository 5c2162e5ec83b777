"""Time to loss beside nanoGPT: ``python -m benchmarks.language --help``.

nanoGPT's published configuration for a CPU trains its 2,000 steps, in slices between which pearlite
trains, so that both meet the same machine. pearlite's budgets are shares of what nanoGPT will need,
by its first slice: a tenth, a fifteenth, all of it. Losses are those of whole parts of the text, in
windows of 64 that do not overlap. The recipes were chosen on the validation part alone.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read at import

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from benchmarks.language import nanogpt, ours
from benchmarks.language.text import Text, loss, read
from torch.nn import functional as F

from pearlite.provenance import hardware

SLICE = 200  # steps of nanoGPT between two trainings of pearlite
TEXT = Path(__file__).parents[3] / "shared" / "data" / "text" / "tinyshakespeare.txt"
HEAD = (
    "| what | seed | parameters | steps | CPU s | of nanoGPT's | all withheld | validation | test |"
)


@dataclass
class Peer:
    """nanoGPT under way."""

    text: Text
    seed: int
    network: nanogpt.NanoGPT = field(init=False)
    seconds: float = 0.0
    step: int = 0

    def __post_init__(self) -> None:
        self.network = nanogpt.NanoGPT(nanogpt.Config(self.text.vocabulary), self.seed)
        self.optimiser = nanogpt.optimiser_of(self.network)

    def go_on(self, steps: int) -> None:
        """Make some of its steps."""
        began = time.process_time()
        for _ in range(steps):
            starts_B = self.text.starts(nanogpt.BATCH, 7_000_003 * (self.seed + 1) + self.step)
            nanogpt.update(self.network, self.optimiser, self.step, self.text.train_N, starts_B)
            self.step += 1
        self.seconds += time.process_time() - began


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.language", description=__doc__)
    parser.add_argument("--text", type=Path, default=TEXT)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ablate", action="store_true", help="leave one part out at a time")
    parser.add_argument("--whole", action="store_true", help="also with all of nanoGPT's budget")
    options = parser.parse_args()
    torch.set_num_threads(1)
    text = read(options.text)
    print(hardware())
    print(f"{HEAD}\n|{'---|' * HEAD.count(' | ')}---|")
    peer = Peer(text, seed=0)
    peer.go_on(SLICE)
    whole = peer.seconds * nanogpt.STEPS / SLICE
    for name, variant, seed, seconds in plan(options, whole):
        done = ours.train(variant, text, seed, seconds)
        row(name, seed, done.parameters, done.steps, done.seconds, whole, text, done.network)
        peer.go_on(min(SLICE, nanogpt.STEPS - peer.step))
    peer.go_on(nanogpt.STEPS - peer.step)
    size = sum(p.numel() for p in peer.network.parameters())
    row("nanoGPT", 0, size, peer.step, peer.seconds, whole, text, peer_logits(peer.network))
    print(f"\nThe shares are of {whole:.1f} s, by nanoGPT's first {SLICE} steps.")


def plan(options: argparse.Namespace, whole: float) -> list[tuple[str, ours.Variant, int, float]]:
    """Return what is trained: name, recipe, seed, CPU seconds."""
    if options.ablate:
        return [(name, v, 0, whole / 10) for name, v in ours.WITHOUT.items()]
    seeds = range(options.seeds)
    trained = [("as many parameters", ours.SMALL, seed, whole / 10) for seed in seeds]
    trained += [("with n-grams", ours.NGRAMS, seed, whole / 15) for seed in seeds]
    if options.whole:
        trained += [("all of the budget", ours.LARGE, seed, whole) for seed in seeds]
    return trained


def row(
    name: str,
    seed: int,
    parameters: int,
    steps: int,
    seconds: float,
    whole: float,
    text: Text,
    logits: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    """Print a row."""
    parts = (torch.cat((text.validation_N, text.test_N)), text.validation_N, text.test_N)
    losses = " | ".join(f"{loss(logits, part_N):.4f}" for part_N in parts)
    share = f"1/{whole / seconds:.1f}"
    print(
        f"| {name} | {seed} | {parameters:,} | {steps} | {seconds:.1f} | {share} | {losses} |",
        flush=True,
    )


def peer_logits(network: nanogpt.NanoGPT) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return its logits of every place, which its own forward gives for the last alone."""

    def logits(tokens_BT: torch.Tensor) -> torch.Tensor:
        places_T = torch.arange(tokens_BT.shape[1])
        x_BTD = network.wte(tokens_BT) + network.wpe(places_T)
        for block in network.h:
            x_BTD = block(x_BTD)
        return F.linear(network.ln_f(x_BTD), network.lm_head.weight)

    return logits


if __name__ == "__main__":
    main()
