import time

import numpy as np
import pytest
from scipy.ndimage import convolve, gaussian_filter, zoom
from scipy.signal import lfilter

from pearlite.recipes.denoise.noise import fit_noise
from pearlite.recipes.denoise.verdict import judge_noise

SHAPE = (288, 320)
KINDS = {  # what is added to the clean image → the axes to be named
    "blur": "YX",
    "x": "X",
    "y": "Y",
    "rows": "X",
    "columns": "Y",
}


def clean(seed, shape=SHAPE):
    """Smooth shading, sharp-edged regions, and a patch of fine texture; contrast about 10."""
    random = np.random.default_rng([seed, 1])
    shading = gaussian_filter(random.standard_normal(shape), 20, mode="wrap")
    regions = gaussian_filter(random.standard_normal(shape), 9, mode="wrap") > 0
    texture = gaussian_filter(random.standard_normal(shape), 1.5, mode="wrap")
    texture[:, : shape[1] * 2 // 3] = 0
    return 100 * shading + 4 * regions + 4 * texture


def noise(kind, seed, shape=SHAPE):
    random = np.random.default_rng([seed, 2])
    white = random.standard_normal(shape)
    if kind == "blur":
        blurred = gaussian_filter(white, 0.5, mode="wrap")
        return blurred / blurred.std()
    if kind in ("x", "y"):
        return np.asarray(lfilter([0.84**0.5], [1, -0.4], white, axis="yx".index(kind)))
    if kind == "rows":
        return white + 0.15 * random.standard_normal((shape[0], 1))
    if kind == "columns":
        return white + 0.15 * random.standard_normal((1, shape[1]))
    return white


@pytest.mark.parametrize("seed", range(8))
def test_white_noise_passes(seed):
    verdict = judge_noise(clean(seed) + noise("white", seed))
    assert (verdict.state, verdict.axes, verdict.remedies) == ("passed", "", ())
    assert all(abs(excess) < 0.03 for excess in verdict.correlation.values())
    assert all(ratio < 0.06 for ratio in verdict.stripes.values())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_correlated_noise_fails_with_its_axis(kind, seed):
    verdict = judge_noise(clean(seed) + noise(kind, seed))
    assert (verdict.state, verdict.axes) == ("failed", KINDS[kind])
    assert verdict.remedies == (("lines",) if kind in ("rows", "columns") else ("apart", "bin"))


def test_the_strength_is_that_of_the_noise():
    flat = np.zeros((1024, 1024))
    by_x = judge_noise(flat + noise("x", 0, flat.shape))
    # White noise after [1,-2,1] has autocovariances 6, -4, 1; AR(1) weights them by 0.4^lag.
    ar = 0.4 ** np.abs(np.arange(-3, 4))
    c0, c1 = (np.dot(ar[1 + lag : 6 + lag], [1, -4, 6, -4, 1]) for lag in (0, 1))
    assert by_x.correlation["X"] == pytest.approx(c1 / c0 + 2 / 3, abs=0.01)
    assert by_x.correlation["Y"] == pytest.approx(0, abs=0.01)
    assert judge_noise(flat + noise("rows", 0, flat.shape)).stripes["X"] == pytest.approx(
        0.15, abs=0.01
    )


@pytest.mark.parametrize("kind", ["white", *KINDS])
def test_gain_and_offset_change_nothing(kind):
    image = clean(3) + noise(kind, 3)
    assert judge_noise(3000 + 250 * image) == judge_noise(image)
    assert judge_noise(-0.01 * image) == judge_noise(image)


@pytest.mark.parametrize("kind", ["white", *KINDS])
def test_transposing_swaps_the_axes(kind):
    image = clean(4) + noise(kind, 4)
    upright, turned = judge_noise(image), judge_noise(image.T)
    other = {"X": "Y", "Y": "X"}
    assert set(turned.axes) == {other[axis] for axis in upright.axes}
    assert turned.correlation == {other[a]: e for a, e in upright.correlation.items()}
    assert turned.stripes == {other[a]: e for a, e in upright.stripes.items()}


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (7, 9), (40, 40), (56, 56)])
def test_a_tiny_image_cannot_tell(shape):
    verdict = judge_noise(noise("white", 0, shape))
    assert verdict.state == "cannot tell"
    assert "small" in verdict.reason


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((200, 200), np.uint8),
        np.full((200, 200), 65535, np.uint16),
        np.full((200, 200), np.nan),
        np.full((200, 200), np.inf, np.float32),
        np.add.outer(np.linspace(0, 1, 200), np.linspace(0, 3, 200)),
    ],
)
def test_an_image_without_noise_cannot_tell(image):
    verdict = judge_noise(image)
    assert verdict.state == "cannot tell"
    assert "few pixels" in verdict.reason


