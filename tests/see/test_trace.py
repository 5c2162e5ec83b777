import json

import pytest
import torch
from planted import Classifier
from torch import nn

from pearlite import nets
from pearlite.errors import InputError
from pearlite.see.shapes import ShapeError
from pearlite.see.target import trace_command
from pearlite.see.trace import short, trace


def row(made, path):
    return next(row for row in made.rows if row.path == path)


def test_shapes_parameters_and_multiply_adds_follow_the_formulas():
    made = trace(Classifier(), (2, 1, 28, 28))
    conv = row(made, "features.2")
    assert (conv.inputs, conv.outputs) == ([(2, 8, 14, 14)], [(2, 16, 14, 14)])
    assert conv.parameters == 16 * 8 * 9 + 16
    assert conv.multiply_adds == 2 * 14 * 14 * 16 * 8 * 9
    assert conv.memory == 2 * 16 * 14 * 14 * 4
    head = row(made, "head")
    assert head.multiply_adds == 2 * 784 * 10
    assert row(made, "flatten").memory == 0
    assert made.total.parameters == sum(weight.numel() for weight in Classifier().parameters())
    leaves = [row for row in made.rows if row.leaf]
    assert made.total.multiply_adds == sum(row.multiply_adds for row in leaves)
    assert made.total.memory == sum(row.memory for row in leaves)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers_of_torch_are_counted(kind):
    made = trace(kind(3, 5), (7, 2, 3))
    gates = {nn.LSTM: 4, nn.GRU: 3, nn.RNN: 1}[kind]
    assert made.total.multiply_adds == 7 * 2 * gates * 5 * (3 + 5)


def test_attention_is_counted_with_its_own_products():
    T, D = 10, 16
    made = trace(nn.MultiheadAttention(D, 4, batch_first=True), *[(2, T, D)] * 3)
    assert made.total.multiply_adds == 2 * (4 * T * D * D + 2 * T * T * D)


def test_nothing_is_computed_so_size_does_not_matter():
    made = trace(nn.Conv2d(3, 64, 3, padding=1), (64, 3, 65536, 65536))
    assert made.total.memory == 4 * 64 * 64 * 65536**2


class Peeks(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return self.layer(x) if x.sum() > -1 else x


def test_a_network_that_looks_at_values_is_run_for_real():
    made = trace(Peeks(), (2, 3))
    assert row(made, "layer").multiply_adds == 18


def test_a_lazy_network_gets_its_weights_first():
    net = nn.Sequential(nn.LazyLinear(4))
    assert trace(net, (2, 3)).total.parameters == 16
    assert net(torch.zeros(2, 3)).shape == (2, 4)


def test_the_network_stays_as_it_was():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout()).train()
    net[2].eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    trace(net, (1, 1, 8, 8))
    assert [module.training for module in net] == [True, True, False]
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_wrong_shape_names_its_layer():
    with pytest.raises(ShapeError) as caught:
        trace(Classifier(), (1, 1, 32, 32))
    assert caught.value.path == "head"


def test_a_bug_passes():
    class Buggy(nn.Module):
        def forward(self, x):
            return x.missing

    with pytest.raises(AttributeError, match="missing"):
        trace(Buggy(), (1, 2))


def test_equal_calls_in_a_row_are_one_row():
    net = nn.Sequential(shared := nn.Linear(3, 3), nn.Sequential(shared))
    made = trace(net, (2, 3))
    assert made.total.parameters == 12

    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.step = nn.Sequential(nn.Linear(3, 3), nn.Tanh())

        def forward(self, x):
            for _ in range(50):
                x = self.step(x)
            return x

    made = trace(Loop(), (2, 3))
    assert [(row.path, row.calls) for row in made.rows] == [
        ("", 1),
        ("step", 50),
        ("step.0", 50),
        ("step.1", 50),
    ]
    assert row(made, "step.0").multiply_adds == 50 * 18
    assert "step × 50" in made.table()[2][0]


