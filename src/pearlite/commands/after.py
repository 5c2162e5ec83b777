"""After a fit: use a run again, write its page again."""

from pathlib import Path
from typing import Annotated

import typer

from pearlite.commands.common import given, print_facts
from pearlite.commands.options import (
    Axes,
    Dask,
    Device,
    Force,
    Json,
    PixelSize,
    RunFolder,
    Seed,
    Sheet,
)


def apply(
    run: RunFolder,
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT…",
            help="New files or folders; of a reconstruction, Z,Y,X or Y,X, or low volumes.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the files.", show_default="RUN/applied"),
    ] = None,
    refit: Annotated[
        bool | None, typer.Option("--refit", help="Estimate again what the run had learned.")
    ] = None,
    vf: Annotated[
        str | None,
        typer.Option(metavar="F", help="Volume fraction of a reconstruction, as of its command."),
    ] = None,
    periodic: Annotated[
        bool | None,
        typer.Option("--periodic", help="Let opposite faces of a reconstruction fit."),
    ] = None,
    axes: Axes = None,
    sheet: Sheet = None,
    pixel_size: PixelSize = None,
    seed: Seed = None,
    device: Device = None,
    dask: Dask = None,
    force: Force = None,
    json: Json = False,
) -> None:
    """Use a run's model on new data."""
    from pearlite.recipes import load

    options = given(
        out=out,
        refit=refit,
        vf=vf,
        periodic=periodic,
        axes=axes,
        sheet=sheet,
        pixel_size=pixel_size,
        seed=seed,
        device=device,
        dask=dask,
        force=force,
    )
    files = load(run).apply(data, progress=not json, **options)
    print_facts({"run": run, "files": files, "exit_code": 0}, [str(file) for file in files], json)


def report(
    run: RunFolder,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only write the page.")] = False,
    json: Json = False,
) -> None:
    """Write a run's page again, and open it."""
    import webbrowser

    from pearlite.recipes import load

    page = load(run).report()
    print_facts({"run": run, "report": page, "exit_code": 0}, [str(page)], json)
    if not (no_open or json):
        webbrowser.open(page.resolve().as_uri())
