"""pearlite reconstruct."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pearlite.commands.common import fit, given, print_run
from pearlite.commands.options import Dask, Device, Json, Minutes, Out, Quality, Resume, Seed


def reconstruct(
    data: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="SLICE…",
            help="One image; two, normal to z and along it; or three, normal to z, y and x.",
        ),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="Z,Y,X",
            help="Voxels of the volume; Y,X makes a texture instead.",
            show_default="128,128,128",
        ),
    ] = None,
    method: Annotated[
        Literal["auto", "slicegan"] | None,
        typer.Option(help="slicegan is the published one, far slower.", show_default="auto"),
    ] = None,
    kind: Annotated[
        Literal["phases", "grey", "colour"] | None,
        typer.Option(help="What the values are.", show_default="by the image"),
    ] = None,
    clean: Annotated[
        bool | None,
        typer.Option("--clean", help="Give soft edges and JPEG noise to the nearest phase."),
    ] = None,
    vf: Annotated[
        str | None,
        typer.Option(metavar="F", help="Volume fraction to reach: 0.35, or 128=0.3,255=0.2."),
    ] = None,
    periodic: Annotated[
        bool | None, typer.Option("--periodic", help="Let opposite faces fit to each other.")
    ] = None,
    until: Annotated[
        Literal["inside", "budget"] | None,
        typer.Option(
            help="Take the whole time, or end once small volumes are near the image.",
            show_default="budget",
        ),
    ] = None,
    format: Annotated[
        Literal[".tif", ".ome.tif", ".ome.zarr", ".npy"] | None,
        typer.Option(help="Of the volume's file.", show_default=".tif"),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option("--from", metavar="RUN", help="Go on learning from a run of the same image."),
    ] = None,
    hole: Annotated[
        Path | None,
        typer.Option(metavar="MASK", help="Fill the image where this mask is not 0, no volume."),
    ] = None,
    low: Annotated[
        Path | None,
        typer.Option(metavar="VOLUME", help="Make this volume of low resolution fine."),
    ] = None,
    factor: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Pixels of the image along a voxel of --low: 2, 4 or 8.",
            show_default="by the pixel sizes",
        ),
    ] = None,
    quality: Quality = None,
    minutes: Minutes = None,
    out: Out = None,
    seed: Seed = None,
    device: Device = None,
    resume: Resume = None,
    dask: Dask = None,
    json: Json = False,
) -> None:
    """Grow a 3-D volume from one slice, or from two or three."""
    options = given(
        shape=shape,
        method=method,
        kind=kind,
        clean=clean,
        vf=vf,
        periodic=periodic,
        until=until,
        format=format,
        start=start,
        hole=hole,
        low=low,
        factor=factor,
        quality=quality,
        minutes=minutes,
        out=out,
        seed=seed,
        device=device,
        dask=dask,
    )
    print_run(fit("reconstruct", data, resume, options, json), json)