INPUTS = {
    "mlp": ("8,4", ["widths=(4, 8, 2)"]),
    "cnn": ("1,1,17,19", []),
    "classifier": ("2,1,28,28", []),
    "unet": ("1,1,33,40", ["depth=2"]),
    "autoencoder": ("1,1,32,32", []),
    "vit": ("1,1,32,32", []),
    "transformer-encoder": ("2,16", ["vocabulary=50", "context=16"]),
    "transformer-decoder": ("2,16", ["vocabulary=50", "context=16"]),
    "lstm": ("2,7,3", ["inputs=3", "outputs=2"]),
}


@pytest.mark.parametrize("name", nets.NETS)
def test_every_network_of_the_house_can_be_traced_drawn_and_written(name, tmp_path):
    shape, settings = INPUTS[name]
    made = trace_command(name, shape, settings)
    assert made.total.inputs == [tuple(map(int, shape.split(",")))]
    assert made.total.multiply_adds > 0
    assert made.total.parameters > 0
    table = made.table()
    assert len(table) == len(made.rows) + 1
    assert {len(line) for line in table} == {7}
    assert json.loads(json.dumps(made.facts()))["parameters"] == made.total.parameters
    picture = made.picture(tmp_path / "trace.png")
    assert picture.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("file", ["net.xyz", "net", "nowhere/net.png"])
def test_a_picture_needs_a_folder_and_a_known_format(file, tmp_path):
    made = trace(nn.Linear(2, 2), (1, 2))
    with pytest.raises(InputError, match="no PNG or SVG file"):
        made.picture(tmp_path / file)


def test_a_class_of_ones_own_and_several_inputs():
    made = trace_command(
        "torch.nn:Bilinear", "2,3; 2,4", ["in1_features=3", "in2_features=4", "out_features=5"]
    )
    assert made.total.inputs == [(2, 3), (2, 4)]
    assert trace_command(
        "torch.nn:Embedding", "2,9:int64", ["num_embeddings=4", "embedding_dim=3"]
    ).total.outputs == [(2, 9, 3)]


def test_a_run_knows_its_network(tmp_path):
    from pearlite.nets import weights

    about = {"net": "mlp", "options": json.dumps({"widths": [4, 8, 2]})}
    weights.save(nets.build("mlp", widths=[4, 8, 2]), tmp_path / "model.safetensors", about)
    assert trace_command(str(tmp_path), "1,4").total.outputs == [(1, 2)]


@pytest.mark.parametrize(
    ("target", "shape", "settings", "said"),
    [
        ("nothing", "1,2", [], "neither the folder of a run"),
        ("unet", "1,x", [], "is no shape"),
        ("unet", "0,1", [], "is no shape"),
        ("unet", "1,1,8,8:real", [], "no type of numbers"),
        ("unet", "1,1,8,8", ["depth"], "name=value"),
        ("unet", "1,1,8,8", ["deepness=3"], "deepness"),
        ("no.such:Class", "1,2", [], "cannot be imported"),
        ("torch.nn:Linear", "1,2", [], "cannot be built"),
        ("math:sqrt", "1,2", ["x=3"], "cannot be built"),
        ("collections:Counter", "1,2", [], "not a torch module"),
        (".", "1,2", [], "keeps no network"),
        ("cnn", "1,3,8,8", [], "(B, 1, Y, X)"),
        ("unet", "1,1,8,8", ["depth=deep"], "unet cannot be built"),
        ("unet", "1,1,8,8", ["width=-3"], "unet cannot be built"),
        ("mlp", "1,4", ["widths=4"], "mlp cannot be built"),
        ("torch.nn:Linear", "1,4", ["in_features=a", "out_features=2"], "Linear cannot be built"),
        ("unet", "1,1,8,8;3", [], "cannot be called with 2 inputs"),
    ],
)
def test_what_cannot_be_traced_is_said_in_a_sentence(
    target, shape, settings, said, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        trace_command(target, shape, settings)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1000, "1 k"), (999_999, "1 M"), (1234567, "1.23 M")],
)
def test_counts_are_short(count, text):
    assert short(count) == text
