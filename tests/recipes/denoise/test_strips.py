"""Parts of an image come out as from the whole: strips, frames, on a cluster."""

from typing import Any

import numpy as np
import pytest
import torch

import pearlite as pl
from pearlite.errors import InputError
from pearlite.recipes.denoise import denoise
from pearlite.recipes.denoise.estimator import QUALITIES, Estimator
from pearlite.recipes.denoise.layout import Frames, Layout
from pearlite.recipes.denoise.noise import NoiseModel

LIMIT = "pearlite.recipes.denoise.method.CHUNK"
MODEL = [NoiseModel(0.0, 1.0)]  # given, so that it does not depend on where it was fitted
ASIDE = {"quality": "fast", "assess": False, "force": True}


@pytest.fixture(autouse=True)
def _one_level(monkeypatch):
    """Keep the typical signal, which is taken off before rounding, the same in all parts."""

    def make(models, levels, *others):
        return Estimator(models, [0.0] * len(levels), *others)

    monkeypatch.setattr("pearlite.recipes.denoise.method.Estimator", make)


def noisy(*shape, seed=0):
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[-2], : shape[-1]]
    clean = 8 * np.sin(rows / 9) * np.cos(columns / 13) + 5 * ((rows // 30 + columns // 40) % 2)
    return (clean + random.standard_normal(shape)).astype(np.float32)


def in_parts(monkeypatch, pixels, image, **options):
    whole = denoise(image, **ASIDE, **options).clean
    monkeypatch.setattr(LIMIT, pixels)
    return whole, denoise(image, **ASIDE, **options).clean


@pytest.mark.slow
@pytest.mark.parametrize("quality", sorted(QUALITIES))
@pytest.mark.parametrize("shape", [(601, 83), (430, 64)])
def test_strips_equal_the_whole(monkeypatch, shape, quality):
    options = {**ASIDE, "noise": MODEL, "quality": quality}
    image = noisy(*shape)
    whole = denoise(image, **options).clean
    monkeypatch.setattr(LIMIT, 77 * shape[1])
    strips = denoise(image, **options)
    np.testing.assert_allclose(strips.clean, whole, rtol=0, atol=1e-5)
    assert any("in strips" in note for note in strips.notes)


def test_strips_need_less_than_the_whole():
    layout = Layout((4000, 50), "YX")
    estimator = Estimator(MODEL, [0.0], QUALITIES["balanced"], torch.device("cpu"))
    near = estimator.needed(Frames(0, 0, 1, 2000, 2100), layout)
    assert 1700 < near.top < 1950
    assert 2150 < near.bottom < 2400


@pytest.mark.parametrize(
    ("shape", "axes", "pixels"),
    [
        ((9, 70, 61), "ZYX", 2 * 70 * 61),
        ((3, 330, 41), "TYX", 100 * 41),
        ((2, 330, 41), "CYX", 2 * 100 * 41),
        ((2, 5, 2, 70, 40), "TZCYX", 2 * 70 * 40),
    ],
)
def test_stacks_and_channels_in_parts_equal_the_whole(monkeypatch, shape, axes, pixels):
    models = MODEL * (2 if "C" in axes else 1)
    whole, parts = in_parts(monkeypatch, pixels, noisy(*shape), axes=axes, noise=models)
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-5)


def test_pixels_without_measurement_are_kept_in_strips(monkeypatch):
    image = noisy(601, 83)
    image[200:340] = np.nan  # strips without anything in them
    image[20:60, 20:60] = 3
    whole, strips = in_parts(monkeypatch, 77 * 83, image, noise=MODEL)
    np.testing.assert_array_equal(np.isnan(strips), np.isnan(image))
    np.testing.assert_array_equal(strips[20:60, 20:60], 3)
    np.testing.assert_allclose(strips[:200], whole[:200], rtol=0, atol=1e-5)


@pytest.mark.slow
def test_noise_is_fitted_and_judged_in_strips(monkeypatch):
    image = noisy(900, 128)
    monkeypatch.setattr(LIMIT, 500 * 128)
    done = denoise(image, quality="fast")
    assert done.noise[0].variance(np.zeros(1)) == pytest.approx(1, rel=0.2)
    assert done.verdict.state == "passed"
    assert done.psnr is not None
    whole = denoise(image, quality="fast", noise=done.noise)
    assert whole.psnr is not None
    assert done.psnr.value == pytest.approx(whole.psnr.value, abs=0.3)


@pytest.mark.parametrize("rows", [600, 603])
def test_strips_are_binned_as_the_whole_is(monkeypatch, rows):
    image = noisy(rows, 121)
    whole, strips = in_parts(monkeypatch, 260 * 121, image, noise=MODEL, remedies=("bin",))
    assert strips.shape == (rows // 2, 60)
    np.testing.assert_allclose(strips, whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize("option", [{"remedies": ("lines",)}, {"method": "noise2fast"}])
def test_what_takes_whole_planes_is_refused_in_strips(monkeypatch, option):
    monkeypatch.setattr(LIMIT, 100 * 64)
    with pytest.raises(InputError, match="planes of up to 6400 pixels"):
        denoise(noisy(128, 64), **option)


def test_only_parts_are_read(monkeypatch):
    class OnDisk:
        def __init__(self, array):
            self.array, self.shape, self.dtype, self.most = array, array.shape, array.dtype, 0

        def __getitem__(self, key):
            piece = self.array[key]
            self.most = max(self.most, piece.size)
            return piece

    monkeypatch.setattr(LIMIT, 60 * 40)
    image = OnDisk(noisy(2000, 40))
    denoise(image, noise=MODEL, **ASIDE)
    assert 0 < image.most < image.array.size / 4


@pytest.fixture
def one_thread():
    """Sum here in the order in which a worker of one thread sums."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.slow
@pytest.mark.dist
@pytest.mark.usefixtures("one_thread")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_parts_on_a_cluster_equal_those_here(monkeypatch, tmp_path):
    from distributed import LocalCluster

    image = noisy(601, 83)
    monkeypatch.setattr(LIMIT, 77 * 83)
    here = denoise(image, quality="fast", noise=MODEL).clean
    cluster: Any = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=""
    )
    with cluster:
        address = cluster.scheduler_address
        spread = denoise(image, quality="fast", noise=MODEL, dask=address).clean
        stack = noisy(7, 64, 60)
        frames = denoise(stack, axes="TYX", noise=MODEL, dask=address, **ASIDE).clean
        run = pl.fit("denoise", image, quality="fast", dask=address, out=tmp_path / "run")
    np.testing.assert_array_equal(spread, here)
    np.testing.assert_array_equal(frames, denoise(stack, axes="TYX", noise=MODEL, **ASIDE).clean)
    alone = pl.fit("denoise", image, quality="fast", out=tmp_path / "alone")
    np.testing.assert_array_equal(run.result, alone.result)
