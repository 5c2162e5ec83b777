import pickle

import pytest
import torch

from pearlite.errors import InputError
from pearlite.nets.micronet import resnet_name
from pearlite.nets.pretrained import blank, encoder
from pearlite.nets.resnet import ARCHITECTURES
from pearlite.nets.unet import UNet


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def published(architecture, seed=1):
    """Weights under the names of torch's ResNets, with a classifier and counters as they have."""
    net = blank(architecture, 3, generator=seeded(seed))
    weights = {resnet_name(name): value for name, value in net.state_dict().items()}
    weights["bn1.num_batches_tracked"] = torch.tensor(7)
    weights["fc.weight"] = torch.zeros(54, net.channels[-1])
    return net, weights


@pytest.fixture(scope="module")
def resnet18():
    return published("resnet18")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda weights: weights,
        lambda weights: {"epoch": 3, "state_dict": weights},
        lambda weights: {f"module.{name}": value for name, value in weights.items()},
        lambda weights: {"state_dict": {f"encoder.{n}": value for n, value in weights.items()}},
    ],
)
def test_a_file_is_read_however_it_was_wrapped(resnet18, wrap, tmp_path):
    net, weights = resnet18
    path = tmp_path / "resnet18_pretrained_microscopynet_v1.0.pth.tar"
    torch.save(wrap(weights), path)
    read = encoder(path, 3, generator=seeded())
    assert read.architecture == "resnet18"
    image = torch.rand(1, 3, 64, 32, generator=seeded())
    with torch.no_grad():
        for got, wanted in zip(read.eval()(image), net.eval()(image), strict=True):
            assert torch.equal(got, wanted)


def test_names_are_those_of_torchs_resnets(resnet18):
    """Names and shapes as in the published resnet18, written down by hand."""
    _, weights = resnet18
    for name, shape in {
        "conv1.weight": (64, 3, 7, 7),
        "bn1.running_mean": (64,),
        "layer1.0.conv1.weight": (64, 64, 3, 3),
        "layer2.0.conv1.weight": (128, 64, 3, 3),
        "layer2.0.downsample.0.weight": (128, 64, 1, 1),
        "layer2.0.downsample.1.running_var": (128,),
        "layer4.1.bn2.bias": (512,),
    }.items():
        assert tuple(weights[name].shape) == shape
    assert "layer1.0.downsample.0.weight" not in weights
    assert len(weights) == 100 + 2  # 20 convolutions, 20 normalisations of 4, and what is not used


@pytest.mark.parametrize("architecture", ["resnet50", "resnext50_32x4d"])
def test_bottlenecks_are_told_apart(architecture, tmp_path):
    net, weights = published(architecture)
    torch.save(weights, tmp_path / "a.pth")
    read = encoder(tmp_path / "a.pth", 1, generator=seeded())
    assert read.architecture == architecture
    assert read.channels == (64, 256, 512, 1024, 2048)
    own = read.state_dict()
    assert torch.equal(own["stages.4.2.path.1.norm.weight"], weights["layer4.2.bn2.weight"])
    assert (
        sum(p.numel() for p in net.parameters())
        == {
            "resnet50": 23_508_032,
            "resnext50_32x4d": 22_979_904,
        }[architecture]
    )


@pytest.mark.parametrize(
    "architecture",
    [
        name if "34" in name or name == "resnet50" else pytest.param(name, marks=pytest.mark.slow)
        for name in ARCHITECTURES
    ],
)
def test_every_architecture_has_the_maps_that_it_tells(architecture):
    net = blank(architecture, 2, generator=seeded()).eval()
    with torch.no_grad():
        maps = net(torch.zeros(1, 2, 32, 64))
    for map_BCHW, channels, stride in zip(maps, net.channels, net.strides, strict=True):
        assert map_BCHW.shape == (1, channels, 32 // stride, 64 // stride)


def test_a_unet_takes_it(resnet18, tmp_path):
    _, weights = resnet18
    torch.save(weights, tmp_path / "a.pth.tar")
    net = UNet(
        1, 3, encoder=encoder(tmp_path / "a.pth.tar", generator=seeded()), generator=seeded()
    )
    assert net(torch.rand(2, 1, 40, 33, generator=seeded())).shape == (2, 3, 40, 33)


class Poison:
    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return (type(self.victim).touch, (self.victim,))


def test_code_in_a_file_is_not_run(resnet18, tmp_path):
    _, weights = resnet18
    victim = tmp_path / "touched"
    path = tmp_path / "poisoned.pth.tar"
    torch.save({"state_dict": weights, "optimizer": Poison(victim)}, path)
    with pytest.raises(InputError, match="holds more than plain weights"):
        encoder(path, generator=seeded())
    path.write_bytes(pickle.dumps(Poison(victim)))
    with pytest.raises(InputError):
        encoder(path, generator=seeded())
    assert not victim.exists()


def saved(path, content):
    torch.save(content, path)
    return path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"layer1.0.se_module.fc1.weight": torch.zeros(1)}, "squeeze and excitation"),
        ({"_blocks.0._se_reduce.weight": torch.zeros(1)}, "squeeze and excitation"),
        ({"features.0.weight": torch.zeros(1)}, r"does not build \(.*features.0.weight.*resnet50"),
        (torch.zeros(3), "no named tensors"),
        ({"epoch": 3}, "no named tensors"),
    ],
)
def test_other_files_are_refused_in_a_sentence(content, says, tmp_path):
    with pytest.raises(InputError, match=says):
        encoder(saved(tmp_path / "a.pth", content), generator=seeded())


def test_incomplete_or_damaged_weights_are_refused(resnet18, tmp_path):
    _, weights = resnet18
    lacks = {n: value for n, value in weights.items() if n != "layer3.1.bn1.weight"}
    with pytest.raises(InputError, match=r"no tensor 'layer3.1.bn1.weight'.*ResNet needs"):
        encoder(saved(tmp_path / "a.pth", lacks), generator=seeded())
    with pytest.raises(InputError, match=r"'bn1.weight' has shape \(9,\), it needs \(64,\)"):
        encoder(
            saved(tmp_path / "b.pth", {**weights, "bn1.weight": torch.ones(9)}),
            generator=seeded(),
        )
    broken = {**weights, "bn1.bias": torch.full((64,), torch.nan)}
    with pytest.raises(InputError, match=r"'bn1.bias' holds what is no number"):
        encoder(saved(tmp_path / "c.pth", broken), generator=seeded())
    whole = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="no complete torch file"):
        encoder(tmp_path / "a.pth", generator=seeded())


def test_an_unknown_architecture_is_refused():
    with pytest.raises(InputError, match=r"no ResNet 'resnet9'.*resnet18"):
        blank("resnet9", generator=seeded())
