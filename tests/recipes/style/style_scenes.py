"""Small two-phase scenes whose phases are known, and settings that make a styling quick."""

import numpy as np
from scipy import ndimage

QUICK = {
    "paint.STEPS": {"fast": 12, "balanced": 12, "best": 12},
    "paint.SAMPLES": 400,
    "settings.STEPS": {"fast": 12, "balanced": 12, "best": 12},
    "texture.SAMPLES": 600,
    "texture.PROJECTIONS": 16,
    "boundaries.ROUNDS": 4,
    "boundaries.TAUGHT": 600,
}
DARK, BRIGHT = 70, 160
SHAPE = (40, 48)


def quicken(monkeypatch):
    """Let paintings and measurements do little."""
    for name, value in QUICK.items():
        monkeypatch.setattr(f"pearlite.recipes.style.{name}", value)


def phases(seed=0, shape=SHAPE):
    """A label map of two phases, 0 and 1."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    return (ndimage.gaussian_filter(noise, 4, mode="wrap") > 0).astype(np.uint8)


def micrograph(labels, seed=0):
    """What a microscope might make of a label map: greys, texture in phase 1, noise."""
    random = np.random.default_rng(seed)
    grain = ndimage.gaussian_filter(random.standard_normal(labels.shape), 1)
    noise = random.standard_normal(labels.shape)
    grey = np.where(labels == 1, BRIGHT + 45 * grain, DARK) + 4 * noise
    return np.rint(grey).clip(0, 255).astype(np.uint8)
