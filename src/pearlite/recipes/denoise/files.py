"""One noisy image in, one clean image out, with what was measured on the way."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.write import cast_like, create
from pearlite.errors import InputError, Refused
from pearlite.judge.metrics import nrmse, psnr
from pearlite.recipes.denoise.method import denoise
from pearlite.recipes.denoise.noise import NoiseModel
from pearlite.recipes.denoise.noise_check import check_noise
from pearlite.recipes.denoise.remedies import binning


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

    def result_dtype(self, image: Image) -> np.dtype:
        """Return the type of an image's result."""
        return np.dtype(np.float32 if self.as_float else image.array.dtype)

    def result_shape(self, image: Image) -> tuple[int, ...]:
        """Return the shape of an image's result, which binning halves."""
        *leading, rows, columns = image.array.shape
        return (*leading, rows // self._binning, columns // self._binning)

    def result_pixel_size(self, image: Image) -> dict[str, float]:
        """Return the pixel size of an image's result, which binning doubles."""
        factors = {"Y": self._binning, "X": self._binning}
        return {axis: size * factors.get(axis, 1) for axis, size in image.pixel_size.items()}

    @property
    def _binning(self) -> int:
        return binning(self.remedies)


def clean_file(
    source: Path,
    target: Path,
    settings: Settings,
    noise: list[NoiseModel] | None = None,
    truth: Path | None = None,
    progress: bool = False,
    dask: str | None = None,
    state: Path | None = None,
) -> dict[str, Any] | InputError | Refused:
    """Denoise `source` into `target`, piece by piece where it is larger than memory.

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
        Draw progress bars.
    dask
        Address of a Dask scheduler over which to spread the parts of the image.
    state
        A folder in which a training keeps where it is, and from which it goes on.

    Returns
    -------
    dict, InputError or Refused
        What was measured, or why this file gives no result.
    """
    try:
        image = read(source, axes=settings.axes)
        reference = None if truth is None else _reference(truth, image, settings)
        shape, dtype = settings.result_shape(image), settings.result_dtype(image)
        pixel_size = settings.result_pixel_size(image)
        with create(target, shape, dtype, image.axes, pixel_size, image.unit, image.meta) as stored:
            facts = clean_into(stored, image, settings, noise, progress, dask, state)
        if reference is not None:
            clean = np.asarray(read(target).array).reshape(shape)
            facts |= _true_errors(reference, np.asarray(image.array), clean, facts["peak"])
    except (InputError, Refused) as error:
        return error
    return facts


def clean_into(
    stored: Any,
    image: Image,
    settings: Settings,
    noise: list[NoiseModel] | None = None,
    progress: bool = False,
    dask: str | None = None,
    state: Path | None = None,
) -> dict[str, Any]:
    """Denoise an image into an array of `Settings.result_shape` and `Settings.result_dtype`.

    Returns
    -------
    dict
        What was measured, and notes.

    Raises
    ------
    InputError
        If the image or an option is wrong.
    Refused
        If the noise breaks the assumption, or is not that of the models.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    notes = list(image.meta.get("notes", []))
    if noise is not None:
        notes += check_noise(image, noise, settings.remedies, settings.force)
    casting = _Casting(settings.result_dtype(image))
    done = denoise(
        image.array,
        axes=image.axes,
        method=settings.method,
        quality=settings.quality,
        remedies=settings.remedies,
        noise=noise,
        force=settings.force,
        seed=settings.seed,
        device=settings.device,
        dask=dask,
        progress=progress,
        state=state,
        target=stored,
        cast=casting,
    )
    return {
        "shape": image.array.shape,
        "axes": image.axes,
        "dtype": str(image.array.dtype),
        "pixel_size": image.pixel_size,
        "unit": image.unit,
        "verdict": done.verdict,
        "noise": done.noise,
        "psnr": done.psnr,
        "psnr_noisy": done.psnr_noisy,
        "peak": done.peak,
        "notes": [*notes, *done.notes, *casting.notes()],
        "seconds": {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu},
    }


class _Casting:
    """Brings pieces of a result to the type of the input, and counts what did not fit."""

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self.values, self.clipped = 0, 0.0

    def __call__(self, piece: NDArray[Any]) -> NDArray[Any]:
        cast, share = cast_like(piece, self.dtype)
        self.values += piece.size
        self.clipped += share * piece.size
        return cast

    def notes(self) -> list[str]:
        if self.dtype.kind == "f":
            return []
        rounded = f"Rounded to {self.dtype}, the type of the input; --float keeps fractions."
        if not self.clipped:
            return [rounded]
        share = self.clipped / self.values
        return [rounded, f"{share:.2%} of the result lay outside that type's range: clipped."]


def _reference(path: Path, image: Image, settings: Settings) -> NDArray[Any]:
    truth = read(path, axes=image.axes)
    if truth.array.shape != image.array.shape:
        raise InputError(
            f"the truth {path} has shape {truth.array.shape}, the image {image.array.shape}; "
            "give a clean reference of the same scene and shape."
        )
    if "bin" in settings.remedies:
        raise InputError("a truth cannot be compared with a binned result; leave one of them out.")
    return np.asarray(truth.array)


def _true_errors(
    truth: NDArray[Any], noisy: NDArray[Any], clean: NDArray[Any], peak: float | None
) -> dict[str, float]:
    """Return the true errors of the result as it was written; PSNR for the estimate's peak."""
    span = peak or float(truth.max()) - float(truth.min())
    return {
        "true_psnr": psnr(truth, clean, span),
        "true_psnr_noisy": psnr(truth, noisy, span),
        "true_nrmse": nrmse(truth, clean),
        "true_nrmse_noisy": nrmse(truth, noisy),
    }
