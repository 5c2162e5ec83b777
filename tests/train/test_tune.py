import sys
import time

import pytest

from pearlite.errors import InputError
from pearlite.train.tune import Between, search

pytest.importorskip("optuna")

SPACE = {
    "rate": Between(1e-5, 1.0, log=True),
    "width": Between(4, 64),
    "activation": ["relu", "gelu"],
}


def error(options):
    off = abs(options["width"] - 20) / 20
    return abs(options["rate"] - 0.01) + off + (options["activation"] == "gelu")


def test_finds_good_options_and_keeps_every_trial():
    found = search(error, SPACE, trials=60)
    assert found.error == error(found.best) == min(t["error"] for t in found.trials) < 0.3
    assert found.best["activation"] == "relu"
    assert len(found.trials) == 60
    assert all(1e-5 <= t["rate"] <= 1 and 4 <= t["width"] <= 64 for t in found.trials)
    assert all(isinstance(t["width"], int) for t in found.trials)
    assert sum(t["rate"] < 0.01 for t in found.trials) > 10  # by ratios, not by differences


def test_same_seed_same_trials():
    first, second, other = (search(error, SPACE, trials=12, seed=s) for s in (1, 1, 2))
    assert first == second != other


def test_failed_trials_are_passed_over():
    def sometimes(options):
        if options["rate"] > 0.1:
            raise InputError("loss is nan")
        return float("nan") if options["width"] < 10 else error(options)

    found = search(sometimes, SPACE, trials=30)
    failed = [t for t in found.trials if t["error"] is None]
    assert failed
    assert all(t["rate"] > 0.1 or t["width"] < 10 for t in failed)
    assert found.best["rate"] <= 0.1


def test_time_ends_a_search():
    began = time.monotonic()
    found = search(lambda options: time.sleep(0.01) or error(options), SPACE, minutes=0.5 / 60)
    assert 0.5 <= time.monotonic() - began < 5
    assert len(found.trials) > 1


def test_other_errors_are_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        search(lambda options: 1 / 0, SPACE, trials=3)


def test_a_search_that_cannot_succeed_is_refused(monkeypatch):
    with pytest.raises(InputError, match="give trials or minutes"):
        search(error, SPACE)
    with pytest.raises(InputError, match="all 3 trials failed"):
        search(lambda options: float("nan"), SPACE, trials=3)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"pearlite\[tune\]"):
        search(error, SPACE, trials=1)


@pytest.mark.parametrize("nothing", [Between(3, 1), []])
def test_an_option_without_a_choice_is_named(nothing):
    with pytest.raises(InputError, match="no choice for width"):
        search(lambda options: 1.0, {"width": nothing}, trials=1)
