"""Finished measurements on disk, so that an interrupted run continues where it was."""

import hashlib
import importlib.metadata
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from benchmarks.denoise.cases import Case

import pearlite

HERE = Path(__file__).parent
HOUSE = Path(pearlite.__file__).parent
RECIPE = HOUSE / "recipes" / "denoise"
TRAINING = [HOUSE / "task.py", HOUSE / "train", HOUSE / "nets"]
LIBRARIES = ("torch", "scikit-image", "bm3d", "PyWavelets")


@dataclass(frozen=True)
class Row:
    """One method on one image: PSNR in dB, CPU time in seconds."""

    images: str
    name: str
    noise: str
    method: str
    psnr: float
    ssim: float
    seconds: float

    @property
    def group(self) -> str:
        """Images that are summed up together."""
        return f"{self.images} {self.noise}"


def key_of(case: Case, method: str) -> str:
    """Identify the pixels and the code that a measurement depends on."""
    digest = hashlib.sha256(case.digest.encode())
    for path in _sources(method):
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in (".py", ".safetensors"):
                digest.update(file.read_bytes())
    for library in LIBRARIES:
        digest.update(importlib.metadata.version(library).encode())
    return digest.hexdigest()[:16]


def recall(folder: Path, case: Case, method: str) -> Row | None:
    """Read a measurement, if there is one of these pixels by this code."""
    file = folder / f"{case.label}--{method}.json"
    if not file.is_file():
        return None
    kept = json.loads(file.read_text())
    return Row(**kept["row"]) if kept["key"] == key_of(case, method) else None


def remember(folder: Path, case: Case, row: Row, estimate: np.ndarray) -> None:
    """Write a measurement, and the image it was made on for whoever wants to look."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{case.label}--{row.method}"
    np.save(place.with_suffix(".npy"), estimate.astype(np.float32))
    text = json.dumps({"key": key_of(case, row.method), "row": asdict(row)}, indent=1)
    place.with_suffix(".json").write_text(text)


def _sources(method: str) -> list[Path]:
    if method in ("fast", "balanced", "best"):
        return [RECIPE, HOUSE / "nets"]
    if method == "noise2fast":
        return []
    if method == "noise2fast-pearlite":
        return [RECIPE / "noise2fast.py", *TRAINING]
    if method == "zs-n2n":
        return [HERE / "zs_n2n.py", *TRAINING]
    if method.endswith("-anscombe"):
        return [HERE / "peers.py", RECIPE / "noise.py"]
    return [HERE / "peers.py"]
