"""Denoising runs: what `fit`, `resume`, `apply` and the page promise."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile

import pearlite as pl
from pearlite import samples
from pearlite.data.read import read
from pearlite.data.write import write
from pearlite.recipes.denoise.files import Settings
from pearlite.recipes.denoise.method import denoise
from pearlite.recipes.denoise.noise import NoiseModel
from pearlite.recipes.denoise.noise_check import check_noise
from pearlite.recipes.sources import match_truths, result_names

FAST = {"quality": "fast", "device": "cpu"}
SHAPE = (96, 112)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def clean_scene(seed=0, shape=SHAPE):
    return samples.grains(shape, seed=seed) * 10_000 + 5_000


def noisy_scene(seed=0, shape=SHAPE, strength=1.0):
    clean = clean_scene(seed, shape)
    noisy = samples.add_noise(clean, gain=200.0 * strength, read_noise=300.0, seed=seed)
    return np.rint(noisy).clip(0, 65_535).astype(np.uint16)


def assert_equal_but_rounding(result, floats):
    assert np.abs(result - floats.astype(np.float64)).max() <= 0.5 + 1e-2  # of a grey value


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    return pl.fit("denoise", noisy_scene(), out=tmp_path_factory.mktemp("fitted") / "r", **FAST)


def test_an_array_comes_back_clean_in_its_own_type(fitted):
    assert fitted.result.dtype == np.uint16
    assert fitted.result.shape == SHAPE
    error = np.sqrt(np.mean((fitted.result - clean_scene()) ** 2))
    before = np.sqrt(np.mean((noisy_scene() - clean_scene()) ** 2))
    assert error < before / 2


def test_a_run_gives_what_the_array_function_gives(fitted):
    alone = denoise(noisy_scene(), quality="fast", device="cpu")
    assert_equal_but_rounding(fitted.result, alone.clean)
    facts = fitted.test["clean"]
    assert facts["noise"] == [
        {"gain": m.gain, "offset": m.offset, "error": m.error} for m in alone.noise
    ]
    assert facts["psnr"]["value"] == pytest.approx(alone.psnr.value)
    assert facts["psnr_noisy"] == pytest.approx(alone.psnr_noisy)
    assert fitted.read_json("model.json")["noise"]["clean"] == facts["noise"]


def test_the_same_options_and_seed_give_the_same_bytes(fitted):
    again = pl.fit("denoise", noisy_scene(), out="again", **FAST)
    np.testing.assert_array_equal(again.result, fitted.result)


def test_the_run_keeps_an_array_that_has_no_file(fitted):
    np.testing.assert_array_equal(read(fitted.inputs[0]).array, noisy_scene())


@pytest.mark.parametrize(
    ("name", "axes"), [("a.ome.tif", "ZYX"), ("a.tif", "CYX"), ("a.zarr", "TYX")]
)
def test_axes_type_and_pixel_size_survive(folder, name, axes):
    stack = np.stack([noisy_scene(seed, (64, 72)) for seed in range(2)])
    sizes = {axis: size for axis, size in {"Z": 0.5, "Y": 0.02, "X": 0.02}.items() if axis in axes}
    write(folder / name, pl.Image(stack, axes, sizes, "µm"))
    run = pl.fit("denoise", name, out="r", **FAST)
    result = read(run.results["clean"])
    assert (result.axes, result.array.dtype, result.unit) == (axes, np.uint16, "µm")
    assert result.pixel_size == pytest.approx(sizes)
    assert run.results["clean"].name == {"a.zarr": "clean.ome.zarr"}.get(name, f"clean{name[1:]}")
    assert run.page.is_file()


def test_an_array_of_three_dimensions_needs_its_axes():
    with pytest.raises(pl.InputError, match="axes"):
        pl.fit("denoise", np.zeros((3, 64, 64), np.uint8))
    assert not Path("runs").exists()


def test_floats_are_written_when_asked_for():
    run = pl.fit("denoise", noisy_scene(), out="r", as_float=True, **FAST)
    assert run.result.dtype == np.float32
    assert not any("Rounded" in note for note in run.test["clean"]["notes"])


def test_rounding_and_clipping_are_told():
    noisy = (noisy_scene().astype(float) - 9_000).clip(0, 60_000).astype(np.uint16)
    notes = " ".join(pl.fit("denoise", noisy, out="r", **FAST).test["clean"]["notes"])
    assert "Rounded to uint16" in notes
    assert "saturated" in notes


def test_binning_halves_the_image_and_doubles_the_pixel(folder):
    write(
        folder / "a.tif", pl.Image(noisy_scene(shape=(129, 150)), "YX", {"Y": 0.1, "X": 0.1}, "µm")
    )
    run = pl.fit("denoise", "a.tif", remedies=["bin"], out="r", **FAST)
    result = read(run.results["clean"])
    assert result.array.shape == (64, 75)
    assert result.pixel_size == pytest.approx({"Y": 0.2, "X": 0.2})


def test_the_truth_gives_the_true_error_for_the_same_peak(folder):
    tifffile.imwrite("noisy.tif", noisy_scene())
    tifffile.imwrite("truth.tif", clean_scene())
    run = pl.fit("denoise", "noisy.tif", truth="truth.tif", out="r", **FAST)
    facts = run.test["clean"]
    error = np.mean((run.result - clean_scene().astype(float)) ** 2)
    assert facts["true_psnr"] == pytest.approx(10 * np.log10(facts["peak"] ** 2 / error))
    assert facts["true_psnr"] > facts["true_psnr_noisy"] + 5
    assert "PSNR, true" in run.page.read_text()


@pytest.mark.parametrize("shape", [(96, 111), (2, 96, 112)])
def test_a_truth_of_another_shape_is_refused(folder, shape):
    tifffile.imwrite("noisy.tif", noisy_scene())
    tifffile.imwrite("truth.tif", np.ones(shape, np.float32), photometric="minisblack")
    with pytest.raises(pl.InputError, match="truth"):
        pl.fit("denoise", "noisy.tif", truth="truth.tif", out="r", **FAST)
    assert not Path("r").exists()


def test_truths_in_a_folder_are_found_by_name(folder):
    (folder / "t").mkdir()
    for name in ("a.tif", "b.npy"):
        (folder / "t" / name).write_bytes(b"x")
    sources = [folder / "b.tif", folder / "a.ome.tif"]
    assert match_truths("t", sources) == [Path("t/b.npy"), Path("t/a.tif")]
    with pytest.raises(pl.InputError, match=r"c\.tif"):
        match_truths("t", [folder / "c.tif"])
    with pytest.raises(pl.InputError, match="one truth for 2"):
        match_truths("t/a.tif", sources)


def test_result_names_tell_files_apart():
    paths = [Path("x/a.tif"), Path("x/b.ome.tif"), Path("x/a.png"), Path("y/b.ome.tif")]
    names = result_names(paths)
    assert names == ["a-tif", "b-ome-tif-2", "a-png", "b-ome-tif-4"]
    assert result_names([Path("a.b.tif"), Path("c.ome.zarr")]) == ["a.b", "c"]


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A run over a folder of two good files, one that is refused and one that is no image."""
    inside = tmp_path_factory.mktemp("many") / "in"
    inside.mkdir()
    for number in (1, 10):
        tifffile.imwrite(inside / f"s{number}.tif", noisy_scene(number))
    offsets = np.random.default_rng(0).normal(0, 2_000, (SHAPE[0], 1))
    tifffile.imwrite(
        inside / "s2.tif", (noisy_scene(2) + offsets).clip(0, 65_535).astype(np.uint16)
    )
    (inside / "s3.tif").write_text("no image")
    return pl.fit("denoise", inside, out=inside.parent / "r", **FAST)


