"""To learn and to look inside: the demonstration, the lecture, a network's layers."""

from pathlib import Path
from typing import Annotated

import typer

from pearlite.commands.common import given, print_facts, print_run, print_table
from pearlite.commands.options import Json, Out, Seed


def demo(out: Out = None, json: Json = False) -> None:
    """Denoise a real image and a synthetic micrograph whose truth is known."""
    from pearlite.recipes.demo import demo as run_demo

    print_run(run_demo(out=out, progress=not json), json)


def lecture(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A page, or all; none lists them.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for the page.", show_default="runs/lecture-NAME-DATE-TIME"
        ),
    ] = None,
    seed: Seed = None,
    json: Json = False,
) -> None:
    """Work through the lecture's examples: each a page with its figure, in seconds."""
    from pearlite import lecture as pages

    if name is None:
        if not json:
            print_table([("page", "what it shows"), *pages.PAGES.items()])
        print_facts({"pages": pages.PAGES, "exit_code": 0}, [], json)
        return
    folder = pages.run(name, progress=not json, **given(out=out, seed=seed))
    page = folder / "index.html"
    print_facts({"folder": folder, "page": page, "exit_code": 0}, [str(page)], json)


def trace(
    network: Annotated[
        str,
        typer.Argument(metavar="RUN|NET", help="A run, a network's name, or module.path:Class."),
    ],
    input_shape: Annotated[
        str,
        typer.Option(
            "--input", metavar="SHAPE", help="Axes of the input, batch first: 1,1,256,256."
        ),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Setting of the network; repeatable."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it too: a PNG or SVG file.")
    ] = None,
    json: Json = False,
) -> None:
    """Show what a network does to a tensor, layer by layer: shapes, parameters, cost."""
    from pearlite.see.target import trace_command

    traced = trace_command(network, input_shape, settings or [])
    drawn = [traced.picture(picture)] if picture else []
    if not json:
        print_table(traced.table())
    print_facts(
        {**traced.facts(), "picture": picture, "exit_code": 0}, [str(p) for p in drawn], json
    )
