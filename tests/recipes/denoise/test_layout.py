import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.recipes.denoise.layout import Layout, find_axes

AXES = ("YX", "CYX", "ZYX", "TYX", "TZYX", "ZCYX", "TCYX", "TZCYX")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(AXES), st.data(), st.integers(1, 200))
def test_every_pixel_is_read_and_written_once(axes, data, pixels):
    shape = tuple(data.draw(st.integers(1, 4), label=axis) for axis in axes)
    image = np.arange(np.prod(shape)).reshape(shape)
    layout = Layout(shape, axes)
    result, times = np.zeros(shape, int), np.zeros(shape, int)
    for part in layout.chunks(pixels):
        frames_FCYX = layout.read(image, part)
        assert frames_FCYX.ndim == 4
        assert frames_FCYX.shape[1] == dict(zip(axes, shape, strict=True)).get("C", 1)
        layout.write(result, part, frames_FCYX)
        layout.write(times, part, layout.read(times, part) + 1)
    assert np.array_equal(result, image)
    assert (times == 1).all()


@pytest.mark.parametrize(
    ("axes", "shape", "frames"),
    [
        ("YX", (3, 4), [1]),
        ("CYX", (2, 3, 4), [1]),
        ("ZYX", (5, 3, 4), [5]),
        ("TYX", (5, 3, 4), [5]),
        ("TZYX", (2, 5, 3, 4), [5, 5]),
        ("TZCYX", (2, 5, 2, 3, 4), [5, 5]),
    ],
)
def test_each_volume_or_time_series_is_a_stack(axes, shape, frames):
    parts = list(Layout(shape, axes).chunks(10**9))
    assert [len(part) for part in parts] == frames


def test_frames_keep_their_order_and_channels_stay_together():
    image = np.arange(2 * 3 * 2 * 1 * 1).reshape(2, 3, 2, 1, 1)
    layout = Layout(image.shape, "TZCYX")
    read = [layout.read(image, part)[:, :, 0, 0].tolist() for part in layout.chunks(10**9)]
    assert read == [[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]]


def test_a_plane_needs_no_axes():
    assert find_axes((3, 4), None) == "YX"


@pytest.mark.parametrize("axes", AXES)
def test_axes_that_fit_are_kept(axes):
    assert find_axes((2,) * len(axes), axes) == axes


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((4,), None),
        ((), None),
        ((2, 3, 4), None),
        ((3, 4), "XY"),
        ((3, 4), "ZYX"),
        ((2, 3, 4), "YX"),
        ((2, 3, 4), "YXC"),
        ((2, 3, 4), "QYX"),
        ((2, 3, 4), "YYX"),
        ((2, 3, 4, 5), "ZTYX"),
        ((3, 4), "yx"),
        ((2, 3), ""),
    ],
)
def test_axes_that_do_not_fit_are_refused(shape, axes):
    with pytest.raises(InputError, match="axes"):
        find_axes(shape, axes)
