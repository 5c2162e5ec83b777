"""Super-resolution: what is made is the low-resolution volume, finer, and looks like the image."""

from dataclasses import replace
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
from pearlite.recipes.reconstruct.low import Encoding, Low
from pearlite.recipes.reconstruct.low_asked import Agreement
from pearlite.recipes.reconstruct.settings import Recipe
from pearlite.run import Run

TINY = Recipe(
    widths=(8, 8, 8),
    box=(32, 24),
    patches=(((1, 3), (2, 3)),),
    directions=8,
    samples=300,
    slices=8,
    counted=4,
    calibrated=64,
)
COARSE = (16, 14, 13)


def truth() -> np.ndarray:
    """Two phases, 10 and 200, of a random field of 64 x 56 x 52 voxels."""
    shape = [4 * side for side in COARSE]
    field_ZYX = gaussian_filter(np.random.default_rng(0).normal(size=shape), 3, mode="wrap")
    return np.where(field_ZYX > 0, 200, 10).astype(np.uint8)


def means() -> np.ndarray:
    z, y, x = COARSE
    return truth().reshape(z, 4, y, 4, x, 4).mean((1, 3, 5))


def labels() -> np.ndarray:
    return np.where(means() > 105, 200, 10).astype(np.uint8)


@pytest.mark.parametrize("low", [labels(), means().astype(np.float32)], ids=["labels", "greys"])
def test_what_is_made_is_the_low_volume_where_it_is_averaged(low: np.ndarray) -> None:
    made = reconstruct(truth()[32], low=low, factor=4, steps=26, recipe=TINY)
    assert made.volume.shape == (64, 56, 52)
    assert set(np.unique(made.volume)) == {10, 200}
    assert (made.volume == truth()).mean() > 0.7
    given, meaning = made.material.low, made.pictures.meaning
    assert given is not None
    agreement = Agreement(given.encoding, meaning)
    assert agreement.measured(made.volume, given, meaning) > 0.65


def test_a_block_alone_is_the_same_and_a_seed_decides() -> None:
    made = reconstruct(truth()[32], low=labels(), factor=4, steps=2, recipe=TINY)
    block = generate(made.material, (9, 20, 30), seed=0, start=(50, 30, 20))
    np.testing.assert_array_equal(block, made.volume[50:59, 30:50, 20:50])
    other = generate(made.material, (64, 56, 52), seed=1)
    assert (other != made.volume).any()


def test_the_truth_agrees_with_its_own_low_volume() -> None:
    meaning = prepare(truth()[32]).meaning
    for low, values in ((labels(), (10, 200)), (means(), ())):
        ones = (1.0,) * max(1, len(values))
        given = Low(low, Encoding(4, values, ones, ones))
        agreement = Agreement(given.encoding, meaning)
        assert agreement.measured(truth(), given, meaning) == pytest.approx(1, abs=1e-6)
        assert agreement.measured(truth()[::-1], given, meaning) < 0.9


def test_values_that_are_no_phase_stand_for_the_phases_that_are_not_named() -> None:
    image = np.random.default_rng(0).choice(np.array([0, 1, 2], np.uint8), (64, 64))
    meaning = prepare(image).meaning
    low = np.zeros((2, 2, 2), np.uint8)
    low[0], low[1, 0] = 7, 0
    volume = np.zeros((4, 4, 4), np.uint8)
    volume[:2, :, ::2], volume[:2, :, 1::2] = 1, 2  # together most of the upper half
    given = Low(low, Encoding(2, (0, 7), (0.5, 0.5), (0.5, 0.5)))
    assert Agreement(given.encoding, meaning).measured(volume, given, meaning) == 1
    full = Low(low, Encoding(2, (0, 1, 2, 7), (0.5,) * 4, (0.5,) * 4))
    volume[:2] = 0
    assert Agreement(full.encoding, meaning).measured(volume, full, meaning) == 1


