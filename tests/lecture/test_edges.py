import json

import numpy as np
import pytest
import torch

from pearlite.lecture import edges


@pytest.mark.parametrize(("kind", "count"), [("conv", 9), ("dense", 16_781_312)])
def test_the_networks_have_the_lectures_numbers_of_parameters(kind, count):
    net = edges.network(kind, torch.Generator().manual_seed(0))
    assert sum(parameter.numel() for parameter in net.parameters()) == count
    x_BCHW, y_BCHW = edges.example("camera")
    assert net(x_BCHW).shape == y_BCHW.shape == (1, 1, 64, 64)


def test_sobels_kernel_is_wrong_at_the_border_only():
    errors = edges.yardsticks("coins")
    assert errors["exact_inside"] < 1e-6
    assert errors["exact"] < errors["zero"] / 5


@pytest.mark.slow
def test_at_the_found_rate_the_convolution_finds_sobels_kernel():
    rate = edges.scanned("conv", "camera", seed=0).suggestion
    trial = edges.tried("conv", ("camera", "coins"), rate, 2000, seed=0)
    assert trial.unseen <= 0.0125
    learned = trial.task.get_parameter("net.weight").detach()[0, 0]
    assert float((learned - edges.SOBEL).abs().max()) < 0.05


@pytest.mark.slow
def test_the_page_shows_who_holds_for_an_unseen_image(tmp_path):
    page = edges.draw(tmp_path, seed=1)
    assert json.loads((tmp_path / "numbers.json").read_text()) == {"seed": 1, **page.numbers}
    trials, pairs = page.numbers["trials"], page.numbers["pairs"]
    assert trials["dense_found"]["train"] <= 0.005
    assert trials["conv_found"]["unseen"] <= 0.0125 < trials["conv_lecture"]["unseen"]
    assert trials["dense_lecture"]["train"] > pairs[0]["train"]["zero"]
    for row in pairs:
        exact, zero = row["unseen"]["exact"], row["unseen"]["zero"]
        assert row["conv"]["unseen"] < exact + 0.003
        assert row["dense"]["unseen"] > zero > row["conv"]["unseen"]
        assert row["dense"]["train"] < row["train"]["zero"] / 2
    assert np.ptp([row["conv_rate"] for row in pairs]) > 0
