"""The denoiser of one image: its noise models, and how much is done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.recipes.denoise.grid import Pass, Span, Wanted, needed
from pearlite.recipes.denoise.layout import Frames, Layout
from pearlite.recipes.denoise.noise import SILENT, NoiseModel
from pearlite.recipes.denoise.refine import refine, seen
from pearlite.recipes.denoise.ridge import combine_patches

NEIGHBOURS = 1  # frames before and after a frame in which similar patches are sought


@dataclass(frozen=True)
class Quality:
    """How much is done.

    Attributes
    ----------
    passes
        Rounds of combining patches.
    views
        Of the image in which the result is refined; 0 leaves that out.
    """

    passes: tuple[Pass, ...]
    views: int


QUALITIES = {
    "fast": Quality((Pass(9, 18, 6), Pass(7, 40, 5)), 1),
    "balanced": Quality((Pass(9, 18, 5), Pass(7, 55, 4)), 1),
    "best": Quality((Pass(9, 18, 4), Pass(7, 80, 3)), 8),
}


class Estimator:
    """Maps noisy frames to clean ones; the same for every part of an image.

    Parameters
    ----------
    models
        The noise of each channel.
    levels
        A typical signal of each channel. It becomes 0 on the stabilised scale, where single
        precision is then enough for any pedestal.
    quality
        How much is done.
    device
        Where.
    """

    def __init__(
        self,
        models: Sequence[NoiseModel],
        levels: Sequence[float],
        quality: Quality,
        device: torch.device,
    ) -> None:
        self.models, self.quality, self.device = models, quality, device
        self.centres = [
            float(m.stabilise(np.array(v))) for m, v in zip(models, levels, strict=True)
        ]

    def needed(self, part: Frames, layout: Layout) -> Frames:
        """Return the part of the image on which the result for a part depends."""
        rows = self._refined((part.top, part.bottom), layout.rows)
        plane = (layout.rows, layout.columns)
        span = (part.first, part.last)
        (first, last), (top, bottom) = needed(span, rows, plane, self.quality.passes, NEIGHBOURS)[0]
        return Frames(part.stack, max(0, first), min(last, layout.frames), top, bottom)

    def _refined(self, rows: Span, height: int) -> Span:
        """Return the rows that must be known before these are refined."""
        return seen(rows, height) if self.quality.views else rows

    def stabilise(self, frames_FCYX: NDArray) -> NDArray[np.float32]:
        """Bring the frames to the scale where their noise has standard deviation 1."""
        planes = [
            m.stabilise(frames_FCYX[:, c]) - self.centres[c] for c, m in enumerate(self.models)
        ]
        return np.stack(planes, axis=1).astype(np.float32)

    def restore(self, stable_FCYX: NDArray, noisy_FCYX: NDArray) -> NDArray[np.float64]:
        """Bring denoised frames back to the scale of the image; silent channels as they were."""
        centred = stable_FCYX.astype(np.float64)
        planes = [
            noisy_FCYX[:, c] if m == SILENT else m.restore(centred[:, c] + self.centres[c])
            for c, m in enumerate(self.models)
        ]
        return np.stack(planes, axis=1)

    def variance(self, clean_FCYX: NDArray) -> NDArray[np.float64]:
        """Variance of the noise in each pixel."""
        return np.stack([m.variance(clean_FCYX[:, c]) for c, m in enumerate(self.models)], axis=1)

    def __call__(
        self,
        stable_FCYX: NDArray[np.float32],
        progress: bool = False,
        wanted: Wanted | None = None,
    ) -> NDArray[np.float32]:
        """Denoise stabilised frames; return what is wanted of them, where they are a part."""
        noisy = torch.from_numpy(np.ascontiguousarray(stable_FCYX)).to(self.device)
        wanted = wanted or Wanted.all_of(tuple(noisy.shape))
        before = replace(wanted, rows=self._refined(wanted.rows, wanted.height))
        clean = combine_patches(noisy, self.quality.passes, NEIGHBOURS, progress, before)
        if self.quality.views:
            clean = refine(noisy[before.index], clean, self.quality.views)
        first, last = (row - before.rows[0] for row in wanted.rows)
        return clean[:, :, first:last].cpu().numpy()
