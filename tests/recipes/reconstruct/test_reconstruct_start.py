"""What the generator begins with: balls or a maze, as the image shows, inside the right phase."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from pearlite.nets.balls import Balls
from pearlite.nets.smooth import SmoothField
from pearlite.recipes.reconstruct.generate import generate
from pearlite.recipes.reconstruct.images import prepare
from pearlite.recipes.reconstruct.material import load_material, save_material
from pearlite.recipes.reconstruct.settings import Recipe
from pearlite.recipes.reconstruct.start import began_as, nearest_starts
from pearlite.recipes.reconstruct.train import train


def discs(inside: int, side: int = 320) -> np.ndarray:
    """A slice through balls of 4 to 12 pixels' radius, with values 1 and 2."""
    random = np.random.default_rng(0)
    image = np.full((side, side), 3 - inside, np.uint8)
    grid = np.mgrid[:side, :side]
    for _ in range(500):
        radius, height = random.uniform(4, 12), random.uniform(-12, 12)
        gaps = grid - random.uniform(0, side, (2, 1, 1))
        image[(gaps**2).sum(0) < radius**2 - height**2] = inside
    return image


@pytest.mark.parametrize("inside", [1, 2])
def test_the_phase_of_round_particles_is_found(inside: int) -> None:
    (start,) = nearest_starts(prepare(discs(inside)), 5)
    assert isinstance(start.pattern, Balls)
    assert (start.pattern.level, start.phase) == (4, inside - 1)
    assert f"voxels' radius, of phase {inside}." in began_as([start], (1, 2))


@pytest.mark.parametrize("width", [2.5, 5.0])
def test_a_maze_begins_as_one_of_its_width(width: float) -> None:
    noise = gaussian_filter(np.random.default_rng(0).standard_normal((192, 192)), width)
    (start,) = nearest_starts(prepare((noise > 0).astype(np.uint8)), 5)
    assert isinstance(start.pattern, SmoothField)
    assert start.pattern.widths == pytest.approx([width / 2**start.pattern.level] * 3, rel=0.2)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_maze_is_as_long_along_each_axis_as_in_the_images(dims: int) -> None:
    widths, random = (2.0, 3.0, 4.0), np.random.default_rng(0)
    noise = gaussian_filter(random.standard_normal((120,) * 3), widths)
    cube = (noise > 0).astype(np.uint8)
    images = cube[60] if dims == 2 else [cube[60], cube[:, 60], cube[:, :, 60]]
    (start,) = nearest_starts(prepare(images, dims=dims), 5)
    assert isinstance(start.pattern, SmoothField)
    found = 2**start.pattern.level * np.array(start.pattern.widths)
    assert found == pytest.approx(np.array(widths)[-dims:], rel=0.25)


def test_a_third_phase_begins_in_what_the_particles_leave() -> None:
    noise = gaussian_filter(np.random.default_rng(1).standard_normal((320, 320)), 1.5)
    image = np.where(discs(2) == 2, 2, np.where(noise > 0.15, 1, 0)).astype(np.uint8)
    particles, film = nearest_starts(prepare(image), 5)
    assert (particles.phase, type(particles.pattern)) == (2, Balls)
    assert isinstance(film.pattern, SmoothField)
    assert film.phase in (0, 1)
    assert "in what they leave, noise smoothed over" in began_as([particles, film], (0, 1, 2))
    recipe = Recipe(widths=(6, 8, 8, 8, 8), directions=8, samples=300, calibrated=64)
    material = train(prepare(image), seed=0, steps=1, recipe=recipe).material
    volume = generate(material, (64, 64, 64), seed=1)
    for phase in range(3):
        assert (volume == phase).mean() == pytest.approx((image == phase).mean(), abs=0.1)


def test_a_small_image_cannot_tell() -> None:
    assert nearest_starts(prepare(discs(1)[:80, :80]), 5) == []


def test_grey_images_begin_with_noise() -> None:
    grey = gaussian_filter(np.random.default_rng(0).standard_normal((64, 64)), 2)
    assert nearest_starts(prepare(grey.astype(np.float32)), 5) == []


@pytest.mark.parametrize("pattern", [Balls, SmoothField])
def test_a_pattern_is_stored_and_its_tiles_fit(tmp_path: Path, pattern: type) -> None:
    noise = gaussian_filter(np.random.default_rng(0).standard_normal((192, 192)), 3)
    image = discs(2) if pattern is Balls else (noise > 0).astype(np.uint8)
    recipe = Recipe(widths=(6, 8, 8, 8, 8), directions=8, samples=300, calibrated=64)
    material = train(prepare(image), seed=0, steps=1, recipe=recipe).material
    assert isinstance(material.network.patterns[0], pattern)
    save_material(material, tmp_path)
    again = load_material(tmp_path)
    whole = generate(material, (70, 40, 80), seed=1)
    part = generate(again, (20, 30, 40), seed=1, start=(50, 5, 30))
    np.testing.assert_array_equal(part, whole[50:70, 5:35, 30:70])
    edge = generate(material, (64, 16, 16), seed=1, periodic=True)
    beyond = generate(material, (64, 16, 16), seed=1, periodic=True, start=(64, 0, 0))
    np.testing.assert_array_equal(edge, beyond)
