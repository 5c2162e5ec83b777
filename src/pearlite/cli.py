"""The command line: thin, with no logic of its own; what it calls is loaded when it is called."""

import errno
import json as jsonlib
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer

from pearlite.errors import InputError, Refused

app = typer.Typer(
    name="pearlite",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder for the run.", show_default="runs/TASK-DATE-TIME"),
]
Seed = Annotated[
    int | None, typer.Option(min=0, help="The one source of randomness.", show_default="0")
]
Quality = Annotated[
    Literal["fast", "balanced", "best"] | None,
    typer.Option(help="How much time to spend.", show_default="balanced"),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"] | None,
    typer.Option(help="Where to compute.", show_default="auto"),
]
Resume = Annotated[
    Path | None,
    typer.Option(metavar="RUN", help="Go on with a stopped run; its finished files stay."),
]
Dask = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Spread the files over a Dask cluster, tcp://…"),
]
Force = Annotated[
    bool | None,
    typer.Option("--force", help="Go on where the answer may not be honest; the report says so."),
]
Axes = Annotated[
    str | None,
    typer.Option(metavar="LETTERS", help="Axes of files that do not say, such as ZYX or TYX."),
]
Target = Annotated[str | None, typer.Option(metavar="COLUMN", help="The column to be predicted.")]
Group = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMNS",
        help='Rows alike in these belong together: a column, "a,b", or "all but a".',
    ),
]
Time = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Test on the latest: a column of dates or numbers."),
]
Sheet = Annotated[
    str | None, typer.Option(metavar="NAME", help="Sheet of an Excel file.", show_default="first")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one machine-readable object and nothing else.")
]
_PIPED = 160  # characters a line where no terminal says how wide it is
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]


def main() -> NoReturn:
    """Run the command line: 0 done, 2 wrong input, 3 refused, 130 stopped."""
    command = typer.main.get_command(app)
    code = 0
    try:
        with command.make_context("pearlite", sys.argv[1:]) as context:
            command.invoke(context)
    except typer.Exit as left:
        code = left.exit_code
    except InputError as error:
        code = _complain(str(error), 2)
    except typer.TyperException as error:
        code = _complain(error.format_message(), 2)
    except Refused as error:
        code = _complain(str(error), 3)
    except KeyboardInterrupt as error:  # a run's message is the command that goes on with it
        resume = f"go on with: {error}" if str(error) else "nothing was written."
        code = _complain(f"Stopped; {resume}", 130)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        code = _complain("the disk is full; free some room or choose another folder with --out", 2)
    sys.exit(code)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"pearlite {version('pearlite')}")
        raise typer.Exit


@app.callback()
def _pearlite(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """Turn a measurement into an honestly tested model."""


@app.command()
def demo(out: Out = None, json: Json = False) -> None:
    """Denoise a real image and a synthetic micrograph whose truth is known."""
    from pearlite.recipes.demo import demo as run_demo

    _print_run(run_demo(out=out, progress=not json), json)


@app.command()
def guide(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A file or a folder.")],
    target: Target = None,
    json: Json = False,
) -> None:
    """Say what this data is, which task and model fit it, and the command to type."""
    from pearlite.fieldguide import guide as advise

    advice = advise(data, **_given(target=target))
    if not json:
        _print_table(advice.table())
    _print({**advice.facts(), "exit_code": 0}, [], json)


@app.command()
def audit(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A table, a series, or a folder of images.")
    ],
    target: Target = None,
    group: Group = None,
    time: Time = None,
    sheet: Sheet = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the findings as a page, audit.html."),
    ] = None,
    seed: Seed = None,
    json: Json = False,
) -> None:
    """Look for what would make a test of a model dishonest, and measure how much it flatters."""
    from pearlite.folders import write_text
    from pearlite.judge.audit import audit as look

    options = _given(target=target, group=group, time=time, sheet=sheet, seed=seed)
    found = look(data, progress=not json, **options)
    page = write_text(out, found.page()) if out else None
    if not json:
        _print_table(found.table())
    lines = [*([found.verdict] if found.findings else []), *([str(page)] if page else [])]
    _print({**found.facts(), "page": page, "exit_code": 0}, lines, json)


