"""Where a result came from: hashes of its inputs, versions, hardware, in plain JSON values."""

import dataclasses
import hashlib
import math
import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pandas import DataFrame

_BLOCK = 1 << 20  # bytes hashed at a time
_PACKAGES = (
    "pearlite",
    "torch",
    "numpy",
    "scipy",
    "scikit-image",
    "tifffile",
    "pandas",
    "scikit-learn",
    "lightgbm",
    "xgboost-cpu",
)


def fingerprint(source: "Path | NDArray[Any] | DataFrame") -> dict[str, Any]:
    """Return what identifies an input: its path, or its shape and dtype, and its SHA-256."""
    if isinstance(source, Path):
        return {"path": str(source.resolve()), "sha256": sha256(source)}
    array = isinstance(source, np.ndarray)
    return {
        "path": None,
        "shape": list(source.shape),
        "dtype": str(source.dtype) if array else "table",
        "sha256": _of_array(source) if array else _of_table(source),
    }


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's names and contents in sorted order."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        if file != path:
            digest.update(file.relative_to(path).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _of_array(array: NDArray[Any]) -> str:
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _of_table(table: "DataFrame") -> str:
    from pandas.util import hash_pandas_object

    digest = hashlib.sha256(repr([(name, str(table[name].dtype)) for name in table]).encode())
    rows = hash_pandas_object(table, index=False)  # pyright: ignore[reportCallIssue]
    digest.update(rows.to_numpy().data)
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of what the numbers depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def hardware() -> dict[str, Any]:
    """Return the machine: system, processor, usable cores, memory in GiB, and the GPU if one is."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": cores,
        "memory_gib": _memory(),
        "gpu": _gpu(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return None


def _gpu() -> str | None:
    torch = sys.modules.get("torch")  # a run that has not loaded torch has not used a GPU
    return torch.cuda.get_device_name() if torch and torch.cuda.is_available() else None


def plain(value: Any) -> Any:
    """Return `value` as JSON holds it: NumPy numbers as numbers, not-finite ones as ``None``."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain({f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Path):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
