import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from pearlite.data.samples import add_noise, grains, laths, particles
from pearlite.errors import InputError, Refused
from pearlite.judge.metrics import psnr
from pearlite.recipes.denoise import denoise, noise2fast
from pearlite.recipes.denoise.noise import SILENT, NoiseModel

FAST = {"quality": "fast", "assess": False, "force": True}
SAMPLES = [(make, seed) for make in (grains, particles, laths) for seed in range(2)]
KNOWN = [NoiseModel(0.01, 0.0004)]


def noisy(shape=(64, 64), seed=0, make=grains):
    """A micrograph from 0 to 1 with known noise."""
    return add_noise(make(shape, seed=seed), 0.01, 0.02, seed)


def sigma(image):
    """Typical noise of `noisy`."""
    return float(np.sqrt(0.01 * np.median(image) + 0.0004))


def rms(difference):
    return float(np.sqrt(np.mean(np.square(np.asarray(difference, np.float64)))))


@settings(max_examples=20, deadline=None)
@given(
    st.one_of(
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        st.tuples(st.just(1), st.integers(1, 120)),
        st.tuples(st.integers(1, 120), st.integers(1, 3)),
    )
)
def test_any_size_keeps_its_size(shape):
    image = np.random.default_rng(0).normal(100, 5, shape)
    for quality in ("fast", "balanced"):
        result = denoise(image, quality=quality, noise=[NoiseModel(0.0, 25.0)], assess=False)
        assert result.clean.shape == shape
        assert np.isfinite(result.clean).all()
        assert abs(result.clean.mean() - image.mean()) < 5


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (5, 3)])
def test_images_too_small_to_fit_come_back_as_they_are(shape):
    image = np.random.default_rng(0).normal(100, 5, shape)
    result = denoise(image)
    assert np.array_equal(result.clean, image)
    assert result.noise == [SILENT]
    assert result.verdict.state == "cannot tell"
    assert any("too small" in note for note in result.notes)


@pytest.mark.parametrize("level", [0, 7, 255])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_a_constant_comes_back_as_it_is(level, dtype):
    result = denoise(np.full((40, 30), level, dtype), quality="fast")
    assert np.array_equal(result.clean, np.full((40, 30), level))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_where_it_was(bad):
    image = noisy()
    holes = np.zeros(image.shape, bool)
    holes[3, 5] = holes[20:24, 30:40] = holes[-1, -1] = holes[:, 50] = True
    result = denoise(np.where(holes, np.float32(bad), image), **FAST)
    assert np.array_equal(result.clean[holes], np.full(holes.sum(), bad), equal_nan=True)
    assert np.isfinite(result.clean[~holes]).all()
    whole = denoise(image, **FAST).clean
    assert rms((result.clean - whole)[~holes]) < 0.5 * sigma(image)
    assert any("NaN" in note for note in result.notes)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_image_without_a_finite_pixel_is_refused(bad):
    with pytest.raises(InputError, match="no finite pixel"):
        denoise(np.full((20, 20), bad))


@pytest.mark.parametrize(
    ("dtype", "scale", "offset"),
    [
        (np.uint8, 255, 0),
        (np.int8, 100, -60),
        (np.int16, 20_000, -15_000),
        (np.uint16, 65_535, 0),
        (np.int32, 1e9, -5e8),
        (np.uint32, 4e9, 1e8),
        (np.float16, 100, 0),
        (np.float32, 1e20, 0),
        (np.float32, 1e-17, 0),
        (np.float64, 1e20, 0),
        (np.float64, 1e-20, 0),
        (np.float64, 1, 1e6),
        (np.float64, 1, -1e6),
    ],
)
def test_every_type_and_magnitude_is_denoised(dtype, scale, offset):
    truth = scale * grains((64, 64)).astype(np.float64) + offset
    grey = scale * noisy().astype(np.float64) + offset
    if np.dtype(dtype).kind in "ui":
        limits = np.iinfo(dtype)
        grey = np.clip(np.round(grey), limits.min, limits.max)
    result = denoise(grey.astype(dtype), **FAST)
    assert result.clean.dtype == np.promote_types(dtype, np.float32)
    assert np.isfinite(result.clean).all()
    assert rms(result.clean - truth) < 0.6 * rms(grey - truth)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((8, 8), bool),
        np.zeros((8, 8), complex),
        np.zeros((0, 8)),
        np.zeros((8, 0), np.uint8),
        np.zeros((8, 8), object),
        np.zeros((8, 8), "U1"),
        np.zeros((8, 8), "datetime64[s]"),
    ],
    ids=str,
)
def test_what_is_no_image_of_real_numbers_is_refused(image):
    with pytest.raises(InputError, match="real number"):
        denoise(image)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"method": "magic"}, "ridge"),
        ({"quality": "great"}, "balanced"),
        ({"remedies": ["iron"]}, "lines"),
        ({"device": "abacus"}, "cpu"),
        ({"axes": "ZYX"}, "axes"),
        ({"noise": [SILENT, SILENT]}, "2 noise models for 1 channel"),
        ({"noise": []}, "0 noise models for 1 channel"),
    ],
)
def test_unknown_options_are_refused_with_what_is_known(options, named):
    with pytest.raises(InputError, match=named):
        denoise(noisy(), **options)


