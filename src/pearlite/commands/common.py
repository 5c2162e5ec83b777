"""What the commands share: the options that were typed, fitting, printing."""

import json as jsonlib
import shlex
import sys
from pathlib import Path
from typing import Any

import typer

from pearlite.errors import InputError

_PIPED = 160  # characters a line where no terminal says how wide it is


def given(**options: Any) -> dict[str, Any]:
    """Keep what was typed: what was not has its default where the work is done."""
    return {name: value for name, value in options.items() if value is not None and value != []}


def fit(
    task: str,
    data: Path | list[Path] | None,
    resume: Path | None,
    options: dict[str, Any],
    json: bool,
) -> Any:
    """Fit a task to data, or go on with a stopped run."""
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
    return recipes.open_run(resume).resume(progress=not json, **options)


def print_run(run: Any, json: bool) -> None:
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
        print_facts(facts, [], json)
    else:
        print_table(run.summary())
        print_facts({}, [*(str(path) for path in run.results.values()), str(run.page)], json)
        for name, error in run.failures.items():
            typer.echo(f"{name}: {error}", err=True)
    raise typer.Exit(run.exit_code)


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Print a table, its head first, as wide as the terminal."""
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


def print_facts(facts: dict[str, Any], lines: list[str], json: bool) -> None:
    """Print the facts as one object, or else the lines."""
    from pearlite.provenance import plain

    if json:
        typer.echo(jsonlib.dumps(plain(facts), ensure_ascii=False))
    elif lines:
        typer.echo("\n".join(lines))
