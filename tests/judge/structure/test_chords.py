"""Chord lengths: whole chords as by walking along every line, and what the border cuts."""

from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structure_volumes import random_field, tiny

from pearlite.errors import InputError
from pearlite.judge.structure.chords import chords


def walked(values_S: np.ndarray, axis: int) -> dict[int, Counter[int]]:
    """Return how many whole chords of each length there are, for each phase."""
    found: dict[int, Counter[int]] = {int(v): Counter() for v in np.unique(values_S)}
    for line in np.moveaxis(values_S, axis, -1).reshape(-1, values_S.shape[axis]):
        runs = [(int(phase), len(list(run))) for phase, run in groupby(line)]
        for phase, length in runs[1:-1]:
            found[phase][length] += 1
    return found


@given(tiny, st.integers(0, 1))
def test_whole_chords_are_those_that_end_within_the_window(values_S, axis):
    length = values_S.shape[axis]
    found = chords(values_S, axis)
    for phase, counted in walked(values_S, axis).items():
        weights = {n: count * length / (length - 1 - n) for n, count in counted.items()}
        total = sum(weights.values()) or 1.0
        expected = [weights.get(n, 0.0) / total for n in range(length + 1)]
        np.testing.assert_allclose(found[phase].share_L, expected)
        assert found[phase].whole == sum(counted.values())


def test_stripes_have_one_length():
    stripes = np.tile(np.repeat([0, 1], [3, 5]), 40)[None].repeat(4, 0)
    found = chords(stripes, 1)
    assert (found[0].share_L[3], found[1].share_L[5]) == (1.0, 1.0)
    assert found[0].mean == pytest.approx(3, rel=0.02)
    assert found[1].mean == pytest.approx(5, rel=0.02)
    across = chords(stripes, 0)[0]
    assert np.isnan(across.mean)
    assert across.whole == 0
    assert across.share_L.sum() == 0


def test_short_lines_know_the_mean_and_the_distribution_of_long_ones():
    large = random_field((960, 960), 4.0, 0.5, seed=3)
    truth = chords(large, 0)[1]
    strips = [chords(large[start : start + 32], 0)[1] for start in range(0, 960, 32)]
    assert np.mean([1 / strip.mean for strip in strips]) == pytest.approx(1 / truth.mean, rel=0.03)
    seen_L = np.mean([strip.share_L[:31] for strip in strips], 0)
    true_L = truth.share_L[:31] / truth.share_L[:31].sum()
    lengths_L = np.arange(31)
    assert lengths_L @ seen_L == pytest.approx(lengths_L @ true_L, rel=0.05)
    whole = np.concatenate([np.repeat(lengths_L, _whole(large[s : s + 32])) for s in (0, 320)])
    assert whole.mean() < 0.9 * lengths_L @ true_L  # what counting alone would say


def _whole(strip: np.ndarray) -> list[int]:
    counted = walked(strip, 0)[1]
    return [counted[length] for length in range(31)]


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="axis is 2; expected 0 to 1"):
        chords(np.eye(4, dtype=int), 2)
