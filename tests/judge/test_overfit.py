import math

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.judge.learning_curve import learning_curve
from pearlite.judge.overfit import diagnose

STEPS = np.arange(1, 61)
SEEDS = range(5)


def history(train, validation, noise=0.01, seed=0):
    jitter = 1 + noise * np.random.default_rng(seed).standard_normal((2, len(STEPS)))
    rows = zip(10 * STEPS, train * jitter[0], validation * jitter[1], strict=True)
    return [{"step": int(s), "seconds": 0.0, "loss": t, "val_loss": v} for s, t, v in rows]


def falling(pace, floor=0.0):
    return floor + (1 - floor) * np.exp(-STEPS / pace)


def turning(at, slope=0.01):
    """Falls to 0.3 at a row, then rises."""
    fall = 0.7 * np.clip(1 - STEPS / at, 0, None) ** 2
    return 0.3 + fall + slope * np.clip(STEPS - at, 0, None)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("at", [10, 20, 40])
def test_names_where_validation_turned(seed, at):
    found = diagnose(history(falling(8), turning(at), seed=seed), baseline=1.0, epoch=20)
    assert found.verdict == "over-fitted"
    assert found.turned == pytest.approx(10 * at, abs=60)
    assert f"(epoch {found.turned / 20:.1f})" in found.sentence
    assert found.gap == pytest.approx(0.3 - math.exp(-found.turned / 80), abs=0.05)


def test_an_early_turn_in_a_long_training_is_not_smeared():
    steps = np.arange(1, 201)
    validation = (
        0.35 + 0.65 * np.clip(1 - steps / 12, 0, None) ** 2 + 0.004 * np.clip(steps - 12, 0, 99)
    )
    rows = zip(steps, np.exp(-steps / 10), validation, strict=True)
    found = diagnose([{"step": int(s), "loss": t, "val_loss": v} for s, t, v in rows], baseline=1.0)
    assert (found.verdict, found.turned) == ("over-fitted", 12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("verdict", "train", "validation"),
    [
        ("healthy", falling(6, 0.05), falling(6, 0.08)),
        ("under-fitted", falling(6, 0.7), falling(6, 0.72)),
        ("too short", falling(60), falling(60)),
        ("over-fitted", falling(6, 0.01), falling(6, 0.3)),
        ("diverged", turning(30, 0.03), turning(30, 0.03)),
    ],
)
def test_tells_the_cases_apart(seed, verdict, train, validation):
    found = diagnose(history(train, validation, seed=seed), baseline=1.0)
    assert found.verdict == verdict
    assert found.turned is None
    assert found.sentence.endswith(".")


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_is_no_turn(seed):
    found = diagnose(history(falling(6, 0.1), falling(6, 0.15), noise=0.15, seed=seed))
    assert found.turned is None
    assert found.verdict == "healthy"


def test_the_cure_depends_on_what_is_left_to_learn():
    much = diagnose(history(falling(8), 0.6 + turning(20)), baseline=1.0)
    little = diagnose(history(falling(8), turning(20)), baseline=1.0)
    assert "take a smaller model first" in much.sentence
    assert "A learning curve would tell" in much.sentence
    assert "More data help most" in little.sentence


def test_a_learning_curve_has_its_say():
    curve = learning_curve(lambda n: 4 * n**-0.5, [100, 200, 400, 800])
    found = diagnose(history(falling(8), turning(20)), curve=curve)
    assert curve.worth() in found.sentence


def test_few_validations_say_so():
    found = diagnose(history(falling(8), turning(20))[:7])
    assert (found.verdict, found.turned) == ("unclear", None)
    assert "7 validations are too few" in found.sentence


def test_columns_can_be_named():
    rows = [
        {"step": r["step"], "loss_a": r["loss"], "val_a": r["val_loss"]}
        for r in history(falling(8), turning(20))
    ]
    assert diagnose(rows, train="loss_a", validation="val_a").verdict == "over-fitted"
    with pytest.raises(InputError, match="but step, loss_a, val_a"):
        diagnose(rows)


@pytest.mark.parametrize("last", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_is_never_healthy(last):
    found = diagnose(history(falling(8), np.where(STEPS > 50, last, falling(8))))
    assert (found.verdict, found.turned) == ("diverged", None)
    assert "finite" in found.sentence
