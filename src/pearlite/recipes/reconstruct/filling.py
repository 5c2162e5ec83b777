"""Inpainting as a run: the filled image, how well the fill belongs to it, and the page.

Axes: Y, X of an image, and 3 of a colour.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.write import write
from pearlite.errors import InputError
from pearlite.provenance import plain
from pearlite.recipes.reconstruct.given import KEPT, Slices, find_slices, kept
from pearlite.recipes.reconstruct.hole import checked
from pearlite.recipes.reconstruct.inpaint import STEPS, inpaint
from pearlite.recipes.reconstruct.seam import belongs
from pearlite.recipes.repeat import repeat_section
from pearlite.run import PAGE, TEST, Run
from pearlite.see import page, preview
from pearlite.see.html import Html

MASK, RESULT = "hole.tif", "filled"
LABELS = ("with the hole", "filled")
SHOWN = 1024  # pixels a side of what is shown
CAVEAT = (
    "What was in the hole is not known. The fill is one of many that the rest of the image allows: "
    "good for what needs a whole image, no measurement of what lay there."
)


def fit(
    data: Any,
    hole: Any,
    *,
    kind: str | None,
    clean: bool,
    format: str,
    seed: int,
    out: str | Path | None,
    command: str | None,
    progress: bool,
) -> Run:
    """Fill the hole of an image, into a new run.

    Parameters
    ----------
    data
        One image: an array, an `Image` or a file.
    hole
        The mask, of the same kinds: not 0 where pixels shall be filled. A copy is kept in the run.
    kind, clean, format, seed, out, command, progress
        As of `pearlite.recipes.reconstruct.runs.fit`.

    Raises
    ------
    InputError
        If the image cannot be learned from, or the mask does not fit.
    """
    slices = find_slices(data)
    if len(slices.images) > 1:
        raise InputError(f"{len(slices.images)} images came with one hole; give one image")
    mask = checked(find_slices(hole).images[0], slices.images[0])
    options = {"hole": MASK, "kind": kind, "clean": clean, "format": format}
    with Run.create("reconstruct", options, seed, slices.sources, out, command) as run:
        write(run.path / MASK, Image(mask.astype(np.uint8), "YX"))
        if not isinstance(slices.sources[0], Path):
            write(run.path / KEPT[0], kept(slices.images[0], slices))
            run.record["inputs"][0]["path"] = KEPT[0]
        _work(run, slices, mask, progress)
    return run


def resume(run: Run, *, progress: bool = False) -> Run:
    """Fill anew what was stopped: a fill takes seconds.

    Raises
    ------
    InputError
        If the input is gone or has changed since the run began.
    """
    run.check_inputs()
    with run:
        _work(run, find_slices(run.inputs), _mask(run), progress)
    return run


def report(run: Run) -> Path:
    """Write the run's page."""
    return run.write_text(PAGE, _html(run))


def summary(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first: what was measured of the fill."""
    return [("measure", "fill", "image"), *_rows(run.test)]


def _work(run: Run, slices: Slices, mask: NDArray[np.bool_], progress: bool) -> None:
    options = run.options
    filled = inpaint(
        slices.images[0],
        mask,
        seed=run.seed,
        kind=options["kind"],
        clean=options["clean"],
        steps=STEPS,
        show=progress,
    )
    meaning = filled.pictures.meaning
    found = belongs(filled.channels_CHW, mask, meaning)
    phases = [str(value) for value in meaning.values]
    test = {
        "share": mask.mean(),
        "patches": found.patches,
        "floor": found.floor,
        "seam": found.seam,
        "fractions": dict(zip(phases, found.shares, strict=True)) if phases else {},
        "notes": list(filled.pictures.notes),
    }
    run.write_json(TEST, plain(test))
    name = RESULT + options["format"]
    write(run.path / name, kept(filled.image, slices))
    run.finish(RESULT, name)
    report(run)


def _rows(test: dict[str, Any]) -> list[tuple[str, str, str]]:
    floor = "-" if test["floor"] is None else f"{test['floor']:.3g}"
    return [
        ("patch distance", f"{test['patches']:.3g}", floor),
        ("steps across the rim", f"{test['seam']:.2f}", "1.00"),
        *(
            (f"fraction of {phase}", f"{inside:.1%}", f"{outside:.1%}")
            for phase, (inside, outside) in test["fractions"].items()
        ),
    ]


def _html(run: Run) -> str:
    test, mask = run.test, _mask(run)
    image = find_slices(run.inputs).images[0]
    filled = np.asarray(read(run.results[RESULT]).array)
    filled = np.moveaxis(filled, 0, -1) if filled.ndim == 3 else filled
    limits = preview.limits(image[~mask].astype(np.float32), 0, 100)
    empty = np.where(mask if image.ndim == 2 else mask[..., None], limits[0], image)
    when = datetime.fromisoformat(run.record["created"]).strftime("%d %B %Y, %H:%M")
    size = " × ".join(map(str, mask.shape))
    rows = [("measure", "fill", "image"), *_rows(test)]
    return page.page(
        f"{run.inputs[0].name}, its hole filled",
        f"pearlite reconstruct · {when} · {size} pixels, {test['share']:.1%} of them filled",
        page.section("", _compared(empty, filled, limits)),
        page.section(
            "In numbers",
            page.table(rows[1:], rows[0]),
            page.notes(
                [
                    "Patches that touch the hole against those of the known image; beside it, the "
                    "distance of known pieces of the same shape.",
                    "Steps between neighbours across the rim, in those between known ones: above 1 "
                    "a seam can be seen, below it is smooth.",
                ]
            ),
        ),
        page.section("To keep in mind", page.notes([CAVEAT, *test["notes"]])),
        repeat_section(run),
    )


def _compared(before: NDArray[Any], after: NDArray[Any], limits: preview.Limits) -> Html:
    uris = [
        preview.data_uri(preview.grey(each[:SHOWN, :SHOWN], limits), exact=True)
        for each in (before, after)
    ]
    height, width = after[:SHOWN, :SHOWN].shape[:2]
    caption = "The image with its hole, and filled."
    return page.compare(uris[0], uris[1], (height, width), caption, exact=True, labels=LABELS)


def _mask(run: Run) -> NDArray[np.bool_]:
    return np.asarray(read(run.path / MASK).array) != 0
