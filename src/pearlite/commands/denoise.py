"""pearlite denoise."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pearlite.commands.common import fit, given, print_run
from pearlite.commands.options import Axes, Dask, Device, Force, Json, Out, Quality, Resume, Seed


def denoise(
    data: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DATA…", help="Images, stacks, or folders of them."),
    ] = None,
    method: Annotated[
        Literal["auto", "ridge", "noise2fast"] | None,
        typer.Option(help="The denoiser; auto takes what measured best.", show_default="auto"),
    ] = None,
    quality: Quality = None,
    remedy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Mend correlated noise first: apart, lines, bin. May be repeated."
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A clean reference, to report the true error."),
    ] = None,
    as_float: Annotated[
        bool | None,
        typer.Option("--float", help="Write 32-bit floats instead of the input's type."),
    ] = None,
    axes: Axes = None,
    out: Out = None,
    seed: Seed = None,
    device: Device = None,
    resume: Resume = None,
    dask: Dask = None,
    force: Force = None,
    json: Json = False,
) -> None:
    """Remove the noise of images, from each image alone."""
    options = given(
        method=method,
        quality=quality,
        remedies=remedy,
        truth=truth,
        as_float=as_float,
        axes=axes,
        out=out,
        seed=seed,
        device=device,
        dask=dask,
        force=force,
    )
    print_run(fit("denoise", data, resume, options, json), json)