def test_a_folder_gives_every_result_that_can_be_had(many):
    assert list(many.results) == ["s1", "s10"]
    assert {name: array.shape for name, array in many.result.items()} == {"s1": SHAPE, "s10": SHAPE}
    assert many.failures.keys() == {"s2", "s3"}
    assert "not an image" in many.failures["s3"]
    assert many.exit_code == 2
    page = many.page.read_text()
    assert "s1.tif" in page
    assert "s3 gave no result" in page


def test_resume_does_what_is_left_and_nothing_twice(many):
    before = {path: path.stat().st_mtime_ns for path in many.results.values()}
    unfinished = many.path / "clean" / ".0123abcd-s2.tif"  # of a process that was killed
    unfinished.touch()
    resumed = pl.load(many.path).resume(force=True)
    assert resumed.results.keys() == {"s1", "s2", "s10"}
    assert list(resumed.test) == ["s1", "s2", "s10"]
    assert resumed.failures.keys() == {"s3"}
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not unfinished.exists()
    assert any("Forced" in note for note in resumed.test["s2"]["notes"])


def test_resume_refuses_an_input_that_has_changed(folder):
    tifffile.imwrite("a.tif", noisy_scene())
    run = pl.fit("denoise", "a.tif", out="r", **FAST)
    tifffile.imwrite("a.tif", noisy_scene(1))
    with pytest.raises(pl.InputError, match="has changed"):
        run.resume()


