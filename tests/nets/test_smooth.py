"""Smooth fields: how they vary is what their width says, and a generator begins with one."""

import numpy as np
import pytest
import torch

from pearlite.nets.pyramid import NoisePyramid
from pearlite.nets.smooth import SmoothField


@pytest.mark.parametrize("width", [0.6, 1.1])
def test_correlations_are_those_of_the_width(width: float) -> None:
    noise = torch.randn(4, 1, 110, 110, generator=torch.Generator().manual_seed(0))
    field = SmoothField(2, width).depths(noise, [(16, 416)] * 2, 4).numpy()[:, 0] / width
    assert field.var() == pytest.approx(1, abs=0.06)
    for lag in (2, 4, 8):  # places, of which four lie along a cell
        found = np.mean(field[..., lag:] * field[..., :-lag])
        assert found == pytest.approx(np.exp(-((lag / 4 / width) ** 2) / 4), abs=0.06)


@pytest.mark.parametrize("level", [1, 3])
def test_a_generator_begins_with_the_field(level: int) -> None:
    random = torch.Generator().manual_seed(0)
    field = SmoothField(level, 0.9)
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
