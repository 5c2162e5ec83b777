"""Pictures of volumes without a browser: three slices, and rays through the box."""

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.see.volume import describe
from pearlite.see.volume_picture import surface_picture
from pearlite.see.volume_render import View, frame, project, render
from pearlite.see.volume_slices import orthoslices

SIDE = 24
NAMES = ["matrix", "ball"]


def ball(side=SIDE, radius=8.0):
    zyx = np.indices((side,) * 3) - (side - 1) / 2
    return ((zyx**2).sum(axis=0) < radius**2).astype(np.uint8)


def covered(picture):
    return picture[..., 3] == 255


def test_a_ball_is_drawn_as_a_disc_of_its_own_size():
    volume, view, width = describe(ball()), View(cut=None), 200
    inside = covered(render(volume, [1], view, width))
    half_wide, half_tall = frame(volume.size, view)
    area = inside.mean() * 4 * half_wide * half_tall
    assert area == pytest.approx(np.pi * 8**2, rel=0.05)
    rows, columns = np.nonzero(inside)
    assert rows.mean() == pytest.approx(inside.shape[0] / 2, abs=1.5)
    assert columns.mean() == pytest.approx(inside.shape[1] / 2, abs=1.5)


def test_a_ball_is_bright_above_and_dark_below():
    picture = render(describe(ball()), [1], View(cut=None), 120)
    lit = picture[..., :3].mean(axis=-1)
    rows, _ = np.nonzero(covered(picture))
    middle = lit.shape[1] // 2
    top, bottom = np.quantile(rows, [0.15, 0.9]).astype(int)
    assert lit[top, middle] > 1.3 * lit[bottom, middle]


def test_a_box_that_is_all_shown_fills_its_outline_whether_cut_or_not():
    volume = describe(ball())
    whole = covered(render(volume, [0, 1], View(cut=None), 120))
    opened = covered(render(volume, [0, 1], View(), 120))
    np.testing.assert_array_equal(whole, opened)
    assert 0.7 < whole.mean() < 0.9


def test_the_cut_shows_what_the_box_hides():
    volume = describe(ball(), colours=["#ffffff", "#ff0000"])
    red = [
        (picture[..., 0].astype(int) - picture[..., 1] > 60).sum()
        for picture in (render(volume, [0, 1], View(cut=cut), 120) for cut in (None, (0.5,) * 3))
    ]
    assert red[0] == 0
    assert red[1] > 100


@pytest.mark.parametrize(("axis", "end"), [(0, 0), (1, -1), (2, -1)])
def test_the_faces_next_to_the_viewer_are_the_first_plane_the_last_row_the_last_column(axis, end):
    labels = np.zeros((SIDE,) * 3, np.uint8)
    face = [slice(None)] * 3
    face[axis] = end
    labels[tuple(face)] = 1
    volume, view = describe(labels, colours=["#ffffff", "#ff0000"]), View(cut=None)
    picture = render(volume, [0, 1], view, 120)
    middle = [SIDE / 2] * 3
    middle[axis] = 0 if end == 0 else SIDE
    across, up = project(np.array([middle]), volume.size, view)
    half_wide, half_tall = frame(volume.size, view)
    column = int((across[0] / half_wide + 1) / 2 * picture.shape[1])
    row = int((1 - up[0] / half_tall) / 2 * picture.shape[0])
    assert picture[row, column, 0] > picture[row, column, 1] + 60


def test_nothing_is_drawn_where_nothing_is_shown():
    assert not render(describe(ball()), [], View(), 60).any()


def test_grey_and_colour_are_drawn_as_solid_boxes_and_flat_cells_do_not_matter():
    ramp = np.linspace(0, 1, 8 * 16 * 16).reshape(8, 16, 16)
    grey = render(describe(ramp, voxel_size=(2, 1, 1)), [], View(), 60)
    cube = render(describe(np.repeat(ramp, 2, axis=0)), [], View(), 60)
    np.testing.assert_array_equal(covered(grey), covered(cube))
    assert np.abs(grey.astype(int) - cube).mean() < 4
    colour = render(describe(np.stack([ramp, 0 * ramp, 0 * ramp], axis=-1)), [], View(), 60)
    assert not colour[..., 1:3].any()
    assert colour[..., 0].max() > 150


def texts(figure):
    axes = [text.get_text() for axis in figure.axes for text in axis.texts]
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return axes + legends


def test_the_picture_names_phases_and_lengths():
    figure = surface_picture(ball(), names=NAMES, voxel_size=0.5, unit="µm", longest=80)
    words = " | ".join(texts(figure))
    assert all(f"{axis}   12 µm" in words for axis in "xyz")
    assert "ball  15" in words
    assert "matrix  84" in words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cut": (0, 0.5, 0.5)}, "cut"),
        ({"cut": (0.5, 0.5)}, "cut"),
        ({"azimuth": 90}, "azimuth"),
        ({"elevation": float("nan")}, "elevation"),
        ({"show": ["void"]}, "no phase 'void'; its phases are 'matrix', 'ball'"),
    ],
)
def test_views_and_phases_that_there_are_not_are_refused_in_words(options, words):
    with pytest.raises(InputError, match=words):
        surface_picture(ball(), names=NAMES, longest=40, **options)


def test_three_slices_show_the_planes_they_name():
    labels = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    volume = describe(labels, kind="grey", voxel_size=2, unit="nm")
    figure = orthoslices(volume, at=(0, 0.5, 1))
    shown = [axes.images[0].get_array()[..., 0] for axes in figure.axes]
    for picture, plane in zip(shown, (labels[0], labels[:, 2], labels[:, :, 5]), strict=True):
        assert picture.shape == plane.shape
        assert np.corrcoef(picture.ravel(), plane.ravel())[0, 1] > 0.999
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["z = 1 nm", "y = 5 nm", "x = 11 nm"]
    assert figure.axes[0].get_xlim() == (0, 12)


def test_slices_outside_the_box_are_refused_in_words():
    with pytest.raises(InputError, match="shares of the box"):
        orthoslices(ball(), at=(0, 0, 1.1))
