"""From a noisy image to a clean one, in the order of the method.

Leave out what is no measurement → fit the noise → stabilise it → test whether it is white →
combine similar patches → refine → undo the stabilisation → estimate the error.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.errors import InputError, Refused
from pearlite.judge.interval import Interval
from pearlite.recipes.denoise.estimator import QUALITIES, Estimator
from pearlite.recipes.denoise.layout import Layout, find_axes
from pearlite.recipes.denoise.noise import SILENT, NoiseModel
from pearlite.recipes.denoise.noise2fast import noise2fast
from pearlite.recipes.denoise.prepared import Prepared, fit_channel, prepare
from pearlite.recipes.denoise.quality import divergence, estimate_error
from pearlite.recipes.denoise.remedies import REMEDIES
from pearlite.recipes.denoise.verdict import Verdict, judge_noise

METHODS = ("auto", "ridge", "noise2fast")
SAMPLED = 4  # frames, evenly spread, from which the noise of a stack is fitted
CHUNK = 1 << 22  # pixels that are denoised at a time, though at least one frame
ASSESSED = {0: 3, 2: 1024, 3: 1024}  # frames, rows, columns on which the error is estimated
VARIANCE_ERROR = 0.01  # relative, of a fitted variance; measured by benchmarks/denoise/calibrate.py


@dataclass(frozen=True)
class Denoised:
    """A clean image and what was learned on the way.

    Attributes
    ----------
    clean
        The input's shape (halved along Y and X by the remedy ``"bin"``), floats of at least 32
        bits, in the input's unit.
    noise
        One model a channel.
    verdict
        Whether the noise is what the method assumes.
    psnr
        Estimated peak signal-to-noise ratio in dB, with its 95 % interval; None where the verdict
        does not allow one, or the method has none.
    psnr_noisy
        That of the noisy image, by the noise model; None likewise.
    peak
        The range of the clean image, to which both are relative, in the input's unit.
    notes
        Sentences that a reader of the result should know.
    """

    clean: Any
    noise: list[NoiseModel]
    verdict: Verdict
    psnr: Interval | None = None
    psnr_noisy: float | None = None
    peak: float | None = None
    notes: list[str] = field(default_factory=list)


def denoise(
    image: Any,
    *,
    axes: str | None = None,
    method: str = "auto",
    quality: str = "balanced",
    remedies: Sequence[str] = (),
    noise: Sequence[NoiseModel] | None = None,
    force: bool = False,
    assess: bool = True,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
    target: Any = None,
    cast: Callable[[NDArray], NDArray] | None = None,
) -> Denoised:
    """Denoise one image from itself alone.

    Parameters
    ----------
    image
        Real numbers of any type and size; anything with ``shape``, ``dtype`` and NumPy slicing.
    axes
        One letter of ``"TZCYX"`` per dimension, ending in ``"YX"``; may be left out for a plane.
        Similar patches are sought in neighbouring frames, along Z where there is one, else T;
        channels are combined together.
    method
        ``"auto"`` and ``"ridge"`` combine similar patches; ``"noise2fast"`` trains a network on
        each frame.
    quality
        ``"fast"``, ``"balanced"`` or ``"best"``; of no effect on Noise2Fast.
    remedies
        Names of `REMEDIES`, applied to every plane beforehand, in this order. ``"apart"`` fits
        noise that is correlated between neighbours, and lets it pass.
    noise
        Noise models of the channels; fitted where absent.
    force
        Go on though the noise is correlated.
    assess
        Estimate the error, which takes as long again.
    seed
        Seeds the probe of that estimate, and Noise2Fast.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` …
    progress
        Draw progress bars.
    target, cast
        Where to store the result piece by piece, for images larger than memory: anything that
        takes assignments to slices, and a function that each piece goes through first.

    Returns
    -------
    Denoised
        Its ``clean`` is `target` where one was given.

    Raises
    ------
    InputError
        If the image or an option is wrong.
    Refused
        If the noise is correlated between pixels, and neither `force` is set nor ``"apart"``
        among the remedies.

    Notes
    -----
    Pixels that are not finite, an info bar and regions of one single value come back as they are.
    """
    _check(image, method, quality, remedies)
    axes = find_axes(tuple(image.shape), axes)
    layout = Layout(tuple(image.shape), axes)
    if noise is not None and len(noise) != layout.channels:
        raise InputError(
            f"{len(noise)} noise models for {layout.channels} channels: give one each."
        )

    sample = [prepare(layout.read(image, part), remedies) for part in layout.spread(SAMPLED)]
    notes = sample[0].validity[0].sentences()
    models = (
        [_fit(sample, c, remedies, notes) for c in range(layout.channels)]
        if noise is None
        else list(noise)
    )
    levels = [float(np.median(sample[0].values[:, c])) for c in range(layout.channels)]
    estimator = Estimator(models, levels, QUALITIES[quality], _device(device))
    verdict = _judge(sample[len(sample) // 2], estimator)
    if verdict.state == "failed":
        notes.append(_accepted(verdict, remedies, force))

    if target is None:
        after = (*image.shape[:-2], *sample[0].values.shape[-2:])
        target = np.empty(after, np.promote_types(image.dtype, np.float32))
    result = Layout(tuple(target.shape), axes)
    first = None
    for part in layout.chunks(CHUNK):
        near, inside = layout.with_neighbours(part, estimator.halo)
        ready = prepare(layout.read(image, near), remedies)
        if method == "noise2fast":
            clean = _by_network(ready.values, seed, str(estimator.device), progress)
        else:
            noisy = estimator.stabilise(ready.values)
            stable = estimator(noisy, progress)
            clean = estimator.restore(stable, ready.values)
            first = first or (noisy, stable, clean)
        clean = ready.keep_empty(clean)[inside]
        result.write(target, part, clean if cast is None else cast(clean))

    done = Denoised(target, models, verdict, notes=notes)
    if not assess or first is None or verdict.state != "passed":
        return done
    return _assessed(done, estimator, *first, seed)


def _check(image: Any, method: str, quality: str, remedies: Sequence[str]) -> None:
    for what, given, known in (
        ("method", method, METHODS),
        ("quality", quality, tuple(QUALITIES)),
        *(("remedy", remedy, tuple(REMEDIES)) for remedy in remedies),
    ):
        if given not in known:
            raise InputError(f"there is no {what} {given!r}; choose one of {', '.join(known)}.")
    if np.dtype(image.dtype).kind not in "uif" or 0 in image.shape:
        raise InputError(
            f"an image of shape {tuple(image.shape)} and type {image.dtype} cannot be denoised: "
            "it must hold at least one real number."
        )


def _fit(
    sample: list[Prepared], channel: int, remedies: Sequence[str], notes: list[str]
) -> NoiseModel:
    """Fit the noise of a channel; where there is none, say so."""
    model, _ = fit_channel(sample, channel, remedies)
    if model is None:
        notes.append(
            f"No noise was found in channel {channel}: it is constant, or too small to tell. "
            "It comes back as it is."
        )
        return SILENT
    return model


def _judge(ready: Prepared, estimator: Estimator) -> Verdict:
    """Judge the noise of every channel; the verdict is that of the worst."""
    stable = estimator.stabilise(ready.values)[0]
    verdicts = [
        judge_noise(plane, validity.valid)
        for plane, validity in zip(stable, ready.validity, strict=False)
    ]
    return max(verdicts, key=lambda v: ("passed", "cannot tell", "failed").index(v.state))


def _accepted(verdict: Verdict, remedies: Sequence[str], force: bool) -> str:
    """Say why an image is denoised though its noise failed the test, or refuse."""
    if verdict.failures == ("correlated",) and "apart" in remedies:
        return (
            "The noise is correlated between pixels: its strength is taken between pixels two "
            "apart, and the error cannot be estimated."
        )
    if force:
        return f"Forced: {verdict.reason[0].lower()}{verdict.reason[1:]}"
    offered = " or ".join(f"--remedy {name}" for name in verdict.remedies if name not in remedies)
    raise Refused(
        f"{verdict.reason} Denoising takes noise that is independent between pixels: "
        f"{f'try {offered}, ' if offered else ''}"
        "go back to the raw file, or use --force and do not trust the result."
    )


def _by_network(
    frames_FCYX: NDArray[np.float64], seed: int, device: str, progress: bool
) -> NDArray[np.float64]:
    frames = [
        noise2fast(frame.astype(np.float32), seed=seed, device=device, progress=progress)
        for frame in frames_FCYX
    ]
    return np.stack(frames).astype(np.float64)


def _assessed(
    done: Denoised,
    estimator: Estimator,
    noisy: NDArray[np.float32],
    stable: NDArray[np.float32],
    clean: NDArray[np.float64],
    seed: int,
) -> Denoised:
    """Add the estimated error, from the middle of the frames that were denoised first."""
    frames, rows, columns = (slice(*_middle(noisy.shape[i], n)) for i, n in ASSESSED.items())
    part = (frames, slice(None), rows, columns)
    if noisy[part].shape != noisy.shape:
        stable = estimator(noisy[part])
        noisy, clean = noisy[part], clean[part]
    through = divergence(estimator, noisy, stable, seed)
    variance = estimator.variance(clean)
    error = estimate_error(
        noisy - stable, through, variance, VARIANCE_ERROR, estimator.quality.calibration
    )
    peak = float(clean.max() - clean.min())
    if peak == 0:
        return done
    psnr = Interval(
        *(float(10 * np.log10(peak**2 / e)) for e in (error.value, error.high, error.low))
    )
    noisy_psnr = float(10 * np.log10(peak**2 / variance.mean()))
    return replace(done, psnr=psnr, psnr_noisy=noisy_psnr, peak=peak)


def _middle(length: int, most: int) -> tuple[int, int]:
    start = max(0, length - most) // 2
    return start, min(start + most, length)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"there is no device {name!r} here; leave it out, or say cpu.") from error
    return device
