"""Grow a volume from one image of round particles, and draw image, slice and volume.

    python examples/reconstruct.py [docs/pictures/reconstruct.png]

The image is a slice through balls of many sizes that were thrown at random places.
"""

import sys
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

import pearlite as pl
from pearlite.see.volume_picture import surface_picture

SIDE, BALLS, LARGEST = 256, 400, 12

random = np.random.default_rng(0)
grid = np.mgrid[:SIDE, :SIDE]
image = np.zeros((SIDE, SIDE), np.uint8)
for _ in range(BALLS):
    radius, height = random.uniform(4, LARGEST), random.uniform(-LARGEST, LARGEST)
    gaps = grid - random.uniform(0, SIDE, (2, 1, 1))
    image[(gaps**2).sum(0) < radius**2 - height**2] = 255

with TemporaryDirectory() as folder:
    run = pl.fit("reconstruct", image, shape=(128, 128, 128), minutes=2, out=f"{folder}/run")
    volume, block = run.result, run.apply((1, SIDE, SIDE), seed=1)
    print(run.test["sentence"])
    surface_picture(volume).savefig(f"{folder}/volume.png", dpi=160)
    lit = plt.imread(f"{folder}/volume.png")
figure, axes = plt.subplots(1, 3, figsize=(9, 3.25), layout="constrained")
pictures = {"the image": image, "a slice that was made": block[0], "the volume": lit}
for axis, (title, picture) in zip(axes, pictures.items(), strict=True):
    axis.imshow(picture, cmap="gray")
    axis.set_title(title)
    axis.set_axis_off()
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "reconstruct.png", dpi=110)
