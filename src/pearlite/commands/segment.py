"""pearlite segment."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pearlite.commands.common import fit, given, print_run
from pearlite.commands.options import (
    Axes,
    Dask,
    Device,
    Force,
    Json,
    Minutes,
    Out,
    Quality,
    Resume,
    Seed,
    Workers,
)


def segment(
    data: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DATA…", help="Images, stacks, or folders of them."),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Label images of the same names, ImageJ ROIs, or COCO outlines.",
            show_default="found beside the images",
        ),
    ] = None,
    unlabelled: Annotated[
        int | None,
        typer.Option(metavar="VALUE", help="This value of a mask means: nobody has labelled it."),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help="Names of the classes, in the order of their values."),
    ] = None,
    method: Annotated[
        Literal["auto", "pixels", "network"] | None,
        typer.Option(help="A classifier of pixels, or a U-Net.", show_default="auto"),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Pretrained encoder: none, lite0, or a MicroNet file.",
            show_default="auto",
        ),
    ] = None,
    train: Annotated[
        Literal["all", "adaptors", "head"] | None,
        typer.Option(help="What of a pretrained encoder learns.", show_default="all"),
    ] = None,
    vary: Annotated[
        Literal["auto", "usual", "unlike"] | None,
        typer.Option(
            help="Train for other shots, or for images of other microscopes and alloys.",
            show_default="auto",
        ),
    ] = None,
    symmetries: Annotated[
        Literal["auto", "all", "left-right", "none"] | None,
        typer.Option(
            help="Turns and mirror images that are as likely: layers have left-right alone.",
            show_default="from whole masks, else all",
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            metavar="FACTOR",
            help="Size at which the network sees images, such as 0.25.",
            show_default="from whole masks, else 1",
        ),
    ] = None,
    head: Annotated[
        Literal["linear", "lightgbm", "forest"] | None,
        typer.Option(help="What classifies the pixels.", show_default="forest"),
    ] = None,
    instances: Annotated[
        bool | None, typer.Option("--instances", help="Part touching particles, measure each.")
    ] = None,
    volume: Annotated[
        bool | None, typer.Option("--volume", help="Stacks along Z are volumes, seen in 3-D.")
    ] = None,
    pixel_size: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help='Such as "20 nm", for files that do not say.'),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN", help="Part of the file names that names the specimen; see docs."
        ),
    ] = None,
    quality: Quality = None,
    minutes: Minutes = None,
    axes: Axes = None,
    out: Out = None,
    seed: Seed = None,
    device: Device = None,
    workers: Workers = None,
    resume: Resume = None,
    dask: Dask = None,
    force: Force = None,
    json: Json = False,
) -> None:
    """Give every pixel its class: from a few scribbles, or from whole masks."""
    options = given(
        masks=masks,
        unlabelled=unlabelled,
        names=names,
        method=method,
        encoder=encoder,
        train=train,
        vary=vary,
        symmetries=symmetries,
        scale=scale,
        head=head,
        instances=instances,
        volume=volume,
        pixel_size=pixel_size,
        group=group,
        quality=quality,
        minutes=minutes,
        axes=axes,
        out=out,
        seed=seed,
        device=device,
        workers=workers,
        dask=dask,
        force=force,
    )
    print_run(fit("segment", data, resume, options, json), json)
