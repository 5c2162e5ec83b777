import math

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from pearlite.data.stream import Stream
from pearlite.errors import InputError
from pearlite.nets.mlp import MLP
from pearlite.task import Task
from pearlite.train import losses
from pearlite.train.optimisers import adam
from pearlite.train.trainer import Trainer

OF_CLASSES = [losses.cross_entropy, losses.focal, losses.tversky, losses.dice, losses.boundary]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def number(loss):
    return float(loss.detach())


def image(classes=3, size=8, seed=0):
    """Logits (2, K, size, size) and labels (2, size, size)."""
    logits = torch.randn(2, classes, size, size, generator=generator(seed), requires_grad=True)
    return logits, torch.randint(0, classes, (2, size, size), generator=generator(seed + 1))


def certain(labels, classes=3, strength=50.0):
    return strength * F.one_hot(labels, classes).movedim(-1, 1).float()


@pytest.mark.parametrize(
    ("loss", "expected"),
    [(losses.mse, 14 / 3), (losses.l1, 2.0), (losses.huber, (0.5 + 1.5 + 2.5) / 3)],
)
def test_losses_of_numbers(loss, expected):
    y_hat, y = torch.tensor([1.0, 2.0, 3.0]), torch.zeros(3)
    assert float(loss(y_hat, y)) == pytest.approx(expected)


@pytest.mark.parametrize("loss", [losses.mse, losses.l1, losses.huber])
def test_a_column_is_no_row(loss):
    with pytest.raises(InputError, match=r"\(3, 1\), the truth \(3,\)"):
        loss(torch.zeros(3, 1), torch.zeros(3))


@pytest.mark.parametrize("loss", [losses.mse, losses.l1, losses.huber])
def test_masked_counts_the_known_elements_only(loss):
    y_hat = torch.randn(4, 5, generator=generator(), requires_grad=True)
    y = torch.randn(4, 5, generator=generator(1))
    known = torch.rand(4, 5, generator=generator(2)) < 0.5
    value = losses.masked(loss)(y_hat, torch.where(known, y, torch.nan), known)
    value.backward()
    torch.testing.assert_close(value, loss(y_hat[known], y[known]))
    assert y_hat.grad.isfinite().all()
    assert (y_hat.grad[~known] == 0).all()
    assert number(losses.masked(loss)(y_hat, y, torch.zeros_like(known))) == 0


def test_a_mask_that_would_enlarge_the_prediction_is_refused():
    column = torch.zeros(3, 1)
    with pytest.raises(RuntimeError, match="must match the existing size"):
        losses.masked(losses.mse)(column, column, torch.ones(3, dtype=torch.bool))


def test_cross_entropy_is_that_of_torch_with_weights_and_unlabelled_elements():
    logits, y = image()
    y[0, :5] = -1
    weights = torch.tensor([1.0, 2.0, 5.0])
    for w in (None, weights):
        expected = F.cross_entropy(logits, y, w, ignore_index=-1)
        torch.testing.assert_close(losses.cross_entropy(logits, y, weights=w), expected)


def test_cross_entropy_of_a_plain_batch():
    logits = torch.tensor([[math.log(3.0), 0.0]])
    assert float(losses.cross_entropy(logits, torch.tensor([0]))) == pytest.approx(-math.log(0.75))


def test_focal_follows_its_formula_and_gamma_0_is_cross_entropy():
    logits, y = image()
    p = logits.softmax(1).gather(1, y[:, None])[:, 0]
    torch.testing.assert_close(losses.focal(logits, y, 2.0), ((1 - p) ** 2 * -p.log()).mean())
    torch.testing.assert_close(losses.focal(logits, y, 0.0), losses.cross_entropy(logits, y))


def test_focal_has_finite_gradients_where_the_answer_is_certain():
    logits = certain(torch.zeros(2, 4, dtype=torch.int64)).requires_grad_()
    losses.focal(logits, torch.zeros(2, 4, dtype=torch.int64), 0.5).backward()
    assert logits.grad.isfinite().all()


def test_tversky_and_dice_follow_their_formulas():
    logits, y = image()
    p, t = logits.softmax(1), certain(y, strength=1.0)
    tp, fp, fn = (a.sum((0, 2, 3)) for a in (p * t, p * (1 - t), (1 - p) * t))
    expected = 1 - (tp / (tp + 0.2 * fp + 0.8 * fn)).mean()
    torch.testing.assert_close(losses.tversky(logits, y, 0.2, 0.8), expected)
    torch.testing.assert_close(losses.dice(logits, y), 1 - (2 * tp / (2 * tp + fp + fn)).mean())


def test_dice_leaves_out_classes_that_the_batch_does_not_show():
    y = torch.zeros(2, 4, 4, dtype=torch.int64)
    assert float(losses.dice(certain(y), y)) == pytest.approx(0, abs=1e-6)
    assert float(losses.dice(certain(y + 1), y)) == pytest.approx(1, abs=1e-6)


