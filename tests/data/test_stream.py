from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pearlite.data.batch import moved, parts, samples_in
from pearlite.data.stream import Stream, in_order
from pearlite.errors import InputError


class Squares:
    """A dataset: 20 whole numbers and their squares."""

    def __len__(self):
        return 20

    def __getitem__(self, index):
        return index, index**2


def numbers(count):
    return torch.arange(count)


def tilt(sample, generator):
    return sample + torch.rand((), generator=generator)


@given(count=st.integers(1, 40), batch=st.integers(1, 50), seed=st.integers(0, 2**63))
def test_every_epoch_has_every_sample_once_in_batches_of_one_size(count, batch, seed):
    stream = Stream(numbers(count), batch=batch, seed=seed)
    seen = torch.cat([stream(step) for step in range(3 * count)])
    assert len(seen) == 3 * count * min(batch, count)
    for epoch in seen[: 3 * count].split(count):
        assert sorted(epoch.tolist()) == list(range(count))
    assert set(torch.cat([stream(step) for step in range(stream.epoch)]).tolist()) == set(
        range(count)
    )


def test_order_is_a_function_of_seed_and_step():
    one, again, other = (Stream(numbers(100), batch=8, seed=seed) for seed in (3, 3, 4))
    forward = [one(step) for step in range(40)]
    for step in reversed(range(40)):
        assert torch.equal(again(step), forward[step])
    assert not torch.equal(other(0), forward[0])
    epochs = [torch.cat([Stream(numbers(100), batch=100)(e)]) for e in range(3)]
    assert all(not torch.equal(a, b) for a, b in pairwise(epochs))


def test_without_shuffling_samples_come_in_their_order():
    stream = Stream(numbers(5), batch=2, shuffle=False)
    assert [stream(step).tolist() for step in range(4)] == [[0, 1], [2, 3], [4, 0], [1, 2]]


def test_several_tensors_keep_together():
    x = numbers(30)
    for step in range(8):
        a, b = Stream((x, x**2), batch=7)(step)
        assert torch.equal(a**2, b)


@pytest.mark.parametrize("data", [numbers(20).float(), Squares()])
def test_workers_change_nothing(data):
    augment = tilt if isinstance(data, Tensor) else None
    alone = Stream(data, batch=6, seed=1, augment=augment)
    helped = Stream(data, batch=6, seed=1, augment=augment, workers=2)
    for step in [0, 1, 2, 3, 7, 8, 2]:  # goes on, jumps ahead, jumps back
        for a, b in zip(alone(step), helped(step), strict=True):
            assert torch.equal(a, b)
    helped.close()


def test_augmentation_belongs_to_the_place_not_to_the_sample():
    stream = Stream(torch.zeros(10), batch=10, seed=2, augment=tilt)
    first, second = stream(0), stream(1)
    assert len(set(torch.cat([first, second]).tolist())) == 20
    assert torch.equal(stream(0), first)


def test_augmentation_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    Stream(torch.zeros(10), batch=4, augment=tilt)(3)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("data", [numbers(11), (numbers(11), numbers(11) ** 2), Squares()])
def test_in_order_gives_every_sample_once(data):
    batches = in_order(data, batch=4)
    firsts = [batch if isinstance(batch, Tensor) else batch[0] for batch in batches]
    count = 20 if isinstance(data, Squares) else 11
    assert torch.equal(torch.cat(firsts), numbers(count))
    assert [len(first) for first in firsts[:-1]] == [4] * (len(firsts) - 1)


def test_parts_of_a_batch_hold_it_whole():
    batch = {"x": torch.rand(7, 2), "y": (numbers(7), numbers(7))}
    cut = parts(batch, 3)
    assert sum(share for _, share in cut) == pytest.approx(1)
    assert torch.equal(torch.cat([part["x"] for part, _ in cut]), batch["x"])
    assert torch.equal(torch.cat([part["y"][1] for part, _ in cut]), numbers(7))


def test_names_travel_in_a_batch():
    names = [f"image {i}" for i in range(7)]
    batch = {"name": names, "x": numbers(7)}
    assert samples_in(batch) == 7
    assert moved(batch, "cpu")["name"] == tuple(names)
    cut = [part for part, _ in parts(batch, 3)]
    assert [len(part["x"]) for part in cut] == [len(part["name"]) for part in cut] == [3, 3, 1]
    assert [name for part in cut for name in part["name"]] == names


@pytest.mark.parametrize(
    ("data", "batch", "says"),
    [
        ((np.zeros(4), np.zeros(4)), 4, "torch.as_tensor"),
        (torch.empty(0, 3), 4, "empty"),
        ((torch.zeros(3), torch.zeros(4)), 4, r"\[3, 4\] samples"),
        (torch.zeros(3), 0, "at least 1"),
    ],
)
def test_says_what_is_wrong(data, batch, says):
    with pytest.raises(InputError, match=says):
        Stream(data, batch=batch)
