"""How pearlite's matplotlib pictures look: on white, in colours that the colour-blind tell apart.

The colours are those of Okabe & Ito, "Color Universal Design" (2008), which also differ in
brightness, so that they survive a print without colours. Maps go from dark to bright in `MAP`, and
through white in `MAP_AROUND_ZERO`.
"""

from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray

INK, SOFT, FAINT = "#1d1f23", "#5d636e", "#d9dbdf"
BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#e69f00",
    "#cc79a7",
    "#56b4e9",
)
MAP, MAP_AROUND_ZERO = "cividis", "RdBu_r"
DPI = 160

STYLE: dict[Any, Any] = {
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "savefig.dpi": DPI,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": f"cycler('color', {[BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY]})",
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "image.cmap": MAP,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
}

styled = rc_context(STYLE)
"""Decorates a function that draws, or surrounds its lines in a ``with`` statement."""


def panels(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] = (9, 3.6), **options: Any
) -> tuple[Figure, NDArray[Any]]:
    """Return a figure of its own (no global state) and its axes.

    Parameters
    ----------
    rows, columns
        Number of panels.
    size
        Width and height in inches; the page shows 9 inches across its full width.
    **options
        What `matplotlib.figure.Figure.subplots` takes.

    Returns
    -------
    Figure
        Nothing but the axes in it.
    array of Axes
        Shape ``(rows, columns)``.
    """
    figure = Figure(figsize=size)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)
