"""Do the same to many items: one after the other here, or side by side on a Dask cluster."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from pearlite.errors import InputError
from pearlite.see.progress import track

Result = TypeVar("Result")

PATIENCE = "10s"  # for a scheduler to answer
AHEAD = 2  # items that are on their way for each thread of the cluster


def spread(
    work: Callable[..., Result],
    items: Mapping[str, tuple[Any, ...]],
    dask: str | None = None,
    description: str = "Working",
    show: bool = True,
) -> Iterator[tuple[str, Result]]:
    """Yield ``(name, work(*arguments))`` for each item as it gets ready.

    Parameters
    ----------
    work
        A function at the top of a module, so that a cluster's workers can import it.
    items
        Arguments by name, looked up when their turn comes. Paths among them must mean the same on
        every worker.
    dask
        Address of a Dask scheduler, such as ``"tcp://10.0.0.1:8786"``; ``None`` works here.
    description
        Title of the progress bar.
    show
        Whether to draw it.

    Raises
    ------
    InputError
        If no scheduler answers at the address.
    """
    here = ((name, work(*arguments)) for name, arguments in items.items())
    ready = here if dask is None else _on_cluster(work, items, dask)
    yield from track(ready, description, total=len(items), show=show)


def _on_cluster(
    work: Callable[..., Result], items: Mapping[str, tuple[Any, ...]], address: str
) -> Iterator[tuple[str, Result]]:
    import dask.config
    from distributed import Client, as_completed

    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address!r}; start one with `dask scheduler` and give "
            "the address that it prints, such as tcp://10.0.0.1:8786."
        ) from error
    large = dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    with large, client:
        waiting = iter(items.items())
        room = AHEAD * max(1, sum(client.nthreads().values()))  # pyright: ignore[reportAttributeAccessIssue]
        names: dict[Any, str] = {}
        ready = as_completed()

        def submit(count: int) -> None:
            for name, arguments in islice(waiting, count):
                future = client.submit(work, *arguments, pure=False)
                names[future] = name
                ready.add(future)

        try:
            submit(room)
            for future in ready:
                yield names.pop(future), future.result()
                submit(1)
        finally:
            client.cancel(list(names))
