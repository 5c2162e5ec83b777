"""What can be done with a batch, be it a tensor, or a tuple or dict of batches."""

from typing import Any

import torch
from torch import Tensor


def moved(batch: Any, device: str | torch.device) -> Any:
    """Return a batch on a device."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {name: moved(part, device) for name, part in batch.items()}
    return tuple(moved(part, device) for part in batch)


def parts(batch: Any, number: int) -> list[tuple[Any, float]]:
    """Cut a batch along its first axis.

    Returns
    -------
    list of tuple
        At most `number` parts, each with its share of the samples.
    """
    if isinstance(batch, Tensor):
        return [(part, len(part) / len(batch)) for part in batch.chunk(number)]
    names = list(batch) if isinstance(batch, dict) else range(len(batch))
    columns = [parts(batch[name], number) for name in names]
    kind = (lambda row: dict(zip(names, row, strict=True))) if isinstance(batch, dict) else tuple
    return [(kind([part for part, _ in row]), row[0][1]) for row in zip(*columns, strict=True)]


def samples_in(batch: Any) -> int:
    """Return the length of the first axis of a batch."""
    if isinstance(batch, Tensor):
        return len(batch)
    return samples_in(next(iter(batch.values() if isinstance(batch, dict) else batch)))
