"""Segment a micrograph from a few strokes, and draw strokes, labels and where they are unsure.

    python examples/segment.py [docs/pictures/segment.jpg]

Dark pores and bright grains in a grey matrix, under uneven light and the noise of a detector: the
truth is known, and only the pixels under the strokes are shown to pearlite.
"""

import sys
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb

import pearlite as pl
from pearlite.data.read import read

SIDE, STROKES, LENGTH = 384, 10, 20
PHASES = {"pore": "#0072b2", "matrix": "#56b4e9", "grain": "#e69f00"}

clean = pl.samples.three_phase((SIDE, SIDE), seed=1, length=9, levels=(0.34, 0.48, 0.62))
truth = np.digitize(clean, (0.41, 0.55)).astype(np.uint8) + 1  # 1 pore, 2 matrix, 3 grain
light = np.linspace(0.94, 1.06, SIDE) * np.linspace(0.94, 1.06, SIDE)[:, None]
image = pl.samples.add_noise(clean * light, gain=0.004, read_noise=0.03, seed=0)

random = np.random.default_rng(0)
scribbles = np.zeros_like(truth)  # 0: nobody has labelled it
for value in (1, 2, 3):
    drawn = 0
    while drawn < STROKES:
        row, column = random.integers(0, SIDE - LENGTH, 2)
        stroke = np.s_[row : row + 2, column : column + LENGTH]
        if (truth[stroke] == value).mean() > 0.95:
            scribbles[stroke] = np.where(truth[stroke] == value, value, 0)
            drawn += 1

with TemporaryDirectory() as folder:
    run = pl.fit(
        "segment", image, masks=scribbles, names=list(PHASES), minutes=2, out=f"{folder}/run"
    )
    labels, unsure = run.result, read(run.path / "uncertainty.tif").array
right, labelled = (labels == truth).mean(), (scribbles > 0).mean()
print(f"{labelled:.1%} of the pixels labelled, {right:.1%} of all right")
colours = np.array([(0, 0, 0), *map(to_rgb, PHASES.values())])
strokes = np.dstack([colours[scribbles], scribbles > 0])
figure, axes = plt.subplots(1, 3, figsize=(9, 3.25), layout="constrained")
axes[0].imshow(image, cmap="gray")
axes[0].imshow(strokes)
axes[0].set_title(f"micrograph, {labelled:.1%} labelled")
axes[1].imshow(colours[labels])
axes[1].set_title(f"labels, {right:.1%} right")
axes[2].imshow(unsure, cmap="magma")
axes[2].set_title("where they are unsure")
for axis in axes:
    axis.set_axis_off()
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "segment.jpg", dpi=110)
