import json

import pytest

from pearlite.data.split import split
from pearlite.judge.looks import Withheld, looks


@pytest.fixture
def made(tmp_path):
    def make(name, data="d", seed=0, scored=True):
        run = tmp_path / name
        run.mkdir()
        (run / "run.json").write_text(json.dumps({"inputs": [{"sha256": data}]}))
        parts = split(40, seed=seed)
        parts.save(run / "split.json")
        if scored:
            (run / "test.json").write_text("{}")
        return parts.hash

    return make


def test_runs_that_scored_on_the_same_test_part_are_counted(tmp_path, made):
    digest = made("first")
    made("second")
    made("other-data", data="e")
    made("other-split", seed=1)
    made("stopped", scored=False)
    assert looks(tmp_path, "d", digest) == 2


def test_damaged_runs_are_passed_over(tmp_path, made):
    digest = made("first")
    (tmp_path / "first" / "split.json").write_text("{")
    assert looks(tmp_path, "d", digest) == 0
    (tmp_path / "first" / "split.json").write_text("[]")
    assert looks(tmp_path, "d", digest) == 0


def test_no_folder_no_looks(tmp_path):
    assert looks(tmp_path / "runs", "d", "s") == 0


def test_every_look_is_counted():
    test = Withheld([3, 1, 2])
    assert len(test) == 3
    assert "not looked at" in test.sentence
    assert test.look().tolist() == [3, 1, 2]
    assert "once" in test.sentence
    test.look()
    assert test.looks == 2


def test_earlier_looks_count_and_cast_doubt():
    test = Withheld([0], before=3)
    test.look()
    assert "4 times" in test.sentence
    assert "too good" in test.sentence
