"""Diffusion: blocks whose answer is known, and what any solution must obey."""

import numpy as np
import pytest
from structure_volumes import random_field, real

from pearlite.errors import InputError
from pearlite.judge.structure.diffusion import diffusion
from pearlite.judge.structure.labelled import labelled

EXACT = 1e-5


def layers(axis: int, shape: tuple[int, int, int] = (20, 24, 16)) -> np.ndarray:
    """Return layers 1, 1, 2, 2, 2, 1 … normal to an axis."""
    place = np.arange(shape[axis]) % 5 >= 2
    kinds = 1 + place.astype(int).reshape([-1 if n == axis else 1 for n in range(3)])
    return np.broadcast_to(kinds, shape)


@pytest.mark.parametrize("shape", [(7, 5), (1, 1, 1), (33, 20, 12)])
def test_a_full_block_has_its_own_diffusivity(shape):
    found = diffusion(np.ones(shape, int), {1: 2.5}, 0)
    assert found.effective == pytest.approx(2.5, rel=EXACT)
    assert found.first == pytest.approx(2.5, rel=EXACT)
    assert found.last == pytest.approx(2.5, rel=1e-4)
    assert found.tortuosity == pytest.approx(1, rel=EXACT)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_layers_side_by_side_and_in_a_row(axis):
    conductivity = {1: 1.0, 2: 0.2}
    for normal in range(3):
        labels = layers(normal)
        share = (labels == 2).mean()
        row, side_by_side = 1 / (1 - share + share / 0.2), 1 - share + 0.2 * share
        found = diffusion(labels, conductivity, axis).effective
        assert found == pytest.approx(row if normal == axis else side_by_side, rel=1e-4)


def test_a_straight_channel_carries_its_fraction():
    labels = np.zeros((30, 12, 12), int)
    labels[:, 3:7, 5:8] = 1
    found = diffusion(labels, {1: 1.0}, 0)
    assert found.effective == pytest.approx(12 / 144, rel=EXACT)
    assert found.tortuosity == pytest.approx(1, rel=EXACT)


def test_what_does_not_connect_the_ends_carries_nothing():
    checkerboard = np.indices((8, 8, 8)).sum(0) % 2
    found = diffusion(checkerboard, {1: 1.0}, 0)
    assert (found.effective, found.tortuosity) == (0.0, np.inf)
    assert diffusion(layers(0), {1: 1.0}, 0).effective == 0
    assert diffusion(labelled(np.zeros((4, 4), int), (0, 1)), {1: 1.0}, 1).effective == 0


def test_dead_ends_and_islands_change_nothing():
    labels = np.zeros((24, 20, 20), int)
    labels[:, 5:9, 5:9] = 1
    alone = diffusion(labels, {1: 1.0}, 0).effective
    labels[:10, 15:, 15:] = 1  # touches one end
    labels[12:14, 1:3, 1:3] = 1  # touches none
    assert diffusion(labels, {1: 1.0}, 0).effective == pytest.approx(alone, rel=EXACT)


def test_more_of_the_same_structure_has_the_same_diffusivity():
    """Finer voxels: halving them moves the answer little, mirroring the volume not at all."""
    labels = random_field((40, 40, 40), 4.0, 0.6, seed=0)
    found = diffusion(labels, {1: 1.0}, 0).effective
    mirrored = np.concatenate([labels, labels[:, ::-1]], 1)
    assert diffusion(mirrored, {1: 1.0}, 0).effective == pytest.approx(found, rel=5e-4)
    doubled = np.concatenate([labels, labels[::-1]], 0)
    assert diffusion(doubled, {1: 1.0}, 0).effective == pytest.approx(found, rel=5e-4)
    finer = labels.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    assert diffusion(finer, {1: 1.0}, 0).effective == pytest.approx(found, rel=0.05)


def test_axes_are_alike():
    labels = random_field((32, 21, 27), 2.5, 0.5, seed=1)
    for axis in range(3):
        found = diffusion(labels, {0: 0.1, 1: 1.0}, axis).effective
        turned = diffusion(np.moveaxis(labels, axis, 2), {0: 0.1, 1: 1.0}, 2).effective
        assert turned == pytest.approx(found, rel=5e-4)


def test_it_is_linear_in_the_conductivities_and_within_the_bounds_of_wiener():
    labels = random_field((24, 24, 24), 2.0, 0.4, seed=2)
    found = diffusion(labels, {0: 0.05, 1: 1.0}, 0)
    tenfold = diffusion(labels, {0: 0.5, 1: 10.0}, 0)
    assert tenfold.effective == pytest.approx(10 * found.effective, rel=1e-4)
    assert tenfold.tortuosity == pytest.approx(found.tortuosity, rel=1e-4)
    share = labels.mean()
    assert 1 / (share + (1 - share) / 0.05) < found.effective < share + 0.05 * (1 - share)


def test_an_image_is_a_volume_that_is_the_same_at_all_heights():
    image = random_field((40, 30), 3.0, 0.7, seed=3)
    found = diffusion(image, {1: 1.0}, 1).effective
    volume = diffusion(np.stack([image] * 4), {1: 1.0}, 2).effective
    assert volume == pytest.approx(found, rel=5e-4)


def test_a_dense_solution_of_the_equations_says_the_same():
    labels = random_field((6, 5, 4), 1.0, 0.7, seed=4)
    conductivity = np.where(labels == 1, 1.0, 0.3)
    places = list(np.ndindex(labels.shape))
    matrix, right = np.zeros((len(places),) * 2), np.zeros(len(places))
    for a, here in enumerate(places):
        for axis in range(3):
            there = tuple(np.add(here, np.eye(3, dtype=int)[axis]))
            if there in places:
                b = places.index(there)
                k1, k2 = conductivity[here], conductivity[there]
                face = 2 * k1 * k2 / (k1 + k2)
                matrix[[a, b], [a, b]] += face
                matrix[[a, b], [b, a]] -= face
        ends = (here[0] == 0) + (here[0] == 5)
        matrix[a, a] += 2 * conductivity[here] * ends
        right[a] = 2 * conductivity[here] * (here[0] == 5)
    values = np.linalg.solve(matrix, right).reshape(labels.shape)
    flux = (2 * conductivity[0] * values[0]).sum() * 6 / 20
    assert diffusion(labels, {0: 0.3, 1: 1.0}, 0).effective == pytest.approx(flux, rel=1e-4)


def test_a_measured_cathode_by_a_stricter_solution():
    labels = real("SuperRes_SEM")[:64, :64, :64]
    found = diffusion(labels, {0: 1.0}, 2)
    strict = diffusion(labels, {0: 1.0}, 2, tolerance=1e-7)
    assert found.effective == pytest.approx(strict.effective, rel=2e-4)
    assert strict.first == pytest.approx(strict.last, rel=1e-3)


@pytest.mark.parametrize(
    ("conductivity", "axis", "said"),
    [
        ({1: -1.0}, 0, "conductivity of phase 1 is -1.0"),
        ({1: 0.0}, 0, "no phase conducts"),
        ({}, 0, "no phase conducts"),
        ({9: 1.0}, 0, "there is no phase 9"),
        ({1: 1.0}, 2, "axis is 2; expected 0 to 1"),
    ],
)
def test_wrong_questions_are_refused(conductivity, axis, said):
    with pytest.raises(InputError, match=said):
        diffusion(np.eye(4, dtype=int), conductivity, axis)
