import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import pearlite.recipes.denoise.noise2fast as module
from pearlite.judge.metrics import psnr
from pearlite.recipes.denoise.noise2fast import (
    checkerboard_pairs,
    halve_columns,
    halve_rows,
    noise2fast,
)

sizes = st.integers(1, 12)


def numbered(channels, rows, columns):
    """An image whose every value is unique."""
    count = channels * rows * columns
    return torch.arange(count, dtype=torch.float32).reshape(1, channels, rows, columns)


def blobs(rows, columns):
    y, x = np.mgrid[:rows, :columns]
    return (100 + 60 * np.sin(y / 5) * np.cos(x / 7)).astype(np.float32)


def noisy_blobs(channels, rows, columns, sigma=20, seed=0):
    rng = np.random.default_rng(seed)
    noise = sigma * rng.standard_normal((channels, rows, columns), dtype=np.float32)
    return blobs(rows, columns) + noise


@given(channels=st.integers(1, 3), half_rows=sizes, columns=sizes)
def test_even_halves_hold_every_pixel_once(channels, half_rows, columns):
    image = numbered(channels, 2 * half_rows, columns)
    one, other = halve_rows(image)
    assert one.shape == other.shape == (1, channels, half_rows, columns)
    assert torch.equal(torch.cat([one, other]).flatten().sort().values, image.flatten())


@given(half_rows=sizes, columns=sizes)
def test_odd_halves_hold_every_pixel_and_share_none(half_rows, columns):
    image = numbered(1, 2 * half_rows + 1, columns)
    one, other = halve_rows(image)
    assert one.shape == other.shape == (1, 1, half_rows + 1, columns)
    in_one, in_other = set(one.flatten().tolist()), set(other.flatten().tolist())
    assert not in_one & in_other
    assert in_one | in_other == set(image.flatten().tolist())


@given(rows=st.integers(2, 12), columns=sizes)
def test_halves_are_the_colours_of_a_checkerboard(rows, columns):
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    colour = ((y + x) % 2).float()[None, None]
    one, other = halve_rows(colour)
    assert not one.any()
    assert other.all()


@given(rows=st.integers(2, 12), columns=sizes)
def test_each_pixel_stays_within_its_pair_of_rows(rows, columns):
    row = torch.arange(rows).float()[None, None, :, None].expand(1, 1, rows, columns)
    for half in halve_rows(row)[:1]:
        assert torch.equal(half[..., : rows // 2, :] // 2, row[..., : rows // 2, :])


@given(rows=sizes, columns=st.integers(2, 12))
def test_columns_are_halved_like_rows(rows, columns):
    image = numbered(2, rows, columns)
    for half, expected in zip(halve_columns(image), halve_rows(image.mT), strict=True):
        assert torch.equal(half, expected.mT)


@pytest.mark.parametrize(("shape", "count"), [((4, 5), 4), ((1, 5), 2), ((5, 1), 2), ((1, 1), 0)])
def test_each_half_predicts_the_other(shape, count):
    pairs = checkerboard_pairs(numbered(1, *shape))
    assert len(pairs) == count
    for (x, y), (x_back, y_back) in zip(pairs[0::2], pairs[1::2], strict=True):
        assert torch.equal(x, y_back)
        assert torch.equal(y, x_back)


def test_comes_closer_to_the_truth():
    noisy = noisy_blobs(1, 32, 33)
    clean = noise2fast(noisy, max_steps=150)
    gain = psnr(blobs(32, 33), clean[0], 255) - psnr(blobs(32, 33), noisy[0], 255)
    assert gain > 5


def test_same_seed_same_result_and_another_seed_another():
    noisy = noisy_blobs(1, 12, 12)
    first, again, other = (noise2fast(noisy, seed=seed, max_steps=6) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


def test_goes_on_where_it_stopped_with_the_same_result(tmp_path):
    noisy, other = noisy_blobs(1, 12, 13), noisy_blobs(1, 12, 13, seed=1)
    whole = noise2fast(noisy, max_steps=130)
    for image, steps in ((noisy, 113), (other, 3)):
        noise2fast(image, max_steps=steps, state=tmp_path)
    np.testing.assert_array_equal(noise2fast(noisy, max_steps=130, state=tmp_path), whole)


def test_ends_by_itself_and_leaves_the_input_alone():
    noisy = noisy_blobs(1, 6, 7)
    before = noisy.copy()
    clean = noise2fast(noisy)
    np.testing.assert_array_equal(noisy, before)
    assert np.isfinite(clean).all()


@pytest.mark.parametrize("shape", [(1, 2, 2), (2, 5, 8), (3, 9, 3), (1, 1, 9), (4, 7, 1)])
def test_any_shape(shape):
    noisy = noisy_blobs(*shape)
    clean = noise2fast(noisy, max_steps=3)
    assert clean.shape == shape
    assert clean.dtype == np.float32
    low, high = noisy.min(axis=(1, 2)), noisy.max(axis=(1, 2))
    assert (clean.min(axis=(1, 2)) >= low - 1e-3).all()
    assert (clean.max(axis=(1, 2)) <= high + 1e-3).all()


@pytest.mark.parametrize("shape", [(1, 8, 8), (2, 1, 1)])
def test_without_contrast_nothing_changes(shape):
    image = np.full(shape, 7.25, np.float32)
    np.testing.assert_array_equal(noise2fast(image), image)


def test_a_constant_channel_stays_constant_beside_a_noisy_one():
    image = noisy_blobs(2, 10, 10)
    image[1] = -3
    clean = noise2fast(image, max_steps=5)
    np.testing.assert_array_equal(clean[1], image[1])
    assert clean[0].std() > 0


def test_gain_and_offset_pass_through():
    noisy = noisy_blobs(1, 12, 10)
    plain = noise2fast(noisy, max_steps=8)
    scaled = noise2fast(16 * noisy + 256, max_steps=8)
    np.testing.assert_allclose(scaled, 16 * plain + 256, atol=0.5)


def test_fast_multiplication_changes_little(monkeypatch):
    noisy = noisy_blobs(1, 16, 16)
    results = []
    for fast in (True, False):
        monkeypatch.setattr(module, "has_fast_bfloat16", lambda kind, fast=fast: fast)
        results.append(noise2fast(noisy, max_steps=10))
    np.testing.assert_allclose(*results, atol=3)
