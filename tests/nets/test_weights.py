import json

import pytest
import torch
from torch import nn

from pearlite.errors import InputError
from pearlite.nets.cnn import CNN
from pearlite.nets.weights import load, save


def net(seed=0, width=4):
    return CNN(1, 1, width=width, depth=2, generator=torch.Generator().manual_seed(seed))


def test_round_trip(tmp_path):
    path = tmp_path / "model.safetensors"
    first, second = net(1), net(2)
    save(first.to(memory_format=torch.channels_last), path, {"width": "4"})
    assert load(second, path) == {"width": "4"}
    x = torch.rand(1, 1, 5, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(first(x), second(x))
    assert all(
        torch.equal(a, b)
        for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


def test_tied_weights_can_be_saved(tmp_path):
    tied = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    tied[1].weight = tied[0].weight
    save(tied, tmp_path / "tied.safetensors")
    assert load(tied, tmp_path / "tied.safetensors") == {}


def test_saving_replaces_the_older_file(tmp_path):
    path = tmp_path / "model.safetensors"
    save(net(1), path, {"turn": "1"})
    save(net(2), path, {"turn": "2"})
    assert load(net(), path) == {"turn": "2"}
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_save_leaves_nothing_behind(tmp_path):
    in_the_way = tmp_path / "model.safetensors"
    in_the_way.mkdir()
    with pytest.raises(InputError, match="is a folder"):
        save(net(), in_the_way)
    assert list(tmp_path.iterdir()) == [in_the_way]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (net(width=5), r"'layers.0.bias' has shape \(4,\), it needs \(5,\)"),
        (nn.Sequential(net(), net()), "has no tensor '0.layers.0.bias'"),
        (nn.Sequential(), "has a tensor 'layers.0.bias', for which the network has no place"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_nothing_changes(tmp_path, other, message):
    path = tmp_path / "model.safetensors"
    save(net(), path)
    before = {name: t.clone() for name, t in other.state_dict().items()}
    with pytest.raises(InputError, match=message):
        load(other, path)
    assert all(torch.equal(t, before[name]) for name, t in other.state_dict().items())


@pytest.mark.parametrize("content", [b"", b"not weights", b"\x80\x04pickle", None])
def test_a_file_that_is_no_safetensors_is_refused(tmp_path, content):
    path = tmp_path / "model.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.safetensors"):
        load(net(), path)


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save(net(), path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match="not a complete safetensors file"):
        load(net(), path)


def test_the_file_is_plain_safetensors(tmp_path):
    path = tmp_path / "model.safetensors"
    save(net(), path, {"a": "b"})
    raw = path.read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    assert header["__metadata__"] == {"a": "b"}
    assert header["layers.0.weight"]["shape"] == [4, 1, 3, 3]
