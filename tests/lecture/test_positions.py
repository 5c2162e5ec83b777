import json

import pytest
import torch

from pearlite.lecture import positions


def test_a_row_holds_every_token_and_says_which_of_two_comes_first():
    tokens_BT, first_B = positions.rows(200, seed=1)
    assert torch.equal(tokens_BT.sort(1).values, torch.arange(positions.LENGTH).expand(200, -1))
    for row, first in zip(tokens_BT.tolist(), first_B.tolist(), strict=True):
        assert (row.index(0) < row.index(1)) == bool(first)
    assert 0.35 < first_B.double().mean() < 0.65


@torch.inference_mode()
def test_only_without_positions_every_order_gets_the_same_answer():
    tokens_BT, _ = positions.rows(20, seed=1)
    for kind in positions.KINDS:
        logits_BK = positions.Order(kind, seed=0)(tokens_BT)
        same = torch.allclose(logits_BK, logits_BK[:1].expand_as(logits_BK), atol=1e-5)
        assert same == (kind == "none")


def test_products_of_waves_and_rotations_depend_on_distance_only():
    products_DS = positions.rotary_products(32, 40)
    assert products_DS.shape == (5, 40)
    assert torch.allclose(products_DS, products_DS[:1].expand(5, -1), atol=1e-12)
    assert products_DS[0, 0] == pytest.approx(1)
    assert positions.sinusoidal_spread() < 1e-5


def test_vectors_on_a_line_are_told_from_a_cloud():
    generator = torch.Generator().manual_seed(0)
    line = torch.arange(20.0)[:, None] * torch.randn(1, 32, generator=generator) + 3
    assert positions.line_likeness(line) == pytest.approx(1)
    assert positions.line_likeness(torch.randn(20, 32, generator=generator)) < 0.3


@pytest.mark.slow
def test_without_positions_order_cannot_be_learned(tmp_path):
    page = positions.draw(tmp_path, seed=1)
    assert json.loads((tmp_path / "numbers.json").read_text()) == {"seed": 1, **page.numbers}
    right = page.numbers["right"]
    assert 0.45 < right["none"][0] < 0.55
    for kind in ("sinusoidal", "learned", "rotary"):
        assert right[kind][0] > 0.97
    assert page.numbers["learned_after"] > 2 * page.numbers["learned_before"]
