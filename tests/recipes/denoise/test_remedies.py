import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from pearlite.errors import InputError, Refused
from pearlite.recipes.denoise.method import denoise
from pearlite.recipes.denoise.noise import fit_noise
from pearlite.recipes.denoise.remedies import (
    REMEDIES,
    bin_pixels,
    fit_noise_apart,
    remove_lines,
)
from pearlite.recipes.denoise.verdict import judge_noise

SHAPE = (256, 320)
RANDOM = np.random.default_rng(0)
CLEAN = (
    3000 * gaussian_filter(RANDOM.standard_normal(SHAPE), 20)
    + 60 * (gaussian_filter(RANDOM.standard_normal(SHAPE), 9) > 0)
    + 30 * (np.arange(SHAPE[0])[:, None] > 100)  # an edge along the whole of X
)
NOISE = 20 * RANDOM.standard_normal(SHAPE)
OFFSETS = RANDOM.standard_normal(SHAPE[0])[:, None]


def rms(array):
    return float(np.sqrt(np.mean(np.square(array))))


def test_lines_are_removed_and_structure_is_not():
    truth = CLEAN + NOISE
    striped = truth + 8 * OFFSETS
    assert judge_noise(striped).axes == "X"
    mended = remove_lines(striped)
    assert rms(mended - truth) < 0.5 * rms(striped - truth)
    assert judge_noise(mended).state == "passed"
    assert mended.mean() == pytest.approx(striped.mean())


def test_columns_are_treated_as_rows_are():
    striped = CLEAN + NOISE + 8 * OFFSETS
    np.testing.assert_allclose(remove_lines(striped.T), remove_lines(striped).T, atol=0.5)


def test_removing_lines_where_there_are_none_does_no_harm():
    truth = CLEAN + NOISE
    assert rms(remove_lines(truth) - truth) < 0.04 * 20
    assert rms(remove_lines(CLEAN) - CLEAN) < 0.03 * CLEAN.std()


def test_lines_are_removed_around_unknown_pixels():
    striped = CLEAN + NOISE + 8 * OFFSETS
    holes = striped.copy()
    holes[:, 100:140] = np.nan
    holes[50] = np.nan
    mended = remove_lines(holes)
    np.testing.assert_array_equal(np.isnan(mended), np.isnan(holes))
    known = np.isfinite(holes)
    assert rms((mended - CLEAN - NOISE)[known]) < 0.6 * rms((striped - CLEAN - NOISE)[known])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (3, 3), (40, 31)])
def test_constant_images_stay_as_they_are(shape, dtype):
    image = np.full(shape, 7, dtype)
    mended = remove_lines(image)
    np.testing.assert_array_equal(mended, image)
    assert mended.dtype == np.promote_types(dtype, np.float32)


def test_binning_averages_and_whitens():
    np.testing.assert_array_equal(
        bin_pixels(np.array([[1, 3, 9], [5, 7, 9], [9, 9, 9]], np.uint8)), [[4]]
    )
    blurred = CLEAN + 3 * gaussian_filter(NOISE, 0.5)
    assert judge_noise(blurred).remedies == ("apart", "bin")
    fine, coarse = judge_noise(blurred), judge_noise(bin_pixels(blurred))
    assert abs(coarse.correlation["X"]) < 0.5 * abs(fine.correlation["X"])


def test_binning_does_not_overflow():
    assert bin_pixels(np.full((4, 4), 255, np.uint8)).max() == 255


def test_one_pixel_cannot_be_halved():
    with pytest.raises(InputError, match="too small"):
        bin_pixels(np.zeros((1, 5)))


def test_the_noise_between_pixels_apart_is_the_noise():
    noise = gaussian_filter(NOISE, 0.5)
    blurred = CLEAN + 20 * noise / noise.std()
    near, apart = fit_noise(blurred), fit_noise_apart(blurred)
    assert near is not None
    assert apart is not None
    level = np.median(blurred)
    assert near.variance(level) < 0.6 * 20**2
    assert apart.variance(level) == pytest.approx(20**2, rel=0.25)


def test_the_noise_of_nothing_is_none():
    assert fit_noise_apart(np.zeros((64, 64))) is None
    assert fit_noise_apart(np.zeros((1, 1))) is None


def test_invalid_pixels_do_not_count_in_the_noise_apart():
    valid = np.ones(SHAPE, bool)
    valid[:, 200:] = False
    spoilt = np.where(valid, CLEAN + NOISE, 50 * NOISE)
    model = fit_noise_apart(spoilt, valid)
    assert model is not None
    assert model.variance(np.median(CLEAN)) == pytest.approx(20**2, rel=0.1)


def test_noise_fitted_apart_lets_correlated_noise_pass_and_cleans_it_better():
    noise = gaussian_filter(NOISE, 0.5)
    blurred = CLEAN + 20 * noise / noise.std()
    with pytest.raises(Refused, match="--remedy apart or --remedy bin"):
        denoise(blurred, quality="fast")
    forced = denoise(blurred, quality="fast", force=True)
    mended = denoise(blurred, quality="fast", remedies=("apart",))
    assert (mended.verdict.state, mended.psnr) == ("failed", None)
    assert "two apart" in mended.notes[-1]
    assert rms(mended.clean - CLEAN) < 0.85 * rms(forced.clean - CLEAN)


def test_noise_fitted_apart_does_not_let_stripes_pass():
    with pytest.raises(Refused, match="try --remedy lines, go back"):
        denoise(CLEAN + NOISE + 12 * OFFSETS, quality="fast", remedies=("apart",))


def test_every_offered_remedy_exists():
    assert set(REMEDIES) == {"apart", "lines", "bin"}
    striped, blurred = CLEAN + NOISE + 8 * OFFSETS, CLEAN + gaussian_filter(NOISE, 0.5)
    for image in (striped, blurred):
        assert judge_noise(image).remedies
        assert set(judge_noise(image).remedies) <= set(REMEDIES)
