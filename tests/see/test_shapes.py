import re
import sys
import warnings

import pytest
import torch
from planted import Classifier, Heads, Planted, Words, image, planted
from torch import nn

from pearlite.data.stream import Stream
from pearlite.errors import InputError
from pearlite.see.shapes import ShapeError, explain, naming

PLANTED = planted()


def test_there_are_at_least_twenty():
    assert len({mistake.name for mistake in PLANTED}) == len(PLANTED) >= 20


@pytest.mark.parametrize("mistake", PLANTED, ids=[mistake.name for mistake in PLANTED])
def test_a_planted_mistake_is_named(mistake: Planted):
    with pytest.raises(ShapeError) as caught, naming(mistake.network):
        mistake.call(mistake.network)
    error = caught.value
    assert error.path == mistake.path
    assert mistake.arrived in error.arrived
    assert mistake.expected in error.expected
    assert mistake.fix in error.fix
    for part in (error.path, error.arrived, error.expected, error.fix):
        assert part in str(error)
    assert error.__cause__ is not None
    assert isinstance(error, InputError)


class Buggy(nn.Module):
    def __init__(self, bug):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.bug = bug
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.bug(self, self.layer(x))


def _raise(error):
    raise error


@pytest.mark.parametrize(
    ("kind", "bug"),
    [
        (AttributeError, lambda net, x: net.missing(x)),
        (ZeroDivisionError, lambda net, x: x / (1 // 0)),
        (IndexError, lambda net, x: [x][1]),
        (KeyError, lambda net, x: {}["size"]),
        (TypeError, lambda net, x: len(3)),
        (TypeError, lambda net, x: net.layer()),
        (ValueError, lambda net, x: int("shape")),
        (RuntimeError, lambda net, x: _raise(RuntimeError("size of my own dimension"))),
        (ValueError, lambda net, x: _raise(ValueError("shape out of range"))),
        (RuntimeError, lambda net, x: {1: 2}.update((k, k) for k in iter_and_grow({1: 2}))),
        (AssertionError, lambda net, x: x if x.sum() is None else _raise(AssertionError("size"))),
        (RuntimeError, lambda net, x: net.layer.weight.mul_(2)),
        (InputError, lambda net, x: _raise(InputError("the size is wrong"))),
    ],
)
def test_a_bug_that_is_no_such_mistake_passes_unchanged(kind, bug):
    net = Buggy(bug)
    with pytest.raises(kind) as caught, naming(net):
        net(torch.zeros(2, 4))
    assert type(caught.value) is kind
    assert caught.value.__cause__ is None


def iter_and_grow(table):
    for key in table:
        table[key + 1] = 0
        yield key


def test_nothing_of_ours_runs_between_layers_while_all_is_well():
    net, files = Buggy(lambda net, x: x), set()
    with naming(net):
        sys.setprofile(lambda frame, event, arg: files.add(frame.f_code.co_filename))
        try:
            net(torch.zeros(2, 4))
        finally:
            sys.setprofile(None)
    assert any(file.endswith("torch/nn/modules/linear.py") for file in files)
    assert not any("pearlite/see" in file for file in files)
    assert net.calls == 1


def test_warnings_of_other_kinds_and_filters_stay_as_they_were():
    before = list(warnings.filters)
    with pytest.warns(UserWarning, match="mine"), naming(nn.Identity()):
        warnings.warn("mine", stacklevel=1)
    assert warnings.filters == before


def test_the_line_is_said_where_a_forward_does_the_mistake_itself():
    net = Heads(3)
    said = r"planted\.py line \d+: q = self\.query"
    with pytest.raises(ShapeError, match=said) as caught, naming(net):
        net(image(2, 5, 64))
    assert str(caught.value).startswith("Heads got (2, 5, 64) float32")


def test_a_caught_error_can_be_explained_later():
    net = Classifier()
    with pytest.raises(RuntimeError) as caught:
        net(image(2, 3, 28, 28))
    mistake = explain(net, caught.value)
    assert mistake is not None
    assert re.match(r"features\.0 \(Conv2d\) got \(2, 3, 28, 28\) float32; expected", str(mistake))


def test_the_state_of_the_network_and_of_the_generator_stay_as_they_were():
    net = Words().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.get_rng_state()
    with pytest.raises(ShapeError), naming(net):
        net(torch.full((1, 3), 100))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_training_is_never_run_a_second_time_to_learn_what_failed():
    runs = []

    class Own(nn.Module):
        def fit(self):
            runs.append("fit")
            with naming(self):
                return torch.zeros(2, 3) - torch.zeros(2, 4)

    def train():
        runs.append("train")
        with naming(nn.Identity()):
            return script()

    def script():
        runs.append("script")
        return torch.zeros(2, 3) - torch.zeros(2, 4)

    with pytest.raises(ShapeError):
        Own().fit()
    with pytest.raises(ShapeError, match="script"):
        train()
    assert runs == ["fit", "train", "script"]


class Broken:
    def __len__(self):
        return 4

    def __getitem__(self, index):
        raise RuntimeError("the image has the wrong size")


def test_an_error_of_a_worker_is_not_blamed_on_the_network():
    net = nn.Linear(1, 1)
    with pytest.raises(RuntimeError, match="in DataLoader worker"), naming(net):
        Stream(Broken(), batch=2, workers=1)(0)
