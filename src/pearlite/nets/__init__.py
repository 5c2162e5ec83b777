"""f: the layers, one kind a file, and the networks that are built from them, one a file.

Networks by name, for the command line and for run folders; each is imported when it is asked for.
"""

from importlib import import_module
from inspect import Parameter, signature
from typing import Any

import torch
from torch import nn

from pearlite.errors import InputError

NETS = {
    "mlp": "pearlite.nets.mlp:MLP",
    "cnn": "pearlite.nets.cnn:CNN",
    "classifier": "pearlite.nets.classifier:CNNClassifier",
    "unet": "pearlite.nets.unet:UNet",
    "autoencoder": "pearlite.nets.autoencoder:Autoencoder",
    "vit": "pearlite.nets.vit:ViT",
    "transformer-encoder": "pearlite.nets.transformer:TransformerEncoder",
    "transformer-decoder": "pearlite.nets.transformer:TransformerDecoder",
    "lstm": "pearlite.nets.lstm:LSTM",
}


def build(name: str, *, seed: int = 0, **options: Any) -> nn.Module:
    """Build the network `name` with new weights.

    Parameters
    ----------
    name
        One of `NETS`.
    seed
        Seeds the weights: the same seed and options give the same ones.
    **options
        Parameters of the network's class, such as ``depth=3`` of ``"unet"``.

    Returns
    -------
    Module
        The network, on the CPU, in training mode.

    Raises
    ------
    InputError
        If there is no such network, it has no such option, or it cannot do without one that is
        missing.
    """
    if name not in NETS:
        raise InputError(f"there is no network {name!r}; the networks are: {', '.join(NETS)}")
    module, kind = NETS[name].split(":")
    make = getattr(import_module(module), kind)
    known = {n: p for n, p in signature(make).parameters.items() if n != "generator"}
    for option in options:
        if option not in known:
            raise InputError(f"{name} has no option {option!r}; it has: {', '.join(known)}")
    for option, parameter in known.items():
        if parameter.default is Parameter.empty and option not in options:
            raise InputError(f"{name} needs the option {option!r}; it has: {', '.join(known)}")
    return make(**options, generator=torch.Generator().manual_seed(seed))
