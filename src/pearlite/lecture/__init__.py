"""The lecture's worked examples, in its order: each a page that runs in seconds and draws itself.

A page is a module of this package with ``draw(folder, seed=0) -> Page``; it is imported when it is
asked for.
"""

from importlib import import_module
from pathlib import Path

from pearlite.errors import InputError
from pearlite.folders import chosen_folder, new_folder
from pearlite.see.progress import track

PAGES = {
    "neuron": "One artificial neuron",
    "spectrum": "torch as a plain optimiser",
    "square": "A network learns x²",
    "approximation": "Wide enough, one layer draws any curve",
    "overfitting": "Overfitting, and three cures",
    "landscape": "Three optimisers in a loss landscape",
    "edges": "Dense against convolution",
    "digits": "Reading digits, with a CNN and a ViT",
    "attention": "Where attention looks",
    "positions": "How a token knows its place",
    "gan": "A generator against a critic",
}


def run(name: str, out: str | Path | None = None, *, seed: int = 0, progress: bool = False) -> Path:
    """Work one page of the lecture, or all of them in order.

    Parameters
    ----------
    name
        One of `PAGES`, or ``"all"``.
    out
        An empty or new folder; ``None`` means ``runs/lecture-NAME-DATE-TIME``.
    seed
        Where data and weights come from. The pages' sentences hold for any; their numbers are
        those of the run.
    progress
        Show a bar over the pages of ``"all"``.

    Returns
    -------
    Path
        The folder: index.html (self-contained), PNG pictures and numbers.json, for ``"all"`` in a
        folder a page below an index.html that shows them in order.

    Raises
    ------
    InputError
        If there is no such page, or `out` holds anything.
    """
    if name not in PAGES and name != "all":
        known = ", ".join(PAGES)
        raise InputError(f"the lecture has no page {name!r}; its pages are: {known}; or say all.")
    folder = new_folder(Path("runs"), f"lecture-{name}") if out is None else chosen_folder(out)
    if name != "all":
        import_module(f"{__name__}.{name}").draw(folder, seed=seed)
        return folder

    from pearlite.lecture.page import write_index

    pages = []
    for each in track(PAGES, "The lecture", show=progress):
        pages.append(import_module(f"{__name__}.{each}").draw(_made(folder / each), seed=seed))
    write_index(pages, folder)
    return folder


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
