"""Touching particles: parted at their necks, each measured."""

import numpy as np
import pytest

from pearlite.recipes.segment.instances import INSIDE, OUTSIDE, RIM, from_rims, rims, separate
from pearlite.recipes.segment.particles import connected


def discs(*centres_and_radii: tuple[float, float, float], side: int = 96) -> np.ndarray:
    """Return which pixels lie in one of the discs."""
    y, x = np.indices((side, side))
    inside = np.zeros((side, side), bool)
    for row, column, radius in centres_and_radii:
        inside |= (y - row) ** 2 + (x - column) ** 2 <= radius**2
    return inside


def test_touching_discs_are_parted_and_connected_pieces_are_not():
    mask = discs((40, 25, 16), (40, 55, 16)).astype(np.uint8)
    assert connected(mask, [1]).class_N.size == 1
    parted = separate(mask, [1])
    sizes = np.bincount(parted.map_S.ravel())[1:]
    assert len(sizes) == 2
    assert abs(int(sizes[0]) - int(sizes[1])) < 0.02 * sizes.sum()
    assert ((parted.map_S > 0) == (mask > 0)).all()


@pytest.mark.parametrize("scale", [0.35, 1.0, 2.5])
def test_the_rule_is_the_same_for_small_and_large_particles(scale):
    side = int(96 * scale)
    pair = ((40 * scale, 30 * scale, 16 * scale), (40 * scale, 57 * scale, 16 * scale))
    assert separate(discs(*pair, side=side), [1]).class_N.size == 2
    one = np.zeros((side, side), bool)
    one[int(20 * scale) : int(50 * scale), int(10 * scale) : int(80 * scale)] = True
    assert separate(one, [1]).class_N.size == 1


def test_a_rough_outline_does_not_part_a_particle():
    rough = discs((48, 48, 30))
    random = np.random.default_rng(0)
    edge = rough ^ discs((48, 48, 28))
    rough &= ~(edge & (random.random(rough.shape) < 0.5))
    assert separate(rough, [1]).class_N.size == 1


def test_classes_keep_their_numbers_and_specks_are_counted():
    numbers = np.zeros((96, 96), np.uint8)
    numbers[discs((30, 20, 14), (30, 46, 14))] = 1
    numbers[discs((75, 60, 12))] = 2
    numbers[2, 90:93] = 2
    found = separate(numbers, [1, 2])
    assert found.class_N.tolist() == [1, 1, 2]
    assert found.specks == 1
    assert set(np.unique(found.map_S[numbers == 2])) == {0, 3}


def test_balls_of_a_volume_are_parted():
    z, y, x = np.indices((24, 32, 48))
    balls = [(z - 12) ** 2 + (y - 16) ** 2 + (x - centre) ** 2 <= 10**2 for centre in (14, 31)]
    assert separate(balls[0] | balls[1], [1]).class_N.size == 2


def test_flat_voxels_are_not_taken_for_necks():
    z, y, x = np.indices((8, 48, 48))
    ball = (4 * (z - 3.5)) ** 2 + (y - 24) ** 2 + (x - 24) ** 2 <= 14**2
    assert separate(ball, [1], pixel_size=(4.0, 1.0, 1.0)).class_N.size == 1


def test_rims_lie_within_particles_and_lead_back_to_them():
    instances = np.zeros((96, 96), np.int32)
    instances[10:40, 10:40], instances[10:40, 40:70], instances[60:80, 20:50] = 1, 2, 3
    truth = rims(instances)
    assert ((truth == OUTSIDE) == (instances == 0)).all()
    assert (truth[20:30, 38:42] == RIM).all()
    assert truth[25, 25] == INSIDE
    sure = np.stack([truth == number for number in (OUTSIDE, INSIDE, RIM)]).astype(np.float32)
    found = from_rims(sure)
    assert found.class_N.size == 3
    pairs = np.unique(np.stack([found.map_S.ravel(), instances.ravel()]), axis=1)
    assert pairs.shape == (2, 4)
    assert ((found.map_S > 0) == (instances > 0)).all()


def test_nothing_inside_gives_no_particles():
    assert separate(np.zeros((32, 32), np.uint8), [1]).class_N.size == 0
