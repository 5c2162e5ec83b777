import pytest
import torch

from pearlite.errors import InputError
from pearlite.nets.efficientnet import EfficientNetLite0
from pearlite.nets.lora import adapt, adapted, freeze, merge, trainable
from pearlite.nets.mlp import MLP
from pearlite.nets.unet import UNet


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network():
    return UNet(1, 2, encoder=EfficientNetLite0(generator=seeded()), generator=seeded()).eval()


def train_a_little(network, image):
    learning = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(learning, 0.05)
    for _ in range(3):
        optimiser.zero_grad()
        (network(image) - 1).square().mean().backward()
        optimiser.step()


def image():
    return torch.rand(1, 1, 32, 32, generator=seeded(1))


def test_adaptors_change_nothing_before_training_and_learn_little(network):
    before = network(image())
    _, total = trainable(network.encoder)
    adapt(network.encoder, 4, generator=seeded())
    assert torch.equal(network(image()), before)
    learning, with_adaptors = trainable(network.encoder)
    assert 0 < learning < 0.12 * total
    assert with_adaptors > total


def test_merged_adaptors_give_what_they_gave(network):
    names = set(network.state_dict())
    adapt(network.encoder, 4, generator=seeded())
    untrained = network(image())
    train_a_little(network, image())
    trained = network(image())
    assert (trained - untrained).abs().max() > 1e-3
    merge(network.encoder)
    torch.testing.assert_close(network(image()), trained, atol=1e-5, rtol=1e-5)
    assert set(network.state_dict()) == names
    assert not adapted(network)


def test_only_adaptors_and_normalisations_learn(network):
    originals = {n: p.clone() for n, p in network.encoder.named_parameters()}
    adapt(network.encoder, 2, generator=seeded())
    train_a_little(network, image())
    for name, parameter in network.encoder.named_parameters():
        old = originals.get(name.replace("parametrizations.weight.original", "weight"))
        if old is not None and "norm" not in name:
            assert torch.equal(parameter, old)
        elif name.endswith("a_OR"):
            assert parameter.abs().max() > 0
    assert not torch.equal(
        network.encoder.stages[4][0].project.norm.bias, originals["stages.4.0.project.norm.bias"]
    )


def test_dense_layers_are_adapted_too():
    net = MLP([16, 64, 64, 16], generator=seeded())
    x = torch.rand(5, 16, generator=seeded())
    adapt(net, 2, generator=seeded())
    assert len(adapted(net)) > 0
    train_a_little(net, x)
    y = net(x)
    merge(net)
    torch.testing.assert_close(net(x), y, atol=1e-5, rtol=1e-5)


def test_a_frozen_encoder_keeps_its_weights_and_follows_the_data(network):
    freeze(network.encoder)
    assert trainable(network.encoder)[0] == 0
    weights = {n: p.clone() for n, p in network.encoder.named_parameters()}
    means = network.encoder.stages[0][0].norm.mean.clone()
    train_a_little(network.train(), torch.rand(2, 1, 64, 64, generator=seeded(1)))
    assert all(torch.equal(p, weights[n]) for n, p in network.encoder.named_parameters())
    assert not torch.equal(network.encoder.stages[0][0].norm.mean, means)


def test_wrong_ranks_and_second_adaptors_are_refused(network):
    with pytest.raises(InputError, match=r"rank 0.*1 or more"):
        adapt(network, 0, generator=seeded())
    adapt(network, 1, generator=seeded())
    with pytest.raises(InputError, match="has adaptors already"):
        adapt(network, 1, generator=seeded())
