"""Tokens a second, one row at a time: reading each token once against reading all of them again.

    python -m benchmarks.language.generation

nanoGPT reads its whole window for every token; pearlite keeps keys and values. Both networks have
the same shape and as many weights, in float32, on one thread; both draw as many tokens after one
token, twice as many as the context. They take turns, a share of the tokens each, and their
CPU seconds are added up. Options: ``--shape 4,4,128,64`` for one of the rows only.
"""

import argparse
import time

import torch
from benchmarks.language.nanogpt import Config, NanoGPT

from pearlite.nets.sample import Writing
from pearlite.nets.transformer import TransformerDecoder

SHAPES = (
    (4, 4, 128, 64),
    (4, 4, 128, 256),
    (4, 4, 128, 1024),
    (6, 6, 384, 256),
    (12, 12, 768, 256),
)
TURNS = 8


def measure(shape: tuple[int, int, int, int]) -> tuple[int, float, float, int, int]:
    """Return tokens, CPU seconds of nanoGPT and of pearlite, and the parameters of each."""
    layers, heads, width, context = shape
    peer = NanoGPT(Config(65, context, layers, heads, width), seed=0).eval()
    generator = torch.Generator().manual_seed(0)
    ours = TransformerDecoder(
        65,
        context=context,
        width=width,
        depth=layers,
        heads=heads,
        positions="learned",
        bias=False,
        tied=True,
        generator=generator,
    ).eval()
    text_BT = torch.zeros(1, 1, dtype=torch.int64)
    writing = Writing(ours, [[0]], generator=generator)
    peer.generate(text_BT, 3)
    for _ in range(3):
        next(Writing(ours, [[0]], generator=generator))
    count, seconds = 2 * context // TURNS, [0.0, 0.0]
    for _ in range(TURNS):
        began = time.process_time()
        text_BT = peer.generate(text_BT, count)
        between = time.process_time()
        for _ in range(count):
            next(writing)
        seconds = [
            seconds[0] + between - began,
            seconds[1] + time.process_time() - between,
        ]
    sizes = [sum(p.numel() for p in net.parameters()) for net in (peer, ours)]
    return count * TURNS, seconds[0], seconds[1], sizes[0], sizes[1]


def main() -> None:
    """Print a row a shape."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--shape", type=lambda text: tuple(map(int, text.split(","))))
    chosen = parser.parse_args().shape
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(
        "| layers, heads, width, context | parameters | tokens | nanoGPT /s | pearlite /s | ratio |"
    )
    print("|---|---|---|---|---|---|")
    for shape in [chosen] if chosen else SHAPES:
        tokens, theirs, ours, peer_size, size = measure(shape)
        name = ", ".join(map(str, shape))
        print(
            f"| {name} | {peer_size:,} / {size:,} | {tokens} | {tokens / theirs:.1f} "
            f"| {tokens / ours:.1f} | {theirs / ours:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
