"""Weights on disk: safetensors, written whole or not at all, and checked before they are used."""

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import nn

from pearlite.data.disk import replacing
from pearlite.errors import InputError


def save(module: nn.Module, path: Path, about: dict[str, str] | None = None) -> None:
    """Write a module's parameters and buffers to a safetensors file.

    The file is complete or absent: it is written beside `path` and then renamed.

    Parameters
    ----------
    module
        A network, or a task with its networks.
    path
        Where to; an older file is replaced.
    about
        Text that travels in the file's header, such as the options that build the network.

    Raises
    ------
    InputError
        If `path` is a folder or cannot be written.
    """
    tensors = {name: t.detach().cpu().clone() for name, t in module.state_dict().items()}
    tensors = {name: t.contiguous() for name, t in tensors.items()}
    with replacing(path) as hidden:
        hidden.write_bytes(to_bytes(tensors, about))


def load(module: nn.Module, path: Path) -> dict[str, str]:
    """Copy weights from a safetensors file into a module that has the same tensors.

    Returns
    -------
    dict
        The text of the file's header, as it was given to `save`.

    Raises
    ------
    InputError
        If the file is no safetensors file, or lacks a tensor, or has one too many or one of
        another shape. The module is unchanged then.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file; expected weights in safetensors format")
    try:
        with safe_open(path, framework="pt") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = file.metadata() or {}
    except SafetensorError as error:
        raise InputError(f"{path} is not a complete safetensors file ({error})") from error
    own = module.state_dict()
    for name in sorted(own.keys() | weights.keys()):
        if name not in weights:
            raise InputError(f"{path} has no tensor {name!r}, which the network needs")
        if name not in own:
            raise InputError(f"{path} has a tensor {name!r}, for which the network has no place")
        shape, needed = tuple(weights[name].shape), tuple(own[name].shape)
        if shape != needed:
            raise InputError(
                f"{path} does not fit the network: {name!r} has shape {shape}, it needs {needed}"
            )
    module.load_state_dict(weights)
    return about