def test_boundary_is_probability_times_signed_distance():
    y = torch.tensor([[[0, 0, 1, 1, 1]]])
    p = torch.full((1, 2, 1, 5), 0.0)
    p[0, :, 0] = torch.tensor([[0.9, 0.8, 0.3, 0.2, 0.1], [0.1, 0.2, 0.7, 0.8, 0.9]])
    distance = torch.tensor([[-1.0, 0, 1, 2, 3], [2, 1, 0, -1, -2]])
    expected = (p[0, :, 0] * distance).mean()
    torch.testing.assert_close(losses.boundary(p.log(), y), expected)


def test_boundary_prefers_the_smaller_mistake():
    y = torch.zeros(1, 16, 16, dtype=torch.int64)
    y[:, 4:12, 4:12] = 1
    guesses = [y, y.roll(1, 2), y.roll(4, 2)]
    values = [float(losses.boundary(certain(guess, 2), y)) for guess in guesses]
    assert values == sorted(values)
    assert values[0] < values[1] < values[2]


@pytest.mark.parametrize("loss", OF_CLASSES)
@pytest.mark.parametrize("ignore", [-1, 255])
def test_what_is_not_labelled_has_no_gradient(loss, ignore):
    logits, y = image()
    y[:, :, 3:] = ignore
    value = loss(logits, y, ignore=ignore)
    value.backward()
    assert value.isfinite()
    assert (logits.grad[..., 3:] == 0).all()
    assert (logits.grad[..., :3] != 0).any()


@pytest.mark.parametrize("loss", OF_CLASSES)
def test_no_label_at_all_is_no_loss(loss):
    logits, y = image()
    value = loss(logits, torch.full_like(y, -1))
    value.backward()
    assert number(value) == 0
    assert (logits.grad == 0).all()


@pytest.mark.parametrize("loss", OF_CLASSES)
def test_every_loss_of_classes_can_be_descended(loss):
    logits, y = image(size=16)
    y[:] = 0
    y[:, 4:12, 4:12] = 1
    y[:, 6:10, 6:10] = 2
    optimiser = torch.optim.Adam([logits], lr=0.1)
    first = number(loss(logits, y))
    for _ in range(60):
        optimiser.zero_grad()
        loss(logits, y).backward()
        optimiser.step()
    assert number(loss(logits, y)) < first
    assert (logits.argmax(1) == y).float().mean() > 0.9


@pytest.mark.parametrize("loss", OF_CLASSES)
def test_labels_of_another_shape_or_kind_are_refused(loss):
    logits, y = image()
    with pytest.raises(InputError, match=r"expected \(B, K, …\)"):
        loss(logits, y[:, None])
    with pytest.raises(InputError, match=r"call \.long\(\)"):
        loss(logits, y.float())


def test_weighted_sum():
    logits, y = image()
    loss = losses.weighted_sum((1, losses.cross_entropy), (0.5, losses.dice))
    expected = losses.cross_entropy(logits, y) + 0.5 * losses.dice(logits, y)
    torch.testing.assert_close(loss(logits, y), expected)


class Digits(Task):
    def __init__(self, outputs, seed):
        super().__init__()
        self.net = MLP([64, 32, outputs], generator=generator(seed))

    def f(self, x):
        return self.net(x)


class NumberOfTheClass(Digits):
    """Regress the label, as if 3 were between 2 and 4."""

    def L(self, y_hat, y):
        return losses.mse(y_hat[:, 0], y.float())

    def named(self, x):
        return self.f(x)[:, 0].round()


class OneOfTheClasses(Digits):
    def L(self, y_hat, y):
        return losses.cross_entropy(y_hat, y)

    def named(self, x):
        return self.f(x).argmax(1)


@pytest.mark.parametrize("seed", [0, 1])
def test_squared_error_on_class_labels_learns_worse_than_cross_entropy(seed):
    bunch = load_digits()
    x, y = torch.tensor(bunch.data / 16, dtype=torch.float32), torch.tensor(bunch.target)
    order = torch.randperm(len(x), generator=generator(seed))
    train, withheld = order[:1200], order[1200:]
    accuracy = {}
    for task in (NumberOfTheClass(1, seed), OneOfTheClasses(10, seed)):
        stream = Stream((x[train], y[train]), batch=64, seed=seed)
        Trainer(task, optimiser=adam(1e-2), every=1000).fit(stream, steps=400)
        right = task.named(x[withheld]) == y[withheld]
        accuracy[type(task)] = float(right.float().mean())
    assert accuracy[OneOfTheClasses] > 0.93
    assert accuracy[NumberOfTheClass] < 0.8
