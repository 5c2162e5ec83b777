import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pearlite.errors import InputError
from pearlite.nets.pretrained import encoder
from pearlite.recipes.segment.deep import DeepFeatures
from pearlite.recipes.segment.normalise import fit, normalise


@pytest.fixture(scope="module")
def lite0():
    return encoder("lite0", generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr("pearlite.recipes.segment.deep.TILE", 16)


def micrograph(height, width, seed=0):
    noise = torch.rand(1, 1, height, width, generator=torch.Generator().manual_seed(seed))
    smooth = F.avg_pool2d(noise, 7, 1, 3, count_include_pad=False)
    return (255 * smooth[0].numpy()).astype(np.uint8)


def features(image_CHW, lite0, levels=5):
    return DeepFeatures(image_CHW, fit(image_CHW), lite0, levels)


def test_tiles_give_what_the_encoder_gives_of_the_whole_image(lite0):
    image = micrograph(192, 320)
    deep = features(image, lite0)
    with torch.inference_mode():
        maps = lite0(torch.from_numpy(normalise(image))[None])
    first = 0
    for map_BCHW, stride, offset in zip(maps, lite0.strides, lite0.offsets, strict=True):
        wanted = map_BCHW[0].numpy()
        places = [np.arange(n) * stride + offset for n in wanted.shape[1:]]
        grid = np.stack(np.meshgrid(*places, indexing="ij"), -1).reshape(-1, 2)
        got = deep.at(grid)[:, first : first + len(wanted)].T.reshape(wanted.shape)
        assert np.abs(got - wanted).max() < 0.01 * np.abs(wanted).max()
        assert np.abs(got - wanted).mean() < 1e-3 * np.abs(wanted).max()
        first += len(wanted)


def test_parts_give_exactly_what_the_whole_gives(lite0):
    deep = features(micrograph(90, 110), lite0)
    whole = deep.of((0, 0), (90, 110))
    assert whole.shape == (deep.count, 90, 110) == (len(deep.names), 90, 110)
    again = features(micrograph(90, 110), lite0)
    assert np.array_equal(again.of((40, 31), (73, 110)), whole[:, 40:73, 31:110])


def test_places_have_the_features_of_their_pixels(lite0):
    deep = features(micrograph(90, 70), lite0)
    places = np.array([(0, 0), (89, 69), (50, 3), (17, 66), (50, 4)])
    whole = deep.of((0, 0), (90, 70))
    np.testing.assert_allclose(deep.at(places), whole[:, places[:, 0], places[:, 1]].T, atol=1e-4)


def test_a_linear_map_may_come_before_the_enlarging(lite0):
    deep = features(micrograph(64, 70), lite0, levels=3)
    mix = np.random.default_rng(0).normal(size=(2, deep.count)).astype(np.float32)
    wanted = np.tensordot(mix, deep.of((5, 0), (60, 70)), 1)
    np.testing.assert_allclose(deep.of((5, 0), (60, 70), mix), wanted, atol=2e-3)


def test_few_kept_tiles_change_nothing_but_the_time(lite0, monkeypatch):
    image = micrograph(100, 130)
    wanted = features(image, lite0, 3).of((0, 0), (100, 130))
    monkeypatch.setattr("pearlite.recipes.segment.deep._KEPT", 20_000)
    assert np.array_equal(features(image, lite0, 3).of((0, 0), (100, 130)), wanted)


@pytest.mark.parametrize("sides", [(1, 1), (1, 50), (33, 2)])
def test_small_images_have_features(lite0, sides):
    image = micrograph(40, 60)[:, : sides[0], : sides[1]]
    found = features(image, lite0).of((0, 0), sides)
    assert found.shape == (512, *sides)
    assert np.isfinite(found).all()


def test_a_volume_is_refused(lite0):
    volume = np.zeros((1, 4, 8, 8), np.uint8)
    with pytest.raises(InputError, match=r"need an image \(C, H, W\).*take filters"):
        features(volume, lite0)
