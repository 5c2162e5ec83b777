"""From a noisy image to a clean one, in the order of the method.

Leave out what is no measurement → fit the noise → stabilise it → test whether it is white →
combine similar patches → refine → undo the stabilisation → estimate the error.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError, Refused
from pearlite.judge.interval import Interval
from pearlite.recipes.denoise.estimator import QUALITIES, Estimator
from pearlite.recipes.denoise.layout import find_axes
from pearlite.recipes.denoise.noise import SILENT, NoiseModel
from pearlite.recipes.denoise.parts import Jobs, Parts, combine, train
from pearlite.recipes.denoise.prepared import Prepared, fit_channel
from pearlite.recipes.denoise.quality import divergence, estimate_error
from pearlite.recipes.denoise.remedies import REMEDIES
from pearlite.recipes.denoise.verdict import Verdict, judge_noise
from pearlite.recipes.spread import spread
from pearlite.train.device import device_of

METHODS = ("auto", "ridge", "noise2fast")
CHUNK = 1 << 24  # pixels of a plane, all channels together; larger planes are cut into strips
ASSESSED = (3, 1024, 1024)  # frames, rows, columns on which the error is estimated
VARIANCE_ERROR = 0.005  # relative, of a fitted variance, beyond what the fit itself says


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
    dask: str | None = None,
    progress: bool = False,
    state: Path | None = None,
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
    dask
        Address of a Dask scheduler over which to spread the parts of a large image.
    progress
        Draw progress bars.
    state
        A folder in which Noise2Fast keeps where it is, and from which it goes on.
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

    Planes of more than 16 million pixels (all channels together) are denoised in strips, with the
    same result, but no info bar is looked for there, and gaps that reach beyond a strip are filled
    from within it.
    """
    _check(image, method, quality, remedies)
    axes = find_axes(tuple(image.shape), axes)
    parts = Parts(image, axes, remedies, CHUNK)
    channels = parts.after.channels
    if noise is not None and len(noise) != channels:
        raise InputError(f"{len(noise)} noise models for {channels} channels: give one each.")
    if method == "noise2fast" and not parts.whole:
        raise InputError(f"noise2fast takes planes of up to {CHUNK} pixels; use the method ridge.")

    sample = parts.sample()
    notes = sample[0].validity[0].sentences()
    if not parts.whole:
        notes.append("The image is denoised in strips; an info bar was not looked for.")
    models = (
        [_fit(sample, c, remedies, notes) for c in range(channels)]
        if noise is None
        else list(noise)
    )
    levels = [
        float(np.median([np.median(s.values[:, c]) for s in sample])) for c in range(channels)
    ]
    estimator = Estimator(models, levels, QUALITIES[quality], device_of(device))
    verdict = _judge(sample[len(sample) // 2], estimator)
    if verdict.state == "failed":
        notes.append(_accepted(verdict, remedies, force))
    del sample

    result = parts.after
    if target is None:
        target = np.empty(result.shape, np.promote_types(image.dtype, np.float32))
    single, assessable = len(list(parts)) == 1, method != "noise2fast" and verdict.state == "passed"
    if method == "noise2fast":
        work = train
        jobs = Jobs(
            parts, lambda part: part, seed, str(estimator.device), state, progress and single
        )
    else:
        work = combine
        keep = assess and single and parts.within(ASSESSED)
        near = partial(estimator.needed, layout=result)
        jobs = Jobs(parts, near, estimator, keep, progress and single)
    stable = None
    for name, (clean, kept) in spread(work, jobs, dask, "Denoising", progress and not single):
        result.write(target, jobs.places[name], clean if cast is None else cast(clean))
        stable = kept

    done = Denoised(target, models, verdict, notes=notes)
    if assess and assessable:
        return _assessed(done, parts, estimator, stable, seed)
    return done


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


def _assessed(
    done: Denoised,
    parts: Parts,
    estimator: Estimator,
    stable: NDArray[np.float32] | None,
    seed: int,
) -> Denoised:
    """Add the estimated error, from the middle of the image; `stable` if that is denoised."""
    values = parts.middle(*ASSESSED)
    noisy = estimator.stabilise(values)
    stable = estimator(noisy) if stable is None else stable
    clean = estimator.restore(stable, values)
    through = divergence(estimator, noisy, stable, seed)
    variance = estimator.variance(clean)
    variance_error = float(np.hypot(VARIANCE_ERROR, max(m.error for m in estimator.models)))
    error = estimate_error(noisy - stable, through, variance, variance_error)
    peak = float(clean.max() - clean.min())
    if peak == 0:
        return done
    psnr = Interval(
        *(float(10 * np.log10(peak**2 / e)) for e in (error.value, error.high, error.low))
    )
    noisy_psnr = float(10 * np.log10(peak**2 / variance.mean()))
    return replace(done, psnr=psnr, psnr_noisy=noisy_psnr, peak=peak)
