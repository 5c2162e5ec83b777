import math

import pytest
import torch
from torch import nn

from pearlite.train.optimisers import adamw


def parameters():
    return [nn.Parameter(torch.tensor([3.0])), nn.Parameter(torch.tensor([4.0]))]


@pytest.mark.parametrize(("clip", "expected"), [(math.inf, (3.0, 4.0)), (1.0, (0.6, 0.8))])
def test_long_gradients_are_shortened_together(clip, expected):
    both = parameters()
    optimiser = adamw(clip=clip)(both)
    sum(p.square().sum() / 2 for p in both).backward()
    optimiser.step()
    assert [p.grad.item() for p in both] == pytest.approx(expected, abs=1e-4)


def test_weights_decay_without_a_gradient():
    both = parameters()
    optimiser = adamw(rate=0.1, decay=0.5)(both)
    for p in both:
        p.grad = torch.zeros_like(p)
    optimiser.step()
    assert [p.item() for p in both] == pytest.approx([3 * 0.95, 4 * 0.95])
