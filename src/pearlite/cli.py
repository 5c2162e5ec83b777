"""The command line: thin, with no logic of its own; what it calls is loaded when it is called."""

import errno
import json as jsonlib
import os
import sys
from typing import Annotated, NoReturn

import typer

from pearlite.commands.after import apply, export, report
from pearlite.commands.before import audit, guide
from pearlite.commands.denoise import denoise
from pearlite.commands.language import language
from pearlite.commands.learn import demo, lecture, trace
from pearlite.commands.reconstruct import reconstruct
from pearlite.commands.segment import segment
from pearlite.commands.style import style
from pearlite.commands.tabular import tabular
from pearlite.commands.text import text
from pearlite.errors import InputError, Refused

app = typer.Typer(
    name="pearlite",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    except BrokenPipeError:  # who reads, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
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


for _command in (
    demo,
    guide,
    audit,
    denoise,
    segment,
    reconstruct,
    style,
    tabular,
    text,
    language,
    apply,
    report,
    export,
    trace,
    lecture,
):
    app.command()(_command)


def _complain(sentence: str, code: int) -> int:
    if "--json" in sys.argv:
        typer.echo(jsonlib.dumps({"error": sentence, "exit_code": code}, ensure_ascii=False))
    else:
        typer.echo(sentence, err=True)
    return code
