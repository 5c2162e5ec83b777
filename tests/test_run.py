import json

import numpy as np
import pandas as pd
import pytest

from pearlite.errors import InputError, Refused
from pearlite.provenance import plain, sha256
from pearlite.recipes import load
from pearlite.run import Run, Stopped


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def new_run(out=None, inputs=None, **options):
    return Run.create("denoise", options, 7, inputs or [np.arange(6).reshape(2, 3)], out)


def interrupted(error, out=None, finished=()):
    with new_run(out) as run:
        run.write_text("half.txt", "x")
        for name in finished:
            run.finish(name, f"{name}.npy")
        raise error


def finished_run(out="done"):
    with new_run(out, quality="fast") as run:
        np.save(run.path / "clean.npy", np.ones((4, 5), np.float32))
        run.write_json("test.json", {"clean": {"psnr": 30.5}})
        run.finish("clean", "clean.npy")
    return run


def test_a_run_can_be_opened_again_and_says_the_same(tmp_path):
    made = finished_run()
    opened = load("done")
    assert opened.record == made.record
    assert (opened.task, opened.status, opened.seed) == ("denoise", "done", 7)
    assert opened.options == {"quality": "fast"}
    assert opened.test == {"clean": {"psnr": 30.5}}
    np.testing.assert_array_equal(opened.result, np.ones((4, 5)))


def test_the_record_holds_what_is_needed_to_repeat_it(tmp_path):
    source = tmp_path / "noisy.bin"
    source.write_bytes(b"abc")
    with new_run("r", [source], quality="fast") as run:
        run.finish("clean", "clean.npy")
    record = json.loads((tmp_path / "r/run.json").read_text())
    assert record["inputs"] == [{"path": str(source), "sha256": sha256(source)}]
    assert record["inputs"][0]["sha256"].startswith("ba7816bf")  # FIPS 180 test vector of "abc"
    assert record["command"] == f"pl.fit('denoise', '{source}', quality='fast', seed=7)"
    assert record["versions"].keys() >= {"pearlite", "python", "torch", "numpy"}
    assert record["hardware"]["cores"] >= 1
    assert record["seconds"]["wall"] > 0


def test_a_table_as_input_and_as_result_is_known_and_read_as_one(tmp_path):
    table = pd.DataFrame({"formula": ["Fe2O3", None, "NA"], "k": [1.5, np.nan, 0.1 + 0.2]})
    other = table.rename(columns={"k": "kappa"})
    hashes = {new_run(inputs=[t]).record["inputs"][0]["sha256"] for t in (table, other, table[1:])}
    assert len(hashes) == 3
    with new_run("r", [table]) as run:
        table.to_csv(run.path / "predictions.csv", index=False)
        run.finish("predictions", "predictions.csv")
    assert run.record["inputs"][0]["shape"] == [3, 2]
    assert run.record["command"] == "pl.fit('denoise', table, seed=7)"
    pd.testing.assert_frame_equal(load("r").result, table, check_dtype=False)


def test_runs_begun_in_the_same_second_get_folders_of_their_own():
    paths = {new_run().path for _ in range(3)}
    assert len(paths) == 3
    assert all(path.parent.name == "runs" and path.name.startswith("denoise-") for path in paths)


