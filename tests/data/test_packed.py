"""Tokens on disk and the windows that training sees."""

import numpy as np
import pytest
import torch

from pearlite.data.documents import Passage
from pearlite.data.packed import Packed, Windows, pack
from pearlite.data.tokens import characters
from pearlite.errors import InputError

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    passages = [
        Passage(0, LETTERS[:20], False),
        Passage(0, LETTERS[20:], True),
        Passage(1, "äX" + LETTERS, True),
    ]
    return pack(passages, characters([LETTERS, "ä"]), tmp_path_factory.mktemp("p") / "packed")


def test_documents_lie_one_after_the_other_each_with_its_end(packed):
    tokeniser = characters([LETTERS, "ä"])
    assert len(packed) == 26 + 1 + 28 + 1
    assert packed.ends.tolist() == [20, 27, 56]
    assert packed.sizes.tolist() == [20, 6, 29]  # bytes
    assert packed.documents.tolist() == [0, 0, 1]
    assert np.flatnonzero(packed.tokens == tokeniser.end).tolist() == [26, 55]
    assert (packed.unknown, packed.inexact) == (1, 1)
    assert isinstance(packed.tokens, np.memmap)
    assert tokeniser.decode(packed.tokens[:26]) == LETTERS
    assert len(Packed.open(packed.folder)) == 56


def test_nothing_is_left_of_tokens_that_could_not_be_written(tmp_path):
    def broken():
        yield Passage(0, "abc", False)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        pack(broken(), characters(["abc"]), tmp_path / "packed")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError):
        Packed.open(tmp_path / "packed")


def test_a_window_is_followed_by_the_next_tokens(packed):
    windows = Windows(packed, 8, 3, seed=0)
    for step in range(20):
        tokens_BT, next_BT = windows(step)
        assert tokens_BT.shape == next_BT.shape == (3, 8)
        assert torch.equal(tokens_BT[:, 1:], next_BT[:, :-1])


def test_batches_are_a_function_of_seed_and_step(packed):
    one, other = Windows(packed, 8, 3, seed=1), Windows(packed, 8, 3, seed=1)
    later = [other(step) for step in reversed(range(9))][::-1]
    for step in range(9):
        assert torch.equal(one(step)[0], later[step][0])
    assert not torch.equal(Windows(packed, 8, 3, seed=2)(0)[0], later[0][0])


def test_an_epoch_sees_nearly_every_token_once(packed):
    windows = Windows(packed, 8, 2, seed=0)
    seen = np.concatenate([windows(step)[0].ravel() for step in range(windows.epoch)])
    assert windows.epoch == 3
    assert len(seen) == 48
    counts = np.bincount(seen, minlength=30)
    assert counts.max() <= 2 + 1  # each letter is twice in the text


def test_windows_for_validation_do_not_overlap(packed):
    tokens_BT, next_BT = packed.spread(10, 3)
    assert tokens_BT.shape == (3, 10)
    assert torch.equal(tokens_BT[:, 1:], next_BT[:, :-1])
    assert packed.spread(100, 3)[0].shape == (1, 55)


def test_a_context_longer_than_the_text_is_refused(packed):
    Windows(packed, 55, 1, seed=0)(0)
    with pytest.raises(InputError, match=r"56 tokens, too few for a context of 56.*--context"):
        Windows(packed, 56, 1, seed=0)
