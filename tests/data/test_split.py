import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.data.blocks import split_blocks
from pearlite.data.split import Split, split, split_by_key
from pearlite.errors import InputError


def sizes(made: Split) -> list[int]:
    return [len(indices) for indices in made.parts.values()]


def test_the_usual_split_is_70_20_10_and_holds_every_sample_once():
    made = split(1000)
    assert sizes(made) == [700, 200, 100]
    assert sorted(np.concatenate(list(made.parts.values()))) == list(range(1000))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 11), min_size=12, max_size=150),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_no_group_is_in_two_parts_and_no_part_is_empty(group, seed, stratified):
    if len(set(group)) < 3:
        group = [0, 1, 2, *group]
    classes = [number % 2 for number in range(len(group))] if stratified else None
    made = split(len(group), group=group, stratify=classes, seed=seed)
    held = [{group[n] for n in indices} for indices in made.parts.values()]
    assert all(held)
    assert sum(map(len, held)) == len(set(group))


def test_fractions_hold_in_samples_when_groups_differ_in_size():
    random = np.random.default_rng(0)
    for seed in range(10):
        group = np.repeat(np.arange(40), random.integers(1, 60, 40))
        made = split(len(group), group=group, seed=seed)
        assert np.abs(np.array(sizes(made)) / len(group) - (0.7, 0.2, 0.1)).max() < 0.02


def test_a_group_that_fills_more_than_its_part_is_told():
    why = split(100, group=[0] * 90 + [1] * 5 + [2] * 5).why
    assert "90%/5%/5%" in why
    assert "70%/20%/10% was asked" in why


def test_every_part_has_its_share_of_every_class():
    classes = np.repeat(["common", "rare"], [900, 40])
    made = split(940, stratify=classes, seed=3)
    rare = [int((classes[indices] == "rare").sum()) for indices in made.parts.values()]
    assert rare == [28, 8, 4]
    assert sizes(made) == [658, 188, 94]


def test_classes_are_balanced_when_whole_groups_move():
    random = np.random.default_rng(1)
    group = np.repeat(np.arange(60), random.integers(5, 15, 60))
    classes = group % 3
    made = split(len(group), group=group, stratify=classes)
    overall = np.bincount(classes) / len(classes)
    for indices in made.parts.values():
        assert np.abs(np.bincount(classes[indices]) / len(indices) - overall).max() < 0.05


def test_a_class_with_too_few_members_is_named():
    why = split(102, stratify=["steel"] * 50 + ["brass"] * 50 + ["gold"] * 2).why
    assert "Too few to be in test: class gold." in why


def test_a_continuous_target_is_refused_as_class():
    with pytest.raises(InputError, match="bin a continuous quantity"):
        split(100, stratify=np.random.default_rng(0).random(100))


def test_by_time_the_test_is_the_latest():
    times = np.random.default_rng(0).permutation(100)
    made = split(100, time=times)
    assert times[made.train].max() < times[made.validation].min()
    assert times[made.validation].max() < times[made.test].min()
    assert sizes(made) == [70, 20, 10]