@pytest.mark.parametrize("content", ["run.json", "thesis.tex"])
def test_a_folder_with_something_in_it_is_never_written_to(tmp_path, content):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / content).write_text("{}")
    with pytest.raises(InputError, match="already holds"):
        new_run("mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == [content]


def test_an_out_that_cannot_be_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot make the folder"):
        new_run("file")


def test_an_error_before_the_first_result_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match="bad"):
        interrupted(InputError("bad"))
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_the_empty_folder_that_was_given(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(ZeroDivisionError):
        interrupted(ZeroDivisionError(), "mine")
    assert list((tmp_path / "mine").iterdir()) == []


def test_an_error_after_a_result_keeps_it(tmp_path):
    with pytest.raises(ZeroDivisionError):
        interrupted(ZeroDivisionError(), "r", ["a"])
    assert Run.open("r").status == "stopped"
    assert list(Run.open("r").results) == ["a"]


def test_ctrl_c_keeps_the_run_and_says_how_to_go_on():
    with pytest.raises(Stopped, match=r"pearlite denoise --resume 'my runs/1'"):
        interrupted(KeyboardInterrupt(), "my runs/1")
    assert Run.open("my runs/1").status == "stopped"


def test_a_run_at_work_is_marked_running():
    with new_run("r"):
        assert Run.open("r").status == "running"


def test_failures_are_recorded_with_their_exit_code():
    with new_run("r") as run:
        run.finish("a", "a.npy")
        run.fail("b", Refused("the noise is correlated"))
        assert run.exit_code == 3
        run.fail("c", InputError("not an image"))
    opened = Run.open("r")
    assert opened.exit_code == 2
    assert opened.failures == {"b": "the noise is correlated", "c": "not an image"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "holds no run.json"),
        ('{"format": 1, "task"', "damaged"),
        ("[]", "not the record of a run"),
        ('{"status": "done"}', "not the record of a run"),
    ],
)
def test_what_is_no_run_is_told_in_a_sentence(tmp_path, content, says):
    (tmp_path / "r").mkdir()
    if content is not None:
        (tmp_path / "r/run.json").write_text(content)
    with pytest.raises(InputError, match=says):
        load("r")


def test_a_missing_folder_is_told_in_a_sentence():
    with pytest.raises(InputError, match="not a folder"):
        load("nowhere")


def edited(key, value):
    run = finished_run()
    record = json.loads((run.path / "run.json").read_text())
    record[key] = value
    (run.path / "run.json").write_text(json.dumps(record))
    return run.path


def test_a_record_of_another_format_is_not_guessed_at():
    with pytest.raises(InputError, match="format 99"):
        load(edited("format", 99))


@pytest.mark.parametrize("task", ["os", "denoise.runs", "../denoise"])
def test_only_known_tasks_are_imported(task):
    path = edited("task", task)
    with pytest.raises(InputError, match="tasks"):
        load(path)
    with pytest.raises(InputError, match="there is no task"):
        Run.open(path).apply(np.zeros((8, 8)))


def test_a_result_outside_the_folder_is_not_read(tmp_path):
    np.save(tmp_path / "secret.npy", np.zeros((4, 4)))
    run = load(edited("results", {"clean": {"file": "../secret.npy"}}))
    with pytest.raises(InputError, match="outside the run"):
        _ = run.result


@pytest.mark.parametrize("verb", ["apply", "resume"])
def test_an_option_that_the_recipe_does_not_know_is_told_in_a_sentence(verb):
    given = [np.ones((8, 8))] if verb == "apply" else []
    with pytest.raises(InputError, match=f"^{verb} of a denoise run takes no 'sheet'"):
        getattr(finished_run(), verb)(*given, sheet="first")


def test_an_unfinished_run_has_no_result():
    with new_run("r") as run, pytest.raises(InputError, match="no finished result"):
        _ = run.result


def test_a_file_is_written_whole_or_not_at_all(monkeypatch):
    run = finished_run()
    before = (run.path / "run.json").read_bytes()

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(InputError, match="disk is full"):
        run.fail("x", InputError("y"))
    assert (run.path / "run.json").read_bytes() == before
    assert sorted(p.name for p in run.path.iterdir()) == ["clean.npy", "run.json", "test.json"]


def test_plain_values_are_strict_json():
    value = {"a": np.float32(1.5), "b": [float("nan"), np.inf, np.int64(3)], "c": np.array([True])}
    assert (
        json.dumps(plain(value), allow_nan=False) == '{"a": 1.5, "b": [null, null, 3], "c": [true]}'
    )


def test_the_hash_of_a_folder_depends_on_names_and_contents(tmp_path):
    hashes = set()
    for name, text in [("a", "1"), ("b", "1"), ("a", "2")]:
        folder = tmp_path / f"{name}{text}"
        folder.mkdir()
        (folder / name).write_text(text)
        hashes.add(sha256(folder))
    assert len(hashes) == 3
