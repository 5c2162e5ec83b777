"""Reading what others wrote, and refusing what is no image, in one sentence."""

import io
import re

import imagecodecs
import numpy as np
import PIL.Image
import pytest
import tifffile
import zarr

from pearlite.data.lazy import LazyArray
from pearlite.data.read import find_images, read
from pearlite.errors import InputError

GREY = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8)
STACK = np.random.default_rng(1).integers(0, 60000, (5, 40, 50)).astype(np.uint16)


def refused(path, reason, **options):
    with pytest.raises(InputError) as caught:
        read(path, **options)
    sentence = str(caught.value)
    assert re.search(reason, sentence), sentence
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib"},
        {"compression": "lzw", "tile": (16, 16), "predictor": True},
        {"compression": "zstd", "rowsperstrip": 7},
        {"byteorder": ">"},
        {"bigtiff": True},
        {"metadata": None, "photometric": "minisblack"},
    ],
)
@pytest.mark.parametrize("lazy", [False, True])
def test_tiff_dialects(tmp_path, options, lazy):
    tifffile.imwrite(tmp_path / "a.tif", STACK, **options)
    image = read(tmp_path / "a.tif", lazy=lazy)
    assert image.axes == "ZYX"
    assert image.array.dtype == np.dtype(np.uint16)
    assert image.array.dtype.isnative
    np.testing.assert_array_equal(image.array[1:4, ::3, -7:], STACK[1:4, ::3, -7:])
    np.testing.assert_array_equal(image.array[-1, 5], STACK[-1, 5])
    np.testing.assert_array_equal(np.asarray(image.array), STACK)
    assert isinstance(image.array, LazyArray) == lazy


def test_large_files_stay_on_disk(tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "a.tif", STACK)
    assert isinstance(read(tmp_path / "a.tif").array, np.ndarray)
    monkeypatch.setattr("pearlite.data.read.LAZY_BYTES", 1000)
    image = read(tmp_path / "a.tif")
    assert isinstance(image.array, LazyArray)
    assert isinstance(image.array.source, np.memmap)
    assert isinstance(image.array[0], np.ndarray)
    assert not isinstance(image.array[0], np.memmap)


def test_a_sparse_file_larger_than_memory_opens_at_once(tmp_path):
    with (tmp_path / "a.npy").open("wb") as file:
        header = {"descr": "<u2", "fortran_order": False, "shape": (400_000, 1000, 1000)}
        np.lib.format.write_array_header_2_0(file, header)
        file.truncate(file.tell() + 2 * 400_000 * 1000 * 1000)
    image = read(tmp_path / "a.npy")
    assert image.array.nbytes == 800_000_000_000
    assert image.array[399_999, 10:12, 5].tolist() == [0, 0]


def test_axes_that_the_file_gets_wrong(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", STACK, metadata=None, photometric="minisblack")
    assert "depth (Z)" in read(tmp_path / "a.tif").meta["notes"][0]
    said = read(tmp_path / "a.tif", axes="TYX")
    assert said.axes == "TYX"
    assert said.meta["notes"] == []
    swapped = read(tmp_path / "a.tif", axes="YXC")
    assert swapped.axes == "CYX"
    assert swapped.array.shape == (50, 5, 40)
    refused(tmp_path / "a.tif", r"lengths \(5, 40, 50\)", axes="YX")
    refused(tmp_path / "a.tif", "one letter", axes="AYX")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"resolution": (5e5, 2.5e5), "resolutionunit": "CENTIMETER"}, {"X": 0.02, "Y": 0.04}),
        ({"resolution": (72, 72), "resolutionunit": "INCH"}, {}),
        ({"resolution": (25.4e6, 25.4e6), "resolutionunit": "INCH"}, {"X": 0.001, "Y": 0.001}),
        ({"resolution": (100, 100), "resolutionunit": "NONE"}, {}),
    ],
)
def test_resolution_tags(tmp_path, options, expected):
    tifffile.imwrite(tmp_path / "a.tif", GREY, metadata=None, **options)
    image = read(tmp_path / "a.tif")
    assert image.pixel_size == pytest.approx(expected)
    assert image.unit == ("µm" if expected else "")


@pytest.mark.parametrize("unit", ["um", "\\u00B5m", "micron", "microns"])
def test_units_have_one_spelling(tmp_path, unit):
    tifffile.imwrite(
        tmp_path / "a.tif", STACK, imagej=True, resolution=(10, 10), metadata={"unit": unit}
    )
    image = read(tmp_path / "a.tif")
    assert image.unit == "µm"
    assert image.pixel_size == pytest.approx({"Y": 0.1, "X": 0.1})


def test_pixel_size_of_a_thermo_fisher_microscope(tmp_path):
    said = b"[Scan]\r\nPixelWidth=2e-009\r\nPixelHeight=3e-009\r\n"
    tifffile.imwrite(
        tmp_path / "a.tif", GREY, metadata=None, extratags=[(34682, 2, len(said) + 1, said, True)]
    )
    image = read(tmp_path / "a.tif")
    assert image.unit == "µm"
    assert image.pixel_size == pytest.approx({"X": 0.002, "Y": 0.003})


