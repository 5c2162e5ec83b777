"""Packs of balls: how deep a place lies in them, known from where they are."""

import numpy as np
import pytest
import torch

from pearlite.errors import InputError
from pearlite.nets.balls import Balls
from pearlite.nets.pyramid import NoisePyramid


@pytest.mark.parametrize("dims", [2, 3])
def test_depth_is_that_in_the_deepest_ball(dims: int) -> None:
    noise = torch.randn(2, 4, *dims * [4], generator=torch.Generator().manual_seed(0))
    balls = Balls(3, mean=0.4, spread=0.3)
    spans = [(16 + axis, 46 + axis) for axis in range(dims)]
    found = balls.depths(noise, spans, 16).numpy()
    places = [(np.arange(*span) + 0.5) / 16 for span in spans]
    where = np.stack(np.meshgrid(*places, indexing="ij"), -1)
    for batch in range(2):
        deep = []
        for cell in np.ndindex(*dims * [4]):
            of = noise[(batch, slice(None), *cell)]
            middle = np.array(cell) + torch.special.ndtr(of[:dims]).numpy()
            radius = min(1.0, 0.4 + 0.3 * float(of[dims]))
            deep.append(radius - np.linalg.norm(where - middle, axis=-1))
        first, second = np.sort(deep, axis=0)[:-3:-1]
        inside = first > 0  # outside a ball of a farther cell may be as near
        right = np.isclose(found[batch, 0], first, atol=1e-5)
        assert right[inside].mean() > 0.99  # where two are deepest for eight places together
        deeper = second > 0
        right &= np.isclose(found[batch, 1], first - second, atol=1e-5)
        assert right[deeper].mean() > 0.9


def test_a_generator_begins_with_the_pack() -> None:
    random = torch.Generator().manual_seed(0)
    network = NoisePyramid(2, widths=(6, 8, 8, 8, 8), patterns=[Balls(4)], generator=random)
    network.begin_inside([1], [2.0])
    shape, starts = (24, 40, 30), (3, 5, 7)
    noise = [torch.randn(1, 4, *n, generator=random) for n in network.noise_shapes(starts, shape)]
    level = network.spans(0, 0)
    assert len(level) == 5
    with torch.inference_mode():
        logits = network(noise, starts)[0]
    spans = [network.spans(a, a + n) for a, n in zip(starts, shape, strict=True)]
    places = [
        (a - 16 * span[4][0], a + n - 16 * span[4][0])
        for a, n, span in zip(starts, shape, spans, strict=True)
    ]
    deep = 16 * Balls(4).depths(noise[4], places, 16)[0, 0]
    clear = (deep - 2).abs() > 4  # voxels from a surface
    inside = logits.argmax(0) == 1
    assert clear.sum() > 1000
    assert (inside == (deep > 2))[clear].float().mean() > 0.9


def test_balls_need_a_level_and_noise() -> None:
    random = torch.Generator()
    for balls, noise in ((Balls(3), 4), (Balls(0), 4), (Balls(2), 3)):
        with pytest.raises(InputError, match="it needs"):
            NoisePyramid(2, widths=(8, 8, 8), noise=noise, patterns=[balls], generator=random)
    with pytest.raises(InputError, match="0 patterns"):
        NoisePyramid(2, widths=(8, 8), generator=random).begin_inside([0], [1.0])
