"""What is written comes back: values, axes, type, pixel size, unit."""

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.write import create, write
from pearlite.errors import InputError

LENGTHS = {"T": 2, "Z": 3, "C": 2, "Y": 9, "X": 11}
SIZE = {"Z": 0.5, "Y": 0.02, "X": 0.03}
TYPES = ["uint8", "uint16", "float32", "int8", "int16", "int32", "uint32"]
TYPES += ["float64", "float16", "int64", "uint64"]


def an_image(axes="YX", dtype="uint8", unit="µm", singles=""):
    shape = [1 if axis in singles else LENGTHS[axis] for axis in axes]
    values = np.random.default_rng(0).uniform(0, 100, shape).astype(dtype)
    return Image(values, axes, {a: SIZE[a] for a in axes if a in SIZE}, unit)


def assert_same(image, again):
    assert again.axes == image.axes
    assert again.array.dtype == image.array.dtype
    assert again.array.shape == image.array.shape
    np.testing.assert_array_equal(again.array[...], image.array)
    assert again.unit == image.unit
    assert again.pixel_size == pytest.approx(image.pixel_size)
    assert again.meta["notes"] == []


@settings(max_examples=40, deadline=None)
@given(
    suffix=st.sampled_from([".tif", ".ome.tif", ".zarr"]),
    axes=st.sampled_from(["YX", "ZYX", "CYX", "TYX", "ZCYX", "TCYX", "TZCYX"]),
    dtype=st.sampled_from(TYPES),
    singles=st.sampled_from(["", "C", "TZ", "YX", "X"]),
    unit=st.sampled_from(["µm", "nm", ""]),
    lazy=st.booleans(),
)
def test_axes_type_and_pixel_size_survive(
    tmp_path_factory, suffix, axes, dtype, singles, unit, lazy
):
    image = an_image(axes, dtype, unit, singles)
    path = tmp_path_factory.mktemp("round") / f"image{suffix}"
    if suffix == ".ome.tif" and dtype in ("float16", "int64", "uint64"):
        with pytest.raises(InputError, match="OME-TIFF has no type"):
            write(path, image)
        return
    write(path, image)
    assert_same(image, read(path, lazy=lazy))


@pytest.mark.parametrize("suffix", [".tif", ".ome.tif", ".zarr"])
@pytest.mark.parametrize("known", ["", "X", "YX", "Z", "ZYX"])
def test_unknown_pixel_sizes_stay_unknown(tmp_path, suffix, known):
    image = Image(
        np.ones((3, 4, 5), "uint8"), "ZYX", {a: SIZE[a] for a in known}, "nm" if known else ""
    )
    write(tmp_path / f"a{suffix}", image)
    again = read(tmp_path / f"a{suffix}")
    assert again.pixel_size == pytest.approx(image.pixel_size)
    assert again.unit == image.unit


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("suffix", [".tif", ".ome.tif", ".zarr", ".png"])
def test_colour_survives_as_colour(tmp_path, suffix, dtype):
    values = np.random.default_rng(0).integers(0, 255, (3, 8, 9)).astype(dtype)
    image = Image(values, "CYX", {"Y": 0.02, "X": 0.02}, "µm", meta={"rgb": True})
    write(tmp_path / f"a{suffix}", image)
    again = read(tmp_path / f"a{suffix}")
    assert_same(image, again)
    if suffix == ".ome.tif":
        assert again.meta["rgb"]
        with tifffile.TiffFile(tmp_path / "a.ome.tif") as tif:
            assert tif.pages[0].samplesperpixel == 3


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_png_keeps_pixel_size(tmp_path, dtype):
    image = Image(np.arange(20).reshape(4, 5).astype(dtype), "YX", {"Y": 12.5, "X": 11.0}, "nm")
    write(tmp_path / "a.png", image)
    again = read(tmp_path / "a.png")
    np.testing.assert_array_equal(again.array, image.array)
    assert again.array.dtype == dtype
    assert again.unit == "µm"
    assert again.pixel_size == pytest.approx({"Y": 0.0125, "X": 0.011})


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (an_image("ZYX"), "one plane"),
        (an_image(dtype="float32"), "uint8 or uint16"),
        (an_image("CYX"), None),
    ],
)
def test_png_takes_only_what_it_can_hold(tmp_path, image, reason):
    if reason is None:
        write(tmp_path / "a.png", image)  # grey and opacity
        return
    with pytest.raises(InputError, match=reason):
        write(tmp_path / "a.png", image)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", TYPES)
