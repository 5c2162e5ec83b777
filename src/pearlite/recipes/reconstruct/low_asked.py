"""What a low-resolution volume asks of what is made: to be the low volume where it is averaged.

Labels say which phase fills most of a voxel's place. A value that is no phase of the image stands
for all phases together that the low volume does not name; a phase that no value stands for is
unseen, and not compared. Greys say that brightness, averaged, is correlated with them: phases of
larger values are taken to be brighter. That a generator's output, made coarse, is compared with
the measured volume is SuperRes's idea (Dahari et al., Fusion of complementary 2D and 3D
mesostructural datasets using generative adversarial networks, arXiv 2110.11281).

Axes: B batch, C channels, S space (ZYX), K phases, G groups of phases that values stand for.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pearlite.nets.pyramid import Span
from pearlite.recipes.reconstruct.images import Meaning
from pearlite.recipes.reconstruct.low import Encoding, Low

AHEAD = 0.5  # share by which a voxel's phase is to be ahead of the next
BLOCK = 16  # voxels a side of the low volume that are measured at once


class Agreement:
    """Compares what is made with the voxels of a low-resolution volume that it fills.

    Parameters
    ----------
    encoding
        Of the low-resolution volume.
    meaning
        Of the channels of what is made.
    """

    def __init__(self, encoding: Encoding, meaning: Meaning) -> None:
        self.factor, self.labels = encoding.factor, bool(encoding.values)
        if self.labels:
            groups, self.group_of = grouped(encoding.values, meaning.values)
            members = [[float(k in group) for k in range(meaning.channels)] for group in groups]
            self.weights = torch.tensor(members)
        else:
            self.weights = torch.tensor([meaning.values or meaning.scale], dtype=torch.float32)

    def loss(self, made_BCS: Tensor, cells_CS: Tensor) -> Tensor:
        """Return how far a box is from the voxels of the low volume that it fills.

        Parameters
        ----------
        made_BCS
            Phases, 1 where a voxel is of one, or values.
        cells_CS
            Channels of the low volume; voxels that the box fills in part are left out.
        """
        mean_BGS = self._means(made_BCS)
        cells_CS = cells_CS[(..., *(slice(n) for n in mean_BGS.shape[2:]))]
        if not self.labels:
            return 1 - correlation(mean_BGS[:, 0], cells_CS)
        own_S, asked_S = self._asked(cells_CS)
        ahead_BS = lead(mean_BGS, own_S.clamp(min=0))
        return (F.relu(AHEAD - ahead_BS) * asked_S).sum() / (len(mean_BGS) * asked_S.sum().clamp(1))

    def _means(self, made_BCS: Tensor) -> Tensor:
        mixed_BGS = torch.einsum("gk,bkzyx->bgzyx", self.weights.to(made_BCS), made_BCS)
        return F.avg_pool3d(mixed_BGS, self.factor)

    def _asked(self, cells_CS: Tensor) -> tuple[Tensor, Tensor]:
        """Return the group that each voxel stands for, and whether it stands for one."""
        own_S = torch.tensor(self.group_of, device=cells_CS.device)[cells_CS.argmax(0)]
        return own_S, own_S >= 0

    def measured(self, volume: Any, low: Low, meaning: Meaning) -> float:
        """Return the share of voxels that are as asked for; of greys the correlation.

        Parameters
        ----------
        volume
            What was made, with the images' values, in memory or on disk: (Z, Y, X), in colour
            (Z, 3, Y, X).
        low
            The low-resolution volume.
        meaning
            Of the images' values.
        """
        right = asked = 0
        pairs: list[tuple[Tensor, Tensor]] = []
        for block in blocks(low.array.shape):
            cells_CS = low.cells(block)
            z, *yx = (slice(a * self.factor, b * self.factor) for a, b in block)
            made_BCS = channels_of(np.asarray(volume[(z, ..., *yx)]), meaning)
            mean_BGS = self._means(made_BCS)
            if self.labels:
                own_S, asked_S = self._asked(cells_CS)
                ahead_BS = lead(mean_BGS, own_S.clamp(min=0))
                right += int(((ahead_BS[0] >= 0) & asked_S).sum())
                asked += int(asked_S.sum())
            else:
                pairs.append((mean_BGS[0, 0].flatten(), cells_CS[0].flatten()))
        if self.labels:
            return right / max(1, asked)
        made_N, given_N = (torch.cat(each) for each in zip(*pairs, strict=True))
        return float(correlation(made_N, given_N))


def grouped(
    values: tuple[int, ...], phases: tuple[int, ...]
) -> tuple[list[tuple[int, ...]], list[int]]:
    """Return groups of phases, by class number, and for each value which of them it stands for.

    A value that stands for nothing has the group -1.
    """
    unnamed = tuple(k for k, phase in enumerate(phases) if phase not in values)
    stands = [(phases.index(v),) if v in phases else unnamed for v in values]
    groups = sorted({group for group in stands if group})
    return groups, [groups.index(group) if group else -1 for group in stands]


def lead(mean_BGS: Tensor, own_S: Tensor) -> Tensor:
    """Return by which share each voxel's own group is ahead of the largest other one."""
    own_BGS = F.one_hot(own_S, mean_BGS.shape[1]).movedim(-1, 0)[None]
    return (mean_BGS * own_BGS).sum(1) - (mean_BGS - 2 * own_BGS).amax(1)


def correlation(one: Tensor, other: Tensor) -> Tensor:
    """Return Pearson's coefficient of two sets of numbers."""
    one, other = one - one.mean(), other - other.mean()
    both = (one.square().mean() * other.square().mean() + 1e-8).sqrt()
    return (one * other).mean() / both


def channels_of(volume_S: NDArray[Any], meaning: Meaning) -> Tensor:
    """Return the channels of a block with the images' values, as a generator makes them."""
    if meaning.kind == "phases":
        found_CS = np.stack([volume_S == value for value in meaning.values])
        return torch.from_numpy(found_CS.astype(np.float32))[None]
    colour = np.moveaxis(volume_S, 1, 0) if meaning.kind == "colour" else volume_S[None]
    offset, scale = (np.reshape(v, (-1, 1, 1, 1)) for v in (meaning.offset, meaning.scale))
    return torch.from_numpy(((colour - offset) / scale).astype(np.float32))[None]


def blocks(shape: tuple[int, ...]) -> Iterator[list[Span]]:
    """Yield the spans of cubes that together fill a volume."""
    for corner in itertools.product(*(range(0, side, BLOCK) for side in shape)):
        yield [(n, min(n + BLOCK, side)) for n, side in zip(corner, shape, strict=True)]
