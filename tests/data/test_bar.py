"""An information bar is found where there is one, and only there."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from pearlite.data import samples
from pearlite.data.bar import find_bar

MICROGRAPHS = Path("/work/shared/data/micrographs")


@cache
def clean(kind, seed):
    return getattr(samples, kind)((300, 400), seed)


def micrograph(kind="grains", seed=0, dtype=np.uint8):
    noisy = samples.add_noise(clean(kind, seed), seed=seed)
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    return (noisy.clip(0, 1) * top).astype(dtype)


def with_bar(image, height, *, dark=True, top=False):
    """Burn in two lines of text and a scale, as microscopes do."""
    width = image.shape[1]
    picture = Picture.new("L", (width, height), 0)
    draw = ImageDraw.Draw(picture)
    size = min(20, int(height / 2.6))
    font = ImageFont.load_default(size=size)
    draw.text((4, 1), "HV 15.00 kV  WD 9.8 mm  mag 2500 x", fill=255, font=font)
    draw.text((4, 1 + 1.2 * size), "det ETD  spot 3.0  11/22/2026", fill=255, font=font)
    draw.line((0.75 * width, height / 2, width - 8, height / 2), fill=255, width=2)
    text = np.asarray(picture) / 255
    ink = (text if dark else 1 - text) * float(image.max())
    burnt = image.copy()
    burnt[slice(0, height) if top else slice(-height, None)] = ink.astype(image.dtype)
    return burnt


@pytest.mark.parametrize("kind", ["grains", "particles", "laths", "two_phase"])
@pytest.mark.parametrize("height", [26, 40, 75])
@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("top", [True, False])
def test_a_drawn_bar_is_found_to_the_row(kind, height, dark, top):
    found = find_bar(with_bar(micrograph(kind), height, dark=dark, top=top))
    assert found == (slice(0, height) if top else slice(300 - height, 300))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
def test_any_type(dtype):
    assert find_bar(with_bar(micrograph(dtype=dtype), 40)) == slice(260, 300)


def test_a_bar_is_found_under_a_black_background():
    image = micrograph("particles") // 8
    image[:, :] = np.minimum(image, 30)
    image[100:120, 100:120] = 255
    assert find_bar(with_bar(image, 40)) == slice(260, 300)


@pytest.mark.parametrize("kind", ["grains", "particles", "two_phase", "three_phase", "laths"])
@pytest.mark.parametrize("seed", range(2))
def test_no_bar_where_there_is_none(kind, seed):
    assert find_bar(micrograph(kind, seed)) is None
    assert find_bar(clean(kind, seed)) is None


def test_padding_without_text_is_no_bar():
    image = micrograph()
    image[-40:] = 0
    assert find_bar(image) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (31, 400), (40, 40)])
def test_small_images_have_none(shape):
    assert find_bar(np.random.default_rng(0).normal(size=shape)) is None


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_constant_images_have_none(value):
    assert find_bar(np.full((60, 60), value)) is None


def test_extreme_floats_do_not_overflow():
    image = np.random.default_rng(0).uniform(-1, 1, (60, 60)) * 1.7e308
    assert find_bar(image) is None


@pytest.mark.slow
@pytest.mark.skipif(not MICROGRAPHS.exists(), reason=f"needs the micrographs of {MICROGRAPHS}")
def test_real_micrographs():
    found = set()
    for path in sorted(MICROGRAPHS.glob("*.webp")):
        with Picture.open(path) as picture:
            rows = find_bar(np.asarray(picture.convert("L")))
        if rows is not None:
            assert rows.start > 0, f"{path.name}: none of these has a bar at the top"
            found.add(int(path.stem))
    assert set(range(908, 940)) <= found  # the nanocomposites with a bar
    assert len(found) == 64  # all looked at: each is a bar
