"""Whether an image is like those trained on, and how many labels are wrong."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pearlite.errors import InputError
from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.normalise import normalise
from pearlite.recipes.segment.outside import Outside
from pearlite.recipes.segment.shifts import KINDS, shifted

pytestmark = pytest.mark.usefixtures("one_thread")


class Threshold:
    """A segmenter that knows one thing: the second class is bright."""

    def probabilities(self, image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
        bright_S = 1 / (1 + np.exp(-4 * gaussian_filter(normalise(image_CS)[0], 1)))
        return np.stack([1 - bright_S, bright_S]).astype(np.float32)


def material(seed: int, side: int = 96, noise: float = 0.2) -> Example:
    rng = np.random.default_rng(seed)
    truth_S = (gaussian_filter(rng.standard_normal((side, side)), 5) > 0).astype(np.int16)
    image_S = 100 + 30 * (truth_S + noise * rng.standard_normal(truth_S.shape))
    return Example(image_S[None].astype(np.float32), truth_S, f"image {seed}")


@pytest.fixture(scope="module")
def learned() -> Outside:
    return Outside.learn(Threshold(), [material(0), material(1)])


def wrong(example: Example) -> float:
    labels_S = Threshold().probabilities(example.image_CS).argmax(0)
    return float(np.mean(labels_S != example.truth_S))


@pytest.mark.parametrize("seed", [2, 3])
def test_is_silent_on_other_images_of_the_same_kind(learned: Outside, seed: int):
    example = material(seed)
    verdict = learned.of(Threshold(), example.image_CS)
    assert not verdict.outside
    assert verdict.sentence.startswith("Like the images trained on")
    assert wrong(example) <= verdict.most


@pytest.mark.parametrize("seed", [2, 3])
def test_speaks_where_noise_makes_labels_wrong(learned: Outside, seed: int):
    example = material(seed, noise=4.0)
    verdict = learned.of(Threshold(), example.image_CS)
    assert wrong(example) > 0.15
    assert verdict.outside
    assert verdict.wrong == pytest.approx(wrong(example), abs=0.12)
    assert "Unlike" in verdict.sentence


def test_gain_offset_and_bit_depth_are_no_reason(learned: Outside):
    image_CS = material(2).image_CS
    first = learned.of(Threshold(), image_CS)
    again = learned.of(Threshold(), np.multiply(image_CS, 150).astype(np.uint16))
    assert again.wrong == pytest.approx(first.wrong, rel=0.02)


def test_is_kept_as_plain_values(learned: Outside):
    kept = Outside.from_dict(json.loads(json.dumps(learned.to_dict())))
    image_CS = material(2).image_CS
    assert kept == learned
    assert kept.of(Threshold(), image_CS) == learned.of(Threshold(), image_CS)


def test_the_seed_determines_what_is_learned(learned: Outside):
    assert Outside.learn(Threshold(), [material(0), material(1)]) == learned


class Counted(Threshold):
    """Counts how many images it was asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def probabilities(self, image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
        self.asked += 1
        return super().probabilities(image_CS)


def test_where_time_is_short_fewer_copies_are_looked_at_and_noise_is_still_noticed():
    usual, short = Counted(), Counted()
    examples = [material(seed, side=32) for seed in range(80)]
    Outside.learn(usual, examples)
    learned = Outside.learn(short, examples, seconds=1e-6)
    answers = 5  # of an image and four disturbed copies of it
    assert usual.asked == answers * (48 + 6 * len(KINDS))  # of 80 patches 48
    assert short.asked == 1 + answers * (1 + 12 + 3 * len(KINDS))
    assert learned.of(Threshold(), material(2, noise=4.0).image_CS).outside


def test_without_labels_nothing_is_learned():
    bare = material(0)
    bare.truth_S[:] = -1
    with pytest.raises(InputError, match="no labelled image"):
        Outside.learn(Threshold(), [bare])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("smaller", "larger")])
def test_copies_differ_more_and_more_and_keep_their_labels(kind: str):
    example = material(0)
    own_CS = normalise(example.image_CS)
    weak, strong = (
        shifted(example.image_CS, example.truth_S, kind, strength, 0) for strength in (0.1, 1.0)
    )
    assert np.array_equal(strong.truth_S, example.truth_S)
    changes = [float(np.abs(made.image_CS - own_CS).mean()) for made in (weak, strong)]
    assert 0 < changes[0] < changes[1]


def test_a_smaller_copy_holds_all_of_the_labels_and_a_larger_one_the_middle():
    example = material(0)
    smaller = shifted(example.image_CS, example.truth_S, "smaller", 1.0, 0)
    larger = shifted(example.image_CS, example.truth_S, "larger", 1.0, 0)
    assert smaller.image_CS.shape[1:] == smaller.truth_S.shape == (32, 32)
    assert larger.image_CS.shape[1:] == larger.truth_S.shape == (96, 96)
    assert smaller.truth_S.mean() == pytest.approx(example.truth_S.mean(), abs=0.03)
    assert larger.truth_S.mean() == pytest.approx(example.truth_S[32:64, 32:64].mean(), abs=0.03)
