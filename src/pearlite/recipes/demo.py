"""The demonstration: a real image and a synthetic micrograph, noisy as from a detector, denoised.

The real one is part of scikit-image's ``retina``, the back of a human eye in green light; the
synthetic one is a polycrystal. Both get the noise of a detector that counts and reads out, so that
the truth is known and the estimated quality can be held against it.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pearlite import samples
from pearlite.data.image import Image
from pearlite.data.write import cast_like, write
from pearlite.folders import chosen_folder, new_folder
from pearlite.recipes import fit
from pearlite.recipes.denoise.remedies import bin_pixels
from pearlite.run import Run

GAIN, READ_NOISE = 0.02, 0.03  # of the full range: about 50 counts where it is brightest
FULL_RANGE = 40_000  # grey values of the 16-bit files; a pedestal keeps noise above zero
PEDESTAL = 6_000
SIDE = 384  # pixels


def demo(out: str | Path | None = None, seed: int = 0, progress: bool = False) -> Run:
    """Denoise the two images into a new folder.

    Parameters
    ----------
    out
        The folder; ``None`` makes ``runs/demo-YYYYmmdd-HHMMSS``. It will hold ``noisy/``,
        ``truth/`` and the run ``denoised/``.
    seed
        Seeds the synthetic micrograph and the noise.
    progress
        Draw progress bars.

    Returns
    -------
    Run
        The run, with the estimated and the true quality of both.
    """
    folder = new_folder(Path("runs"), "demo") if out is None else chosen_folder(out)
    for kind in ("noisy", "truth"):
        (folder / kind).mkdir()
    for name, clean in _scenes(seed).items():
        noisy = samples.add_noise(clean, gain=GAIN, read_noise=READ_NOISE, seed=seed)
        write(folder / "truth" / f"{name}.tif", _micrograph(clean, "float32"))
        write(folder / "noisy" / f"{name}.tif", _micrograph(noisy, "uint16"))
    return fit(
        "denoise",
        folder / "noisy",
        truth=folder / "truth",
        out=folder / "denoised",
        seed=seed,
        progress=progress,
    )


def _scenes(seed: int) -> dict[str, np.ndarray]:
    green = np.asarray(samples.load("retina").array[1], dtype=np.float32)
    around = bin_pixels(green)[150 : 150 + SIDE, 60 : 60 + SIDE]
    low, high = around.min(), around.max()
    return {
        "retina": (around - low) / (high - low),
        "grains": samples.grains((SIDE, SIDE), seed=seed),
    }


def _micrograph(values: np.ndarray, dtype: str) -> Image:
    array, _ = cast_like(values * FULL_RANGE + PEDESTAL, dtype)
    return replace(Image(array, "YX"), pixel_size={"Y": 0.1, "X": 0.1}, unit="µm")