def test_pixels_that_are_not_valid_do_not_count():
    image = clean(5) + noise("white", 5)
    spoilt = image.copy()
    spoilt[:, :150] = gaussian_filter(noise("white", 6)[:, :150], 1)
    valid = np.ones(SHAPE, bool)
    valid[:, :150] = False
    assert judge_noise(spoilt).state == "failed"
    assert judge_noise(spoilt, valid).state == "passed"
    assert judge_noise(np.where(valid, image, np.nan)) == judge_noise(image, valid)
    assert judge_noise(image, np.zeros(SHAPE, bool)).state == "cannot tell"


def test_texture_everywhere_cannot_tell():
    random = np.random.default_rng(0)
    grains = gaussian_filter(random.standard_normal((300, 300)), 0.6) * random.gamma(
        1.0, 1.0, (300, 300)
    )
    verdict = judge_noise(grains * 6 + noise("white", 0, (300, 300)) * 0.5)
    assert verdict.state != "passed"


@pytest.mark.parametrize("levels", [0.7, 1.0, 3.0])
def test_rounding_to_integers_does_no_harm(levels):
    image = np.round(levels * (clean(7) + noise("white", 7)) + 100).astype(np.uint8)
    assert judge_noise(image).state == "passed"


def test_clipping_at_black_does_no_harm():
    image = np.maximum(clean(8) + noise("white", 8), np.median(clean(8)))
    assert judge_noise(image).state == "passed"


def test_a_few_hot_pixels_do_no_harm():
    image = clean(9) + noise("white", 9)
    image[np.random.default_rng(0).random(SHAPE) < 0.002] = 200
    assert judge_noise(image).state == "passed"


@pytest.mark.parametrize("counts", [2, 20, 200])
def test_stabilised_poisson_noise_passes(counts):
    scene = clean(10) - clean(10).min()
    image = np.random.default_rng(0).poisson(counts * scene / scene.mean()).astype(float)
    model = fit_noise(image)
    assert model is not None
    assert judge_noise(model.stabilise(image)).state == "passed"


def test_interpolated_images_fail():
    small = clean(11) + noise("white", 11)
    assert judge_noise(np.asarray(zoom(small, 1.5, order=3))).axes == "YX"
    assert judge_noise(np.asarray(zoom(small, 1.3, order=1))).axes == "YX"


def test_sharpened_images_fail():
    image = clean(12) + noise("white", 12)
    kernel = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    assert judge_noise(convolve(image, kernel)).axes == "YX"


def test_unsharp_masking_fails():
    shading = gaussian_filter(noise("white", 14), 30)
    image = shading + noise("white", 13)
    verdict = judge_noise(2 * image - gaussian_filter(image, 1))
    assert (verdict.state, verdict.remedies) == ("failed", ())
    assert "sharpened" in verdict.reason


def test_large_images_are_sampled_quickly():
    image = np.tile(noise("white", 0, (512, 512)), (6, 6)).astype(np.float32)
    start = time.process_time()
    assert judge_noise(image).state == "passed"
    assert time.process_time() - start < 3


def test_what_is_no_plane_is_an_error():
    with pytest.raises(ValueError, match="2 dimensions"):
        judge_noise(np.zeros((3, 100, 100)))
    with pytest.raises(ValueError, match="valid has shape"):
        judge_noise(np.zeros((100, 100)), np.ones((100, 99), bool))
