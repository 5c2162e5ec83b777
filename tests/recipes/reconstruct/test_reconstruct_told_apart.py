"""The two-sample test in the report's words."""

import numpy as np
import pytest

from pearlite.recipes.reconstruct import told_apart
from pearlite.recipes.reconstruct.told_apart import caveat, tell_apart


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(told_apart, "STEPS", 30)


def noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(2, size=shape, dtype=np.uint8)


@pytest.mark.parametrize("images", [1, 2, 3])
def test_the_accuracy_and_what_it_rests_on_are_told(images: int):
    real = [np.kron(noise((24, 24), seed), np.ones((3, 3), np.uint8)) for seed in range(images)]
    found = tell_apart([noise((40, 40, 40), 9)], real)

    assert found["value"] > 0.9
    assert "of the cases; 50% is perfect" in found["sentence"]
    assert f"{found['real_crops']} real" in caveat(found)
    assert "takes them as independent. Crops of one image, and of one volume, are not" in caveat(
        found
    )


def test_what_is_too_small_is_said_and_is_no_failure():
    found = tell_apart([noise((24, 24, 24), 1)], [noise((48, 48), 0)])

    assert "was not tested: half of the smallest array is 12 pixels wide" in found["sentence"]
    assert caveat(found) == ""