def test_equal_times_and_groups_overlapping_in_time_stay_together():
    days = np.repeat(np.arange("2026-01-01", "2026-01-13", dtype="datetime64[D]"), 9)
    made = split(len(days), time=days)
    held = [set(days[indices].tolist()) for indices in made.parts.values()]
    assert sum(map(len, held)) == 12
    series = split(100, time=np.arange(100), group=np.arange(100) // 8)
    assert all(
        len({*(a // 8)} & {*(b // 8)}) == 0
        for a, b in [(series.train, series.validation), (series.validation, series.test)]
    )


def test_one_long_group_leaves_no_place_to_cut():
    with pytest.raises(InputError, match="1 stretches of time"):
        split(10, time=np.arange(10), group=[0, *range(1, 9), 0])


def test_three_samples_fill_three_parts_and_two_do_not():
    assert sizes(split(3)) == [1, 1, 1]
    with pytest.raises(InputError, match="2 samples cannot fill 3 parts"):
        split(2)
    assert sizes(split(2, fractions=(0.5, 0, 0.5))) == [1, 0, 1]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fractions": (0.7, 0.2, 0.2)}, "sum to 1"),
        ({"fractions": (0.0, 0.5, 0.5)}, "train above 0"),
        ({"group": [1, 2]}, r"group has shape \(2,\)"),
        ({"group": ["a", None] * 5}, "sample 1 is missing"),
        ({"group": [1.0, np.nan] * 5}, "sample 1 is missing"),
        ({"group": [1, 2] * 5}, "2 groups cannot fill 3 parts"),
        ({"time": ["monday"] * 10}, "number or a date"),
        ({"time": range(10), "stratify": [0, 1] * 5}, "give time or stratify"),
    ],
)
def test_wrong_input_is_told(wrong, said):
    with pytest.raises(InputError, match=said):
        split(10, **wrong)


def test_the_seed_decides():
    assert split(100, seed=1).hash == split(100, seed=1).hash
    assert split(100, seed=1).hash != split(100, seed=2).hash


def test_the_hash_is_the_same_on_every_machine():
    made = Split(np.array([2, 0]), np.array([1]), np.array([3]), why="")
    assert made.hash == "df8a39b0e58dfd375b6c979c91125ea0307e9f92535800415b81ed6389ac2b63"


def test_a_key_stays_in_its_part_whatever_else_comes():
    keys = [f"specimen {n}" for n in range(2000)]
    part = {n: name for name, indices in split_by_key(keys).parts.items() for n in indices}
    assert np.abs(np.array(sizes(split_by_key(keys))) / 2000 - (0.7, 0.2, 0.1)).max() < 0.03
    order = np.random.default_rng(0).permutation(1500)
    for name, indices in split_by_key([keys[n] for n in order]).parts.items():
        assert all(part[int(order[n])] == name for n in indices)


def test_a_smaller_train_share_takes_nothing_from_the_test():
    keys = range(1000)
    assert set(split_by_key(keys).test) == set(split_by_key(keys, (0.5, 0.4, 0.1)).test)


def test_a_part_that_no_key_falls_into_is_told():
    with pytest.raises(InputError, match=r"use split\(count, group=keys\)"):
        split_by_key(["a", "b"])


def test_a_saved_split_comes_back(tmp_path):
    made = split(50, seed=4)
    made.save(tmp_path / "split.json")
    back = Split.load(tmp_path / "split.json")
    assert (back.hash, back.why) == (made.hash, made.why)


def test_a_split_changed_on_disk_is_refused(tmp_path):
    path = tmp_path / "split.json"
    split(50).save(path)
    known = json.loads(path.read_text())
    known["train"].append(known["test"].pop())
    path.write_text(json.dumps(known))
    with pytest.raises(InputError, match="changed after it was saved"):
        Split.load(path)
    path.write_text("{}")
    with pytest.raises(InputError, match="cannot be read as a split"):
        Split.load(path)


def test_a_sample_in_two_parts_is_refused():
    with pytest.raises(InputError, match="sample 1 is more than once"):
        Split(np.array([0, 1]), np.array([1]), np.array([2]), why="")


@pytest.mark.parametrize(
    ("shape", "patch", "block", "margin"),
    [((300, 280), (32, 24), (64, 70), 9), ((60, 60, 60), (12, 12, 12), (28, 20, 20), 2)],
)
def test_patches_of_two_parts_lie_a_margin_apart(shape, patch, block, margin):
    stride = [n // 3 for n in patch]
    corners, made = split_blocks(shape, patch, block=block, stride=stride, margin=margin)
    assert (corners + patch <= shape).all()
    assert min(sizes(made)) > 0
    for asked, others in ((made.test, made.train), (made.validation, made.train)):
        a, b = corners[asked][:, None], corners[others][None]
        gap = np.maximum(a - (b + patch), b - (a + patch)).max(axis=-1)
        assert gap.min() >= margin


def test_blocks_keep_the_fractions():
    _, made = split_blocks((1024, 1024), (64, 64), block=(128, 128), stride=(32, 32), margin=16)
    total = sum(sizes(made))
    assert np.abs(np.array(sizes(made)) / total - (0.7, 0.2, 0.1)).max() < 0.03


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"block": (16, 16)}, "does not fit into a block"),
        ({"block": (64, 64)}, "holds 1 blocks"),
        ({"block": (32,)}, "one length"),
    ],
)
def test_blocks_that_do_not_fit_are_told(options, said):
    with pytest.raises(InputError, match=said):
        split_blocks((64, 64), (32, 32), **options)
