"""What can be done with a batch: a tensor, a list of texts, or a tuple or dict of batches."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor


def moved(batch: Any, device: str | torch.device) -> Any:
    """Return a batch on a device."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {name: moved(part, device) for name, part in batch.items()}
    if isinstance(batch, tuple | list):
        return tuple(moved(part, device) for part in batch)
    return batch


def parts(batch: Any, number: int) -> list[tuple[Any, float]]:
    """Cut a batch along its first axis.

    Returns
    -------
    list of tuple
        At most `number` parts, each with its share of the samples.
    """
    if isinstance(batch, Tensor):
        return [(part, len(part) / len(batch)) for part in batch.chunk(number)]
    if _is_text(batch):
        size = -(-len(batch) // number)
        cut = [batch[start : start + size] for start in range(0, len(batch), size)]
        return [(part, len(part) / len(batch)) for part in cut]
    names = list(batch) if isinstance(batch, dict) else range(len(batch))
    columns = [parts(batch[name], number) for name in names]
    kind = (lambda row: dict(zip(names, row, strict=True))) if isinstance(batch, dict) else tuple
    return [(kind([part for part, _ in row]), row[0][1]) for row in zip(*columns, strict=True)]


def samples_in(batch: Any) -> int:
    """Return the length of the first axis of a batch."""
    if isinstance(batch, Tensor) or _is_text(batch):
        return len(batch)
    return samples_in(next(iter(batch.values() if isinstance(batch, dict) else batch)))


def _is_text(batch: Any) -> bool:
    """Whether a batch holds a text a sample, such as names of files."""
    return not isinstance(batch, dict) and all(isinstance(part, str) for part in batch)


def tensors_in(values: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested tuples, lists and dicts, in their order; pass over all else."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, Mapping | list | tuple):
        for value in values.values() if isinstance(values, Mapping) else values:
            yield from tensors_in(value)