def test_beyond_its_faces_the_outermost_voxels_are_repeated() -> None:
    low = Low(np.arange(8.0).reshape(2, 2, 2), Encoding(2, (), (0.0,), (1.0,)))
    whole = np.pad(low.array, 9, mode="edge")
    for spans in ([(-3, 5), (0, 1), (1, 4)], [(-5, -2), (4, 7), (-1, 1)]):
        block = whole[tuple(slice(a + 9, b + 9) for a, b in spans)]
        np.testing.assert_array_equal(low.cells(spans)[0].numpy(), block)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("low")
    fine = {"resolution": (1e4 / 0.02, 1e4 / 0.02), "resolutionunit": "CENTIMETER"}
    coarse = {"PhysicalSizeX": 80, "PhysicalSizeY": 80, "PhysicalSizeZ": 80}
    units = {f"{name}Unit": "nm" for name in coarse}
    tifffile.imwrite(folder / "hr.tif", truth()[32], **fine)
    tifffile.imwrite(
        folder / "low.ome.tif", labels(), ome=True, metadata={"axes": "ZYX", **coarse, **units}
    )
    typed = ["reconstruct", str(folder / "hr.tif"), "--low", str(folder / "low.ome.tif")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pearlite.recipes.reconstruct.judged.LONGEST", 24)
        patch.setattr("pearlite.recipes.reconstruct.told_apart.STEPS", 3)
        patch.setattr("pearlite.recipes.reconstruct.work.VOLUMES", 1)
        patch.setattr("pearlite.recipes.reconstruct.report.viewer", lambda *_, **__: None)
        patch.setattr(
            "pearlite.recipes.reconstruct.train.recipe_for", lambda _: replace(TINY, points=0)
        )
        done = CliRunner().invoke(app, [*typed, "--minutes", "0.02", "--out", str(folder / "run")])
    assert done.exit_code == 0, done.output
    return pl.load(folder / "run")


def test_a_run_knows_the_factor_by_the_pixel_sizes_and_says_how_they_agree(run: Run) -> None:
    volume = read(run.results["volume"])
    assert volume.array.shape == (64, 56, 52)
    assert volume.pixel_size["Z"] == pytest.approx(0.02, rel=1e-3)
    assert run.options["factor"] == 4
    assert 0 < run.test["low"]["agreement"] <= 1
    assert "Low-resolution voxels kept" in run.page.read_text(encoding="utf-8")
    assert len(run.summary()) > 1


def test_it_is_applied_to_other_low_volumes(run: Run, tmp_path: Path) -> None:
    other = labels()[:8, :4, ::-1]
    made = run.apply(other, seed=3)
    assert made.shape == (32, 16, 52)
    tifffile.imwrite(tmp_path / "other.tif", other)
    (file,) = run.apply([tmp_path / "other.tif"], tmp_path / "more", seed=3)
    np.testing.assert_array_equal(np.asarray(read(file).array), made)
    with pytest.raises(InputError, match="had not"):
        run.apply(other + 1)
    with pytest.raises(InputError, match="leave out vf"):
        run.apply(other, vf=0.3)


@pytest.mark.parametrize(
    ("low", "options", "said"),
    [
        (labels()[0], {"factor": 4}, "three axes"),
        (labels(), {"factor": 3}, "none of 2, 4, 8"),
        (labels(), {}, "how many pixels"),
        (labels() + 1, {"factor": 4}, "nothing in common"),
        (np.full(COARSE, 10, np.uint8), {"factor": 4}, "constant"),
        (labels()[:4], {"factor": 4}, "at least 48"),
        (np.where(means() > 90, np.nan, 1), {"factor": 4}, "finite"),
        (labels(), {"factor": 4, "vf": 0.3}, "leave out vf"),
        (labels(), {"factor": 4, "shape": 64, "periodic": True}, "leave out shape, periodic"),
        (labels(), {"factor": 4, "dask": "tcp://here:1"}, "leave out dask"),
        (None, {"factor": 4}, "leave out factor"),
    ],
)
def test_what_cannot_be_made_fine_is_said(
    low: np.ndarray | None, options: dict, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        pl.fit("reconstruct", truth()[32], low=low, out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_pixel_sizes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    for name, array, size in (("hr", truth()[32], 0.02), ("low", labels(), 0.066)):
        per_cm = (1e4 / size, 1e4 / size)
        tifffile.imwrite(
            tmp_path / f"{name}.tif", array, resolution=per_cm, resolutionunit="CENTIMETER"
        )
    files = [tmp_path / "hr.tif", tmp_path / "low.tif"]
    with pytest.raises(InputError, match=r"3.3 pixels of the image wide"):
        pl.fit("reconstruct", files[0], low=files[1], out=tmp_path / "run")
