"""Denoise two micrographs, each from itself alone, and draw before, after and what was removed.

    python examples/denoise.py [docs/pictures/denoise.jpg]

Above: the back of an eye in green light (scikit-image's ``retina``). Below: synthetic pearlite.
Both get the noise of a detector that counts and reads out, so that the truth is known.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

from pearlite import samples
from pearlite.judge.metrics import psnr
from pearlite.recipes.denoise import denoise
from pearlite.recipes.denoise.remedies import bin_pixels

SIDE = 256

green = np.asarray(samples.load("retina").array[1], np.float32)
eye = bin_pixels(green)[190 : 190 + SIDE, 60 : 60 + SIDE]
scenes = {
    "retina": (eye - eye.min()) / np.ptp(eye),
    "pearlite": samples.laths((SIDE, SIDE), seed=3),
}
figure, rows = plt.subplots(len(scenes), 3, figsize=(9, 6.3), layout="constrained")
for axes, (name, clean) in zip(rows, scenes.items(), strict=True):
    noisy = samples.add_noise(clean, gain=0.02, read_noise=0.03, seed=0)
    result = denoise(noisy, quality="best")
    removed = (noisy - result.clean) / np.sqrt(result.noise[0].variance(result.clean))
    span = float(np.ptp(clean))
    before, after = (psnr(clean, image, span) for image in (noisy, result.clean))
    print(f"{name}: {before:.2f} dB → {after:.2f} dB, noise test {result.verdict.state}")
    low, high = np.percentile(result.clean, [0.5, 99.8])
    for axis, image, title, (dark, bright) in (
        (axes[0], noisy, f"noisy, {before:.1f} dB", (low, high)),
        (axes[1], result.clean, f"denoised, {after:.1f} dB", (low, high)),
        (axes[2], removed, "what was removed", (-3, 3)),
    ):
        axis.imshow(image, cmap="gray", vmin=dark, vmax=bright)
        axis.set_title(title)
        axis.set_axis_off()
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "denoise.jpg", dpi=100)
