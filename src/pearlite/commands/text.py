"""pearlite text."""

from pathlib import Path
from typing import Annotated

import typer

from pearlite.commands.common import fit, given, print_run
from pearlite.commands.options import (
    Device,
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
)


def text(
    data: Annotated[
        Path | None,
        typer.Argument(metavar="DATA", help="A table: CSV, TSV, Excel, Parquet or Arrow."),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="The column of texts. May be repeated."),
    ] = None,
    target: Target = None,
    group: Group = None,
    time: Time = None,
    unlabelled: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="More texts, without labels: a file, folder or table. May be repeated.",
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option("--from", metavar="RUN", help="Take the pretrained encoder of a text run."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="What to be good at.", show_default="mae or balanced_accuracy"
        ),
    ] = None,
    sheet: Sheet = None,
    quality: Quality = None,
    minutes: Minutes = None,
    device: Device = None,
    out: Out = None,
    seed: Seed = None,
    resume: Resume = None,
    force: Force = None,
    json: Json = False,
) -> None:
    """Predict a class or a number from text, and say how far to trust it."""
    options = given(
        text=text,
        target=target,
        group=group,
        time=time,
        unlabelled=unlabelled,
        start=start,
        metric=metric,
        sheet=sheet,
        quality=quality,
        minutes=minutes,
        device=device,
        out=out,
        seed=seed,
        force=force,
    )
    print_run(fit("text", data, resume, options, json), json)
