"""What is being learned is measured on the way, and ends when it is near: by more than luck."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from scipy.ndimage import gaussian_filter

from pearlite.recipes.reconstruct.images import Pictures, prepare
from pearlite.recipes.reconstruct.preview import Preview
from pearlite.recipes.reconstruct.settings import Recipe
from pearlite.recipes.reconstruct.train import Trained, train
from pearlite.recipes.reconstruct.watch import GOAL, HALF, NEWEST, Watch, is_near
from pearlite.train.history import Row
from pearlite.train.state import State
from pearlite.train.trainer import Trainer

TINY = Recipe(
    widths=(8, 8),
    box=(32, 28),
    patches=(((1, 3),),),
    directions=8,
    samples=300,
    boxes=1,
    calibrated=64,
)


def field(shape: tuple[int, ...], seed: int, length: float = 4.0) -> np.ndarray:
    """Cut a random field, three axes, where 40 % of it is above."""
    white = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    smooth = gaussian_filter(white, length, mode="wrap")
    return (smooth > np.quantile(smooth, 0.6)).astype(np.uint8)


@cache
def pictures(side: int = 96) -> Pictures:
    return prepare(field((side, side, 33), 1)[..., 16])


def test_slices_of_the_same_law_are_near_and_coarser_ones_are_not():
    same, coarser = Watch(pictures(384), 0), Watch(pictures(384), 0)
    rows = [same.compare(field((64, 64, 64), seed)) for seed in range(2, 8)]
    other = [coarser.compare(field((64, 64, 64), seed, 4.5)) for seed in range(2, 8)]

    assert is_near(rows)
    assert not is_near(rows[:2])
    assert not is_near(other)
    assert other[-1]["surface (floors)"] > 1
    assert set(rows[0]) == set(GOAL.columns) - {"interface (floors)"}


def ended(off: float, trials: int = 2000, by_chance: float = 0.5, measures: int = 3) -> float:
    """Return how many trainings end before their time, of a generator that is one measure off.

    A single small volume is off by chance by half a floor (as the fields above are).
    """
    late = 11  # rows
    random = np.random.default_rng(0)
    single = random.normal(0, by_chance, (trials, late + NEWEST - 1, measures))
    single[..., 0] += off
    early = 0
    for row_RM in single:
        newest = [np.abs(row_RM[n : n + NEWEST].mean(0)) for n in range(late)]
        rows: list[Row] = [dict(zip(GOAL.columns, floors, strict=False)) for floors in newest]
        early += any(is_near(rows[:count]) for count in range(1, late + 1))
    return early / trials


def test_a_training_does_not_end_on_luck():
    assert ended(0.0) > 0.99
    assert ended(1.0) < 0.2
    assert ended(1.25) < 0.02


def test_what_was_watched_is_a_part_of_the_training_and_of_its_picture(tmp_path: Path):
    def learn(folder: str, stop_at: int = 0) -> Trained:
        watch = Watch(pictures(), 0)
        preview = Preview(tmp_path / f"{folder}.png", watch)

        def stop(trainer: Trainer) -> None:
            if trainer.step == stop_at:
                raise KeyboardInterrupt

        return train(
            pictures(),
            seed=2,
            steps=4,
            recipe=TINY,
            state=State(tmp_path / folder, seconds=0),
            watch=watch,
            events={"step": [stop], "end": [preview.draw]},
        )

    whole = learn("whole")
    with pytest.raises(KeyboardInterrupt):
        learn("parts", stop_at=3)
    parts = learn("parts")

    rows = [[{**row, "seconds": 0} for row in each.history] for each in (whole, parts)]
    assert len(rows[0]) == 4
    assert rows[0] == rows[1]
    assert rows[0][-1].keys() >= {"fraction (floors)", "surface (floors)"}
    with Pillow.open(tmp_path / "parts.png") as picture:
        assert picture.size[0] > 1000


@pytest.mark.parametrize(("until", "steps"), [("inside", 14), ("budget", 20)])
def test_a_training_that_is_near_ends_after_another_tenth(
    until: str, steps: int, monkeypatch: pytest.MonkeyPatch
):
    watch = Watch(pictures(), 0)
    near = dict.fromkeys(GOAL.columns, 0.1)
    monkeypatch.setattr(watch, "measure", lambda _: near)

    trained = train(pictures(), seed=0, steps=20, recipe=TINY, watch=watch, until=until)

    assert trained.history[-1]["step"] == steps
    assert trained.near == (HALF + 0.1 if until == "inside" else None)
