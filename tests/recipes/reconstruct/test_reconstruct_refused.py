"""What cannot be reconstructed is said in a sentence, on the command line, before any training."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from pearlite.cli import main

RANDOM = np.random.default_rng(0)


def labels(*values: int, side: int = 64) -> np.ndarray:
    blocks = RANDOM.integers(len(values), size=(side // 8, side // 8))
    return np.array(values, np.uint8)[np.kron(blocks, np.ones((8, 8), int))]


def rare() -> np.ndarray:
    image = labels(0, 128)
    image[:3, :5] = 255
    return image


def damaged() -> np.ndarray:
    image = labels(20, 128, 230).astype(int)
    return (image + RANDOM.integers(-4, 5, image.shape)).astype(np.uint8)


CASES = {
    "constant": ([np.full((64, 64), 7, np.uint8)], [], "the image is constant (7 everywhere)"),
    "a phase under 1 %": ([rare()], [], "phase 255 fills 0.37% of the image; under 1%"),
    "smaller than the critic's field": (
        [labels(0, 1)[:40]],
        [],
        "40 x 64 pixels; at least 48 along each side are needed",
    ),
    "forty grey levels": (
        [(np.arange(64 * 64).reshape(64, 64) % 40 * 6).astype(np.uint8)],
        ["--kind", "phases"],
        "40 different values, too many for phases (at most 16): segment it first",
    ),
    "JPEG": ([damaged()], [], "labels that JPEG or smoothing has damaged; give clean"),
    "nothing": ([labels(0, 1)], ["--shape", "0"], "has nothing in it; give positive sides"),
    "too large": ([labels(0, 1)], ["--shape", "100000"], "is too large: at most 50,000 voxels"),
    "pixel sizes": ([labels(0, 1)] * 3, [], "pixels have different sizes"),
    "no end": ([labels(0, 1)], ["--minutes", "0"], "are no time to learn in"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_said_before_anything_is_learned(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pearlite.recipes.reconstruct.work.learn", None)
    images, typed, said = CASES[name]
    files = [f"{number}.tif" for number in range(len(images))]
    for number, (file, image) in enumerate(zip(files, images, strict=True)):
        per_cm = (1e6, 1e6) if number < 2 or name != "pixel sizes" else (5e5, 5e5)
        tifffile.imwrite(file, image, resolution=per_cm, resolutionunit="CENTIMETER")

    monkeypatch.setattr("sys.argv", ["pearlite", "reconstruct", *files, *typed, "--out", "run"])

    with pytest.raises(SystemExit) as left:
        main()

    assert left.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not Path("run").exists()
