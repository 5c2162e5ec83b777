"""Smooth fields: how they vary is what their width says, and a generator begins with one."""

import numpy as np
import pytest
import torch

from pearlite.nets.pyramid import NoisePyramid
from pearlite.nets.smooth import SmoothField


@pytest.mark.parametrize("widths", [(0.6,), (1.1,), (0.7, 2.5)])
def test_correlations_are_those_of_the_widths(widths: tuple[float, ...]) -> None:
    noise = torch.randn(4, 1, 240, 240, generator=torch.Generator().manual_seed(0))
    field = SmoothField(2, widths)
    first = 4 * field.margin
    depth = field.depths(noise, [(first, 960 - first)] * 2, 4).numpy()[:, 0]
    height = depth * field.slope
    assert height.var() == pytest.approx(1, abs=0.06)
    for axis, width in ((1, widths[0]), (2, widths[-1])):
        height = np.moveaxis(height, axis, 0)
        for lag in (2, 4, 8):  # places, of which four lie along a cell
            found = np.mean(height[lag:] * height[:-lag])
            assert found == pytest.approx(np.exp(-((lag / 4 / width) ** 2) / 4), abs=0.06)
        height = np.moveaxis(height, 0, axis)
    steepness = np.sqrt(np.mean([np.diff(depth, axis=axis).var() for axis in (1, 2)]))
    assert 4 * steepness == pytest.approx(np.sqrt(1 / 2), rel=0.1)


def test_places_beyond_the_margin_do_not_count() -> None:
    noise = torch.randn(1, 1, 40, 40, generator=torch.Generator().manual_seed(0))
    field = SmoothField(1, (0.8, 2.4))
    margin = field.margin
    whole = field.depths(noise, [(2 * margin, 80 - 2 * margin)] * 2, 2)
    part = field.depths(noise[..., 3:-2, 3:-2], [(2 * margin, 70 - 2 * margin)] * 2, 2)
    torch.testing.assert_close(whole[..., 6:-4, 6:-4], part)


@pytest.mark.parametrize("level", [1, 3])
def test_a_generator_begins_with_the_field(level: int) -> None:
    random = torch.Generator().manual_seed(0)
    field = SmoothField(level, (0.9,))
    network = NoisePyramid(2, widths=(6, 8, 8, 8, 8), patterns=[field], generator=random)
    network.begin_inside([0], [0.5])
    shape, starts = (24, 40, 30), (3, 5, 7)
    noise = [torch.randn(1, 4, *n, generator=random) for n in network.noise_shapes(starts, shape)]
    with torch.inference_mode():
        inside = network(noise, starts)[0].argmax(0) == 0
    spans = [network.spans(a, a + n)[level][0] << level for a, n in zip(starts, shape, strict=True)]
    places = [(a - s, a + n - s) for a, n, s in zip(starts, shape, spans, strict=True)]
    deep = 2**level * field.depths(noise[level], places, 2**level)[0, 0]
    clear = (deep - 0.5).abs() > 1.5
    assert clear.sum() > 1000
    assert (inside == (deep > 0.5))[clear].float().mean() > 0.95
