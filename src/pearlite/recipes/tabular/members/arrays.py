"""Named arrays on disk: safetensors, written whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from pearlite.data.disk import replacing
from pearlite.errors import InputError


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to one file."""
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with replacing(path) as hidden:
        hidden.write_bytes(save(whole))


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read what `save_arrays` wrote.

    Raises
    ------
    InputError
        If the file is missing or not complete.
    """
    try:
        return load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} is not a complete file of arrays ({error})") from error
