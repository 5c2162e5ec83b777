"""Pictures as screens show them: PNG, JPEG, WebP and BMP in, PNG out."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import imagecodecs
import numpy as np
import PIL.Image

from pearlite.data.arrange import arrange
from pearlite.data.image import Image
from pearlite.data.units import METRES, PRINT_PIXEL_UM, convert
from pearlite.errors import InputError

PNG_START = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33  # the PNG signature and its first chunk
_BROKEN = (OSError, SyntaxError, ValueError, RuntimeError, EOFError, struct.error)


def read_raster(path: Path) -> Image:
    """Read a PNG, JPEG, WebP or BMP file."""
    data = path.read_bytes()
    try:
        if _deep_colour_png(data):
            values, notes = imagecodecs.png_decode(data), []
        else:
            values, notes = _decode(data)
        pixel_size = _png_scale(data)
    except PIL.Image.DecompressionBombError as error:
        raise InputError(
            f"{path} has more pixels than a picture file should ({error}); save it as TIFF"
        ) from error
    except _BROKEN as error:
        raise InputError(
            f"{path} cannot be decoded: it is cut short or damaged ({error}); "
            "copy it again from where it was made"
        ) from error
    array, axes = arrange(values, "YXS"[: values.ndim], values.dtype)
    if data[:2] == b"\xff\xd8":
        notes.append("JPEG compression correlates noise between neighbouring pixels.")
    elif data[:4] == b"RIFF" and _lossy_webp(data):
        notes.append("Lossy WebP compression correlates noise between neighbouring pixels.")
    colour = {"rgb": True} if values.ndim == 3 else {}
    unit = "µm" if pixel_size else ""
    return Image(array, axes, pixel_size, unit, path, {"notes": notes, **colour})


def _deep_colour_png(data: bytes) -> bool:
    """Tell whether this is a 16-bit PNG with several samples, which Pillow would cut to 8 bits."""
    return data.startswith(PNG_START) and data[24:25] == b"\x10" and data[25] in (2, 4, 6)


def _decode(data: bytes) -> tuple[np.ndarray, list[str]]:
    notes = []
    with warnings.catch_warnings():
        # 90 Mpx is a large measurement, not an attack; at twice that Pillow refuses all the same.
        warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
        opened = PIL.Image.open(io.BytesIO(data))
    with opened as picture:
        frames = getattr(picture, "n_frames", 1)
        if frames > 1:
            notes.append(f"The file holds {frames} frames; the first was read.")
        if picture.mode == "1":
            notes.append("The file holds a yes/no mask; it was read as 0 and 1.")
            return np.array(picture).astype(np.uint8), notes
        if picture.mode in ("P", "PA"):
            clear = "transparency" in picture.info or picture.mode == "PA"
            return np.array(picture.convert("RGBA" if clear else "RGB")), notes
        if picture.mode in ("L", "LA", "RGB", "RGBA", "F") or picture.mode.startswith("I"):
            values = np.array(picture)
        else:
            values = np.array(picture.convert("RGB"))
    if values.dtype == np.int32 and values.min() >= 0 and values.max() <= 0xFFFF:
        values = values.astype(np.uint16)
    return values.astype(values.dtype.newbyteorder("=")), notes


def _chunks(data: bytes, start: int, layout: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and length of each chunk of a PNG or WebP file."""
    place = start
    while place + 8 <= len(data):
        first, second = struct.unpack_from(layout, data, place)
        name, length = (second, first) if isinstance(first, int) else (first, second)
        yield name, place + 8, length
        place += length + (12 if layout[0] == ">" else 8 + length % 2)


def _lossy_webp(data: bytes) -> bool:
    """Tell whether a WebP file holds a lossy bitstream: a chunk ``VP8 ``, maybe in a frame."""
    for name, start, _ in _chunks(data, 12, "<4sI"):
        if name == b"ANMF":
            return b"VP8 " in data[start : start + 256]
        if name in (b"VP8 ", b"VP8L"):
            return name == b"VP8 "
    return False


def _png_scale(data: bytes) -> dict[str, float]:
    """Pixel size in µm by the chunk pHYs, unless it is what a printer is told."""
    if not data.startswith(PNG_START):
        return {}
    for name, start, length in _chunks(data, len(PNG_START), ">I4s"):
        if name == b"pHYs" and length == 9:
            across, down, unit = struct.unpack_from(">IIB", data, start)
            if unit == 1 and across and down:
                sizes = {"Y": 1e6 / down, "X": 1e6 / across}
                return sizes if max(sizes.values()) < PRINT_PIXEL_UM else {}
        if name == b"IDAT":
            break
    return {}


@contextmanager
def create_png(path: Path, image: Image) -> Iterator[np.ndarray]:
    """Yield an array in memory to fill; encode it as PNG afterwards."""
    shape, dtype = image.array.shape, image.array.dtype
    colour = image.axes == "CYX" and shape[0] in (1, 2, 3, 4)
    if (image.axes != "YX" and not colour) or dtype.name not in ("uint8", "uint16"):
        raise InputError(
            f"{path} cannot hold {dtype} values with axes {image.axes} and shape {tuple(shape)}: "
            "PNG takes uint8 or uint16, one plane, grey or colour; write .tif instead"
        )
    filled = np.zeros(shape, dtype)
    yield filled
    samples = np.ascontiguousarray(np.moveaxis(filled, 0, -1)) if colour else filled
    if image.meta.get("palette") is not None and image.axes == "YX" and dtype == np.uint8:
        encoded = _with_palette(filled, image)
    else:
        encoded = imagecodecs.png_encode(samples)
    path.write_bytes(encoded[:_HEADER_END] + _scale_chunk(image) + encoded[_HEADER_END:])


def _with_palette(filled: np.ndarray, image: Image) -> bytes:
    """Return a PNG whose values are shown in the colours of ``meta["palette"]``."""
    buffer = io.BytesIO()
    picture = PIL.Image.fromarray(filled)
    picture.putpalette(np.asarray(image.meta["palette"], np.uint8).tobytes())
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _scale_chunk(image: Image) -> bytes:
    """Return the chunk pHYs (pixels per metre); empty if nothing is known or it does not fit."""
    if not {"Y", "X"} <= image.pixel_size.keys() or image.unit not in METRES:
        return b""
    across, down = (
        round(1 / convert(image.pixel_size[axis], image.unit, "m")) for axis in ("X", "Y")
    )
    if not (0 < across < 2**31 and 0 < down < 2**31):
        return b""
    body = b"pHYs" + struct.pack(">IIB", across, down, 1)
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
