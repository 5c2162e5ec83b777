"""pearlite tabular."""

from pathlib import Path
from typing import Annotated

import typer

from pearlite.commands.common import fit, given, print_run
from pearlite.commands.options import (
    Force,
    Group,
    Json,
    Minutes,
    Out,
    Quality,
    Resume,
    Seed,
    Sheet,
    Target,
    Time,
    Workers,
)


def tabular(
    data: Annotated[
        Path | None,
        typer.Argument(metavar="DATA", help="A table: CSV, TSV, Excel, Parquet or Arrow."),
    ] = None,
    target: Target = None,
    group: Group = None,
    time: Time = None,
    weight: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="How much each row counts.")
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Leave a column out. May be repeated."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="What to be good at.", show_default="mae or balanced_accuracy"
        ),
    ] = None,
    quantile: Annotated[
        list[float] | None,
        typer.Option(min=0, max=1, help="Predict a quantile, such as 0.1. May be repeated."),
    ] = None,
    sheet: Sheet = None,
    quality: Quality = None,
    minutes: Minutes = None,
    out: Out = None,
    seed: Seed = None,
    workers: Workers = None,
    resume: Resume = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Train on a Dask cluster, tcp://…"),
    ] = None,
    force: Force = None,
    json: Json = False,
) -> None:
    """Predict a column of a table from the others, and say how far to trust it."""
    options = given(
        target=target,
        group=group,
        time=time,
        weight=weight,
        drop=drop,
        metric=metric,
        quantiles=quantile,
        sheet=sheet,
        quality=quality,
        minutes=minutes,
        out=out,
        seed=seed,
        workers=workers,
        dask=dask,
        force=force,
    )
    print_run(fit("tabular", data, resume, options, json), json)
