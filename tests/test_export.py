import warnings

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from pearlite.errors import InputError, Refused
from pearlite.export import to_onnx
from pearlite.nets import build
from pearlite.task import Task


def drawn(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def tokens(*shape):
    return torch.randint(20, shape, generator=torch.Generator().manual_seed(0))


def outputs(path, *inputs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    return session.run(None, {name: x.numpy() for name, x in zip(names, inputs, strict=True)})


def test_the_file_predicts_as_the_network_for_any_number_of_samples(tmp_path):
    net = build("mlp", widths=(5, 8, 2), dropout=0.5).train()
    assert to_onnx(net, drawn(1, 5), tmp_path / "net.onnx") < 1e-5
    assert net.training
    net.eval()
    for count in (1, 2, 7):
        x = drawn(count, 5)
        np.testing.assert_allclose(outputs(tmp_path / "net.onnx", x)[0], net(x).detach(), atol=1e-6)


def test_nothing_but_the_file_comes_of_it(tmp_path, capfd):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        to_onnx(build("mlp", widths=(5, 2)), drawn(3, 5), tmp_path / "net.onnx")
    assert not said
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def test_several_inputs_and_nested_outputs(tmp_path):
    class Both(nn.Module):
        def forward(self, a: Tensor, b: Tensor) -> dict[str, object]:
            return {"sum": a + b, "parts": (2 * a, b[:, :1])}

    a, b = drawn(2, 3), drawn(2, 3) - 1
    assert to_onnx(Both(), (a, b), tmp_path / "both.onnx") == 0
    three = outputs(tmp_path / "both.onnx", a, b)
    for own, its in zip((a + b, 2 * a, b[:, :1]), three, strict=True):
        np.testing.assert_array_equal(own, its)


def test_a_task_is_exported_as_its_prediction(tmp_path):
    class Doubles(Task):
        def f(self, x: Tensor) -> Tensor:
            return 2 * x

    x = drawn(3, 2)
    to_onnx(Doubles(), x, tmp_path / "task.onnx")
    np.testing.assert_array_equal(outputs(tmp_path / "task.onnx", x)[0], 2 * x)


NETWORKS = [
    ("cnn", {"channels_in": 2, "channels_out": 1, "width": 4, "depth": 2}, drawn(2, 2, 9, 8)),
    ("classifier", {"widths": (4, 8)}, drawn(2, 1, 9, 8)),
    ("unet", {"width": 4, "depth": 2}, drawn(2, 1, 13, 10)),
    ("unet", {"width": 4, "depth": 1, "dims": 3, "skip": "add"}, drawn(2, 1, 5, 6, 7)),
    ("autoencoder", {"image": (16, 16), "widths": (4, 8)}, drawn(2, 1, 16, 16)),
    ("vit", {"image": (8, 8), "depth": 1}, drawn(2, 1, 8, 8)),
    ("transformer-encoder", {"vocabulary": 20, "depth": 1}, tokens(2, 6)),
    ("transformer-encoder", {"vocabulary": 20, "depth": 1}, (tokens(3, 4), tokens(3, 4) > 9)),
    ("transformer-decoder", {"vocabulary": 20, "depth": 1, "positions": "rotary"}, tokens(2, 6)),
    ("lstm", {"inputs": 3, "outputs": 2, "width": 8}, drawn(2, 5, 3)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options", "example"), NETWORKS)
def test_every_network_can_be_exported(tmp_path, name, options, example):
    assert to_onnx(build(name, **options), example, tmp_path / "net.onnx") < 1e-5


class Branches(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


class TakesTwo(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.view(2, 4).sum(1) if len(x) == 2 else x.sum(1)


class Unknown(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.eigvals(x.view(-1, 2, 2)).real


class Draws(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.rand_like(x)


@pytest.mark.parametrize(
    ("net", "example", "error", "message"),
    [
        (Branches(), drawn(2, 4), InputError, "Branches cannot be exported.*decide by values"),
        (TakesTwo(), drawn(2, 4), InputError, "only works with 2 samples at a time"),
        (Unknown(), drawn(2, 4), InputError, "Unknown cannot be exported.*linalg_eig"),
        (nn.Linear(3, 1), drawn(2, 4), InputError, r"\(2, 4\)"),
        (nn.Identity(), drawn(0, 4), InputError, "the same number of samples"),
        (Draws(), drawn(2, 4), Refused, "differs from the network by.*random"),
    ],
)
def test_what_cannot_be_exported_says_why_and_leaves_the_older_file(
    tmp_path, capfd, net, example, error, message
):
    path = tmp_path / "net.onnx"
    path.write_text("older")
    with pytest.raises(error, match=message):
        to_onnx(net, example, path)
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]
    assert capfd.readouterr() == ("", "")


def test_too_many_weights_for_one_file_are_refused_at_once(tmp_path):
    with torch.device("meta"):
        large = nn.Linear(2**15, 2**14)
    with pytest.raises(InputError, match=r"2 GiB.*safetensors"):
        to_onnx(large, drawn(2, 4), tmp_path / "net.onnx")


def test_a_folder_is_never_replaced(tmp_path):
    (tmp_path / "precious.csv").write_text("1")
    with pytest.raises(InputError, match="is a folder"):
        to_onnx(nn.Linear(4, 2), drawn(2, 4), tmp_path)
    assert (tmp_path / "precious.csv").exists()


class Attention(nn.Module):
    """Returns its features and None, as torch's attention does where no map is asked for."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.body, self.factor = nn.MultiheadAttention(4, 2, batch_first=True), factor

    def forward(self, x):
        features, nothing = self.body(x, x, x, need_weights=False)
        return self.factor * features, nothing


def test_an_output_may_be_none(tmp_path):
    assert to_onnx(Attention(), drawn(2, 3, 4), tmp_path / "net.onnx") < 1e-5


def test_outputs_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(Refused, match="differs from the network"):
        to_onnx(Attention(float("nan")), drawn(2, 3, 4), tmp_path / "net.onnx")
