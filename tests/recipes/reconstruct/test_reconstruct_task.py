"""The parts of the method: slices of a box, and hard voxels with soft gradients."""

import torch

from pearlite.recipes.reconstruct.task import slices, straight_through


def test_slices_are_the_planes_normal_to_an_axis() -> None:
    box = torch.arange(2 * 3 * 4 * 5.0).reshape(1, 2, 3, 4, 5)
    for axis in range(3):
        cut = slices(box, axis)
        assert len(cut) == box.shape[2 + axis]
        for place in range(len(cut)):
            assert cut[place].equal(box[0].select(1 + axis, place))


def test_hard_voxels_have_the_gradient_of_shares() -> None:
    logits = torch.randn(1, 3, 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
    weights = torch.randn(1, 3, 6, generator=torch.Generator().manual_seed(1))
    hard = straight_through(logits.softmax(1))
    assert hard.detach().argmax(1).equal(logits.argmax(1))
    torch.testing.assert_close(hard.detach().amax(1), torch.ones(1, 6))
    torch.testing.assert_close(hard.detach().sum(1), torch.ones(1, 6))
    (through,) = torch.autograd.grad((weights * hard).sum(), logits)
    (soft,) = torch.autograd.grad((weights * logits.softmax(1)).sum(), logits)
    torch.testing.assert_close(through, soft)