@pytest.mark.parametrize(("shape", "axes"), [((2, 20, 20), None), ((20,), None)])
def test_axes_must_be_known(shape, axes):
    with pytest.raises(InputError, match="axes"):
        denoise(np.zeros(shape), axes=axes)


@pytest.mark.parametrize("quality", ["fast", "balanced"])
@pytest.mark.parametrize(
    ("a", "b"), [(255.0, 0.0), (1e-6, 0.0), (1.0, 1e4), (300.0, -2000.0), (1e12, 1e15)]
)
def test_gain_and_offset_change_nothing_else(a, b, quality):
    image = noisy().astype(np.float64)
    options = {**FAST, "quality": quality}
    plain = denoise(image, **options).clean
    moved = (denoise(a * image + b, **options).clean - b) / a
    assert rms(moved - plain) < 0.05 * sigma(image)


@pytest.mark.parametrize("turn", [np.transpose, np.flipud, np.fliplr])
def test_a_turned_image_comes_out_turned(turn):
    image = noisy()
    turned = turn(denoise(np.ascontiguousarray(turn(image)), noise=KNOWN, **FAST).clean)
    assert rms(turned - denoise(image, noise=KNOWN, **FAST).clean) < 0.2 * sigma(image)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((3, 40, 44), "ZYX"),
        ((3, 40, 44), "TYX"),
        ((2, 40, 44), "CYX"),
        ((2, 2, 2, 40, 44), "TZCYX"),
    ],
)
def test_stacks_come_out_better_than_their_planes(shape, axes):
    truth = np.broadcast_to(grains(shape[-2:]), shape)
    image = add_noise(truth, 0.01, 0.02)
    channels = shape[axes.index("C")] if "C" in axes else 1
    result = denoise(image, axes=axes, noise=KNOWN * channels, **FAST)
    assert result.clean.shape == shape
    alone = np.empty(shape)
    for plane in np.ndindex(shape[:-2]):
        alone[plane] = denoise(image[plane], noise=KNOWN, **FAST).clean
    assert rms(result.clean - truth) < 0.95 * rms(alone - truth)


def test_each_channel_has_its_own_noise():
    truth = np.stack([grains((96, 96)), 1000 * grains((96, 96)) + 500])
    image = np.stack([add_noise(truth[0], 0, 0.1), add_noise(truth[1], 0, 30.0, 1)])
    result = denoise(image, axes="CYX", **FAST)
    strength = [
        float(m.variance(np.array(c.mean()))) ** 0.5
        for m, c in zip(result.noise, truth, strict=True)
    ]
    assert strength == pytest.approx([0.1, 30.0], rel=0.15)
    for channel in (0, 1):
        error = rms(result.clean[channel] - truth[channel])
        assert error < 0.6 * rms(image[channel] - truth[channel])


