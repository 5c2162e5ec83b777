"""Before a fit: what the data is, and what would make a test of it dishonest."""

from pathlib import Path
from typing import Annotated

import typer

from pearlite.commands.common import given, print_facts, print_table
from pearlite.commands.options import Group, Json, Seed, Sheet, Target, Time


def guide(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A file or a folder.")],
    target: Target = None,
    json: Json = False,
) -> None:
    """Say what this data is, which task and model fit it, and the command to type."""
    from pearlite.fieldguide import guide as advise

    advice = advise(data, **given(target=target))
    if not json:
        print_table(advice.table())
    print_facts({**advice.facts(), "exit_code": 0}, [], json)


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

    options = given(target=target, group=group, time=time, sheet=sheet, seed=seed)
    found = look(data, progress=not json, **options)
    page = write_text(out, found.page()) if out else None
    if not json:
        print_table(found.table())
    lines = [*([found.verdict] if found.findings else []), *([str(page)] if page else [])]
    print_facts({**found.facts(), "page": page, "exit_code": 0}, lines, json)