def test_npy_keeps_the_array(tmp_path, dtype):
    image = an_image("ZYX", dtype)
    write(tmp_path / "a.npy", image)
    again = read(tmp_path / "a.npy")
    np.testing.assert_array_equal(again.array, image.array)
    assert again.array.dtype == dtype
    assert again.axes == "ZYX"
    assert "depth (Z)" in again.meta["notes"][0]
    assert read(tmp_path / "a.npy", axes="TYX").axes == "TYX"


def test_imagej_finds_what_it_needs(tmp_path):
    image = Image(
        np.zeros((2, 3, 4, 5), "uint16"),
        "ZCYX",
        {"Z": 0.5, "Y": 0.02, "X": 0.02},
        "µm",
        meta={"frame_interval": 2.0, "imagej": {"Info": "kept", "Labels": ["too", "few"]}},
    )
    write(tmp_path / "a.tif", image)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        said = tif.imagej_metadata
        assert (said["slices"], said["channels"]) == (2, 3)
        assert (said["unit"], said["spacing"], said["finterval"]) == ("micron", 0.5, 2.0)
        assert said["Info"] == "kept"
        assert "Labels" not in said
        assert tif.pages[0].tags["XResolution"].value == (50, 1)
    assert read(tmp_path / "a.tif").meta["imagej"]["Info"] == "kept"


@pytest.mark.parametrize("suffix", [".ome.tif", ".zarr"])
def test_channel_names_and_times_survive(tmp_path, suffix):
    meta = {"channels": ["SE", "BSE"], "frame_interval": 1.5}
    image = Image(np.zeros((3, 2, 4, 5), "uint8"), "TCYX", {"Y": 1.0, "X": 1.0}, "nm", meta=meta)
    write(tmp_path / f"a{suffix}", image)
    again = read(tmp_path / f"a{suffix}")
    assert again.meta["channels"] == ["SE", "BSE"]
    assert again.meta["frame_interval"] == 1.5


def test_zarr_follows_the_specification(tmp_path):
    write(tmp_path / "a.ome.zarr", an_image("TZCYX", "uint16"))
    ome = dict(zarr.open_group(tmp_path / "a.ome.zarr", mode="r").attrs)["ome"]
    assert ome["version"] == "0.5"
    (image,) = ome["multiscales"]
    assert [axis["name"] for axis in image["axes"]] == list("tczyx")
    assert image["axes"][-1] == {"name": "x", "type": "space", "unit": "micrometer"}
    (scale,) = image["datasets"][0]["coordinateTransformations"]
    assert scale == {"type": "scale", "scale": [1.0, 1.0, 0.5, 0.02, 0.03]}


@pytest.mark.parametrize("suffix", [".tif", ".zarr", ".npy"])
def test_streams_in_pieces(tmp_path, suffix):
    expected = np.random.default_rng(0).integers(0, 60000, (5, 1100, 1050)).astype("uint16")
    with create(tmp_path / f"a{suffix}", expected.shape, "uint16", "ZYX") as out:
        for z in range(5):
            for row in range(0, 1100, 256):
                out[z, row : row + 256] = expected[z, row : row + 256]
    np.testing.assert_array_equal(read(tmp_path / f"a{suffix}").array, expected)


def test_copies_between_lazy_arrays(tmp_path):
    image = an_image("TZCYX", "uint16")
    write(tmp_path / "a.zarr", image)
    write(tmp_path / "b.tif", read(tmp_path / "a.zarr", lazy=True))
    write(tmp_path / "c.zarr", read(tmp_path / "b.tif", lazy=True))
    assert_same(image, read(tmp_path / "c.zarr"))


def test_beyond_four_gigabytes_it_is_bigtiff(tmp_path, monkeypatch):
    monkeypatch.setattr("pearlite.data.tiff.CLASSIC_LIMIT", 100)
    image = an_image("ZYX", "uint16")
    write(tmp_path / "a.tif", image)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        assert tif.is_bigtiff
        assert tif.is_ome
    assert_same(image, read(tmp_path / "a.tif"))
