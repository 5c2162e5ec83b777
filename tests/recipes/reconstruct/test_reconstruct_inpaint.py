"""Inpainting: known pixels stay, the fill joins its rim and is like the rest; runs and refusals."""

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
from pearlite.recipes.reconstruct.inpaint import inpaint
from pearlite.recipes.reconstruct.seam import belongs


def field(seed: int = 0) -> np.ndarray:
    return gaussian_filter(np.random.default_rng(seed).normal(size=(128, 128)), 2) * 8


def phases() -> np.ndarray:
    return np.digitize(field(), (-0.5, 0.5)).astype(np.uint8) * 100 + 7


def hole() -> np.ndarray:
    y, x = np.ogrid[:128, :128]
    inside = (y - 50) ** 2 + (x - 60) ** 2 < 14**2
    inside[100:102, :60] = True  # a scratch from the border
    inside[:6, 120:] = True  # a corner
    return inside


def test_labels_are_filled_with_labels_and_known_pixels_stay() -> None:
    image = phases()
    damaged = np.where(hole(), 255, image).astype(np.uint8)
    filled = inpaint(damaged, hole(), steps=30)
    assert filled.image.dtype == np.uint8
    np.testing.assert_array_equal(filled.image[~hole()], image[~hole()])
    assert set(np.unique(filled.image)) == {7, 107, 207}
    found = belongs(filled.channels_CHW, hole(), filled.pictures.meaning)
    assert found.seam < 2
    for inside, outside in found.shares:
        assert inside == pytest.approx(outside, abs=0.15)


def test_the_descent_takes_the_seam_away() -> None:
    image = phases()
    copied, joined = (inpaint(image, hole(), steps=steps) for steps in (0, 40))
    seams = [belongs(f.channels_CHW, hole(), f.pictures.meaning).seam for f in (copied, joined)]
    assert seams[1] < 0.8 * seams[0]


def test_a_hole_that_was_never_there_shows_no_seam() -> None:
    filled = inpaint(phases(), hole(), steps=0)
    channels = filled.channels_CHW.clone()
    truth = np.stack([phases() == value for value in (7, 107, 207)])
    channels[:] = channels.new_tensor(truth)
    found = belongs(channels, hole(), filled.pictures.meaning)
    assert found.seam == pytest.approx(1, abs=0.25)
    assert found.floor is not None
    assert found.patches < 2 * found.floor


@pytest.mark.parametrize("channels", [(), (3,)])
def test_grey_and_colour_keep_their_type_and_range(channels: tuple[int, ...]) -> None:
    image = np.stack([field(n) for n in range(3)], -1) if channels else field()
    image = (image * 1000 + 20000).astype(np.uint16)
    filled = inpaint(np.where(hole()[..., None] if channels else hole(), 0, image), hole(), steps=5)
    assert filled.image.dtype == np.uint16
    assert filled.image.shape == image.shape
    np.testing.assert_array_equal(filled.image[~hole()], image[~hole()])
    assert filled.image[hole()].min() >= image.min()


def test_the_seed_decides() -> None:
    fills = [inpaint(phases(), hole(), seed=seed, steps=3).image for seed in (0, 0, 4)]
    np.testing.assert_array_equal(fills[0], fills[1])
    assert (fills[0] != fills[2]).any()


def test_a_hole_larger_than_any_known_piece_is_filled_in_parts() -> None:
    image = phases()
    inside = np.zeros((128, 128), bool)
    inside[30:100, 30:100] = True
    filled = inpaint(image, inside, steps=0)
    assert set(np.unique(filled.image[inside])) == {7, 107, 207}


def test_a_run_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pearlite.recipes.reconstruct.filling.STEPS", 5)
    size = {"resolution": (1e4 / 0.02, 1e4 / 0.02), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(tmp_path / "image.tif", phases(), **size)
    tifffile.imwrite(tmp_path / "mask.tif", hole().astype(np.uint8) * 255)
    typed = [str(tmp_path / "image.tif"), "--hole", str(tmp_path / "mask.tif")]

    done = CliRunner().invoke(app, ["reconstruct", *typed, "--out", str(tmp_path / "run")])

    assert done.exit_code == 0, done.output
    assert "patch distance" in done.output
    run = pl.load(tmp_path / "run")
    filled = read(run.results["filled"])
    assert filled.pixel_size["X"] == pytest.approx(0.02, rel=1e-3)
    np.testing.assert_array_equal(np.asarray(filled.array)[~hole()], phases()[~hole()])
    assert set(run.test["fractions"]) == {"7", "107", "207"}
    assert "What was in the hole is not known" in run.page.read_text(encoding="utf-8")
    run.report()
    with pytest.raises(InputError, match="nothing to apply"):
        run.apply((40, 40))


@pytest.mark.parametrize(
    ("mask", "options", "said"),
    [
        (np.zeros((128, 128)), {}, "nothing to fill"),
        (np.ones((128, 128)), {}, "inverted"),
        (np.ones((40, 40)), {}, "as large as the image"),
        (hole(), {"vf": 0.3}, "leave out vf"),
        (
            hole(),
            {"shape": 64, "minutes": 3, "dask": "tcp://a:1"},
            "leave out shape, minutes, dask",
        ),
        (hole(), {"quality": "fast", "device": "cuda"}, "leave out quality, device"),
    ],
)
def test_what_cannot_be_filled_is_said(
    mask: np.ndarray, options: dict, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        pl.fit("reconstruct", phases(), hole=mask, out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()