def test_the_largest_of_several_images_is_read(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(GREY[:10, :10], metadata=None)
        tif.write(GREY, metadata=None)
    image = read(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.array, GREY)
    assert "holds 2 images" in image.meta["notes"][0]


def test_a_mask_becomes_numbers(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY > 99)
    image = read(tmp_path / "a.tif")
    assert image.array.dtype == np.uint8
    np.testing.assert_array_equal(image.array, GREY > 99)
    assert "0 and 1" in image.meta["notes"][0]


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "bmp"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_screenshot_of_a_grey_image_becomes_grey(tmp_path, suffix, mode):
    if (suffix, mode) == ("bmp", "RGBA"):
        return
    options = {"lossless": True} if suffix == "webp" else {}
    PIL.Image.fromarray(GREY).convert(mode).save(tmp_path / f"a.{suffix}", **options)
    image = read(tmp_path / f"a.{suffix}")
    assert image.axes == "YX"
    np.testing.assert_array_equal(image.array, GREY)
    assert image.meta["notes"] == [
        "The three colour channels are equal; it was read as one grey channel."
    ]


def test_true_colour_and_transparency_stay(tmp_path):
    colour = np.random.default_rng(0).integers(0, 256, (4, 9, 8)).astype(np.uint8)
    PIL.Image.fromarray(np.moveaxis(colour[:3], 0, -1)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png").array, colour[:3])
    PIL.Image.fromarray(np.moveaxis(colour, 0, -1)).save(tmp_path / "b.png")
    image = read(tmp_path / "b.png")
    np.testing.assert_array_equal(image.array, colour)
    assert "transparent" in image.meta["notes"][0]


def test_palette_and_grey_with_opacity(tmp_path):
    picture = PIL.Image.fromarray(GREY // 16 * 16)
    picture.convert("P").save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png").array, GREY // 16 * 16)
    picture.convert("LA").save(tmp_path / "b.png")
    image = read(tmp_path / "b.png")
    np.testing.assert_array_equal(image.array, GREY // 16 * 16)
    assert image.axes == "YX"


@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_16_bit_png_keeps_every_bit(tmp_path, samples):
    values = np.random.default_rng(0).integers(0, 65536, (7, 9, samples)).astype(np.uint16)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(values.squeeze()))
    image = read(tmp_path / "a.png")
    assert image.array.dtype == np.uint16
    np.testing.assert_array_equal(image.array, np.moveaxis(values, -1, 0).squeeze())


@pytest.mark.parametrize(
    ("suffix", "options"), [("jpg", {}), ("webp", {}), ("tif", {"compression": "jpeg"})]
)
def test_lossy_compression_is_said(tmp_path, suffix, options):
    PIL.Image.fromarray(GREY).save(tmp_path / f"a.{suffix}", **options)
    notes = read(tmp_path / f"a.{suffix}").meta["notes"]
    assert any("compression correlates noise" in note for note in notes)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("lazy", [False, True])
def test_ome_zarr_of_others(tmp_path, version, lazy):
    values = np.arange(2 * 3 * 4 * 5 * 6, dtype=np.uint16).reshape(2, 3, 4, 5, 6)  # T C Z Y X
    units = {"t": "second", "z": "nanometer", "y": "nanometer", "x": "nanometer"}
    kinds = {"t": "time", "c": "channel"}
    axes = [{"name": a, "type": kinds.get(a, "space")} for a in "tczyx"]
    for axis in axes:
        axis |= {"unit": units[axis["name"]]} if axis["name"] in units else {}
    level = [{"type": "scale", "scale": [1, 1, 2, 1, 1]}]
    whole = [{"type": "scale", "scale": [30, 1, 25, 5, 5]}]
    multiscales = [
        {
            "version": version,
            "axes": axes,
            "datasets": [
                {"path": "full", "coordinateTransformations": level},
                {"path": "half", "coordinateTransformations": level},
            ],
            "coordinateTransformations": whole,
        }
    ]
    said = {"multiscales": multiscales, "omero": {"channels": [{"label": c} for c in "abc"]}}
    group = zarr.create_group(
        tmp_path / "a.zarr",
        zarr_format=2 if version == "0.4" else 3,
        attributes=said if version == "0.4" else {"ome": {"version": "0.5", **said}},
    )
    group.create_array("full", data=values, chunks=(1, 1, 2, 4, 4))
    group.create_array("half", data=values[..., ::2, ::2])
    image = read(tmp_path / "a.zarr", lazy=lazy)
    assert image.axes == "TZCYX"
    assert isinstance(image.array, LazyArray) == lazy
    np.testing.assert_array_equal(image.array[1, 2, :, 3], values[1, :, 2, 3])
    assert image.pixel_size == {"Z": 50.0, "Y": 5.0, "X": 5.0}
    assert image.unit == "nm"
    assert image.meta["channels"] == ["a", "b", "c"]
    assert image.meta["frame_interval"] == 30


def test_plain_zarr_array(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=STACK)
    image = read(tmp_path / "a.zarr")
    assert image.axes == "ZYX"
    np.testing.assert_array_equal(image.array, STACK)


def test_zarr_that_holds_no_image(tmp_path):
    zarr.create_group(tmp_path / "a.zarr").create_group("well")
    refused(tmp_path / "a.zarr", r"without an image of its own.*\(well\)")
    (tmp_path / "b.zarr").mkdir()
    refused(tmp_path / "b.zarr", "is a folder")
    (tmp_path / "b.zarr" / "zarr.json").write_text("{")
    refused(tmp_path / "b.zarr", "cannot be read as Zarr")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.97])
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {"imagej": True},
        {"ome": True},
        {"metadata": None, "photometric": "minisblack"},
        {"compression": "zlib"},
        {"compression": "lzw", "tile": (16, 16)},
        {},
    ],
)
def test_a_truncated_tiff_is_never_read(tmp_path, options, lazy, share, caplog):
    tifffile.imwrite(tmp_path / "a.tif", STACK, **options)
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[: int(share * len(whole))])
    refused(tmp_path / "a.tif", "cut short|damaged", lazy=lazy)
    assert caplog.records == []


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "npy"])
def test_a_truncated_picture_is_never_read(tmp_path, suffix):
    if suffix == "npy":
        np.save(tmp_path / "a.npy", GREY)
    else:
        PIL.Image.fromarray(GREY).save(tmp_path / f"a.{suffix}")
    whole = (tmp_path / f"a.{suffix}").read_bytes()
    for share in (0.1, 0.5, 0.9):
        (tmp_path / f"a.{suffix}").write_bytes(whole[: int(share * len(whole))])
        refused(tmp_path / f"a.{suffix}", "cut short|damaged|cannot be read")