def test_nothing_is_left_when_all_is_refused(folder):
    rows = np.random.default_rng(0).normal(0, 2_000, (SHAPE[0], 1))
    striped = (noisy_scene() + rows).clip(0, 65_535).astype(np.uint16)
    with pytest.raises(pl.Refused, match="offset"):
        pl.fit("denoise", striped, **FAST)
    assert list(folder.iterdir()) == []
    run = pl.fit("denoise", striped, force=True, **FAST)
    assert run.test["clean"]["psnr"] is None
    assert "do not trust" in run.page.read_text()
    mended = pl.fit("denoise", striped, remedies=["lines"], out="mended", **FAST)
    assert mended.test["clean"]["verdict"]["state"] != "failed"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("nowhere.tif", "does not exist"),
        ([], "give an array"),
        ([3], "give an array"),
        ("", "image"),
    ],
)
def test_wrong_data_is_told(folder, data, says):
    with pytest.raises(pl.InputError, match=says):
        pl.fit("denoise", data)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("option", [{"method": "magic"}, {"quality": "slow"}, {"remedies": ["x"]}])
def test_wrong_options_are_told(folder, option):
    with pytest.raises(pl.InputError, match="choose one of"):
        pl.fit("denoise", noisy_scene(), **option)
    assert list(folder.iterdir()) == []


def test_an_unknown_task_is_told():
    with pytest.raises(pl.InputError, match="denoise"):
        pl.fit("dream", noisy_scene())


def test_apply_uses_the_noise_model_of_the_run(fitted):
    new = noisy_scene(5)
    model = [NoiseModel(**m) for m in fitted.test["clean"]["noise"]]
    expected = denoise(new, noise=model, quality="fast", device="cpu").clean
    assert_equal_but_rounding(fitted.apply(new), expected)
    assert [array.dtype for array in fitted.apply([new, new])] == [np.uint16, np.uint16]


def test_apply_refuses_another_noise_unless_told_to_fit_again(fitted):
    stronger = noisy_scene(5, strength=3.0)
    with pytest.raises(pl.Refused, match="refit"):
        fitted.apply(stronger)
    refitted = fitted.apply(stronger, refit=True)
    alone = denoise(stronger, quality="fast", device="cpu").clean
    assert_equal_but_rounding(refitted, alone)
    assert fitted.apply(stronger, force=True).shape == SHAPE


def test_two_fits_to_the_same_noise_agree(fitted):
    models = [NoiseModel(**m) for m in fitted.test["clean"]["noise"]]
    for seed in range(20):
        assert check_noise(pl.Image(noisy_scene(seed), "YX"), models, (), force=False) == []


