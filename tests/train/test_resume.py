"""Trainings that are killed by SIGKILL in the middle, in processes of their own."""

import pytest
from benchmarks.engine.resume import CASES, processes, train

KILLS = {"dropout": (37, 0), "augmentation": (1, 9), "workers": (58, 4), "processes": (61, 2)}


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=[] if case == "workers" else pytest.mark.slow) for case in CASES],
)
@pytest.mark.dist
def test_a_killed_training_ends_with_the_weights_of_one_that_was_not(case, tmp_path):
    step, milliseconds = KILLS[case]
    killed = train(case, tmp_path / "killed", [step, milliseconds, processes(case) - 1])
    assert killed is None
    went_on = train(case, tmp_path / "killed", resume=True)
    assert went_on is not None
    assert went_on == train(case, tmp_path / "whole")
