import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.recipes.denoise.estimator import QUALITIES
from pearlite.recipes.denoise.noise import NoiseModel
from pearlite.recipes.denoise.ridge import Pass, best_weights, combine_patches, weights_from

PASSES = QUALITIES["fast"].passes
EVERY = {name: quality.passes for name, quality in QUALITIES.items()}


def white(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def scene(rows, columns):
    y, x = np.mgrid[:rows, :columns]
    grey = 10.0 * (x + 2 * y > 60) + 3 * np.sin(x / 5)
    return torch.from_numpy(grey.astype(np.float32))[None, None]


@pytest.mark.parametrize("passes", EVERY.values(), ids=EVERY)
@pytest.mark.parametrize("level", [0.0, 1000.0])
def test_white_noise_on_a_constant_is_all_but_removed(passes, level):
    noisy = level + white(1, 1, 64, 72)
    clean = combine_patches(noisy, passes)
    assert (clean - level).std() < 0.12
    assert abs(float(clean.mean() - noisy.mean())) < 0.05


@pytest.mark.parametrize("passes", EVERY.values(), ids=EVERY)
def test_a_scene_comes_out_of_its_noise(passes):
    truth = scene(64, 64)
    error = combine_patches(truth + white(1, 1, 64, 64), passes) - truth
    assert error.square().mean() < 0.15


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 24), st.integers(1, 24), st.integers(1, 3), st.integers(1, 3))
def test_every_size_works(rows, columns, frames, channels):
    noisy = white(frames, channels, rows, columns)
    clean = combine_patches(noisy, PASSES, 1)
    assert clean.shape == noisy.shape
    assert torch.isfinite(clean).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (90, 1), (2, 50), (33, 47)])
@pytest.mark.parametrize("level", [0.0, -7.5, 1e3])
def test_a_constant_stays_what_it_is(shape, level):
    image = torch.full((1, 1, *shape), level)
    clean = combine_patches(image, PASSES)
    assert torch.allclose(clean, image, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mean", [0.0, 0.02, 0.05, 0.1, 0.2, 0.5])
@pytest.mark.parametrize("read", [0.0, 1e-3, 0.2])
def test_a_few_counts_stay_finite_and_in_range(mean, read):
    random = np.random.default_rng(int(1000 * mean))
    image = random.poisson(mean, (1, 1, 48, 60)) + read * random.standard_normal((1, 1, 48, 60))
    stable = torch.from_numpy(NoiseModel(1.0, read**2).stabilise(image).astype(np.float32))
    for passes in EVERY.values():
        clean = combine_patches(stable - stable.median(), passes) + stable.median()
        assert torch.isfinite(clean).all()
        spread = max(1.0, float(stable.max() - stable.min()))
        assert stable.min() - spread < clean.min()
        assert clean.max() < stable.max() + spread


def test_a_few_counts_are_denoised():
    random = np.random.default_rng(0)
    truth = np.where(np.arange(80) < 40, 0.1, 0.5) * np.ones((64, 1))
    model = NoiseModel(1.0, 0.0)
    stable = torch.from_numpy(model.stabilise(random.poisson(truth)).astype(np.float32))
    clean = combine_patches(stable[None, None], PASSES)[0, 0].numpy()
    dark, bright = clean[:, :35].mean(), clean[:, 45:].mean()
    assert bright - dark > 0.2
    assert clean[:, :35].std() < 0.3 * float(stable[:, :35].std())


@pytest.mark.parametrize("constant", [-50.0, 1000.0])
def test_a_constant_goes_through(constant):
    noisy = scene(40, 50) + white(1, 1, 40, 50)
    expected = combine_patches(noisy, PASSES) + constant
    shifted = combine_patches(noisy + constant, PASSES)
    assert float((shifted - expected).square().mean()) ** 0.5 < 0.03


@pytest.mark.parametrize("turn", [lambda i: i.mT, lambda i: i.flip(-1), lambda i: i.flip(-2)])
def test_a_turned_image_comes_out_turned(turn):
    noisy = scene(60, 60) + white(1, 1, 60, 60)
    expected = combine_patches(noisy, PASSES)
    turned = turn(combine_patches(turn(noisy).contiguous(), PASSES))
    assert float((turned - expected).square().mean()) ** 0.5 < 0.15


def test_neighbouring_frames_and_channels_help():
    truth = scene(48, 48).expand(3, 2, 48, 48)
    noisy = truth + white(3, 2, 48, 48)

    def error(clean):
        return float((clean - truth[: len(clean), : clean.shape[1]]).square().mean())

    alone = error(combine_patches(noisy[1:2, :1], PASSES))
    assert error(combine_patches(noisy[:, :1], PASSES, 1)) < 0.8 * alone
    assert error(combine_patches(noisy[1:2], PASSES)) < 0.8 * alone


def test_the_same_image_gives_the_same_result():
    noisy = scene(40, 40) + white(1, 1, 40, 40)
    assert torch.equal(combine_patches(noisy, PASSES), combine_patches(noisy.clone(), PASSES))


def test_no_pass_changes_nothing():
    noisy = white(1, 1, 10, 10)
    assert torch.equal(combine_patches(noisy, ()), noisy)


def test_weights_of_both_passes_sum_to_one():
    patches = white(20, 18, 81) + white(20, 18, 1, seed=1)
    for theta in (best_weights(patches, 1.0), weights_from(patches, 1.0)):
        assert torch.allclose(theta.sum(2), torch.ones(20, 18), atol=1e-3)


def test_weights_average_like_patches_and_leave_unlike_ones_alone():
    alike = torch.zeros(1, 10, 49)
    assert torch.allclose(weights_from(alike, 1.0), torch.full((1, 10, 10), 0.1), atol=1e-5)
    unlike = 1e3 * white(1, 10, 49)
    assert torch.allclose(weights_from(unlike, 1.0), torch.eye(10), atol=1e-3)
    assert torch.allclose(best_weights(unlike, 1.0), torch.eye(10), atol=2e-3)


def test_weights_from_the_truth_have_the_least_risk():
    truth = 2 * white(1, 6, 30)
    theta = weights_from(truth, 1.0)

    def risk(theta):
        left = theta @ truth - truth
        return float(left.square().sum() + 30 * theta.square().sum())

    for seed in range(5):
        other = 0.01 * white(1, 6, 6, seed=seed)
        other -= other.mean(2, keepdim=True)
        assert risk(theta) < risk(theta + other)


def test_removed_noise_put_back_gets_a_second_chance():
    noisy = scene(48, 48) + white(1, 1, 48, 48)
    first = Pass(7, 18, 4)
    whole, part = (
        combine_patches(noisy, (first, Pass(7, 30, 4, noise=share))) for share in (1.0, 0.5)
    )
    truth = scene(48, 48)
    assert not torch.equal(whole, part)
    assert (part - truth).square().mean() < 0.2
