"""What a text costs a network, token by token.

Axes: N tokens, M hidden ones, B batch, T tokens of a window, P passages, V vocabulary.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pearlite.data.packed import Packed
from pearlite.data.tokens import Tokeniser
from pearlite.train.objectives import NOTHING, hide

MOST = 200_000  # tokens that are measured of a longer text, in passages at equal distances
LONG = 4_096  # tokens of a run of passages, at least
TOGETHER = 8_192  # tokens of a batch

Costs = NDArray[np.float64]


@dataclass(frozen=True)
class Hidden:
    """What tokens that were hidden cost.

    Attributes
    ----------
    costs, places, windows, right : ndarray
        Of each: nats, its place in the text, the number of its window, and whether it was the
        network's first choice; ``(M,)``.
    """

    costs: Costs
    places: NDArray[np.int64]
    windows: NDArray[np.int64]
    right: NDArray[np.bool_]


def measured(packed: Packed, context: int, most: int = MOST) -> list[tuple[slice, slice]]:
    """Return which passages of a text are measured: all, or runs of them at equal distances.

    Returns
    -------
    list of tuple
        For each run, the tokens to be read, half a context before it included, and its passages.
    """
    ends_P = packed.ends
    if len(packed) <= most:
        return [(slice(0, len(packed)), slice(0, len(ends_P)))]
    length = max(LONG, 4 * context)
    runs: list[tuple[slice, slice]] = []
    following = 0
    for at in np.linspace(0, len(packed) - length, max(1, most // length)):
        first = max(following, int(np.searchsorted(ends_P, at, "right")))
        if first < len(ends_P):
            start = int(ends_P[first - 1]) if first else 0
            following = max(first + 1, int(np.searchsorted(ends_P, start + length, "right")))
            stop = int(ends_P[following - 1])
            runs.append((slice(max(0, start - context // 2), stop), slice(first, following)))
    return runs


def by_passage(costs_N: Costs, packed: Packed, read: slice, passages: slice) -> Costs:
    """Return what each passage of a run costs, of the costs of the tokens that were read."""
    ends_P = packed.ends[passages]
    starts_P = np.concatenate([packed.ends[:1] * 0, packed.ends])[passages]
    sums = np.concatenate([[0.0], np.cumsum(costs_N)])
    return sums[ends_P - read.start] - sums[starts_P - read.start]


@torch.inference_mode()
def token_costs(
    network: nn.Module, tokens_N: NDArray[np.integer], context: int, device: torch.device
) -> Costs:
    """Return the negative logarithm of the probability of each token, in nats, ``(N,)``.

    Windows overlap by half, so that every token but those at the beginning has at least half of a
    context before it. The first token, before which there is nothing, costs 0.

    Parameters
    ----------
    network
        Maps tokens to logits of the next ones, in evaluation mode on `device`.
    tokens_N
        A text.
    context
        Most tokens that the network takes.
    """
    costs_N = np.zeros(len(tokens_N))
    half = max(1, context // 2)
    wide = torch.from_numpy(np.asarray(tokens_N).astype(np.int64))
    for starts in _batches(len(tokens_N) - 1, context, half):
        length = min(context, len(tokens_N) - 1 - starts[0])
        read_BT = torch.stack([wide[start : start + length + 1] for start in starts]).to(device)
        costs_BT = _costs(network(read_BT[:, :-1]), read_BT[:, 1:])
        for start, costs_T in zip(starts, costs_BT, strict=True):
            known = 0 if start == 0 else context - half
            costs_N[start + known + 1 : start + length + 1] = costs_T[known:]
    return costs_N


@torch.inference_mode()
def hidden_costs(
    network: nn.Module,
    packed: Packed,
    tokeniser: Tokeniser,
    context: int,
    seed: int,
    device: torch.device,
) -> Hidden:
    """Hide tokens of windows of a text and return what each of them costs the network.

    What is hidden is a function of the seed.
    """
    tokens_BT, _ = packed.spread(context, max(1, MOST // context))
    places_B = np.linspace(0, len(packed) - 1 - tokens_BT.shape[1], len(tokens_BT)).astype(int)
    seen_BT, targets_BT = hide(tokens_BT, tokeniser, torch.Generator().manual_seed(seed))
    size = max(1, TOGETHER // context)
    costs, right = [], []
    for seen, targets in zip(seen_BT.split(size), targets_BT.split(size), strict=True):
        logits_BTV = network(seen.to(device))
        costs.append(_costs(logits_BTV, targets.clamp(min=0).to(device)))
        right.append((logits_BTV.argmax(-1).cpu() == targets).numpy())
    window_M, place_M = np.nonzero((targets_BT != NOTHING).numpy())
    asked = (window_M, place_M)
    return Hidden(
        np.concatenate(costs)[asked],
        places_B[window_M] + place_M,
        window_M,
        np.concatenate(right)[asked],
    )


def _batches(count: int, context: int, step: int) -> Iterator[list[int]]:
    """Yield where windows begin, in batches of equal length; the last may be shorter, alone."""
    starts = list(range(0, max(1, count - context + step), step))
    whole = [start for start in starts if start + context <= count]
    size = max(1, TOGETHER // context)
    yield from (whole[first : first + size] for first in range(0, len(whole), size))
    yield from ([start] for start in starts[len(whole) :])


def _costs(logits_BTV: Tensor, targets_BT: Tensor) -> Costs:
    chosen_BTV = logits_BTV.float().log_softmax(-1)
    return -chosen_BTV.gather(-1, targets_BT[..., None])[..., 0].double().cpu().numpy()
