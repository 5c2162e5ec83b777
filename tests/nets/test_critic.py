"""The patch critic: one score for each patch of its field, and nothing beyond it."""

import torch

from pearlite.nets.critic import PatchCritic


def test_its_field_is_the_smallest_image_and_what_one_score_depends_on() -> None:
    critic = PatchCritic(2, widths=(4, 4, 4), generator=torch.Generator().manual_seed(0))
    side = critic.field
    x = torch.randn(1, 2, side, side, generator=torch.Generator().manual_seed(1))
    x.requires_grad_()
    score = critic(x)
    assert score.shape == (1, 1, 1, 1)
    score.sum().backward()
    assert x.grad is not None
    touched = x.grad.abs().sum((0, 1)) > 0
    assert touched.any(0).all()
    assert touched.any(1).all()


def test_larger_images_get_more_scores() -> None:
    critic = PatchCritic(1, generator=torch.Generator().manual_seed(0))
    assert critic(torch.zeros(3, 1, critic.field + 8, critic.field + 4)).shape == (3, 1, 3, 2)
