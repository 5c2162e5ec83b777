"""CPU time of the layers beside torch's own: ``python -m benchmarks.layers``.

Forward and backward, one thread, in turn; the median of the rounds' ratios and their range.
"""

import statistics
import time

import torch
from torch import Tensor, nn

from pearlite.nets.attention import MultiHeadAttention
from pearlite.nets.convolution import Convolution
from pearlite.nets.norm import BatchNorm
from pearlite.nets.recurrent import GRUCell, LSTMCell, Recurrent

ROUNDS = 9
SECONDS = 0.2  # CPU time of one measurement, about


class SelfAttention(nn.MultiheadAttention):
    """torch's attention of a sequence to itself, by its fused kernel."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads, batch_first=True)

    def forward(self, x_BTD: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Map ``(B, T, D)`` to the same shape."""
        return super().forward(x_BTD, x_BTD, x_BTD, need_weights=False)[0]


def cpu_seconds(layer: nn.Module, x: Tensor, calls: int) -> float:
    """CPU time of so many forward and backward passes."""
    start = time.process_time()
    for _ in range(calls):
        y = layer(x)
        (y[0] if isinstance(y, tuple) else y).sum().backward()
    return time.process_time() - start


def ratios(ours: nn.Module, reference: nn.Module, x: Tensor) -> list[float]:
    """Our CPU time over torch's, once a round."""
    cpu_seconds(ours, x, 2)
    calls = max(1, round(2 * SECONDS / cpu_seconds(reference, x, 2)))
    return [cpu_seconds(ours, x, calls) / cpu_seconds(reference, x, calls) for _ in range(ROUNDS)]


def main() -> None:
    """Print one line a layer."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(4, 16, 32, 32, generator=generator)
    sequence = torch.randn(32, 50, 16, generator=generator)
    tokens = torch.randn(32, 64, 64, generator=generator)
    pairs = {
        "Convolution": (
            Convolution(16, 16, generator=generator),
            nn.Conv2d(16, 16, 3, padding=1),
            image,
        ),
        "BatchNorm": (BatchNorm(16), nn.BatchNorm2d(16), image),
        "MultiHeadAttention": (
            MultiHeadAttention(64, 4, generator=generator),
            SelfAttention(64, 4),
            tokens,
        ),
        "GRU": (
            Recurrent(GRUCell(16, 64, generator=generator)),
            nn.GRU(16, 64, batch_first=True),
            sequence,
        ),
        "LSTM": (
            Recurrent(LSTMCell(16, 64, generator=generator)),
            nn.LSTM(16, 64, batch_first=True),
            sequence,
        ),
    }
    for name, (ours, reference, x) in pairs.items():
        found = ratios(ours, reference, x)
        print(f"{name}: {statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})")


if __name__ == "__main__":
    main()
