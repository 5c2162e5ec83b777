"""How a network is run to be looked at: as it would be applied, and left as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode, without torch's shortcuts around its own layers."""
    training = {module: module.training for module in network.modules()}
    shortcut = torch.backends.mha.get_fastpath_enabled()
    network.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(shortcut)
        for module, mode in training.items():
            module.training = mode
