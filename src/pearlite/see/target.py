"""What `pearlite trace` is pointed at: a run, a network by name, or a class of one's own."""

import ast
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from pearlite import nets
from pearlite.errors import InputError
from pearlite.see.trace import Trace, trace

WEIGHTS = "model.safetensors"


def trace_command(target: str, input_shape: str, settings: Sequence[str] = ()) -> Trace:
    """Trace what a name on the command line means.

    Parameters
    ----------
    target
        Folder of a run that keeps a network, name of a network such as ``"unet"``, or
        ``"module.path:Class"`` to import from the current folder or an installed package.
    input_shape
        Sizes of the input's axes, ``"1,1,256,256"``. A type may follow, ``"1,128:int64"``; a
        network whose first argument is named ``tokens…`` gets int64 without. Several inputs are
        separated by semicolons.
    settings
        ``"name=value"`` each: parameters of the network's class.

    Raises
    ------
    InputError
        If there is no such target, a setting or a shape cannot be read, or the network cannot take
        the shape: a `ShapeError` then, which names the layer.
    """
    network = find_network(target, dict(_setting(text) for text in settings))
    first = next(iter(signature(network.forward).parameters), "")
    usual = torch.int64 if first.startswith("tokens") else torch.float32
    head, *others = input_shape.split(";")
    try:
        signature(network.forward).bind(head, *others)
    except TypeError as error:
        raise InputError(
            f"{target} cannot be called with {1 + len(others)} inputs ({error}); give --input a "
            "shape for each, separated by semicolons"
        ) from error
    return trace(network, _tensor(head, usual), *(_tensor(text, torch.float32) for text in others))


def find_network(target: str, options: dict[str, Any]) -> nn.Module:
    """Build the network that `target` names, with new weights where it is no run.

    Raises
    ------
    InputError
        If there is none, or it cannot be built with these options.
    """
    if Path(target).is_dir():
        if options:
            raise InputError(f"{target} is a run, which knows its network: leave --set away")
        return _network_of_run(Path(target))
    if ":" in target:
        return _own_network(target, options)
    if target not in nets.NETS:
        raise InputError(
            f"{target} is neither the folder of a run, nor a network ({', '.join(nets.NETS)}), nor "
            "module.path:Class"
        )
    return _made(target, lambda: nets.build(target, **options))


def _network_of_run(folder: Path) -> nn.Module:
    """Build a run's network from the header of its weights: ``net``, and ``options`` as JSON."""
    file = folder / WEIGHTS
    if not file.is_file():
        raise InputError(f"{folder} keeps no network: it holds no {WEIGHTS}")
    try:
        with safe_open(file, framework="pt") as weights:
            about = weights.metadata() or {}
        options = json.loads(about.get("options", "{}"))
    except (SafetensorError, json.JSONDecodeError) as error:
        raise InputError(f"{file} is damaged ({error}); make the run again") from error
    if about.get("net") not in nets.NETS or not isinstance(options, dict):
        raise InputError(
            f"{file} does not say which network it belongs to; name the network instead: "
            f"{', '.join(nets.NETS)}"
        )
    return nets.build(about["net"], **options)


def _own_network(target: str, options: dict[str, Any]) -> nn.Module:
    module, _, name = target.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        make = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"{target} cannot be imported ({error}); give module.path:Class"
        ) from error
    finally:
        sys.path.pop(0)
    if isinstance(make, nn.Module):
        return make
    try:
        parameters = signature(make).parameters
        if "generator" in parameters:
            options = {"generator": torch.Generator().manual_seed(0), **options}
        signature(make).bind(**options)
    except (TypeError, ValueError) as error:
        raise InputError(f"{target} cannot be built ({error}); use --set name=value") from error
    made = _made(target, lambda: make(**options))
    if not isinstance(made, nn.Module):
        raise InputError(f"{target} makes a {type(made).__name__}, not a torch module")
    return made


def _made(target: str, make: Callable[[], Any]) -> Any:
    """Build a network; a setting of the wrong type or size is one sentence."""
    try:
        return make()
    except InputError:
        raise
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{target} cannot be built with these settings ({error}); use --set name=value"
        ) from error


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise InputError(f"{text!r} is no setting; give name=value, such as depth=3")
    try:
        return name.strip(), ast.literal_eval(value.strip())
    except (ValueError, SyntaxError):
        return name.strip(), value.strip()


def _tensor(text: str, usual: torch.dtype) -> Tensor:
    """Make the tensor that ``"1,128:int64"`` describes, without values."""
    found = re.fullmatch(r"\s*(\d+(?:\s*[,x×]\s*\d+)*)\s*(?::\s*(\w+))?\s*", text)
    if not found or 0 in (sizes := [int(size) for size in re.split(r"\D+", found[1])]):
        raise InputError(f"{text!r} is no shape; give the sizes of all axes, such as 1,1,256,256")
    dtype = getattr(torch, found[2], None) if found[2] else usual
    if not isinstance(dtype, torch.dtype):
        raise InputError(f"{found[2]!r} is no type of numbers; give one such as float32 or int64")
    return torch.empty(sizes, dtype=dtype, device="meta")
