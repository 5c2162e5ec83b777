"""n-point probabilities: what they count, and that boxes are brought to them on average."""

import numpy as np
import pytest
import torch

from pearlite.recipes.reconstruct.points import (
    CORNERS,
    CROSSES,
    LINES,
    PAIRS,
    SQUARES,
    PointProbabilities,
    choices,
    codes,
    frequencies,
    shifted,
)


def labels(side: int = 16, phases: int = 3, seed: int = 0) -> torch.Tensor:
    drawn = np.random.default_rng(seed).integers(phases, size=(side, side))
    return torch.from_numpy(np.eye(phases, dtype=np.float32)[drawn]).movedim(-1, 0)[None]


def test_they_count_how_often_phases_lie_so_to_each_other() -> None:
    classes = labels()[0].argmax(0)
    for places in (*PAIRS, ((0, 0), (0, 1), (1, 0))):
        found = frequencies(codes(classes[None], places, 3), 3 ** len(places))
        views = [view.numpy() for view in shifted(classes[None], places)]
        for pattern in np.ndindex(*len(places) * [3]):
            here = np.all([view == phase for view, phase in zip(views, pattern, strict=True)], 0)
            code = sum(phase * 3**n for n, phase in enumerate(pattern))
            assert float(found[code]) == pytest.approx(here.mean())


def test_shifted_views_are_of_one_size_and_one_place() -> None:
    x = torch.arange(30.0).reshape(1, 1, 5, 6)
    first, second = shifted(x, ((0, 0), (2, -3)))
    assert first.shape == second.shape == (1, 1, 3, 3)
    assert (second - first == 2 * 6 - 3).all()


def test_a_phase_costs_what_the_patterns_cost_that_it_is_part_of() -> None:
    image = labels().requires_grad_()
    places, cost_J = ((0, 0), (0, 2), (3, 0)), torch.randn(27)
    together = torch.einsum("bihw,bjhw,bkhw->kji", *shifted(image, places)).flatten()
    (together * cost_J).sum().backward()
    price_BKHW = torch.zeros_like(image)
    code_BHW = codes(image.argmax(1), places, 3)
    parts = choices(cost_J, places, 3)[code_BHW].movedim(-1, 1).split(3, dim=1)
    for view, part in zip(shifted(price_BKHW, places), parts, strict=True):
        view += part
    torch.testing.assert_close(price_BKHW, image.grad)


def test_descending_on_it_brings_the_mean_of_boxes_to_the_image() -> None:
    image = labels(64, 2)
    task = PointProbabilities(2, [[image]])
    logits = torch.tensor([2.0, 0.0], requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.03)
    wanted = float(image[:, 0].mean())
    torch.manual_seed(0)
    for _ in range(300):
        drawn = (logits.softmax(0)[0] > torch.rand(48, 48)).float()
        first = drawn + logits.softmax(0)[0] - logits.softmax(0)[0].detach()
        loss = task(0, torch.stack([first, 1 - first])[None])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(logits.detach().softmax(0)[0]) == pytest.approx(wanted, abs=0.05)
    pairs = task.get_buffer("running_0_0")[0].view(2, 2)
    assert pairs.sum(0)[0] == pytest.approx(wanted, abs=0.06)


def test_patterns_of_many_phases_are_left_out_where_there_are_too_many() -> None:
    assert PointProbabilities(2, [[labels(32, 2)]]).kinds == [
        PAIRS,
        LINES,
        CORNERS,
        SQUARES,
        CROSSES,
    ]
    assert PointProbabilities(16, [[labels(32, 16)]]).kinds == [PAIRS]
