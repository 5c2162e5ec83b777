"""Textures: learned from one image, of any size, periodic, with a fraction, and as runs."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

import pearlite as pl
from pearlite.cli import app
from pearlite.data.read import read
from pearlite.errors import InputError
from pearlite.recipes.reconstruct import reconstruct
from pearlite.recipes.reconstruct.generate import generate
from pearlite.recipes.reconstruct.images import prepare
from pearlite.recipes.reconstruct.settings import Recipe
from pearlite.run import Run

TINY = Recipe(
    widths=(8, 12, 12),
    box=(48, 48),
    boxes=1,
    patches=(((1, 3), (1, 5), (2, 5), (4, 5)),),
    directions=16,
    samples=800,
    calibrated=256,
)


def stripes(side: int = 96) -> np.ndarray:
    """Bands along x, of 20 and 90, about six pixels wide."""
    field_YX = gaussian_filter(np.random.default_rng(0).normal(size=(side, side)), (2, 6))
    return np.where(field_YX > 0, 90, 20).astype(np.uint8)


def changes(labels_YX: np.ndarray) -> tuple[float, float]:
    """Return how often a pixel differs from the next along y, and along x."""
    return float(np.mean(np.diff(labels_YX.astype(int), axis=0) != 0)), float(
        np.mean(np.diff(labels_YX.astype(int), axis=1) != 0)
    )


@pytest.fixture(scope="module")
def learned():
    return reconstruct(stripes(), (120, 300), steps=200, recipe=TINY)


def test_a_texture_has_the_fractions_and_the_directions_of_the_image(learned) -> None:
    texture = learned.volume
    assert texture.shape == (120, 300)
    assert texture.dtype == np.uint8
    assert set(np.unique(texture)) == {20, 90}
    assert (texture == 90).mean() == pytest.approx((stripes() == 90).mean(), abs=0.06)
    along_y, along_x = changes(texture)
    wanted_y, _ = changes(stripes())
    assert along_y > 1.2 * along_x
    assert along_y == pytest.approx(wanted_y, rel=0.4)


def test_a_block_alone_is_the_same_and_a_seed_decides(learned) -> None:
    block = generate(learned.material, (40, 60), seed=0, start=(50, 230))
    np.testing.assert_array_equal(block, learned.volume[50:90, 230:290])
    assert (generate(learned.material, (120, 300), seed=1) != learned.volume).mean() > 0.1


def test_a_periodic_texture_goes_on_at_its_other_side(learned) -> None:
    texture = generate(learned.material, (64, 96), seed=2, periodic=True).astype(int)
    inner, _ = changes(texture)
    assert np.mean(texture[0] != texture[-1]) == pytest.approx(inner, abs=0.15)
    with pytest.raises(InputError, match="no multiple of 4"):
        generate(learned.material, (65, 96), periodic=True)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_grey_and_colour_textures(channels: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).normal(90, 30, (64, 64, *channels)).astype(np.float32)
    made = reconstruct(image, (70, 50), steps=10, recipe=TINY).volume
    assert made.shape == (70, 50, *channels)
    assert made.mean() == pytest.approx(90, abs=20)
    assert (made.std(axis=(0, 1)) > 5).all()


def test_the_image_is_not_turned() -> None:
    pictures = prepare(stripes(), dims=2)
    seen = {pictures.window(0, np.random.default_rng(s)).numpy().tobytes() for s in range(5)}
    assert len(seen) == 1


def test_a_texture_is_of_one_image() -> None:
    with pytest.raises(InputError, match="learned from one"):
        reconstruct([stripes()] * 3, (64, 64), steps=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("texture")
    size = {"resolution": (1e4 / 0.02, 1e4 / 0.02), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(folder / "slice.tif", stripes(), **size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pearlite.recipes.reconstruct.train.recipe_for", lambda _: TINY)
        patch.setattr("pearlite.recipes.reconstruct.texture.LONGEST", 64)
        patch.setattr("pearlite.recipes.reconstruct.work.VOLUMES", 2)
        typed = [str(folder / "slice.tif"), "--shape", "100,130", "--vf", "0.4"]
        rest = ["--minutes", "0.02", "--out", str(folder / "run"), "--json"]
        done = CliRunner().invoke(app, ["reconstruct", *typed, *rest])
    assert done.exit_code == 0, done.output
    return pl.load(folder / "run")


def test_a_run_holds_the_texture_its_measures_and_its_page(run: Run) -> None:
    texture = read(run.results["texture"])
    assert texture.axes == "YX"
    assert texture.array.shape == (100, 130)
    assert texture.pixel_size["X"] == pytest.approx(0.02, rel=1e-3)
    assert (np.asarray(texture.array) == 90).mean() == pytest.approx(0.4, abs=0.1)
    assert run.test["measures"] > 10
    page = run.page.read_text(encoding="utf-8")
    assert "The texture and the image" in page
    assert "Learning began with what resembles the image most: noise smoothed over" in page
    assert "2 textures of 64² pixels" in page
    assert "Transport" not in page


def test_more_of_it_is_made_on_the_command_line(run: Run, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["apply", str(run.path), "40,300", "--out", str(tmp_path / "m")])
    assert done.exit_code == 0, done.output
    (file,) = (tmp_path / "m").iterdir()
    assert file.name.startswith("texture-seed")
    assert read(file).array.shape == (40, 300)
    with pytest.raises(InputError, match="3 axes; expected 2"):
        run.apply((10, 10, 10))


def test_the_published_method_makes_no_textures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="makes volumes"):
        pl.fit("reconstruct", stripes(), shape=(64, 64), method="slicegan", out=tmp_path / "run")