def test_apply_writes_files_and_never_over_others(many, folder):
    tifffile.imwrite("new.tif", noisy_scene(7))
    digest = hashlib.sha256(Path("new.tif").read_bytes()).hexdigest()
    [written] = pl.load(many.path).apply("new.tif", out="out")
    assert written == Path("out/new.tif")
    assert read(written).array.shape == SHAPE
    journal = json.loads(Path("out/applied.json").read_text())
    assert journal["new.tif"]["verdict"]["state"] == "passed"
    with pytest.raises(pl.InputError, match="exists already"):
        many.apply("new.tif", out="out")
    with pytest.raises(pl.InputError, match="exists already"):
        many.apply("new.tif", out=".")
    assert hashlib.sha256(Path("new.tif").read_bytes()).hexdigest() == digest


def test_apply_finishes_the_others_when_a_file_is_bad(many, folder):
    (folder / "in").mkdir()
    tifffile.imwrite("in/a.tif", noisy_scene(7))
    Path("in/b.tif").write_text("no image")
    with pytest.raises(pl.InputError, match="1 of 2 images gave no result"):
        many.apply("in", out="out")
    assert sorted(p.name for p in Path("out").iterdir()) == ["a.tif", "applied.json"]
    with pytest.raises(pl.InputError, match="not an image"):
        many.apply("in/b.tif", out="none")
    assert not Path("none").exists()


def test_what_a_file_is_called_cannot_script_the_page(folder):
    name = "<img src=x onerror=alert(1)>.tif"
    tifffile.imwrite(name, noisy_scene())
    run = pl.fit("denoise", name, out="r", **FAST)
    page = run.page.read_text()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;.tif" in page


def test_the_page_shows_pictures_first_then_numbers_then_caveats(fitted):
    page = fitted.page.read_text()
    places = [page.index(part) for part in ('class="compare', "In numbers", "To keep in mind")]
    assert places == sorted(places)
    assert f"{fitted.test['clean']['psnr']['value']:.2f} dB" in page
    assert "95 % interval" in page
    assert ">passed</strong>" in page
    assert fitted.record["inputs"][0]["sha256"] in page
    assert re.search(r"pl\.fit\(&#x27;denoise&#x27;, array, .*seed=0\)", page)


def test_a_constant_image_has_a_page_too():
    run = pl.fit("denoise", np.full((40, 50), 7, np.uint8), out="r", **FAST)
    assert (run.result == 7).all()
    assert "No noise was found" in run.page.read_text()
    with pytest.raises(pl.InputError, match="no noise model"):
        run.apply(noisy_scene())


def test_binning_twice_quarters_the_image():
    assert Settings(remedies=("bin", "bin")).result_shape(pl.Image(np.zeros((9, 8)), "YX")) == (
        2,
        2,
    )


@pytest.mark.slow
@pytest.mark.dist
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_cluster_of_two_workers_gives_the_same(folder, many):
    from distributed import LocalCluster

    inside = many.inputs[0].parent
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster:
        spread = pl.fit("denoise", inside, dask=cluster.scheduler_address, out="r", **FAST)
    assert list(spread.test) == ["s1", "s10"]
    assert spread.failures.keys() == {"s2", "s3"}
    for name in ("s1", "s10"):
        np.testing.assert_array_equal(spread.result[name], many.result[name])


def test_a_cluster_that_does_not_answer_is_told(folder, monkeypatch):
    tifffile.imwrite("a.tif", noisy_scene())
    monkeypatch.setattr("pearlite.recipes.spread.PATIENCE", "1s")
    with pytest.raises(pl.InputError, match="no Dask scheduler answers"):
        pl.fit("denoise", "a.tif", dask="tcp://127.0.0.1:9", out="r", **FAST)
    assert not Path("r").exists()
