"""Batches in an order that is a pure function of the seed and the step."""

import signal
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor
from torch.utils.data import DataLoader, default_collate

from pearlite.data.batch import moved
from pearlite.errors import InputError
from pearlite.seeds import derived_seed

Augment = Callable[[Any, torch.Generator], Any]
Draw = tuple[int, int]  # place in the endless sequence, index of the sample


class Dataset(Protocol):
    """Samples that can be counted and asked for by index."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...


class Stream:
    """Maps the number of a step to its batch.

    The samples follow each other in one endless sequence, every epoch in another random order, and
    step s takes the places ``s * batch`` to ``(s + 1) * batch`` of it. So all batches are equally
    large, and the number of the next step, which is an epoch and a position in it, is the whole
    state: a training that goes on sees what it would have seen, with any number of workers.

    In a training of several processes (`pearlite.train.distribute`) each takes its share of every
    batch; together they see what one process would.

    Parameters
    ----------
    data
        A tensor or a tuple of tensors whose first axis counts the samples; or a dataset with
        ``len`` and whole-number indices, whose samples are put together by torch's
        ``default_collate``.
    batch
        Samples a step, all processes together; all of them where there are fewer.
    seed
        Determines the order, and with the place of a sample what `augment` draws.
    shuffle
        False keeps the order of the data in every epoch.
    augment
        Maps a sample and a generator to a sample; what a dataset draws itself resumes differently.
    workers
        Processes that prepare batches ahead of time; 0 prepares each when it is asked for.
    device
        Where the batches go; they stay where the data are by default.

    Attributes
    ----------
    epoch : int
        Steps after which every sample was seen.

    Raises
    ------
    InputError
        If there is no sample, tensors differ in number, or the processes cannot share a batch.
    """

    def __init__(
        self,
        data: Tensor | Sequence[Tensor] | Dataset,
        batch: int = 32,
        *,
        seed: int = 0,
        shuffle: bool = True,
        augment: Augment | None = None,
        workers: int = 0,
        device: str | torch.device | None = None,
    ) -> None:
        self.tensors = _tensors(data)
        self.samples: Dataset = Rows(self.tensors) if self.tensors else data  # pyright: ignore[reportAttributeAccessIssue]
        self.count = len(self.samples)
        if self.count == 0:
            raise InputError("a stream needs at least one sample; the data are empty")
        if batch < 1:
            raise InputError(f"batch={batch} must be at least 1")
        self.batch = min(batch, self.count)
        self.rank, self.world = rank(), world()
        if self.batch % self.world:
            raise InputError(
                f"{self.world} processes cannot share batches of {self.batch} samples equally; "
                f"choose a multiple of {self.world}"
            )
        self.epoch = -(-self.count // self.batch)
        self.seed, self.shuffle, self.augment = seed, shuffle, augment
        self.workers, self.device = workers, device
        self._orders: dict[int, Tensor] = {}
        self._ahead: Iterator[Any] = iter(())
        self._next = -1

    def __call__(self, step: int) -> Any:
        """Return the batch of a step, counted from 0."""
        if self.workers:
            batch = self._prepared(step)
        elif self.tensors and self.augment is None:
            indices = self.indices(step)
            batch = _alone([tensor[indices] for tensor in self.tensors])
        else:
            batch = default_collate([self.sample(draw) for draw in self._draws(step)])
        return batch if self.device is None else moved(batch, self.device)

    def indices(self, step: int) -> Tensor:
        """Return which samples this process takes at a step: int64, in order."""
        epoch, position = divmod(step * self.batch, self.count)
        here = self._order(epoch)[position : position + self.batch]
        if len(here) < self.batch:
            here = torch.cat([here, self._order(epoch + 1)[: self.batch - len(here)]])
        return here if self.world == 1 else here[self.rank :: self.world]

    def sample(self, draw: Draw) -> Any:
        """Return one sample, augmented by what belongs to its place in the sequence."""
        place, index = draw
        sample = self.samples[index]
        if self.augment is None:
            return sample
        generator = torch.Generator().manual_seed(derived_seed(self.seed, 1, place))
        return self.augment(sample, generator)

    def close(self) -> None:
        """End the workers; the next batch starts them again."""
        self._ahead, self._next = iter(()), -1

    def _draws(self, step: int) -> list[Draw]:
        first = step * self.batch
        places = range(first + self.rank, first + self.batch, self.world)
        return list(zip(places, self.indices(step).tolist(), strict=True))

    def _order(self, epoch: int) -> Tensor:
        if epoch not in self._orders:
            generator = torch.Generator().manual_seed(derived_seed(self.seed, 0, epoch))
            drawn = torch.randperm(self.count, generator=generator)
            order = drawn if self.shuffle else torch.arange(self.count)
            kept = {e: o for e, o in self._orders.items() if e == epoch - 1}
            self._orders = {**kept, epoch: order}
        return self._orders[epoch]

    def _prepared(self, step: int) -> Any:
        if step != self._next:
            self.close()
            loader = DataLoader(
                Numbered(self),
                batch_sampler=map(self._draws, count(step)),  # pyright: ignore[reportArgumentType]
                num_workers=self.workers,
                generator=torch.Generator().manual_seed(self.seed),
                worker_init_fn=_ignore_ctrl_c,
            )
            self._ahead = iter(loader)
        self._next = step + 1
        return next(self._ahead)


class Rows:
    """Samples along the first axis of tensors."""

    def __init__(self, tensors: tuple[Tensor, ...]) -> None:
        self.tensors = tensors

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: int, /) -> Any:
        return _alone([tensor[index] for tensor in self.tensors])


class Numbered(torch.utils.data.Dataset):
    """What a worker asks: the samples of a stream by place and index."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def __getitem__(self, index: Draw) -> Any:
        return self.stream.sample(index)


def in_order(data: Tensor | Sequence[Tensor] | Dataset, batch: int = 256) -> list[Any]:
    """Cut all samples, in their order, into batches, as for validation; the last may be smaller."""
    samples: Any = _tensors(data) or data
    if isinstance(samples, tuple):
        parts = list(zip(*(tensor.split(batch) for tensor in samples), strict=True))
        return parts if len(samples) > 1 else [part[0] for part in parts]
    starts = range(0, len(samples), batch)
    return [
        default_collate([samples[i] for i in range(start, min(start + batch, len(samples)))])
        for start in starts
    ]


def rank() -> int:
    """Return the number of this process among those that train together: 0 where it is alone."""
    return dist.get_rank() if dist.is_initialized() else 0


def world() -> int:
    """Return how many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def _alone(tensors: list[Tensor]) -> Any:
    return tensors[0] if len(tensors) == 1 else tuple(tensors)


def _tensors(data: Any) -> tuple[Tensor, ...]:
    """Return the tensors, none where the data are a dataset."""
    tensors = (data,) if isinstance(data, Tensor) else data
    if not isinstance(tensors, tuple | list) or not all(isinstance(t, Tensor) for t in tensors):
        if isinstance(data, tuple) and any(hasattr(part, "__array__") for part in data):
            raise InputError("a tuple of arrays is no data; torch.as_tensor makes tensors of them")
        return ()
    counts = [len(tensor) for tensor in tensors]
    if len(set(counts)) != 1:
        raise InputError(f"the tensors of a stream have {counts} samples; expected equal numbers")
    return tuple(tensors)


def _ignore_ctrl_c(_worker: int) -> None:
    """Leave Ctrl-C to the trainer, which wants its batch before it stops."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
