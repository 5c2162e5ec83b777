"""Volumes: any shape, any block, exactly periodic, on disk as in memory, with given fractions."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pearlite.data.read import read
from pearlite.errors import InputError
from pearlite.nets.pyramid import NoisePyramid
from pearlite.recipes.reconstruct.fraction import with_fractions
from pearlite.recipes.reconstruct.generate import generate, generate_file
from pearlite.recipes.reconstruct.images import Meaning
from pearlite.recipes.reconstruct.material import Material, load_material, save_material


def material(kind: str = "phases") -> Material:
    phases = kind == "phases"
    channels = 3 if kind != "grey" else 1
    meaning = Meaning(
        kind,
        (7, 80, 200) if phases else (),
        () if phases else (100.0,) * channels,
        () if phases else (20.0,) * channels,
        0.0,
        255.0,
        "uint8",
    )
    random = torch.Generator().manual_seed(1)
    network = NoisePyramid(channels, widths=(4, 4, 4), noise=2, generator=random)
    return Material(network.eval().requires_grad_(False), meaning)


MATERIAL = material()
WHOLE = generate(MATERIAL, (70, 90, 40), seed=3)


def test_values_are_the_images() -> None:
    assert WHOLE.shape == (70, 90, 40)
    assert WHOLE.dtype == np.uint8
    assert set(np.unique(WHOLE)) == {7, 80, 200}


@pytest.mark.parametrize("start", [(0, 0, 0), (60, 3, 17), (55, 61, 1)])
def test_a_block_alone_is_the_same_to_the_last_voxel(start: tuple[int, int, int]) -> None:
    shape = (9, 25, 20)
    alone = generate(MATERIAL, shape, seed=3, start=start)
    place = tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))
    np.testing.assert_array_equal(alone, WHOLE[place])


def test_the_seed_decides() -> None:
    np.testing.assert_array_equal(generate(MATERIAL, (20, 20, 20), seed=3), WHOLE[:20, :20, :20])
    assert (generate(MATERIAL, (20, 20, 20), seed=4) != WHOLE[:20, :20, :20]).mean() > 0.2


def test_a_periodic_volume_goes_on_at_its_other_side() -> None:
    volume = generate(MATERIAL, (24, 68, 16), seed=1, periodic=True)
    for axis in range(3):
        pairs = volume != np.roll(volume, -1, axis)
        inner, seam = np.split(np.moveaxis(pairs, axis, 0), [volume.shape[axis] - 1])
        assert seam.mean() == pytest.approx(inner.mean(), abs=0.06)
    one = generate(MATERIAL, (24, 68, 16), seed=1, periodic=(False, True, False))
    assert (one != volume).mean() > 0.01


def test_a_periodic_volume_is_the_endless_one_of_its_wrapped_noise() -> None:
    from pearlite.recipes.reconstruct.generate import tile_channels

    here = tile_channels(MATERIAL, (0, 0, 0), 1, (128, 64, None))
    next_period = tile_channels(MATERIAL, (128, -64, 0), 1, (128, 64, None))
    assert here.equal(next_period)
    assert not here.equal(tile_channels(MATERIAL, (128, 0, 64), 1, (128, 64, None)))


@pytest.mark.parametrize("name", ["volume.tif", "volume.zarr", "volume.npy"])
def test_a_file_holds_the_same_voxels(tmp_path: Path, name: str) -> None:
    size = None if name.endswith("npy") else 0.5
    generate_file(MATERIAL, tmp_path / name, WHOLE.shape, seed=3, pixel_size=size, unit="µm")
    image = read(tmp_path / name)
    np.testing.assert_array_equal(image.array, WHOLE)
    if size is not None:
        assert image.pixel_size == pytest.approx(dict.fromkeys("ZYX", 0.5))


def test_rows_are_written_one_by_one_where_a_layer_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pearlite.recipes.reconstruct.generate.LAYER_BYTES", 1000)
    generate_file(MATERIAL, tmp_path / "volume.tif", WHOLE.shape, seed=3)
    np.testing.assert_array_equal(read(tmp_path / "volume.tif").array, WHOLE)


def test_grey_and_colour_come_in_their_own_range(tmp_path: Path) -> None:
    grey = generate(material("grey"), (20, 30, 10))
    assert grey.shape == (20, 30, 10)
    assert grey.std() > 5
    colour = generate(material("colour"), (20, 30, 10))
    assert colour.shape == (20, 30, 10, 3)
    assert colour.std(axis=(0, 1, 2)).min() > 5
    assert (colour.sum(-1, dtype=int).std()) > 1  # no softmax: the channels do not add up to one
    generate_file(material("colour"), tmp_path / "colour.tif", (20, 30, 10))
    image = read(tmp_path / "colour.tif")
    order = [image.axes.index(axis) for axis in "ZYXC"]
    np.testing.assert_array_equal(image.array.transpose(order), colour)


def test_fractions_are_met() -> None:
    for wanted in ({200: 0.35}, {7: 0.5, 80: 0.1, 200: 0.4}, {7: 0.15, 80: 0.6}):
        shape = (64, 64, 64)
        made = generate(with_fractions(MATERIAL, wanted, shape, seed=5), shape, seed=5)
        for value, share in wanted.items():
            assert (made == value).mean() == pytest.approx(share, abs=0.005)
    assert with_fractions(MATERIAL, 0.35, (64, 64, 64), seed=5) == with_fractions(
        MATERIAL, {200: 0.35}, (64, 64, 64), seed=5
    )


def test_a_saved_material_makes_the_same(tmp_path: Path) -> None:
    biased = with_fractions(MATERIAL, 0.2, (64, 64, 64))
    save_material(biased, tmp_path)
    again = load_material(tmp_path)
    assert again.meaning == biased.meaning
    np.testing.assert_array_equal(generate(again, (20, 20, 20)), generate(biased, (20, 20, 20)))
    (tmp_path / "material.json").write_text("{}")
    with pytest.raises(InputError, match="expected a learned material"):
        load_material(tmp_path)


@pytest.mark.parametrize(
    ("shape", "options", "said"),
    [
        ((0, 20, 20), {}, "nothing in it"),
        ((100_000, 100_000, 100_000), {}, "too large"),
        ((20, 20), {}, "expected 3"),
        ((20, 21, 20), {"periodic": True}, "no multiple of 4.* take 20"),
        ((20, 20, 20), {"periodic": (True, False)}, "each of 3 axes"),
    ],
)
def test_a_shape_that_is_none_is_said(shape: tuple[int, ...], options: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        generate(MATERIAL, shape, **options)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({3: 0.5}, "no phase 3"),
        (1.5, "cannot fill 1.5"),
        ({7: 0.8, 80: 0.4}, "add up to 1.2"),
        ({7: 0.2, 80: 0.2, 200: 0.2}, "add up to 0.6"),
    ],
)
def test_an_impossible_fraction_is_said(wanted: float | dict[int, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        with_fractions(MATERIAL, wanted, (20, 20, 20))


def test_a_fraction_of_no_phases_is_said() -> None:
    with pytest.raises(InputError, match="this material is grey"):
        with_fractions(material("grey"), 0.5, (20, 20, 20))