@app.command()
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
    options = _given(
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
    _print_run(_fit("denoise", data, resume, options, json), json)


@app.command()
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
    minutes: Annotated[
        float | None, typer.Option(min=0, metavar="M", help="A budget of time for the fit.")
    ] = None,
    out: Out = None,
    seed: Seed = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processor cores to use.", show_default="all")
    ] = None,
    resume: Resume = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Train on a Dask cluster, tcp://…"),
    ] = None,
    force: Force = None,
    json: Json = False,
) -> None:
    """Predict a column of a table from the others, and say how far to trust it."""
    options = _given(
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
    _print_run(_fit("tabular", data, resume, options, json), json)


@app.command()
def apply(
    run: RunFolder,
    data: Annotated[list[Path], typer.Argument(metavar="INPUT…", help="New files or folders.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the files.", show_default="RUN/applied"),
    ] = None,
    refit: Annotated[
        bool | None, typer.Option("--refit", help="Estimate again what the run had learned.")
    ] = None,
    axes: Axes = None,
    sheet: Sheet = None,
    device: Device = None,
    force: Force = None,
    json: Json = False,
) -> None:
    """Use a run's model on new data."""
    from pearlite.recipes import load

    options = _given(out=out, refit=refit, axes=axes, sheet=sheet, device=device, force=force)
    files = load(run).apply(data, progress=not json, **options)
    _print({"run": run, "files": files, "exit_code": 0}, [str(file) for file in files], json)


@app.command()
def report(
    run: RunFolder,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only write the page.")] = False,
    json: Json = False,
) -> None:
    """Write a run's page again, and open it."""
    import webbrowser

    from pearlite.recipes import load

    page = load(run).report()
    _print({"run": run, "report": page, "exit_code": 0}, [str(page)], json)
    if not (no_open or json):
        webbrowser.open(page.resolve().as_uri())


@app.command()
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
        _print_table(traced.table())
    _print({**traced.facts(), "picture": picture, "exit_code": 0}, [str(p) for p in drawn], json)


@app.command()
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
            _print_table([("page", "what it shows"), *pages.PAGES.items()])
        _print({"pages": pages.PAGES, "exit_code": 0}, [], json)
        return
    folder = pages.run(name, progress=not json, **_given(out=out, seed=seed))
    page = folder / "index.html"
    _print({"folder": folder, "page": page, "exit_code": 0}, [str(page)], json)


def _given(**options: Any) -> dict[str, Any]:
    """Keep what was typed: what was not has its default where the work is done."""
    return {name: value for name, value in options.items() if value is not None and value != []}


def _fit(
    task: str,
    data: Path | list[Path] | None,
    resume: Path | None,
    options: dict[str, Any],
    json: bool,
) -> Any:
    from pearlite import recipes

    if resume is None:
        if not data:
            raise InputError(f"give the data: pearlite {task} DATA… (pearlite {task} --help)")
        command = shlex.join(["pearlite", *sys.argv[1:]])
        return recipes.fit(task, data, command=command, progress=not json, **options)
    surplus = [name for name in options if name not in ("device", "workers", "dask", "force")]
    if data or surplus:
        raise InputError(
            "--resume takes the data and the options from the run; beside it only --device, "
            "--workers, --dask and --force may be given."
        )
    return recipes.load(resume).resume(progress=not json, **options)


def _print_run(run: Any, json: bool) -> None:
    """Print what a run brought, and leave with its exit code."""
    facts = {
        "run": run.path,
        "task": run.task,
        "status": run.status,
        "results": run.results,
        "failures": run.record["failures"],
        "test": run.test,
        "report": run.page,
        "seconds": run.record["seconds"],
        "exit_code": run.exit_code,
    }
    if json:
        _print(facts, [], json)
    else:
        _print_table(run.summary())
        _print({}, [*(str(path) for path in run.results.values()), str(run.page)], json)
        for name, error in run.failures.items():
            typer.echo(f"{name}: {error}", err=True)
    raise typer.Exit(run.exit_code)


def _print_table(rows: list[tuple[str, ...]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows[1:]:
        table.add_row(*(Text(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else _PIPED).print(table)


def _print(facts: dict[str, Any], lines: list[str], json: bool) -> None:
    from pearlite.provenance import plain

    if json:
        typer.echo(jsonlib.dumps(plain(facts), ensure_ascii=False))
    elif lines:
        typer.echo("\n".join(lines))


def _complain(sentence: str, code: int) -> int:
    if "--json" in sys.argv:
        typer.echo(jsonlib.dumps({"error": sentence, "exit_code": code}, ensure_ascii=False))
    else:
        typer.echo(sentence, err=True)
    return code
