"""Area fractions: intervals that hold the truth about as often as they say.

Axes: K classes, S space (YX).
"""

import json

import numpy as np
import pytest
from scipy import ndimage

from pearlite.errors import InputError
from pearlite.judge.representative import material_interval, pieces
from pearlite.recipes.segment.fraction import FractionError, tally


def texture(seed: int, side: int, length: float) -> np.ndarray:
    """A Gaussian random field of unit variance, cut from a larger one, so that it has no seams."""
    noise = np.random.default_rng(seed).standard_normal((2 * side, 2 * side))
    field = ndimage.gaussian_filter(noise, length, mode="wrap")
    return field[:side, :side] * 2 * length * np.sqrt(np.pi)


def answered(seed: int, bias: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of two classes and the truth; a model that errs by `bias`, another a image."""
    field = texture(seed, 96, 4)
    truth = (field > 0.5).astype(np.int16)
    error = np.random.default_rng(seed).normal(0, bias)
    share = 1 / (1 + np.exp(-4 * (field - 0.5 + error)))
    return np.stack([1 - share, share]).astype(np.float32), truth


def fraction_of(error: FractionError, share_KS: np.ndarray, **options: float):
    return error.fractions(tally(share_KS), share_KS.argmax(0), **options)[1]


def test_intervals_hold_the_truth_of_unseen_images_about_as_often_as_they_say():
    held, widths = [], []
    for trial in range(12):
        error = FractionError.learn((answered(1000 * trial + n) for n in range(5)), 2)
        for image in range(12):
            share_KS, truth_S = answered(1000 * trial + 100 + image)
            found = fraction_of(error, share_KS)
            held.append(found.low <= truth_S.mean() <= found.high)
            widths.append(found.high - found.low)
    assert 0.85 <= np.mean(held) <= 0.98
    assert np.median(widths) < 0.3


def test_a_better_model_gets_narrower_intervals():
    share_KS, _ = answered(7, 0.0)
    widths = []
    for bias in (0.1, 0.5):
        error = FractionError.learn((answered(n, bias) for n in range(6)), 2)
        found = fraction_of(error, share_KS)
        widths.append(found.high - found.low)
    assert widths[0] < 0.5 * widths[1]


def test_an_image_unlike_the_withheld_ones_gets_a_wider_interval():
    error = FractionError.learn((answered(n, 0.1) for n in range(4)), 2)
    share_KS, _ = answered(50)
    usual, unlike = (fraction_of(error, share_KS, stretch=factor) for factor in (1, 3))
    assert unlike.high - unlike.low > 2 * (usual.high - usual.low)
    assert unlike.value == usual.value


def test_the_estimate_is_the_one_that_was_nearer_the_truth_on_withheld_images():
    known = [answered(n, 0.0) for n in range(5)]
    blunt = [(0.5 + 0.4 * (share_KS - 0.5), truth_S) for share_KS, truth_S in known]
    true_counts = FractionError.learn(blunt, 2)
    assert fraction_of(true_counts, blunt[0][0]).value == blunt[0][1].mean()
    truths = np.random.default_rng(0)
    fair = [
        (share_KS, (truths.random((96, 96)) < share_KS[1]).astype(np.int16))
        for share_KS in (
            np.stack([np.full((96, 96), 0.7), np.full((96, 96), 0.3)]) for _ in range(4)
        )
    ]
    found = fraction_of(FractionError.learn(fair, 2), fair[0][0])
    assert (found.value, found.counted) == (pytest.approx(0.3), 0)


def test_tallies_of_parts_add_up_to_that_of_the_whole():
    share_KS, _ = answered(3)
    whole = tally(share_KS)
    parts = tally(share_KS[:, :40]) + tally(share_KS[:, 40:])
    assert parts.pixels == whole.pixels
    assert parts.counted_K.tolist() == whole.counted_K.tolist()
    assert parts.doubt_K == pytest.approx(whole.doubt_K)


def test_one_withheld_image_is_cut_into_blocks_and_that_is_told():
    error = FractionError.learn([answered(0)], 2)
    assert (error.units, error.blocks) == (4, True)
    assert "parts, not as between images" in error.sentence()


def test_scribbles_say_nothing_of_fractions():
    share_KS, truth_S = answered(0)
    truth_S[:, 8:] = -1
    error = FractionError.learn([(share_KS, truth_S)], 2)
    found = fraction_of(error, share_KS)
    assert (found.low, found.high) == (0, 1)
    assert "not known" in error.sentence()


@pytest.mark.parametrize("images", [0, 1, 3])
def test_errors_survive_json(images):
    error = FractionError.learn((answered(n) for n in range(images)), 2)
    again = FractionError.from_dict(json.loads(json.dumps(error.to_dict(), allow_nan=False)))
    share_KS, _ = answered(9)
    assert fraction_of(again, share_KS) == fraction_of(error, share_KS)


def test_wrong_questions_are_told():
    error = FractionError.learn([answered(0)], 2)
    share_KS, _ = answered(0)
    with pytest.raises(InputError, match="coverage is"):
        fraction_of(error, share_KS, coverage=90)
    with pytest.raises(InputError, match="3 classes were tallied"):
        error.fractions(tally(np.full((3, 4, 4), 1 / 3, np.float32)), np.zeros((4, 4), int))
    with pytest.raises(InputError, match="no stored error"):
        FractionError.from_dict({"units": 3})


@pytest.mark.parametrize(("length", "share"), [(3, 0.5), (3, 0.1), (8, 0.3)])
def test_the_materials_interval_holds_the_law_of_a_random_field(length, share):
    limit = {0.5: 0.0, 0.1: 1.2816, 0.3: 0.5244}[share]
    held, widths, shares = [], [], []
    for seed in range(60):
        inside_S = texture(seed, 128, length) > limit
        low, high = material_interval(inside_S.mean(), pieces(inside_S))
        held.append(low <= share <= high)
        widths.append(high - low)
        shares.append(inside_S.mean())
    assert np.mean(held) >= 0.85
    assert np.median(widths) < 1.5 * 3.29 * np.std(shares)


def test_independent_pixels_count_as_many():
    inside_S = np.random.default_rng(0).random((128, 128)) < 0.3
    assert pieces(inside_S) == pytest.approx(128**2, rel=0.1)


def test_averaging_a_large_image_leaves_its_pieces_as_they_are():
    small_S = texture(0, 256, 6) > 0.5
    large_S = small_S.repeat(4, 0).repeat(4, 1)
    assert pieces(large_S) == pytest.approx(pieces(small_S), rel=0.1)


def test_pieces_of_a_volume_are_counted_in_three_dimensions():
    noise = np.random.default_rng(0).standard_normal((40, 40, 40))
    fine, coarse = (ndimage.gaussian_filter(noise, s, mode="wrap") > 0 for s in (1, 3))
    assert pieces(fine) > 8 * pieces(coarse) > 80


def test_a_class_that_is_nowhere_may_still_be_in_the_material():
    low, high = material_interval(0.0, pieces(np.zeros((64, 64), bool)))
    assert low == 0
    assert high > 0.5
