"""What every network by name can do: be built, learn, be kept, leave."""

import pytest
import torch
import torch.nn.functional as F

from pearlite.errors import InputError
from pearlite.nets import NETS, build
from pearlite.nets.weights import load, save
from pearlite.task import Task
from pearlite.train.optimisers import adam
from pearlite.train.trainer import Trainer


def images(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def tokens(*shape):
    return torch.randint(7, shape, generator=torch.Generator().manual_seed(0))


TINY = {"width": 16, "depth": 2, "heads": 2}
EXAMPLES = {  # options, inputs, the shape of the result; small, so that a test takes a second
    "mlp": ({"widths": [3, 16, 16, 2]}, images(4, 3), (4, 2)),
    "cnn": ({"width": 8, "depth": 3}, images(2, 1, 6, 6), (2, 1, 6, 6)),
    "classifier": ({"widths": [8, 16], "classes": 4}, images(4, 1, 8, 8), (4, 4)),
    "unet": ({"width": 8, "depth": 2}, images(2, 1, 9, 7), (2, 1, 9, 7)),
    "autoencoder": (
        {"image": [7, 8], "widths": [8], "latent": 6},
        images(2, 1, 7, 8),
        (2, 1, 7, 8),
    ),
    "vit": ({**TINY, "image": [8, 12], "classes": 4}, images(4, 1, 8, 12), (4, 4)),
    "transformer-encoder": ({**TINY, "vocabulary": 7}, tokens(2, 5), (2, 5, 16)),
    "transformer-decoder": ({**TINY, "vocabulary": 7}, tokens(2, 5), (2, 5, 7)),
    "lstm": ({"inputs": 3, "outputs": 2, "width": 16}, images(2, 5, 3), (2, 5, 2)),
}


def example(name, seed=0):
    options, x, shape = EXAMPLES[name]
    return build(name, seed=seed, **options), x, shape


class Fit(Task):
    """A network is trained to give chosen numbers."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def f(self, x):
        return self.net(x)

    def L(self, y_hat, y):
        return F.mse_loss(y_hat, y)


def test_every_network_has_an_example_here():
    assert set(EXAMPLES) == set(NETS)


@pytest.mark.parametrize("name", NETS)
def test_fits_a_few_samples_by_heart(name):
    net, x, shape = example(name)
    y = (
        x
        if name == "autoencoder"
        else torch.randn(shape, generator=torch.Generator().manual_seed(1))
    )
    untrained = float(F.mse_loss(net(x), y).detach())
    trainer = Trainer(Fit(net), optimiser=adam(1e-2), every=25)
    trainer.fit(lambda step: (x, y), steps=100)
    assert trainer.history[-1]["loss"] < 0.1 * untrained


@pytest.mark.parametrize("name", NETS)
def test_weights_depend_on_the_seed_only(name):
    state = torch.get_rng_state()
    first, again, other = (example(name, seed)[0].state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", NETS)
def test_weights_come_back_from_a_file(name, tmp_path):
    net, x, _ = example(name, seed=1)
    net(x)  # in training mode: running statistics, where there are any, belong to the weights
    save(net, tmp_path / "net.safetensors")
    other = example(name, seed=2)[0]
    assert not torch.equal(other.eval()(x), net.eval()(x))
    load(other, tmp_path / "net.safetensors")
    assert torch.equal(other(x), net(x))


@pytest.mark.parametrize("name", NETS)
def test_exports_for_any_number_of_samples(name):
    net, x, shape = example(name)
    net.eval()
    batch = torch.export.Dim.DYNAMIC  # pyright: ignore[reportAttributeAccessIssue]
    exported = torch.export.export(net, (x,), dynamic_shapes=({0: batch},)).module()
    more = torch.cat([x, x.flip(0), x])
    assert exported(more).shape == (3 * shape[0], *shape[1:])
    torch.testing.assert_close(exported(more), net(more))


@pytest.mark.parametrize("name", NETS)
def test_samples_of_a_batch_do_not_mix_in_evaluation(name):
    net, x, _ = example(name)
    net.eval()
    torch.testing.assert_close(net(x)[:1], net(x[:1]))


def test_building_names_what_is_wrong():
    with pytest.raises(InputError, match=r"no network 'unett'; the networks are: mlp, cnn, .*unet"):
        build("unett")
    with pytest.raises(InputError, match=r"unet has no option 'deepness'; it has: .*depth"):
        build("unet", deepness=3)
    with pytest.raises(InputError, match="no option 'generator'"):
        build("unet", generator=torch.Generator())
    with pytest.raises(InputError, match="lstm needs the option 'outputs'"):
        build("lstm", inputs=3)
