import hashlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from pearlite import cli, samples

PEARLITE = [sys.executable, "-c", "from pearlite.cli import main; main()"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pearlite(monkeypatch, capsys):
    """Run the command line in this process; return its exit code, stdout and stderr."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["pearlite", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    return call


def micrograph(seed=0, shape=(128, 160)):
    clean = samples.grains(shape, seed=seed)
    noisy = samples.add_noise(clean, gain=0.02, read_noise=0.05, seed=seed)
    return np.rint(noisy * 10_000 + 5_000).clip(0, 65_535).astype(np.uint16)


@pytest.fixture
def noisy(folder):
    path = folder / "noisy.tif"
    tifffile.imwrite(path, micrograph())
    return path


def snapshot(folder):
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_help_is_quick_and_loads_neither_numpy_nor_torch():
    code = (
        "import sys; sys.argv = ['pearlite', '--help']\n"
        "from pearlite.cli import main\n"
        "try: main()\n"
        "finally: assert not {'numpy', 'torch', 'pearlite.recipes'} & set(sys.modules)"
    )
    seconds = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        after = os.times()
        used = after.children_user + after.children_system
        seconds.append(used - before.children_user - before.children_system)
    assert min(seconds) < 0.5


def test_every_command_that_is_listed_has_help(pearlite):
    code, out, _ = pearlite("--help")
    listed = re.findall(r"^│ (\w+) ", out, flags=re.MULTILINE)
    assert code == 0
    made = "demo guide audit denoise segment reconstruct style tabular text language apply report"
    made += " export trace lecture"
    assert listed == made.split()
    for command in listed:
        code, out, err = pearlite(command, "--help")
        assert (code, err) == (0, "")
        assert f"pearlite {command}" in out


def test_a_reader_that_has_seen_enough_is_no_error():
    done = subprocess.run(
        f"{shlex.join(PEARLITE)} lecture | true", shell=True, capture_output=True, text=True
    )
    assert done.stderr == ""


def test_version(pearlite):
    code, out, _ = pearlite("--version")
    assert code == 0
    assert re.fullmatch(r"pearlite \d+\.\d+\.\d+\n", out)


def test_denoise_leaves_a_run_and_says_where(pearlite, noisy):
    before = snapshot(noisy.parent)
    code, out, err = pearlite("denoise", noisy)
    assert (code, err) == (0, "")
    [run] = Path("runs").iterdir()
    assert f"{run / 'clean.tif'}" in out
    assert f"{run / 'report.html'}" in out
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["seed"]) == ("done", 0)
    assert record["command"] == f"pearlite denoise {noisy}"
    assert before.items() <= snapshot(noisy.parent).items()


def test_options_reach_the_record(pearlite, noisy):
    tifffile.imwrite("truth.tif", samples.grains((128, 160)))
    code, *_ = pearlite(
        *("denoise", noisy, "--out", "r", "--seed", 3, "--quality", "fast", "--method", "ridge"),
        *("--device", "cpu", "--float", "--truth", "truth.tif", "--axes", "YX", "--force"),
    )
    record = json.loads(Path("r/run.json").read_text())
    assert code == 0
    assert record["seed"] == 3
    assert record["options"] == {
        "axes": "YX",
        "method": "ridge",
        "quality": "fast",
        "remedies": [],
        "force": True,
        "device": "cpu",
        "as_float": True,
        "truth": str(noisy.with_name("truth.tif")),
    }
    assert tifffile.imread("r/clean.tif").dtype == np.float32


def test_json_is_all_that_is_printed(pearlite, noisy):
    code, out, err = pearlite("denoise", noisy, "--out", "r", "--json")
    printed = json.loads(out)
    assert (code, err) == (0, "")
    assert (printed["exit_code"], printed["status"]) == (0, "done")
    assert printed["results"] == {"clean": "r/clean.tif"}
    assert printed["test"]["clean"]["verdict"]["state"] == "passed"
    code, out, err = pearlite("apply", "r", noisy, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"run": "r", "files": ["r/applied/noisy.tif"], "exit_code": 0}
    code, out, err = pearlite("report", "r", "--json")
    assert json.loads(out) == {"run": "r", "report": "r/report.html", "exit_code": 0}


def not_an_image(path):
    path.write_text("Dear diary")


def truncated(path):
    whole = path.with_name("whole.tif")
    tifffile.imwrite(whole, micrograph())
    path.write_bytes(whole.read_bytes()[:9_000])


def colour(path):
    array = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Pillow.fromarray(array).save(path, "PNG")


def stripes(path):
    offsets = np.random.default_rng(1).normal(0, 900, (128, 1))
    tifffile.imwrite(path, np.rint(micrograph() + offsets).clip(0, 65_535).astype(np.uint16))


BAD = {
    "not an image": (not_an_image, 2, "is not an image"),
    "truncated": (truncated, 2, "cut short"),
    "zero bytes": (lambda path: path.write_bytes(b""), 2, "0 bytes"),
    "missing": (lambda path: None, 2, "does not exist"),
    "complex": (
        lambda path: tifffile.imwrite(path, np.zeros((64, 64), np.complex64)),
        2,
        "complex",
    ),
    "lines that are offset": (stripes, 3, "offset"),
}


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_in_a_sentence_and_leaves_nothing(pearlite, folder, case, as_json):
    make, expected, says = BAD[case]
    path = folder / "bad.tif"
    make(path)
    before = snapshot(folder)
    code, out, err = pearlite("denoise", path, *(["--json"] if as_json else []))
    assert code == expected
    if as_json:
        printed = json.loads(out)
        assert printed.keys() == {"error", "exit_code"}
        assert printed["exit_code"] == expected
        assert err == ""
        told = printed["error"]
    else:
        assert out == ""
        told = err.removesuffix("\n")
    assert says in told
    assert "\n" not in told
    assert snapshot(folder) == before
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["denoise"], "give the data"),
        (["denoise", "x.tif", "--quality", "slow"], "slow"),
        (["denoise", "x.tif", "--seed", "-1"], "seed"),
        (["denoise", "x.tif", "--sed", "1"], "--sed"),
        (["denoise", "x.tif", "--resume", "r"], "--resume takes"),
        (["denoise", "--resume", "r", "--seed", "1"], "--resume takes"),
        (["denoise", "--resume", "nowhere"], "not a folder"),
        (["frobnicate"], "frobnicate"),
        (["apply", "nowhere", "x.tif"], "not a folder"),
        (["apply"], "RUN"),
        (["report", "nowhere"], "not a folder"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(pearlite, folder, arguments, says):
    code, out, err = pearlite(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
    code, out, err = pearlite(*arguments, "--json")
    assert (code, err) == (2, "")
    assert says in json.loads(out)["error"]
    assert list(folder.iterdir()) == []


def test_a_folder_that_holds_something_is_not_written_to(pearlite, noisy, folder):
    code, out, err = pearlite("denoise", noisy, "--out", folder)
    assert (code, out) == (2, "")
    assert "already holds other files" in err
    assert list(folder.iterdir()) == [noisy]


def test_an_out_named_like_an_image_is_refused(pearlite, noisy):
    code, _, err = pearlite("denoise", noisy, "--out", "clean.tif")
    assert code == 2
    assert "give a folder" in err


def test_one_bad_file_does_not_stop_the_others(pearlite, folder):
    (folder / "in").mkdir()
    tifffile.imwrite(folder / "in/a.tif", micrograph(0))
    not_an_image(folder / "in/b.tif")
    stripes(folder / "in/c.tif")
    tifffile.imwrite(folder / "in/d.tif", micrograph(1))
    code, out, err = pearlite("denoise", "in", "--out", "r")
    assert code == 2
    assert sorted(p.name for p in Path("r/clean").iterdir()) == ["a.tif", "d.tif"]
    assert [line.split(":")[0] for line in err.splitlines()] == ["b", "c"]
    assert "r/clean/d.tif" in out
    (folder / "in/b.tif").unlink()
    code, _, err = pearlite("denoise", "--resume", "r")
    assert code == 2
    assert "gone" in err


def test_a_bug_keeps_its_traceback(pearlite, noisy, monkeypatch):
    monkeypatch.setattr("pearlite.recipes.denoise.files.read", lambda *_a, **_o: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pearlite("denoise", noisy)
    assert not Path("runs").exists()


def test_a_disk_that_fills_up_leaves_nothing(noisy, folder):
    before = snapshot(folder)
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "from pearlite.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "denoise", "noisy.tif", "--device", "cpu"],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert done.returncode == 2
    assert "disk is full" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert snapshot(folder) == before
    assert not (folder / "runs").exists()


def test_ctrl_c_keeps_what_is_finished_and_resume_does_the_rest(folder):
    (folder / "in").mkdir()
    for number in range(6):
        tifffile.imwrite(folder / f"in/{number}.tif", micrograph(number, (64, 72)))
    before = snapshot(folder)
    running = subprocess.Popen(
        [*PEARLITE, "denoise", "in", "--out", "r", "--quality", "fast"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
    try:
        deadline = time.monotonic() + 60
        record = folder / "r/run.json"
        while time.monotonic() < deadline:
            if record.exists() and json.loads(record.read_text())["results"]:
                break
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130, err
    assert err.strip() == "Stopped; go on with: pearlite denoise --resume r"
    record = json.loads(record.read_text())
    assert record["status"] == "stopped"
    assert 1 <= len(record["results"]) < 6
    assert not [p for p in (folder / "r").rglob("*") if p.name.startswith(".")]
    kept = {n: (folder / f"r/clean/{n}.tif").stat().st_mtime_ns for n in record["results"]}

    done = subprocess.run(
        [*PEARLITE, "denoise", "--resume", "r"], capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((folder / "r/run.json").read_text())
    assert (record["status"], len(record["results"])) == ("done", 6)
    assert {n: (folder / f"r/clean/{n}.tif").stat().st_mtime_ns for n in kept} == kept
    assert before.items() <= snapshot(folder).items()


def test_report_writes_the_page_again_and_opens_it(pearlite, noisy, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    pearlite("denoise", noisy, "--out", "r")
    Path("r/report.html").unlink()
    code, out, _ = pearlite("report", "r")
    assert (code, out) == (0, "r/report.html\n")
    assert opened == [Path("r/report.html").resolve().as_uri()]
    pearlite("report", "r", "--no-open")
    assert len(opened) == 1


@pytest.mark.slow
def test_the_demo_denoises_both_images_honestly(pearlite):
    code, out, _ = pearlite("demo", "--out", "d", "--json")
    printed = json.loads(out)
    assert code == 0
    assert printed["results"].keys() == {"retina", "grains"}
    for facts in printed["test"].values():
        assert facts["true_psnr"] > facts["true_psnr_noisy"] + 3
        assert facts["psnr"]["low"] - 0.5 < facts["true_psnr"] < facts["psnr"]["high"] + 0.5
