"""Reconstruction end to end: repeatable, resumable, of phases, grey and colour."""

from pathlib import Path

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.recipes.reconstruct import reconstruct
from pearlite.recipes.reconstruct.images import prepare
from pearlite.recipes.reconstruct.settings import Recipe
from pearlite.recipes.reconstruct.train import train
from pearlite.train.state import State
from pearlite.train.trainer import Trainer

TINY = Recipe(
    widths=(8, 8),
    box=(32, 28),
    patches=(((1, 3), (2, 3)),),
    directions=8,
    samples=300,
    calibrated=64,
)


def stripes(period: int = 16, side: int = 64) -> np.ndarray:
    rows = np.random.default_rng(0).integers(4, size=(side, 1))
    return (((np.arange(side) + rows) // (period // 2)) % 2 * 120 + 30).astype(np.uint8)


def test_two_calls_give_the_same_volume_and_another_seed_another() -> None:
    volumes = [
        reconstruct(stripes(), (20, 33, 18), steps=4, seed=seed, recipe=TINY).volume
        for seed in (0, 0, 1)
    ]
    assert volumes[0].shape == (20, 33, 18)
    assert set(np.unique(volumes[0])) == {30, 150}
    np.testing.assert_array_equal(volumes[0], volumes[1])
    assert (volumes[0] != volumes[2]).any()


def test_learning_goes_on_exactly_where_it_stopped(tmp_path: Path) -> None:
    pictures = prepare(stripes())

    def learn(folder: str, *events: object) -> dict:
        state = State(tmp_path / folder, seconds=0)
        given = {"step": list(events)}
        trained = train(pictures, seed=2, steps=7, recipe=TINY, state=state, events=given)
        return trained.material.network.state_dict()

    def stop(trainer: Trainer) -> None:
        if trainer.step == 5:
            raise KeyboardInterrupt

    whole = learn("whole")
    with pytest.raises(KeyboardInterrupt):
        learn("parts", stop)
    parts = learn("parts")
    assert all(whole[name].equal(parts[name]) for name in whole)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_grey_and_colour_are_learned(channels: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).normal(90, 30, (64, 64, *channels)).astype(np.float32)
    made = reconstruct(image, (16, 20, 24), steps=12, recipe=TINY).volume
    assert made.shape == (16, 20, 24, *channels)
    assert made.dtype == np.float32
    assert made.mean() == pytest.approx(90, abs=15)
    assert (made.std(axis=(0, 1, 2)) > 8).all()


@pytest.mark.slow
def test_learning_brings_fractions_and_boundaries_near_the_image() -> None:
    blobs = np.kron(np.random.default_rng(1).random((32, 32)) < 0.3, np.ones((4, 4), bool))
    image = blobs.astype(np.uint8)
    recipe = Recipe(
        widths=(8, 16, 16),
        box=(32, 28),
        directions=16,
        samples=1500,
        calibrated=64,
    )
    made = reconstruct(image, (64, 64, 64), steps=50, recipe=recipe).volume
    assert made.mean() == pytest.approx(image.mean(), abs=0.03)
    wanted = np.mean(image[1:] != image[:-1])
    for axis in range(3):
        assert np.mean(np.diff(made.astype(int), axis=axis) != 0) == pytest.approx(wanted, rel=0.4)


def test_three_images_give_each_direction_its_own() -> None:
    along = np.repeat(np.random.default_rng(1).random((64, 1)) < 0.5, 64, axis=1)
    flat = [np.random.default_rng(2).random((64, 64)) < 0.5, along, along]
    made = reconstruct(flat, (32, 32, 32), steps=5, recipe=TINY)
    assert made.pictures.different == 3
    assert len(made.history) > 0


def test_a_fraction_and_a_period_can_be_asked_for() -> None:
    options = {"steps": 3, "recipe": TINY, "vf": {150: 0.35}, "periodic": True}
    volume = reconstruct(stripes(), (64, 64, 64), **options).volume
    assert (volume == 150).mean() == pytest.approx(0.35, abs=0.005)


def test_a_bad_shape_is_said_before_anything_is_learned() -> None:
    with pytest.raises(InputError, match="nothing in it"):
        reconstruct(stripes(), (0, 4, 4), steps=10**9)


def test_without_time_one_step_is_made_and_told() -> None:
    history = train(prepare(stripes()), seed=0, seconds=1e-9, recipe=TINY).history
    assert [row["step"] for row in history] == [1]
