"""NumPy's own files: the array and nothing else, so the axes are guessed and said so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pearlite.data.arrange import arrange, name_axes, supported
from pearlite.data.disk import claim_room
from pearlite.data.image import Image
from pearlite.errors import InputError


def read_npy(path: Path, lazy: bool, axes: str | None) -> Image:
    """Read a .npy file; a last axis of 3 or 4 behind larger ones is taken as colour."""
    try:
        # Mapping first also finds a file that is cut short, without reading it.
        source = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError, SyntaxError) as error:
        raise InputError(
            f"{path} cannot be read as a NumPy array ({error}); a whole .npy file of plain "
            "numbers, not objects, is expected"
        ) from error
    dtype = supported(source.dtype, path)
    shape = source.shape
    colour = source.ndim >= 3 and shape[-1] in (3, 4) and min(shape[-3:-1]) > 4
    letters = "QQQQQQQQYXS"[-source.ndim :] if colour else "QQQQQQQQYX"[-source.ndim :]
    if source.ndim < 2:
        letters = "X" * source.ndim
    named, note = name_axes(letters, [True] * source.ndim, shape, axes, path)
    array, order = arrange(source if lazy else np.array(source), named, dtype)
    meta = {"notes": [note] if note else [], **({"rgb": True} if "S" in named else {})}
    return Image(array, order, {}, "", path, meta)


@contextmanager
def create_npy(path: Path, image: Image) -> Iterator[np.ndarray]:
    """Lay out a .npy file for an image's shape and type; yield the array to fill."""
    stored = np.lib.format.open_memmap(path, "w+", image.array.dtype, tuple(image.array.shape))
    claim_room(path)
    yield stored
    stored.flush()
