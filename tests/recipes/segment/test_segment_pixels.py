"""A few strokes, a few seconds: every pixel has its class, whatever the image's gain."""

from pathlib import Path

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.recipes.segment.described import SIDES
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.pixels import PixelSegmenter, train_pixels


def micrograph(side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Dark discs and rough stripes of the brightness of the ground, 16 bit; and the truth."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    truth_HW = np.zeros((side, side), np.int16)
    truth_HW[(rows + seed * 7) % 48 < 16] = 2
    for row, column in rng.integers(0, side, (side // 12, 2)):
        truth_HW[(rows - row) ** 2 + (columns - column) ** 2 < 30] = 1
    image_HW = 30000 + rng.normal(0, 1000, truth_HW.shape)
    image_HW[truth_HW == 1] -= 9000
    image_HW += (truth_HW == 2) * rng.normal(0, 7000, truth_HW.shape)
    return image_HW[None].clip(0, 65535).astype(np.uint16), truth_HW


def strokes(truth_HW: np.ndarray) -> np.ndarray:
    """Keep the labels along some lines."""
    drawn_HW = np.full_like(truth_HW, UNLABELLED)
    for row in range(5, len(truth_HW), 12):
        drawn_HW[row, 4:-4] = truth_HW[row, 4:-4]
    return drawn_HW


def iou(truth_HW: np.ndarray, answer_HW: np.ndarray) -> float:
    """Return the mean over the classes."""
    both = [((truth_HW == k) & (answer_HW == k)).sum() for k in range(3)]
    one = [((truth_HW == k) | (answer_HW == k)).sum() for k in range(3)]
    return float(np.mean(np.divide(both, one)))


@pytest.fixture(scope="module")
def drawn() -> Example:
    image_CHW, truth_HW = micrograph(96, seed=0)
    return Example(image_CHW, strokes(truth_HW), "drawn")


@pytest.fixture(scope="module")
def segmenter(drawn: Example) -> PixelSegmenter:
    return train_pixels([drawn], 3, levels=4)


@pytest.mark.parametrize(("head", "levels"), [("forest", None), ("lightgbm", 4), ("linear", 4)])
def test_strokes_on_one_image_segment_another(
    drawn: Example, head: str, levels: int | None
) -> None:
    image_CHW, truth_HW = micrograph(96, seed=1)
    trained = train_pixels([drawn], 3, head=head, levels=levels)
    probabilities_KHW = trained.probabilities(image_CHW)
    np.testing.assert_allclose(probabilities_KHW.sum(0), 1, atol=1e-5)
    assert iou(truth_HW, probabilities_KHW.argmax(0)) > 0.7


def test_copies_in_other_units_get_the_same_labels(segmenter: PixelSegmenter) -> None:
    image_CHW, _ = micrograph(96, seed=2)
    labels_HW = segmenter.probabilities(image_CHW).argmax(0)
    copies = [
        np.round(image_CHW / 257).astype(np.uint8),
        (image_CHW // 3 + 700).astype(np.uint16),
        0.01 * image_CHW.astype(np.float32) - 5,
    ]
    for copy_CHW in copies:
        assert (segmenter.probabilities(copy_CHW).argmax(0) == labels_HW).mean() > 0.99


def test_tiles_give_exactly_what_the_whole_gives(segmenter: PixelSegmenter) -> None:
    side = SIDES[2]
    image_CHW, _ = micrograph(2 * side + 10, seed=3)
    whole_KHW = segmenter.probabilities(image_CHW)
    described = segmenter.describe(image_CHW)
    for start, stop in [((0, 0), (7, 9)), ((side - 3, 5), (side + 4, 2 * side + 10))]:
        part = np.s_[:, start[0] : stop[0], start[1] : stop[1]]
        assert np.array_equal(segmenter.part(described, start, stop), whole_KHW[part])


def test_the_same_seed_gives_the_same(drawn: Example, segmenter: PixelSegmenter) -> None:
    again = train_pixels([drawn], 3, levels=4)
    image_CHW, _ = micrograph(64, seed=4)
    assert np.array_equal(again.probabilities(image_CHW), segmenter.probabilities(image_CHW))


@pytest.mark.parametrize("head", ["forest", "linear"])
def test_what_was_saved_answers_as_before(drawn: Example, head: str, tmp_path: Path) -> None:
    trained = train_pixels([drawn], 3, head=head, levels=3)
    trained.save(tmp_path)
    loaded = PixelSegmenter.load(tmp_path)
    assert np.array_equal(
        loaded.probabilities(drawn.image_CS), trained.probabilities(drawn.image_CS)
    )


def test_deep_features_are_saved_with_their_encoder(drawn: Example, tmp_path: Path) -> None:
    trained = train_pixels([drawn], 3, features="both", head="linear", levels=3)
    trained.save(tmp_path)
    loaded = PixelSegmenter.load(tmp_path)
    image_CHW, truth_HW = micrograph(96, seed=1)
    answer_KHW = loaded.probabilities(image_CHW)
    np.testing.assert_allclose(answer_KHW, trained.probabilities(image_CHW), atol=1e-6)
    assert iou(truth_HW, answer_KHW.argmax(0)) > 0.6


def test_a_damaged_model_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text('{"kind": "pixels"}')
    with pytest.raises(InputError, match="missing or damaged"):
        PixelSegmenter.load(tmp_path)


def test_volumes_and_channels_are_segmented() -> None:
    rng = np.random.default_rng(0)
    truth_DHW = np.zeros((20, 40, 40), np.int16)
    truth_DHW[:, 20:] = 1
    image_CDHW = rng.normal(0, 1, (2, 20, 40, 40))
    image_CDHW[1] += truth_DHW * 3
    drawn_DHW = np.full_like(truth_DHW, UNLABELLED)
    drawn_DHW[10, 5:35, 5:9] = truth_DHW[10, 5:35, 5:9]
    model = train_pixels([Example(image_CDHW, drawn_DHW, "volume")], 2)
    assert (model.probabilities(image_CDHW).argmax(0) == truth_DHW).mean() > 0.95


def test_a_class_that_nobody_labelled_is_never_the_answer(drawn: Example) -> None:
    answer_KHW = train_pixels([drawn], 4, levels=3).probabilities(drawn.image_CS)
    assert answer_KHW[3].max() < 1e-6


def test_common_classes_are_not_made_rare_by_how_much_was_labelled() -> None:
    rng = np.random.default_rng(0)
    truth_HW = np.zeros((128, 128), np.int16)
    truth_HW[:, :12] = 1
    image_CHW = (rng.normal(0, 1, truth_HW.shape) + 2 * truth_HW)[None]
    even_HW = np.full_like(truth_HW, UNLABELLED)
    even_HW[4:124:3, 2:10] = 1
    even_HW[4:124:3, 15:127:14] = 0
    trained = train_pixels([Example(image_CHW, even_HW, "even")], 2, levels=4)
    answer_KHW = trained.probabilities(image_CHW)
    assert answer_KHW[1].mean() == pytest.approx(truth_HW.mean(), abs=0.02)


@pytest.mark.parametrize(
    ("options", "told"),
    [({"head": "svm"}, "forest, lightgbm"), ({"features": "wavelets"}, "filters, deep")],
)
def test_unknown_options_are_told(drawn: Example, options: dict[str, str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        train_pixels([drawn], 3, **options)  # pyright: ignore[reportArgumentType]


def test_labels_of_one_class_are_not_enough(drawn: Example) -> None:
    one_HW = np.where(drawn.truth_S == 1, 1, UNLABELLED).astype(np.int16)
    with pytest.raises(InputError, match="at least two"):
        train_pixels([Example(drawn.image_CS, one_HW, "one")], 3, levels=3)


def test_an_image_with_other_channels_is_refused(segmenter: PixelSegmenter) -> None:
    with pytest.raises(InputError, match="trained on 1"):
        segmenter.probabilities(np.zeros((3, 20, 20), np.uint8))
