import numpy as np
import pytest
import torch

from pearlite.card import model_card
from pearlite.data.split import split
from pearlite.errors import InputError
from pearlite.judge.interval import Interval
from pearlite.nets import build
from pearlite.nets.weights import save
from pearlite.provenance import fingerprint

LOAD = """
from pathlib import Path
from pearlite.nets import build
from pearlite.nets.weights import load

net = build("mlp", widths=(3, 4, 1))
load(net, Path("model.safetensors"))
"""


def card(**changes):
    given = {
        "about": "Predicts hardness from three lengths.",
        "network": build("mlp", widths=(3, 4, 1)),
        "data": [fingerprint(np.zeros((20, 3), np.float32))],
        "split": split(20, seed=1),
        "seed": 7,
        "metrics": {"error (GPa)": Interval(0.51234567, 0.4, 0.6), "R²": Interval(0.9, 0.8, 0.95)},
        "baselines": {"mean": {"error (GPa)": 2.5, "R²": 0.0}, "linear": {"error (GPa)": 1.25}},
        "limits": ["Nothing softer than 1 GPa was measured."],
        "load": LOAD,
    }
    return model_card("Hardness", **(given | changes))


def cells(text, first):
    line = next(line for line in text.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_card_says_what_it_is_told_and_counts_what_it_is_given():
    text = card()
    assert text.startswith("# Hardness\n\nPredicts hardness from three lengths.\n")
    assert cells(text, "network")[1] == "MLP, 21 parameters, 84 bytes"
    assert cells(text, "seed") == ["seed", "7"]
    assert "- Nothing softer than 1 GPa was measured.\n" in text


def test_a_model_that_is_no_network_is_described_in_words():
    assert cells(card(network="2 forests, blended"), "model")[1] == "2 forests, blended"


def test_data_and_split_are_known_by_their_hashes():
    divided = split(20, seed=1)
    text = card()
    hashed = fingerprint(np.zeros((20, 3), np.float32))["sha256"]
    assert cells(text, "array 20 × 3, float32")[1] == f"`{hashed}`"
    assert f"Split: {divided.why}\n" in text
    assert divided.hash in text
    assert split(20, seed=2).hash not in text


def test_a_file_is_named_without_the_folders_above_it(tmp_path):
    (tmp_path / "table.csv").write_text("1,2\n")
    text = card(data=[fingerprint(tmp_path / "table.csv")])
    assert "| table.csv |" in text
    assert str(tmp_path) not in text


def test_every_metric_stands_beside_its_interval_and_its_baselines():
    text = card(looks=3)
    assert cells(text, "metric") == ["metric", "value", "95 % interval", "mean", "linear"]
    assert cells(text, "error (GPa)") == ["error (GPa)", "0.5123", "0.4 to 0.6", "2.5", "1.25"]
    assert cells(text, "R²") == ["R²", "0.9", "0.8 to 0.95", "0", "–"]
    assert "On the 2 samples of the test part, looked at 3 times." in text


def test_its_own_code_loads_the_weights(tmp_path, monkeypatch):
    net = build("mlp", seed=3, widths=(3, 4, 1))
    save(net, tmp_path / "model.safetensors")
    monkeypatch.chdir(tmp_path)
    code = card(network=net).split("```python\n")[1].split("```")[0]
    loaded: dict = {}
    exec(code, loaded)
    x = torch.ones(2, 3)
    torch.testing.assert_close(loaded["net"](x), net(x), rtol=0, atol=0)


def test_a_network_that_fits_one_image_has_no_split_and_no_metrics():
    text = card(split=None, metrics={}, baselines={})
    assert "Nothing was withheld." in text
    assert "95 %" not in text


def test_a_bar_in_a_name_does_not_break_the_table():
    text = card(data=[{"path": "a|b.csv", "sha256": "00"}])
    assert r"| a\|b.csv | `00` |" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"baselines": {"mean": {"R²": 0.0}}}, r"'error \(GPa\)' has no baseline"),
        ({"split": None}, "come from a test part"),
        ({"split": split(20, fractions=(0.8, 0.2, 0.0))}, "come from a test part"),
        ({"limits": []}, "not honest"),
        ({"limits": "One microscope."}, "list of sentences"),
    ],
)
def test_a_card_that_would_mislead_is_not_written(changes, message):
    with pytest.raises(InputError, match=message):
        card(**changes)
