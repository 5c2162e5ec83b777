"""The sliced Wasserstein distance: nought for the same patches, more the further they are."""

import pytest
import torch

from pearlite.errors import InputError
from pearlite.train.sliced_wasserstein import (
    multi_scale,
    quantile_distance,
    random_directions,
    sliced_wasserstein,
)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def distance(fake: torch.Tensor, real: torch.Tensor, **options: int) -> float:
    return float(
        sliced_wasserstein(fake, real, generator=torch.Generator().manual_seed(1), **options)
    )


def test_the_same_images_are_at_distance_nought() -> None:
    image = noise(2, 3, 20, 24)
    assert distance(image, image.clone(), samples=10**6) == 0


def test_a_shift_of_the_values_by_d_is_at_distance_d_squared_times_its_part_of_a_direction() -> (
    None
):
    image = noise(1, 1, 40, 40)
    assert distance(image, image + 3, patch=1, samples=10**6) == pytest.approx(9, rel=1e-4)


def test_patches_tell_apart_images_that_have_the_same_histogram() -> None:
    ordered = noise(1, 1, 64, 64).flatten().sort().values.reshape(1, 1, 64, 64)
    mixed = ordered.flatten()[torch.randperm(4096, generator=torch.Generator().manual_seed(2))]
    mixed = mixed.reshape(1, 1, 64, 64)
    assert distance(ordered, mixed, patch=1, samples=10**6) < 1e-10
    assert distance(ordered, mixed, patch=5) > 0.1


def test_numbers_and_sizes_of_images_may_differ() -> None:
    few, many = noise(1, 2, 40, 30), noise(5, 2, 64, 64, seed=3)
    far = distance(few, many + 1)
    assert distance(few, many) < 0.05 < far


def test_quantiles_are_read_where_they_are() -> None:
    few, many = torch.tensor([[1.0, 3.0]]), torch.tensor([[4.0, 2.0, 1.0, 3.0]])
    assert float(quantile_distance(few, many)) == pytest.approx(0.25)  # of 1.5 and 3.5


def test_few_taps_tell_apart_what_full_directions_hardly_see() -> None:
    generator = torch.Generator().manual_seed(3)
    kept = random_directions(5, 2, 7, taps=3, generator=generator)
    assert kept.flatten(1).norm(dim=1) == pytest.approx(torch.ones(5))
    assert ((kept != 0).any(dim=1).flatten(1).sum(1) == 3).all()
    speckled, striped = noise(1, 1, 64, 64).sign(), noise(1, 1, 64, 1).sign().expand(1, 1, 64, 64)
    assert distance(speckled, striped, patch=3, taps=2) > 0.02


def test_descending_on_it_brings_the_patches_near() -> None:
    real = noise(1, 1, 48, 48).cumsum(3).sin()
    fake = noise(1, 1, 48, 48, seed=4).requires_grad_()
    generator = torch.Generator().manual_seed(5)
    before = distance(fake.detach(), real)
    optimiser = torch.optim.Adam([fake], lr=0.05)
    for _ in range(80):
        optimiser.zero_grad()
        multi_scale(fake, real, scales=(1, 2), patches=(3, 5), generator=generator).backward()
        optimiser.step()
    assert distance(fake.detach(), real) < before / 5


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(InputError, match="no patch of 9"):
        distance(noise(1, 1, 8, 30), noise(1, 1, 30, 30), patch=9)
    with pytest.raises(InputError, match="1 and of 3 channels"):
        distance(noise(1, 1, 30, 30), noise(1, 3, 30, 30))
    generator = torch.Generator()
    with pytest.raises(InputError, match="hold no patch of 5"):
        multi_scale(noise(1, 1, 8, 8), noise(1, 1, 8, 8), scales=(4,), generator=generator)
