"""Where to compute."""

import torch

from pearlite.errors import InputError


def device_of(name: str) -> torch.device:
    """Return the device of a name; ``"auto"`` takes a GPU where there is one.

    Raises
    ------
    InputError
        If there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"there is no device {name!r} here; leave it out, or say cpu.") from error
    return device
