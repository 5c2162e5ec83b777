"""The command line's options that mean the same everywhere."""

from pathlib import Path
from typing import Annotated, Literal

import typer

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
PixelSize = Annotated[
    str | None,
    typer.Option(metavar="LENGTH", help='Such as "20 nm", for files that do not say.'),
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
Minutes = Annotated[
    float | None, typer.Option(min=0, metavar="M", help="A budget of time for the fit.")
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processor cores to use.", show_default="all")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one machine-readable object and nothing else.")
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
