"""n-point probabilities: what they count, and that boxes are brought to them on average."""

import numpy as np
import pytest
import torch

from pearlite.recipes.reconstruct.points import (
    PAIRS,
    PointProbabilities,
    probabilities,
    shifted,
)


def labels(side: int = 16, phases: int = 3, seed: int = 0) -> torch.Tensor:
    drawn = np.random.default_rng(seed).integers(phases, size=(side, side))
    return torch.from_numpy(np.eye(phases, dtype=np.float32)[drawn]).movedim(-1, 0)[None]


def test_they_count_how_often_phases_lie_so_to_each_other() -> None:
    image = labels()
    classes = image[0].argmax(0).numpy()
    for (down, right), found in zip(
        [place for (place,) in PAIRS], probabilities(image, PAIRS), strict=True
    ):
        first = classes[: 16 - down, max(0, -right) : 16 - max(0, right)]
        second = classes[down:, max(0, right) : 16 + min(0, right)]
        wanted = [np.mean((first == a) & (second == b)) for a in range(3) for b in range(3)]
        assert found.numpy() == pytest.approx(wanted)
    (triples,) = probabilities(image, [((0, 1), (1, 0))])
    corner = classes[:-1, :-1], classes[:-1, 1:], classes[1:, :-1]
    for a, b, c in np.ndindex(3, 3, 3):
        assert triples.view(3, 3, 3)[a, b, c] == pytest.approx(
            np.mean((corner[0] == a) & (corner[1] == b) & (corner[2] == c))
        )


def test_shifted_views_are_of_one_size_and_one_place() -> None:
    x = torch.arange(30.0).reshape(1, 1, 5, 6)
    first, second = shifted(x, (0, 0), (2, -3))
    assert first.shape == second.shape == (1, 1, 3, 3)
    assert (second - first == 2 * 6 - 3).all()


def test_descending_on_it_brings_the_mean_of_boxes_to_the_image() -> None:
    image = labels(64, 2)
    task = PointProbabilities(2, [[image]])
    logits = torch.tensor([2.0, 0.0], requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.03)
    wanted = float(image[:, 0].mean())
    torch.manual_seed(0)
    for _ in range(300):
        drawn = (logits.softmax(0)[0] > torch.rand(32, 32)).float()
        first = drawn + logits.softmax(0)[0] - logits.softmax(0)[0].detach()
        loss = task(0, torch.stack([first, 1 - first])[None])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(logits.detach().softmax(0)[0]) == pytest.approx(wanted, abs=0.05)
    pairs = task.get_buffer("running0")[0].view(len(PAIRS), 2, 2)
    assert pairs.sum(2)[:, 0] == pytest.approx(wanted, abs=0.06)


def test_many_phases_are_counted_in_pairs_only() -> None:
    assert [len(p) for p in PointProbabilities(5, [[labels(phases=5)]]).places] == [len(PAIRS)]
