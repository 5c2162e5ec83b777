"""A progress bar on stderr, for people: a pipe, a log file or a test sees nothing of it."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def track(
    iterable: Iterable[Item], description: str, total: int | None = None, show: bool = True
) -> Iterator[Item]:
    """Yield the items of `iterable` while a bar on stderr shows how far it is.

    Parameters
    ----------
    iterable
        What to go through.
    description
        What is being done, in a few words: ``"Denoising"``.
    total
        Number of items, when `iterable` has no length.
    show
        ``False`` draws nothing; neither does a stderr that is no terminal.

    Yields
    ------
    Item
        The items of `iterable`, unchanged.
    """
    if not (show and sys.stderr.isatty()):
        yield from iterable
        return
    from rich.console import Console
    from rich.progress import Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:-1], TimeRemainingColumn(compact=True))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(iterable, total=total, description=description)