def test_what_is_no_image(tmp_path):
    refused(tmp_path / "no.tif", "does not exist")
    refused(tmp_path, "is a folder")
    (tmp_path / "a.tif").write_bytes(b"")
    refused(tmp_path / "a.tif", "0 bytes")
    (tmp_path / "a.tif").write_text("Dear diary")
    refused(tmp_path / "a.tif", "not an image")
    (tmp_path / "a.tif").write_bytes(b"II*\0" + bytes(40))
    refused(tmp_path / "a.tif", "TIFF")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    refused(tmp_path / "a.png", "damaged")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.ones((4, 5), complex), "complex128.*magnitude"),
        (np.ones((4, 5), np.longdouble), "at most|whole or real"),
        (np.array([["a", "b"]]), "whole or real"),
        (np.ones(7), "rows and columns"),
        (np.float32(3), "rows and columns"),
        (np.ones((0, 5)), "nothing in it"),
        (np.ones((2,) * 6), "more than time"),
    ],
)
def test_arrays_that_are_no_image(tmp_path, values, reason):
    np.save(tmp_path / "a.npy", values)
    refused(tmp_path / "a.npy", reason)


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    refused(tmp_path / "a.npy", "not objects")


def test_complex_tiff(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", STACK[0].astype(np.complex64))
    refused(tmp_path / "a.tif", "complex64")


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 900)
    PIL.Image.fromarray(GREY).save(tmp_path / "a.png")
    refused(tmp_path / "a.png", "save it as TIFF")
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 1100)  # only a warning of Pillow's
    assert read(tmp_path / "a.png").array.shape == (40, 50)


def test_a_format_is_told_by_content_not_name(tmp_path):
    buffer = io.BytesIO()
    PIL.Image.fromarray(GREY).save(buffer, "PNG")
    (tmp_path / "a.tif").write_bytes(buffer.getvalue())
    np.testing.assert_array_equal(read(tmp_path / "a.tif").array, GREY)


def test_images_of_a_folder_in_natural_order(tmp_path):
    for name in ["img10.tif", "img2.TIF", "a.png", ".hidden.tif", "notes.txt"]:
        (tmp_path / name).touch()
    zarr.create_array(tmp_path / "b.zarr", data=STACK)
    (tmp_path / "c.zarr").mkdir()
    names = [path.name for path in find_images(tmp_path)]
    assert names == ["a.png", "b.zarr", "img2.TIF", "img10.tif"]
    assert find_images(tmp_path / "a.png") == [tmp_path / "a.png"]
    assert find_images(tmp_path / "b.zarr") == [tmp_path / "b.zarr"]
    with pytest.raises(InputError, match="does not exist"):
        find_images(tmp_path / "no")
    with pytest.raises(InputError, match="holds no image"):
        find_images(tmp_path / "c.zarr")
