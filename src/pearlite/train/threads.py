"""One thread a task, and tasks side by side: threads of torch and BLAS would wait for each other.

Threads of OpenMP wait for each other in a loop that never rests. In hundreds of small steps, on a
machine that is busy with something else, every step takes as long as its slower thread is kept from
working: the training of a head took 1 to 9 s in place of 0.1 s.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

import torch
from joblib import cpu_count
from threadpoolctl import ThreadpoolController, threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")


class _OneOfBlas:
    """Limits BLAS while anyone wants that: its number of threads is the same for all callers.

    OpenBLAS heeds only the thread that limited it first, as long as that lives (threadpoolctl from
    3.8 on); so a thread is made that limits and ends, and another one to take the limit back.
    """

    def __init__(self) -> None:
        self._lock, self._users = Lock(), 0
        self._limit: threadpool_limits | None = None

    def enter(self) -> None:
        with self._lock:
            self._users += 1
            if self._limit is None:
                self._limit = _elsewhere(lambda: threadpool_limits(1, user_api="blas"))

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and self._limit is not None:
                _elsewhere(self._limit.restore_original_limits)
                self._limit = None


_blas = _OneOfBlas()


def _elsewhere(work: Callable[[], Result]) -> Result:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch and BLAS work in the calling thread alone.

    Torch keeps its threads everywhere else, as OpenMP counts them for every caller. Those of BLAS
    come back when the last of several callers has left.
    """
    _blas.enter()
    torch.get_num_threads()  # the first call in a thread sets the number for it
    try:
        with ThreadpoolController().select(user_api="openmp").limit(limits=1):
            yield
    finally:
        _blas.leave()


def on_all_cores(work: Callable[[Item], object], items: Iterable[Item]) -> None:
    """Do some work for every item, as many at a time as there are cores, each in `one_thread`."""

    def alone(item: Item) -> None:
        with one_thread():
            work(item)

    with one_thread(), ThreadPoolExecutor(cpu_count()) as pool:
        deque(pool.map(alone, items), maxlen=0)
