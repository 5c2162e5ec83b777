import json

import pytest
import torch

from pearlite.lecture import overfitting


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("overfitting")
    overfitting.draw(folder)
    numbers = json.loads((folder / "numbers.json").read_text())
    html = (folder / "index.html").read_text()
    assert f"turned at epoch {numbers['turned_at_epoch']:g}" in html
    for error in numbers["test_error"].values():
        assert f"{error['value']:.1%}" in html
    return numbers


@pytest.mark.slow
def test_validation_turns_early_in_the_training(numbers):
    epochs = overfitting.STEPS * overfitting.BATCH / overfitting.FEW
    assert 0 < numbers["turned_at_epoch"] < epochs / 4


@pytest.mark.slow
def test_every_cure_lowers_the_test_loss_and_more_data_most(numbers):
    losses = numbers["test_loss"]
    ill = losses.pop("no cure")
    assert all(loss < 0.6 * ill for loss in losses.values())
    assert min(losses, key=losses.__getitem__) == "more data"


@pytest.mark.slow
def test_no_network_beats_the_best_possible_rule(numbers):
    best = numbers["best_possible_error"]["value"]
    assert all(error["value"] >= best for error in numbers["test_error"].values())
    assert numbers["test_error"]["more data"]["value"] < best + 0.02


def test_the_best_rule_finds_the_moons_where_there_is_no_doubt():
    tops = torch.tensor([[0.0, 1.0], [1.0, -0.5]])
    assert overfitting.best_answer(tops).tolist() == [0, 1]
