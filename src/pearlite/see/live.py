"""Training curves in the terminal while training runs; a pipe or a log file sees nothing of it."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pearlite.errors import InputError
from pearlite.see.curves import History, panels

if TYPE_CHECKING:
    from pearlite.train.trainer import Trainer

PAUSE = 0.5  # seconds between two drawings, at least
HEIGHT = 16  # lines of the terminal


def live() -> "dict[str, list[Callable[[Trainer], None]]]":
    """Make the events of a trainer that draws its curves on stderr: ``Trainer(…, events=live())``.

    They are drawn anew after a validation, at most twice a second, and once more in the end. Where
    stderr is no terminal nothing is drawn. They take the place of the progress bar.

    Raises
    ------
    InputError
        When training starts, if the trainer has a progress bar as well.
    """
    curves = _LiveCurves()
    return {"start": [curves.open], "validate": [curves.follow], "end": [curves.close]}


class _LiveCurves:
    def __init__(self) -> None:
        self.display: Any = None
        self.drawn = 0.0

    def open(self, trainer: "Trainer") -> None:
        if not sys.stderr.isatty():
            return
        if trainer.progress is not None:
            raise InputError(
                "live curves and a progress bar do not fit one terminal: progress=None"
            )
        from rich.console import Console
        from rich.live import Live

        self.display = Live(console=Console(stderr=True), auto_refresh=False)
        self.display.start()

    def follow(self, trainer: "Trainer") -> None:
        if self.display is not None and time.monotonic() - self.drawn >= PAUSE:
            self._show(trainer)

    def close(self, trainer: "Trainer") -> None:
        if self.display is None:
            return
        if trainer.history:
            self._show(trainer)
        self.display.stop()
        self.display = None

    def _show(self, trainer: "Trainer") -> None:
        from rich.text import Text

        width = min(self.display.console.width, 100)
        picture = draw_text(trainer.history, width, HEIGHT)
        last = trainer.history[-1]
        numbers = "  ".join(f"{name} {value:.4g}" for name, value in last.items())
        self.display.update(Text.from_ansi(f"{picture}\n{numbers}"), refresh=True)
        self.drawn = time.monotonic()


def draw_text(history: History, width: int, height: int) -> str:
    """Draw the first panel of a history's curves with characters.

    Parameters
    ----------
    history
        As `Trainer.fit` returns it.
    width, height
        Columns and lines of the drawing.

    Returns
    -------
    str
        Lines with the terminal's codes for colours.

    Raises
    ------
    InputError
        If the history is empty.
    """
    import plotext

    panel, *_ = panels(history)
    figure = plotext.figure
    figure.clear()
    figure.theme("simple")
    figure.plot_size(width, height)
    for curve in panel.curves:
        signal = figure.signal(curve.steps, curve.values, marker="braille")
        figure.draw(signal.lines().label(curve.name))
    box = max(len(curve.name) for curve in panel.curves) + 6
    figure.legend(x=max(width - box - 10, 0), y=0)
    if panel.logarithmic:
        figure.ruler("y", 0).scale("log")
    return str(figure.build()).rstrip("\n")
