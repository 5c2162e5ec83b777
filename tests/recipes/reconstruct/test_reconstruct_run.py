"""Reconstruction as a run: what the folder holds, how it is used again, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

import pearlite as pl
from pearlite.cli import app
from pearlite.data.read import read
from pearlite.errors import InputError
from pearlite.recipes.reconstruct import judged
from pearlite.recipes.reconstruct.known import disagreement, known_fractions
from pearlite.recipes.reconstruct.settings import recipe_for
from pearlite.recipes.reconstruct.slicegan_game import Published
from pearlite.run import Run, Stopped

MINUTES = 0.02


def slice_of(seed: int = 0, side: int = 96) -> np.ndarray:
    """Two phases, 10 and 200, of a random field."""
    field_YX = gaussian_filter(
        np.random.default_rng(seed).normal(size=(side, side)), 2, mode="wrap"
    )
    return np.where(field_YX > np.quantile(field_YX, 0.6), 200, 10).astype(np.uint8)


@pytest.fixture(autouse=True, scope="module")
def _few_and_small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judged, "LONGEST", 40)
        patch.setattr("pearlite.recipes.reconstruct.told_apart.STEPS", 5)
        patch.setattr("pearlite.recipes.reconstruct.work.VOLUMES", 2)
        patch.setattr(
            "pearlite.recipes.reconstruct.train.recipe_for",
            lambda pictures: replace(recipe_for(pictures), calibrated=64),
        )
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("reconstruct")
    size = {"resolution": (1e4 / 0.02, 1e4 / 0.02), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(folder / "slice.tif", slice_of(), **size)
    return pl.fit(
        "reconstruct",
        folder / "slice.tif",
        shape=(40, 48, 56),
        minutes=MINUTES,
        out=folder / "run",
    )


def test_a_volume_has_the_shape_the_type_the_values_and_the_pixel_size(run: Run):
    volume = read(run.results["volume"])

    assert volume.array.shape == (40, 48, 56)
    assert volume.array.dtype == np.uint8
    assert set(np.unique(volume.array)) == {10, 200}
    assert volume.pixel_size["X"] == pytest.approx(0.02, rel=1e-3)


def test_the_folder_tells_how_volumes_compare_with_the_image(run: Run):
    structure = pd.read_csv(run.path / "structure.csv")
    transport = pd.read_csv(run.path / "transport.csv")

    assert {"fraction", "surface", "two-point correlation"} <= set(structure["measure"])
    assert {"percolating", "diffusivity"} <= set(transport["measure"])
    assert transport["mean"].between(0, 1).all()
    assert run.test["measures"] == len(structure)
    assert [known["phase"] for known in run.test["known"]] == [10, 200]
    assert (run.path / "preview.png").stat().st_size > 0


def test_the_page_stands_alone(run: Run):
    page = run.page.read_text(encoding="utf-8")

    assert "Slices of the volumes against the image" in page
    assert 'src="http' not in page
    assert 'class="volume"' in page


def test_other_volumes_come_from_other_seeds_and_the_same_from_the_same(run: Run):
    again = pl.load(run.path)

    first = again.apply((40, 48, 56), seed=run.seed)
    other = again.apply((40, 48, 56))

    assert (first == run.result).all()
    assert (other != run.result).any()


def test_a_block_of_the_endless_volume_is_the_same_alone(run: Run):
    whole = run.apply((40, 48, 56), seed=3)
    block = run.apply((10, 20, 30), seed=3, start=(5, 6, 7))

    assert (whole[5:15, 6:26, 7:37] == block).all()


def test_a_fraction_that_is_asked_for_is_reached(run: Run):
    volume = run.apply((64, 64, 64), vf=0.25)

    assert (volume == 200).mean() == pytest.approx(0.25, abs=0.005)


def test_the_command_line_makes_more_volumes(run: Run, tmp_path: Path):
    typed = ["apply", str(run.path), "16,48,32", "--seed", "5", "--vf", "0.25", "--periodic"]

    done = CliRunner().invoke(app, [*typed, "--out", str(tmp_path / "more")])

    assert done.exit_code == 0, done.output
    (file,) = (tmp_path / "more").iterdir()
    volume = np.asarray(read(file).array)
    assert volume.shape == (16, 48, 32)
    assert (volume == 200).mean() == pytest.approx(0.25, abs=0.005)
    assert (volume == run.apply((16, 48, 32), seed=5, vf=0.25, periodic=True)).all()


def test_three_images_a_periodic_volume_and_zarr_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for name, seed in (("z", 0), ("y", 1), ("x", 2)):
        tifffile.imwrite(tmp_path / f"{name}.tif", slice_of(seed))
    typed = ["reconstruct", "z.tif", "y.tif", "x.tif", "--shape", "32", "--periodic", "--json"]

    done = CliRunner().invoke(
        app, [*typed, "--minutes", str(MINUTES), "--format", ".ome.zarr", "--out", "volume"]
    )

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["test"]["volumes"] == 2
    volume = np.asarray(read(Path("volume") / "volume.ome.zarr").array)
    assert volume.shape == (32, 32, 32)
    assert set(pd.read_csv("volume/structure.csv")["slices"]) == {"x", "y", "z"}


def test_learning_goes_on_from_a_run(run: Run, tmp_path: Path):
    minutes = 5 * MINUTES
    longer = pl.fit(
        "reconstruct", slice_of(), shape=32, minutes=minutes, start=run.path, out=tmp_path / "more"
    )

    steps = [pd.read_csv(each.path / "history.csv")["step"].max() for each in (run, longer)]
    assert steps[1] > steps[0]


def test_ctrl_c_keeps_what_was_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def stop(*_: object, **__: object):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pearlite.recipes.reconstruct.work.judge", stop)
        with pytest.raises(Stopped, match="--resume"):
            pl.fit("reconstruct", slice_of(), shape=32, minutes=MINUTES, out=tmp_path / "run")
    learned = (tmp_path / "run" / "model" / "generator.safetensors").read_bytes()

    run = pl.load(tmp_path / "run").resume()

    assert run.status == "done"
    assert run.result.shape == (32, 32, 32)
    assert (run.path / "model" / "generator.safetensors").read_bytes() == learned


def test_grey_images_give_grey_volumes(tmp_path: Path):
    rng = np.random.default_rng(0)
    grey_YX = gaussian_filter(rng.normal(size=(96, 96)), 2) * 8000 + 30000

    run = pl.fit(
        "reconstruct", grey_YX.astype(np.uint16), shape=32, minutes=MINUTES, out=tmp_path / "grey"
    )

    assert run.result.dtype == np.uint16
    assert len(np.unique(run.result)) > 100


def test_a_large_image_knows_its_fractions_better_than_a_small_one():
    def width(side: int) -> float:
        return np.mean([k.high - k.low for k in known_fractions([slice_of(1, side)])])

    assert width(512) < width(64) / 3


def test_images_that_disagree_on_a_fraction_are_named() -> None:
    places = np.arange(100)[None]
    images = [
        np.select([places < ones, places < twos], [1, 2])
        for ones, twos in ((30, 60), (32, 60), (50, 70))
    ]
    assert disagreement(images[:2]) == disagreement(images[:1]) == ""
    assert "phase 1 (30.0%, 32.0%, 50.0%)" in disagreement(images)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"shape": 0}, "positive"),
        ({"shape": (100_000, 10, 10)}, "too large"),
        ({"shape": "a,b"}, "no shape"),
        ({"shape": (10, 10, 10, 10)}, "three"),
        ({"vf": 1.4}, "between 0 and 1"),
        ({"vf": "7=0.2"}, "10, 200"),
        ({"vf": "much"}, "no volume fraction"),
        ({"shape": 33, "periodic": True}, "multiples"),
        ({"minutes": 0}, "no time"),
        ({"quality": "superb"}, "none of"),
        ({"format": ".doc"}, "none of"),
    ],
)
def test_wrong_options_are_said_before_anything_is_learned(
    options: dict, said: str, tmp_path: Path
):
    with pytest.raises(InputError, match=said):
        pl.fit("reconstruct", slice_of(), out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_images_of_different_pixel_size_are_refused(tmp_path: Path):
    for name, size in (("a", 0.02), ("b", 0.05)):
        per_cm = (1e4 / size, 1e4 / size)
        tifffile.imwrite(
            tmp_path / f"{name}.tif", slice_of(), resolution=per_cm, resolutionunit="CENTIMETER"
        )

    with pytest.raises(InputError, match="one size"):
        pl.fit("reconstruct", [tmp_path / "a.tif", tmp_path / "b.tif"], out=tmp_path / "run")


def test_a_run_of_other_images_is_nothing_to_go_on_from(run: Run, tmp_path: Path):
    other = np.where(slice_of() == 10, 0, 7).astype(np.uint8)

    with pytest.raises(InputError, match="other images"):
        pl.fit("reconstruct", other, start=run.path, out=tmp_path / "run")


def test_the_published_method_makes_runs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        "pearlite.recipes.reconstruct.slicegan.Published",
        lambda: Published(widths=(8, 8, 8, 8, 8), critic=(8, 8, 8, 8), batch=1, rounds=1, judged=4),
    )

    run = pl.fit(
        "reconstruct",
        slice_of(),
        method="slicegan",
        shape=32,
        minutes=MINUTES,
        out=tmp_path / "run",
    )

    assert set(np.unique(run.result)) <= {10, 200}
    assert (pl.load(run.path).apply(32, seed=run.seed) == run.result).all()
    with pytest.raises(InputError, match="multiples of 32"):
        pl.fit("reconstruct", slice_of(), method="slicegan", shape=40, periodic=True)
