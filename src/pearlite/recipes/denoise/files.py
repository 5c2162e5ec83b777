"""One noisy image in, one clean image out, with what was measured on the way."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.write import cast_like, write
from pearlite.errors import InputError, Refused
from pearlite.judge.metrics import nrmse, psnr
from pearlite.recipes.denoise import denoise
from pearlite.recipes.denoise.noise import NoiseModel
from pearlite.recipes.denoise.noise_check import check_noise


@dataclass(frozen=True)
class Settings:
    """How images are denoised; `pearlite.recipes.denoise.denoise` says what most of it means.

    Attributes
    ----------
    axes
        Axes of files that do not say.
    as_float
        Write 32-bit floats instead of the input's type.
    """

    axes: str | None = None
    method: str = "auto"
    quality: str = "balanced"
    remedies: tuple[str, ...] = ()
    force: bool = False
    device: str = "auto"
    seed: int = 0
    as_float: bool = False


def clean_file(
    source: Path,
    target: Path,
    settings: Settings,
    noise: list[NoiseModel] | None = None,
    truth: Path | None = None,
    progress: bool = False,
) -> dict[str, Any] | InputError | Refused:
    """Denoise `source` into `target`.

    Parameters
    ----------
    source, target
        The noisy file, which is only read, and the file to write.
    settings
        How.
    noise
        Noise models to use, one a channel; ``None`` fits them to the image.
    truth
        A clean reference of the same shape.
    progress
        Draw a progress bar.

    Returns
    -------
    dict, InputError or Refused
        What was measured, or why this file gives no result. Errors in writing are raised: they
        would meet every other file, too.
    """
    try:
        image = read(source, axes=settings.axes)
        reference = None if truth is None else read(truth, axes=image.axes)
        clean, facts = clean_image(image, settings, noise, reference, progress)
    except (InputError, Refused) as error:
        return error
    write(target, replace(clean, path=target))
    return facts


def clean_image(
    image: Image,
    settings: Settings,
    noise: list[NoiseModel] | None = None,
    truth: Image | None = None,
    progress: bool = False,
) -> tuple[Image, dict[str, Any]]:
    """Denoise an image; as `clean_file`, but its errors are raised.

    Returns
    -------
    tuple of Image and dict
        The clean image, of the noisy one's type unless `settings` ask for floats, and what was
        measured.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    if truth is not None and truth.array.shape != image.array.shape:
        raise InputError(
            f"the truth has shape {truth.array.shape}, the image {image.array.shape}; "
            "give a clean reference of the same scene and shape."
        )
    notes = list(image.meta.get("notes", []))
    noisy = np.asarray(image.array)
    if noise is not None:
        notes += check_noise(noisy, image.axes, noise, settings.force)
    done = denoise(
        noisy,
        axes=image.axes,
        method=settings.method,
        quality=settings.quality,
        remedies=settings.remedies,
        noise=noise,
        force=settings.force,
        seed=settings.seed,
        device=settings.device,
        progress=progress,
    )
    dtype = np.dtype(np.float32) if settings.as_float else noisy.dtype
    values, clipped = cast_like(done.clean, dtype)
    facts = {
        "shape": noisy.shape,
        "axes": image.axes,
        "dtype": str(noisy.dtype),
        "pixel_size": image.pixel_size,
        "unit": image.unit,
        "verdict": done.verdict,
        "noise": done.noise,
        "psnr": done.psnr,
        **({} if truth is None else _true_errors(np.asarray(truth.array), noisy, done.clean)),
        "notes": [*notes, *done.notes, *_casting(dtype, clipped)],
        "seconds": {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu},
    }
    return replace(image, array=values, path=None), facts


def _true_errors(
    truth: NDArray[Any], noisy: NDArray[Any], clean: NDArray[np.float32]
) -> dict[str, float]:
    span = float(truth.max()) - float(truth.min())
    return {
        "true_psnr": psnr(truth, clean, span),
        "true_psnr_noisy": psnr(truth, noisy, span),
        "true_nrmse": nrmse(truth, clean),
        "true_nrmse_noisy": nrmse(truth, noisy),
    }


def _casting(dtype: np.dtype, clipped: float) -> list[str]:
    if dtype.kind == "f":
        return []
    rounded = f"The result was rounded to {dtype}, the type of the input; --float keeps fractions."
    if not clipped:
        return [rounded]
    return [
        f"{rounded} {clipped:.2%} of its pixels lay outside that type's range and were clipped."
    ]
