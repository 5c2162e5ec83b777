"""Ctrl-C that waits until the step under way is complete."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def held_interrupts() -> Iterator[Callable[[], bool]]:
    """Only note the first Ctrl-C in this block; a second one interrupts as usual.

    Yields
    ------
    function
        Whether Ctrl-C was pressed. Always False outside the main thread, where signals do not
        arrive, and where the process ignores Ctrl-C.
    """
    noted = threading.Event()
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(usual):
        yield noted.is_set
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        noted.set()
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, note)
    try:
        yield noted.is_set
    finally:
        signal.signal(signal.SIGINT, usual)
