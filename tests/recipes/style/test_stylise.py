"""The array function: a content takes on the look of a reference, its phases stay."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.recipes.style.style_scenes import BRIGHT, DARK, micrograph, phases, quicken

from pearlite.data.image import Image
from pearlite.errors import InputError
from pearlite.recipes.style import stylise
from pearlite.recipes.style.boundaries import agreement, compared
from pearlite.recipes.style.classes import KINDS, Matching, find_cuts, find_reference_cuts, states
from pearlite.recipes.style.greys import flat, recast, start
from pearlite.recipes.style.patches import distances, kinds_for, piece
from pearlite.recipes.style.reference import Style, ready

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    quicken(monkeypatch)


def reference(shape=(56, 64)):
    labels = phases(9, shape)
    return micrograph(labels, 9), labels


def test_a_label_map_gets_the_greys_of_the_reference_and_its_phases_stay(monkeypatch):
    monkeypatch.setattr("pearlite.recipes.style.settings.STEPS", {"fast": 60})
    labels, (look, marks) = phases(0, (64, 64)), reference((72, 280))
    done = stylise(labels, look, style_labels=marks, quality="fast")
    assert done.image.shape == labels.shape
    assert done.image.dtype == np.uint8
    assert abs(done.image[labels == 0].mean() - DARK) < 10
    assert abs(done.image[labels == 1].mean() - BRIGHT) < 15
    assert done.image[labels == 1].std() > 1.1 * done.image[labels == 0].std()
    assert done.texture.withheld
    before, after, _ = done.texture.by_scale[1]
    assert after < 0.9 * before
    assert done.kept.found > 0.8
    assert done.kept_in_reference.found > 0.8


def test_the_same_seed_gives_the_same_image_and_another_one_does_not():
    labels, (look, _) = phases(), reference()
    one, same, other = (stylise(labels, look, seed=seed).image for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_the_order_of_the_greys_can_be_said():
    labels, (look, _) = phases(), reference()
    done = stylise(labels, look, dark_to_bright=(1, 0))
    assert done.image[labels == 1].mean() < done.image[labels == 0].mean()


def test_label_values_do_not_matter_where_the_order_is_said():
    labels, (look, _) = phases(), reference()
    plain = stylise(labels, look).image
    renamed = stylise(np.where(labels == 1, 7, 200), look, dark_to_bright=(200, 7)).image
    assert abs(plain[labels == 1].mean() - renamed[labels == 1].mean()) < 5


def test_strength_0_changes_greys_alone():
    content, (look, _) = micrograph(phases(4), 4), reference()
    done = stylise(content, look, strength=0)
    inside = phases(4) == 1
    assert np.corrcoef(content[inside], done.image[inside])[0, 1] > 0.9
    assert done.steepness > 0.9


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_grey_content_keeps_its_type(dtype):
    content, (look, _) = micrograph(phases(4), 4), reference()
    scale = {np.uint16: 257, np.uint8: 1, np.float32: 1}[dtype]
    done = stylise((content * np.float64(scale)).astype(dtype), look)
    assert done.image.dtype == dtype
    assert done.image.mean() / scale == pytest.approx(look.mean(), rel=0.15)


def test_colours_are_styled_together():
    colours = np.stack([micrograph(phases(4), seed) for seed in (1, 2, 3)])
    look, marks = reference()
    look = np.stack([look, look // 2, 255 - look])
    done = stylise(colours, look, axes="CYX")
    assert done.image.shape == colours.shape
    red, _, blue = done.image.astype(float).reshape(3, -1)
    assert np.corrcoef(red, blue)[0, 1] < -0.8
    coloured = stylise(phases(4), look, style_labels=marks)
    assert coloured.axes == "CYX"
    assert coloured.image.shape == (3, 40, 48)


def test_a_grey_content_takes_the_brightness_of_a_coloured_reference():
    look, _ = reference()
    done = stylise(micrograph(phases(4), 4), np.stack([look] * 3))
    assert done.image.ndim == 2
    assert any("brightness alone" in note for note in done.notes)


def test_planes_of_a_stack_are_styled_one_by_one():
    stack = np.stack([phases(seed) for seed in range(2)])
    done = stylise(stack, reference()[0], axes="ZYX")
    assert done.image.shape == stack.shape
    assert (done.image[0][stack[0] == 1].mean() > done.image[0][stack[0] == 0].mean() + 50).all()
    assert any("one by one" in note for note in done.notes)


def test_several_references_are_taken_together():
    looks = [micrograph(phases(seed, (48, 48)), seed) for seed in (1, 2)]
    marks = [phases(seed, (48, 48)) for seed in (1, 2)]
    done = stylise(phases(), looks, style_labels=marks)
    assert abs(done.image[phases() == 0].mean() - DARK) < 10


def test_the_network_styles_in_one_pass():
    labels, (look, marks) = phases(), reference()
    done = stylise(labels, look, style_labels=marks, method="adain")
    assert done.history == []
    assert done.image[labels == 1].mean() > done.image[labels == 0].mean() + 30
    again = stylise(labels, look, style_labels=marks, method="adain")
    np.testing.assert_array_equal(done.image, again.image)


NAN = np.full((40, 40), np.nan)
LOOK = reference()[0]


@pytest.mark.parametrize(
    ("content", "look", "options", "said"),
    [
        (np.full((40, 40), 5, np.uint8), LOOK, {}, "is constant"),
        (phases(), np.full((40, 40), 5, np.uint8), {}, "reference is constant"),
        (phases(), LOOK[:9], {}, "hold too few patches"),
        (phases()[:, :12], LOOK, {}, "the content has 12 × 40 pixels"),
        (NAN, LOOK, {}, "NaN"),
        (phases(), LOOK, {"strength": 2}, "from 0 to 1"),
        (phases(), LOOK, {"method": "gram"}, "no method 'gram'"),
        (phases(), LOOK, {"phases": 0}, "give 1 to 8"),
        (phases(), LOOK, {"quality": "good"}, "no quality"),
        (phases(), LOOK, {"minutes": 0}, "more than 0"),
        (phases(), LOOK, {"device": "abacus"}, "no device"),
        (phases(), LOOK, {"dark_to_bright": (0, 2)}, "name each label of the content once: 0, 1"),
        (phases(), LOOK, {"style_labels": np.zeros_like(LOOK)}, "labels have no 1"),
        (phases(), LOOK, {"style_labels": phases()}, "its labels 48 × 40"),
        (phases(), LOOK, {"labels": phases()[:20]}, "labels have shape"),
        (micrograph(phases()), LOOK, {"style_labels": phases(9, (56, 64))}, "content has none"),
        (phases(), np.zeros((3, 40, 40, 40)), {}, "axes"),
    ],
)
def test_what_does_not_fit_is_said(content, look, options, said):
    with pytest.raises(InputError, match=said):
        stylise(content, look, **options)


def test_channels_that_do_not_fit_are_said():
    colours = np.random.default_rng(0).integers(0, 255, (3, 40, 40), dtype=np.uint8)
    with pytest.raises(InputError, match="3 channels and the reference 1"):
        stylise(colours, LOOK, axes="CYX")


def test_states_tell_phases_and_boundaries_apart():
    classes = np.zeros((20, 20), np.int64)
    classes[:, 10:] = 1
    found = states(classes, 1, 5)
    assert found[5, 2] == KINDS - 1
    assert found[5, 8] == KINDS - 3  # four fifths
    assert found[5, 9] == KINDS - 4  # three fifths
    assert found[5, 10] == 2 * KINDS - 4
    assert found[5, 17] == 2 * KINDS - 1
    assert states(classes, 2, 5)[5, 6] < KINDS - 1  # a wider patch sees it from further away


def test_like_patches_are_compared_with_like():
    labels = phases(1, (48, 48))
    bright, dark = (torch.from_numpy(np.where(labels == 1, 1, v))[None].float() for v in (0, -5))
    (kind, *_) = kinds_for([(48, 48)], ["it"])
    sides = [[piece(image, labels.astype(np.int64), [kind])] for image in (bright, dark)]
    generator = torch.Generator().manual_seed(0)
    found = distances(*sides, kind, projections=8, samples=600, generator=generator)
    assert float(found[KINDS - 1][0]) > 0.1  # phase 0 differs
    assert float(found[2 * KINDS - 1][0]) < 1e-6  # phase 1 does not


def test_a_rare_phase_is_found_by_its_share():
    image = np.random.default_rng(0).normal(100, 30, (60, 60))
    image[:3, :] -= 200
    common = Matching((0.0, 1.0), (), (0, 1), (0.5, 0.5))
    (cut,), note = find_reference_cuts([image[None]], common)
    assert "shares" in note
    grey = np.sort(image.ravel())
    assert abs(cut - np.median(grey)) < 15
    found = find_cuts([np.where(phases() == 1, 5.0, 3.0)[None]], 2, "it")
    assert 3 < found[0] < 5


def test_a_part_of_a_large_reference_is_withheld():
    labels = phases(2, (80, 320))
    style = Style.of([Image(micrograph(labels, 2), "YX")], [Image(labels, "YX")])
    matching = Matching((0.0, 1.0), (), None)
    kinds = kinds_for([(80, 320)], ["it"])[:2]
    made = ready(style, matching, kinds, CPU)
    assert not made.fitted
    assert [part.image_BCHW.shape[3] for part in made.withheld] == [80]
    assert [part.image_BCHW.shape[3] for part in made.taught] == [120, 120]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 400))
def test_a_class_gets_the_greys_of_the_reference_in_their_order(seed, count):
    random = np.random.default_rng(seed)
    image = random.standard_normal((1, 12, 10)).astype(np.float32)
    classes = random.integers(0, 2, (12, 10))
    pools = [random.standard_normal((1, count)).astype(np.float32) + 10 * k for k in (0, 1)]
    made = start(image, classes, pools, random)
    for number, pool in enumerate(pools):
        inside = classes == number
        order = np.argsort(image[0][inside])
        assert (np.diff(made[0][inside][order]) >= 0).all()
        assert made[0][inside].min() >= pool.min() - 1e-5
        assert made[0][inside].max() <= pool.max() + 1e-5
    assert np.allclose(flat(classes, pools)[0][classes == 0], pools[0].mean(), atol=1e-5)


def test_greys_of_one_type_come_to_another_by_their_share_of_its_range():
    values = np.array([0.0, 100.0, 255.0])
    np.testing.assert_allclose(recast(values, "uint8", "uint16", 1), values * 257)
    np.testing.assert_allclose(recast(values, "uint8", "float32", 1), values)
    np.testing.assert_allclose(recast(np.array([0.5]), "float32", "uint8", 1), [127.5])
    np.testing.assert_allclose(recast(np.array([500.0]), "float64", "uint8", 1000), [127.5])


def test_boundaries_are_found_within_two_pixels_and_not_beyond():
    classes = np.zeros((30, 30), np.int64)
    classes[:, 15:] = 1
    same = compared(classes, classes)
    assert (same.found, same.iou) == (1.0, 1.0)
    assert compared(np.roll(classes, 2, 1)[:, 4:], classes[:, 4:]).found == 1.0
    assert compared(np.roll(classes, 6, 1)[:, 8:], classes[:, 8:]).found == 0.0
    image = classes[None].astype(np.float32)
    assert agreement(image, 3 * image + 1) == pytest.approx(1)
    assert agreement(image, np.zeros_like(image)) == 0
