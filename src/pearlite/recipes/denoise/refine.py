"""A second opinion, learned from micrographs: correct the combination of patches by a network.

The network was trained once, on noise of all strengths scaled to a standard deviation of 1, with
the result of `combine_patches` at hand (``benchmarks/denoise/train_refiner.py``); its weights are
in the package with their card beside them. It knows what edges and textures look like, which one
image with little repetition cannot teach; it is small, and corrects an estimate that is good
already, so that it has little room to invent.
"""

from functools import cache
from itertools import product
from pathlib import Path

import torch
from torch import Tensor

from pearlite.nets import weights
from pearlite.nets.refiner import Refiner

WEIGHTS = Path(__file__).with_name("refiner.safetensors")
TILE = 768  # pixels, side of what is worked on at a time; even, bounds the memory


@cache
def refiner(device: str) -> Refiner:
    """Return the trained network, ready to apply."""
    network = Refiner(generator=torch.Generator())
    weights.load(network, WEIGHTS)
    return network.requires_grad_(False).eval().to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def refine(noisy_FCYX: Tensor, denoised_FCYX: Tensor, views: int = 1) -> Tensor:
    """Correct denoised frames, channel by channel.

    Parameters
    ----------
    noisy_FCYX, denoised_FCYX
        Frames whose noise has standard deviation 1, before and after `combine_patches`.
    views
        1, or 8 to average over the image turned and mirrored.

    Returns
    -------
    Tensor
        The corrected frames.
    """
    refined = torch.empty_like(denoised_FCYX)
    planes = (noisy_FCYX.flatten(0, 1), denoised_FCYX.flatten(0, 1), refined.flatten(0, 1))
    for noisy, denoised, result in zip(*planes, strict=True):
        result.copy_(torch.stack([_view(noisy, denoised, v) for v in range(views)]).mean(0))
    return refined


def seen(rows: tuple[int, int], height: int) -> tuple[int, int]:
    """Return the rows, of so many, that the network must see to correct these as in the whole.

    It works on squares of 2 × 2 pixels, which it counts from either end when the image is turned.
    """
    margin = _margin(refiner("cpu"))
    top, below = max(0, rows[0] - margin), max(0, height - rows[1] - margin)
    return top - top % 2, height - (below - below % 2)


def _margin(network: Refiner) -> int:
    return network.reach + network.reach % 2


def _view(noisy_YX: Tensor, denoised_YX: Tensor, view: int) -> Tensor:
    turns, mirrored = view % 4, view >= 4
    turned = [torch.rot90(image, turns) for image in (noisy_YX, denoised_YX)]
    if mirrored:
        turned = [image.flip(1) for image in turned]
    result = _tiled(*turned)
    return torch.rot90(result.flip(1) if mirrored else result, -turns)


def _tiled(noisy_YX: Tensor, denoised_YX: Tensor) -> Tensor:
    """Apply the network by tiles that overlap as far as it looks: equal to the whole at once."""
    network = refiner(str(noisy_YX.device))
    margin = _margin(network)
    result = torch.empty_like(denoised_YX)
    rows, columns = noisy_YX.shape
    for top, left in product(range(0, rows, TILE), range(0, columns, TILE)):
        bottom, right = min(top + TILE, rows), min(left + TILE, columns)
        above, before = max(top - margin, 0), max(left - margin, 0)
        part = (slice(above, bottom + margin), slice(before, right + margin))
        tile = network(noisy_YX[part][None, None], denoised_YX[part][None, None])[0, 0]
        result[top:bottom, left:right] = tile[
            top - above : bottom - above, left - before : right - before
        ]
    return result
