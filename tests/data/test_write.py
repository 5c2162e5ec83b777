"""A file appears whole or not at all; numbers fit their type."""

import errno
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pearlite.data import disk
from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.write import cast_like, create, write
from pearlite.errors import InputError

SUFFIXES = [".tif", ".ome.tif", ".zarr", ".png", ".npy"]
OLD, NEW = (Image(np.full((8, 9), value, np.uint8), "YX") for value in (1, 2))


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError, SystemExit])
@pytest.mark.parametrize("there_before", [False, True])
def test_an_interrupted_write_leaves_nothing(tmp_path, suffix, interruption, there_before):
    path = tmp_path / f"a{suffix}"
    if there_before:
        write(path, OLD)
    before = contents(tmp_path)

    def stop_halfway():
        with create(path, (8, 9), "uint8", "YX") as out:
            out[:4] = 7
            assert len(contents(tmp_path)) == len(before) + (suffix != ".png")
            raise interruption

    with pytest.raises(interruption):
        stop_halfway()
    assert contents(tmp_path) == before
    if there_before:
        np.testing.assert_array_equal(read(path).array, OLD.array)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_older_file_is_replaced(tmp_path, suffix):
    write(tmp_path / f"a{suffix}", OLD)
    write(tmp_path / f"a{suffix}", NEW)
    assert contents(tmp_path) == [f"a{suffix}"]
    np.testing.assert_array_equal(read(tmp_path / f"a{suffix}").array, NEW.array)


def test_an_older_zarr_comes_back_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    write(tmp_path / "a.zarr", OLD)
    replace = os.replace

    def fail_to_take_the_place(source, target):
        if target == tmp_path / "a.zarr" and not str(source).endswith("-older"):
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(disk.os, "replace", fail_to_take_the_place)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a.zarr", NEW)
    assert contents(tmp_path) == ["a.zarr"]
    np.testing.assert_array_equal(read(tmp_path / "a.zarr").array, OLD.array)


@pytest.mark.parametrize("suffix", [".tif", ".npy"])
def test_a_full_disk_is_found_before_the_work(tmp_path, suffix, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk.os, "posix_fallocate", full)
    write_started = False
    with pytest.raises(InputError, match="disk is full"):  # noqa: SIM117
        with create(tmp_path / f"a{suffix}", (8, 9), "uint8", "YX"):
            write_started = True
    assert not write_started
    assert contents(tmp_path) == []


def test_a_disk_that_fills_up_meanwhile(tmp_path):
    def fill():
        with create(tmp_path / "a.zarr", (8, 9), "uint8", "YX"):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(InputError, match="disk is full") as caught:
        fill()
    assert isinstance(caught.value.__cause__, OSError)
    assert contents(tmp_path) == []


def test_other_errors_of_the_caller_stay_what_they_are(tmp_path):
    def fail():
        with create(tmp_path / "a.tif", (8, 9), "uint8", "YX"):
            raise FileNotFoundError(errno.ENOENT, "the caller's own")

    with pytest.raises(FileNotFoundError, match="the caller's own"):
        fail()


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(InputError, match=r"\.jpg does not end in a format"):
        write(tmp_path / "a.jpg", NEW)
    with pytest.raises(InputError, match="does not exist"):
        write(tmp_path / "no" / "a.tif", NEW)
    (tmp_path / "folder.zarr").mkdir()
    (tmp_path / "folder.zarr" / "diary.txt").touch()
    with pytest.raises(InputError, match="would be overwritten"):
        write(tmp_path / "folder.zarr", NEW)
    assert (tmp_path / "folder.zarr" / "diary.txt").exists()
    with pytest.raises(InputError, match="nothing in it"):
        write(tmp_path / "a.tif", Image(np.ones((0, 5)), "YX"))
    with pytest.raises(InputError, match="complex"):
        write(tmp_path / "a.tif", Image(np.ones((4, 5), complex), "YX"))
    assert contents(tmp_path) == ["folder.zarr"]


def test_reading_a_lazy_file_while_replacing_it(tmp_path):
    write(tmp_path / "a.tif", OLD)
    old = read(tmp_path / "a.tif", lazy=True)
    write(tmp_path / "a.tif", Image(old.array[...] + 1, "YX"))
    np.testing.assert_array_equal(old.array, OLD.array)
    np.testing.assert_array_equal(read(tmp_path / "a.tif").array, NEW.array)


@settings(max_examples=60, deadline=None)
@given(
    values=hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        hnp.array_shapes(max_dims=3, max_side=5),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
    ),
    dtype=st.sampled_from(
        ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
    ),
)
def test_casting_rounds_and_clips(values, dtype):
    cast, share = cast_like(values, dtype)
    info = np.iinfo(dtype)
    assert cast.dtype == dtype
    lost = 0
    for value, got in zip(values.ravel().tolist(), cast.ravel().tolist(), strict=True):
        if np.isnan(value):
            assert got == 0
            lost += 1
        elif value > info.max + 0.5 or np.rint(value) > info.max:
            assert got == info.max
            lost += 1
        elif np.rint(value) < info.min:
            assert got == info.min
            lost += 1
        else:
            assert got == round(value)
    assert share == pytest.approx(lost / values.size)


def test_casting_to_float_keeps_what_fits():
    values = np.array([0.25, -np.inf, np.nan, 1e6])
    cast, share = cast_like(values, "float16")
    np.testing.assert_array_equal(cast, np.array([0.25, -np.inf, np.nan, 65504], np.float16))
    assert share == 0.25
    np.testing.assert_array_equal(cast_like(values, "float32")[0], values.astype(np.float32))