@pytest.mark.parametrize("mean", [0.05, 0.1, 0.2, 0.5])
@pytest.mark.parametrize("quality", ["fast", "balanced"])
def test_dark_images_of_a_few_counts_are_denoised(mean, quality):
    random = np.random.default_rng(0)
    truth = mean * (0.5 + grains((96, 96)))
    image = random.poisson(truth).astype(np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = denoise(image, quality=quality, assess=False, force=True)
    assert np.isfinite(result.clean).all()
    assert result.clean.mean() == pytest.approx(image.mean(), rel=0.2)
    assert rms(result.clean - truth) < 0.6 * rms(image - truth)


def gains(quality):
    """PSNR gained on each sample, dB."""
    gained = []
    for make, seed in SAMPLES:
        truth = make((96, 96), seed=seed)
        image = noisy((96, 96), seed, make)
        clean = denoise(image, quality=quality, assess=False, force=True).clean
        gained.append(psnr(truth, clean, 1.0) - psnr(truth, image, 1.0))
    return gained


def test_every_quality_denoises_and_more_work_is_no_worse():
    fast, balanced, best = (gains(quality) for quality in ("fast", "balanced", "best"))
    assert min(fast + balanced + best) > 7
    assert np.mean(fast) > 10
    assert np.mean(balanced) > np.mean(fast)
    assert np.mean(best) > np.mean(balanced)


def test_correlated_noise_is_refused_unless_forced():
    random = np.random.default_rng(0)
    blurred = gaussian_filter(random.standard_normal((128, 128)), 0.8)
    image = grains((128, 128)) + 0.1 * blurred / blurred.std()
    with pytest.raises(Refused, match="--force"):
        denoise(image, quality="fast")
    forced = denoise(image, quality="fast", force=True)
    assert forced.verdict.state == "failed"
    assert forced.psnr is None
    assert any(note.startswith("Forced: ") for note in forced.notes)


@pytest.mark.parametrize("quality", ["fast", "balanced"])
@pytest.mark.parametrize(("make", "seed"), [s for s in SAMPLES if s != (laths, 0)])
def test_the_reported_error_is_the_true_one(make, seed, quality):
    truth = make((160, 160), seed=seed)
    image = noisy((160, 160), seed, make)
    result = denoise(image, quality=quality)
    if result.verdict.state != "passed":
        assert result.psnr is None
        return
    true = psnr(truth, result.clean, result.peak)
    assert result.psnr.low < result.psnr.value < result.psnr.high
    assert result.psnr.low - 1 < true < result.psnr.high + 1
    assert result.psnr_noisy == pytest.approx(psnr(truth, image, result.peak), abs=0.5)


def test_no_error_is_reported_where_the_noise_cannot_be_told():
    result = denoise(noisy((40, 40)))
    assert result.verdict.state == "cannot tell"
    assert (result.psnr, result.psnr_noisy, result.peak) == (None, None, None)


def test_no_error_is_reported_where_it_is_not_wanted():
    assert denoise(noisy((96, 96)), quality="fast", assess=False).psnr is None
    assert denoise(noisy((96, 96)), quality="fast").psnr is not None


def test_the_same_seed_gives_the_same_result():
    image = noisy((96, 96))
    first, again, other = (denoise(image, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.clean, again.clean)
    assert (first.psnr, first.noise, first.notes) == (again.psnr, again.noise, again.notes)
    assert np.array_equal(first.clean, other.clean)
    assert first.psnr != other.psnr


def test_the_input_is_never_touched():
    image = noisy()
    before = image.copy()
    denoise(image, remedies=["lines"], **FAST)
    assert np.array_equal(image, before)


def test_an_info_bar_comes_back_untouched():
    image = np.round(np.clip(200 * noisy((200, 220)) + 20, 0, 255)).astype(np.uint8)
    image[-24:] = 0
    for column in range(10, 210, 6):
        image[-16:-6, column : column + 2] = 255
    result = denoise(image, **FAST)
    assert any("info bar" in note for note in result.notes)
    assert np.array_equal(result.clean[-24:], image[-24:])
    assert not np.array_equal(result.clean[:-24], image[:-24])


def test_padding_comes_back_untouched():
    image = noisy((80, 80))
    image[:, 60:] = 0
    result = denoise(image, **FAST)
    assert np.array_equal(result.clean[:, 60:], image[:, 60:])
    assert rms(result.clean[:, :60] - grains((80, 80))[:, :60]) < 0.5 * sigma(image)


def test_a_given_noise_model_is_used():
    image = noisy()
    weak, true, strong = (
        denoise(image, noise=[NoiseModel(0.01 * f, 0.0004 * f)], **FAST) for f in (0.01, 1, 100)
    )
    assert true.noise == KNOWN
    removed = [rms(result.clean - image) for result in (weak, true, strong)]
    assert removed == sorted(removed)
    assert removed[0] < 0.5 * sigma(image)
    assert removed[1] == pytest.approx(sigma(image), rel=0.3)


def test_remedies_are_applied():
    image = noisy((80, 80)) + 0.2 * np.random.default_rng(1).standard_normal((80, 1))
    truth = grains((80, 80))
    plain, mended = (denoise(image, remedies=r, **FAST).clean for r in ([], ["lines"]))
    assert rms(mended - truth) < 0.6 * rms(plain - truth)
    assert denoise(image[:, :-1], remedies=["bin"], **FAST).clean.shape == (40, 39)


def test_results_go_where_they_are_wanted():
    image = noisy((3, 40, 40), make=lambda shape, seed: np.stack([grains(shape[1:])] * 3))
    target = np.zeros(image.shape, np.uint8)

    def cast(frames):
        return np.clip(np.round(255 * frames), 0, 255).astype(np.uint8)

    stored = denoise(image, axes="ZYX", target=target, cast=cast, **FAST)
    assert stored.clean is target
    assert np.array_equal(target, cast(denoise(image, axes="ZYX", **FAST).clean))


@pytest.mark.parametrize("axes", ["YX", "TCYX"])
def test_noise2fast_is_the_method_when_asked_for(monkeypatch, axes):
    monkeypatch.setattr(noise2fast, "PATIENCE", 3)
    monkeypatch.setattr(noise2fast, "AVERAGED", 3)
    shape = (2, 2, 24, 24)[-len(axes) :]
    truth = np.broadcast_to(grains((24, 24)), shape)
    image = add_noise(truth, 0.01, 0.02)
    first, again = (denoise(image, axes=axes, method="noise2fast", seed=3) for _ in range(2))
    frames = image.reshape(-1, *shape[-3:]) if "C" in axes else image[None, None]
    expected = [noise2fast.noise2fast(frame, seed=3) for frame in frames]
    assert np.array_equal(first.clean, np.stack(expected).reshape(shape))
    assert np.array_equal(first.clean, again.clean)
    assert first.psnr is None
