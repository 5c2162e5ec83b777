"""pearlite style."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pearlite.commands.common import fit, given, print_run
from pearlite.commands.options import (
    Axes,
    Dask,
    Device,
    Json,
    Minutes,
    Out,
    Quality,
    Resume,
    Seed,
)
from pearlite.errors import InputError


def style(
    data: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DATA…", help="Contents: images, label maps, or folders of them."),
    ] = None,
    style: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="The reference: an image or a folder. May be repeated."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Phases of the content, where it is no label map."),
    ] = None,
    style_labels: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Phases of the reference, numbered as the content's."),
    ] = None,
    dark_to_bright: Annotated[
        str | None,
        typer.Option(
            metavar="LABELS",
            help="The content's labels in the order of the reference's greys, such as 1,2,0.",
            show_default="as they ascend",
        ),
    ] = None,
    method: Annotated[
        Literal["pixels", "adain"] | None,
        typer.Option(help="Paint the image, or one pass of a network.", show_default="pixels"),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="0: only its greys; 1: all of its texture.",
            show_default="1 with labels, else 0.5",
        ),
    ] = None,
    phases: Annotated[
        int | None,
        typer.Option(min=1, max=8, help="Of a grey content without labels.", show_default="2"),
    ] = None,
    quality: Quality = None,
    minutes: Minutes = None,
    axes: Axes = None,
    out: Out = None,
    seed: Seed = None,
    device: Device = None,
    resume: Resume = None,
    dask: Dask = None,
    json: Json = False,
) -> None:
    """Give images the look of a reference, their phases staying where they are."""
    options = given(
        style=style,
        labels=labels,
        style_labels=style_labels,
        dark_to_bright=None if dark_to_bright is None else _numbers(dark_to_bright),
        method=method,
        strength=strength,
        phases=phases,
        quality=quality,
        minutes=minutes,
        axes=axes,
        out=out,
        seed=seed,
        device=device,
        dask=dask,
    )
    print_run(fit("style", data, resume, options, json), json)


def _numbers(listed: str) -> list[float]:
    try:
        return [float(value) for value in listed.split(",")]
    except ValueError as error:
        raise InputError(
            f"--dark-to-bright is {listed!r}; give label values with commas, such as 1,2,0"
        ) from error
