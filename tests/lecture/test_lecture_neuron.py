import json

import numpy as np
import pytest
import torch

from pearlite.lecture import graph, neuron


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("neuron")
    neuron.draw(folder)
    assert {file.name for file in folder.iterdir()} >= {"index.html", "figure.png", "numbers.json"}
    return json.loads((folder / "numbers.json").read_text())


def test_the_gradient_by_hand_is_that_of_autodiff(numbers):
    np.testing.assert_allclose(numbers["by_hand"], numbers["by_autodiff"], atol=1e-6, rtol=0)
    assert numbers["largest_difference_of_others"] < 1e-6


def test_the_gradient_by_hand_is_the_slope_of_the_loss():
    w, b, x, y = np.array([0.7, -1.2]), 0.3, np.array([0.5, 2.0]), 1.0

    def loss(p):
        return (1 / (1 + np.exp(-(p[:2] @ x + p[2]))) - y) ** 2

    here, h = np.array([*w, b]), 1e-6
    slope = [(loss(here + h * e) - loss(here - h * e)) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(neuron.gradient_by_hand(w, b, x, y), slope, atol=1e-8)


def test_the_neuron_learns(numbers):
    assert numbers["last_loss"] < numbers["first_loss"] / 3
    assert numbers["right_after"] > 0.85


def test_the_graph_is_autograds_own_with_the_gradient_at_every_node():
    a = torch.tensor(2.0, requires_grad=True)
    b = torch.tensor(3.0, requires_grad=True)
    p = a * b
    loss = p + a
    root = graph.backward(loss, {"a": a, "b": b, "p": p, "loss": loss})
    product, same_a = root.inputs
    assert (root.label, root.kind, root.gradient) == ("loss", "AddBackward0", 1)
    assert (product.label, product.value, product.gradient) == ("p", 6, 1)
    assert product.inputs[0] is same_a
    assert (same_a.label, same_a.gradient, a.grad) == ("a", 4, 4)
    assert product.inputs[1].gradient == 2


def test_a_node_stands_left_of_what_it_flows_into():
    a = torch.tensor(2.0, requires_grad=True)
    p = a * 3
    loss = p + a
    columns = {
        node.label: x
        for node, x, _ in graph.places(graph.backward(loss, {"a": a, "p": p, "L": loss}))
    }
    assert columns == {"a": 0, "p": 1, "L": 2}
