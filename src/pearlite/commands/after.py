"""After a fit: use a run again, write its page again."""

from pathlib import Path
from typing import Annotated, Any

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
from pearlite.errors import InputError


def apply(
    run: RunFolder,
    data: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="INPUT…",
            help="New files or folders; of a reconstruction, Z,Y,X or Y,X, or low volumes.",
        ),
    ] = None,
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
    prompt: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Of a language run: what to go on from."),
    ] = None,
    tokens: Annotated[int | None, typer.Option(min=1, help="To write.", show_default="200")] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0, help="0: the likeliest.", show_default="0.8")
    ] = None,
    top_k: Annotated[int | None, typer.Option(min=1, help="Of so many likeliest tokens.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Of the likeliest with this chance.")] = None,
    repetition: Annotated[
        float | None, typer.Option(help="Above 1: say less again.", show_default="1")
    ] = None,
    stop: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Ends the writing; repeatable.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="Texts of each prompt.", show_default="1")
    ] = None,
    score: Annotated[
        bool | None, typer.Option("--score", help="Measure the texts instead of writing on.")
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

    if not data and prompt is None:
        raise InputError("give what the run shall be applied to: files, folders, or a --prompt")
    options = given(
        out=out,
        refit=refit,
        vf=vf,
        periodic=periodic,
        tokens=tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        repetition=repetition,
        stop=stop,
        count=count,
        score=score,
        axes=axes,
        sheet=sheet,
        pixel_size=pixel_size,
        seed=seed,
        device=device,
        dask=dask,
        force=force,
    )
    if prompt is not None:
        _write(load(run), prompt, json, options)
        return
    files = load(run).apply(data, progress=not json, **options)
    print_facts({"run": run, "files": files, "exit_code": 0}, [str(file) for file in files], json)


def _write(run: Any, prompt: str, json: bool, options: dict[str, Any]) -> None:
    """Print what a language run makes of a prompt, as it comes where that is one text."""
    alone = not json and "score" not in options and options.get("count", 1) == 1

    def show(piece: str) -> None:
        typer.echo(piece, nl=False)

    result = run.apply(prompt, **({"show": show} if alone else {}), **options)
    if alone:
        typer.echo()
        return
    texts = [str(text) for text in (result if isinstance(result, list) else [result])]
    print_facts({"run": run.path, "result": result, "exit_code": 0}, texts, json)


def report(
    run: RunFolder,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only write the page.")] = False,
    json: Json = False,
) -> None:
    """Write a run's page again, and open it."""
    import webbrowser

    from pearlite.recipes import open_run

    page = open_run(run).report()
    print_facts({"run": run, "report": page, "exit_code": 0}, [str(page)], json)
    if not (no_open or json):
        webbrowser.open(page.resolve().as_uri())


def export(
    run: RunFolder,
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new or empty folder.")],
    json: Json = False,
) -> None:
    """Write a language run's network as a Hugging Face folder, which transformers opens."""
    from pearlite.recipes import export as write_export

    folder = write_export(run, out)
    print_facts({"run": run, "folder": folder, "exit_code": 0}, [str(folder)], json)
