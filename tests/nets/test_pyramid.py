"""The noise pyramid: any block of an endless texture can be made from the noise around it."""

import numpy as np
import pytest
import torch

from pearlite.nets.noise import normal_noise
from pearlite.nets.pyramid import NoisePyramid, fast_layout


def pyramid(dims: int, outputs: int = 2, **options: object) -> NoisePyramid:
    random = torch.Generator().manual_seed(0)
    return NoisePyramid(
        outputs, widths=(6, 8, 8), noise=2, dims=dims, generator=random, **options
    ).eval()


def block(network: NoisePyramid, first: tuple[int, ...], sides: tuple[int, ...]) -> np.ndarray:
    axes = [network.spans(a, a + n) for a, n in zip(first, sides, strict=True)]
    noise = []
    for level in range(network.levels):
        starts = [axis[level][0] for axis in axes]
        lengths = [axis[level][1] - axis[level][0] for axis in axes]
        noise.append(torch.from_numpy(normal_noise(level, network.noise, starts, lengths))[None])
    with torch.inference_mode():
        return network(noise, first)[0].numpy()


@pytest.mark.parametrize("dims", [2, 3])
def test_a_block_is_the_same_whatever_was_made_around_it(dims: int) -> None:
    network = pyramid(dims)
    whole = block(network, (-3, 4, 1)[:dims], (20, 17, 12)[:dims])
    part = block(network, (2, 9, 4)[:dims], (7, 6, 5)[:dims])
    place = (slice(None), *(slice(5, 5 + n) for n in (7, 6))) + (slice(3, 8),) * (dims - 2)
    np.testing.assert_allclose(part, whole[place], atol=1e-5)


def test_noise_shapes_are_those_that_give_the_block() -> None:
    network = pyramid(3)
    for starts in [(0, 0, 0), (1, 2, 3), (-5, 7, 6)]:
        shapes = network.noise_shapes(starts, (5, 8, 1))
        made = network([torch.zeros(2, 2, *shape) for shape in shapes], starts)
        assert made.shape == (2, 2, 5, 8, 1)


def test_layout_changes_nothing_but_the_order_in_memory() -> None:
    x = torch.arange(48.0).reshape(1, 2, 2, 3, 4)
    assert fast_layout(x).equal(x)
    assert fast_layout(x).is_contiguous(memory_format=torch.channels_last_3d)
    assert fast_layout(x[0, 0]).equal(x[0, 0])


def test_the_default_generator_is_small() -> None:
    random = torch.Generator().manual_seed(0)
    network = NoisePyramid(3, widths=(16, 32, 32, 32, 32), generator=random)
    assert sum(weight.numel() for weight in network.parameters()) <= 250_000
