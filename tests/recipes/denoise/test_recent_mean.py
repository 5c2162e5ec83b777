import pytest
import torch

from pearlite.recipes.denoise.recent_mean import RecentMean


@pytest.mark.parametrize(
    ("added", "first"), [(1, 0), (7, 0), (20, 0), (21, 4), (24, 4), (25, 8), (50, 32)]
)
def test_mean_of_the_recent_ones(added, first):
    recent = RecentMean(window=20, blocks=5)
    for number in range(added):
        recent.add(torch.full((2, 3), float(number)))
    expected = sum(range(first, added)) / (added - first)
    torch.testing.assert_close(recent.mean(), torch.full((2, 3), expected))


def test_what_was_added_stays_as_it_was():
    recent, tensor = RecentMean(), torch.ones(2)
    recent.add(tensor)
    recent.add(tensor)
    recent.mean()
    assert tensor.tolist() == [1, 1]
