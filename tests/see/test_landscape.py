import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.see.landscape import WeightPath, flat, line, plane, principal_directions
from pearlite.see.landscape import random_direction as drawn
from pearlite.see.landscape_picture import draw_lines, draw_plane
from pearlite.task import Task
from pearlite.train.optimisers import sgd
from pearlite.train.trainer import Trainer


class Bowl(Task):
    """Loss (a - 3)² + 4 (b + 1)² in two weights."""

    def __init__(self, a: float = 0.0, b: float = 0.0) -> None:
        super().__init__()
        self.at = nn.Parameter(torch.tensor([float(a), float(b)]))

    def loss(self, batch: Tensor) -> Tensor:
        a, b = self.at
        return (a - 3) ** 2 + batch * (b + 1) ** 2


class Dense(Task):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 1))

    def loss(self, batch: Tensor) -> Tensor:
        return self.net(batch).square().mean()


STEEP = torch.tensor(4.0)


def unit(axis):
    return torch.eye(2)[axis]


def test_a_plane_holds_the_loss_of_each_of_its_points():
    made = plane(Bowl(1, 2), STEEP, directions=(unit(0), unit(1)), span=2, points=5)
    a, b = 1 + made.across[None, :], 2 + made.down[:, None]
    np.testing.assert_allclose(made.loss_YX, (a - 3) ** 2 + 4 * (b + 1) ** 2, rtol=1e-6)
    assert made.path_N2 is None


def test_a_line_goes_from_one_minimum_to_another():
    made = line(Bowl(), STEEP, torch.tensor([3.0, -1.0]), torch.tensor([3.0, 1.0]), points=7)
    np.testing.assert_allclose(made.loss, 4 * (2 * made.at) ** 2, atol=1e-5)
    assert made.at[0] == -0.25
    assert made.at[-1] == 1.25


def trained():
    task, path = Bowl(0, 2), WeightPath(every=2)
    events = {"start": [path.record], "step": [path.record]}
    trainer = Trainer(task, optimiser=sgd(0.05), keep="last", events=events)
    trainer.fit(lambda step: STEEP, steps=20)
    return task, path


def test_the_path_of_an_optimiser_lies_in_its_plane():
    task, path = trained()
    assert len(path.weights) == 11
    torch.testing.assert_close(path.weights[-1], flat(task))
    made = plane(task, STEEP, path=path.weights, points=9)
    assert made.explained is not None
    assert sum(made.explained) == pytest.approx(1)
    assert made.explained[0] > made.explained[1]
    directions, coordinates, _ = principal_directions(path.weights)
    torch.testing.assert_close(directions @ directions.T, torch.eye(2))
    again = path.weights[-1] + coordinates.float() @ directions
    torch.testing.assert_close(again, torch.stack(path.weights), atol=1e-5, rtol=1e-5)
    for axis, ends in enumerate((made.across, made.down)):
        assert ends[0] < made.path_N2[:, axis].min()
        assert ends[-1] > made.path_N2[:, axis].max()


def test_a_path_is_projected_on_given_directions():
    task, path = trained()
    made = plane(task, STEEP, path=path.weights, directions=(unit(1), 2 * unit(0)), points=3)
    expected = torch.stack(path.weights) - flat(task)
    np.testing.assert_allclose(made.path_N2, expected.numpy()[:, ::-1] / [1, 2], atol=1e-6)


def test_random_directions_are_as_long_as_each_filter_and_leave_biases():
    task = Dense()
    direction = drawn(task, torch.Generator().manual_seed(3))
    parts = direction.split([weight.numel() for weight in task.parameters()])
    for weight, part in zip(task.parameters(), parts, strict=True):
        if weight.ndim > 1:
            rows = part.view_as(weight)
            torch.testing.assert_close(rows.norm(dim=1), weight.detach().norm(dim=1))
        else:
            assert not part.any()


def test_the_same_seed_draws_the_same_plane_and_the_task_stays_as_it_was():
    task, batch = Dense().train(), torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    before = {name: value.clone() for name, value in task.state_dict().items()}
    first, again, other = (plane(task, batch, points=3, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.loss_YX, again.loss_YX)
    assert not np.array_equal(first.loss_YX, other.loss_YX)
    assert first.loss_YX[1, 1] == pytest.approx(other.loss_YX[1, 1])
    assert all(torch.equal(before[name], value) for name, value in task.state_dict().items())
    assert all(module.training for module in task.modules())


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="do not fit the task"):
        line(Bowl(), STEEP, torch.zeros(3), torch.zeros(3))
    with pytest.raises(InputError, match="at least 3"):
        plane(Bowl(), STEEP, path=[torch.zeros(2)] * 2)
    with pytest.raises(InputError, match="moves"):
        plane(Bowl(), STEEP, path=[torch.zeros(2)] * 3)


def test_pictures_are_drawn_also_of_flat_and_broken_landscapes(tmp_path):
    task, path = trained()
    made = plane(task, STEEP, path=path.weights, points=5)
    draw_plane(made, tmp_path / "path.png")
    made.loss_YX[0, 0] = np.nan
    draw_plane(made, tmp_path / "broken.png")
    made.loss_YX[:] = 2
    draw_plane(made, tmp_path / "flat.png")
    draw_lines({"a": line(task, STEEP, torch.zeros(2), flat(task))}, tmp_path / "line.svg")
    assert (tmp_path / "line.svg").read_text().count("<svg") == 1
    assert len({file.read_bytes() for file in tmp_path.glob("*.png")}) == 3
