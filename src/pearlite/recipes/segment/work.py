"""The steps of a segmentation's run: divide, learn, test, segment, report."""

import csv
import io
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label

from pearlite.errors import InputError, Refused
from pearlite.judge.looks import SPLIT, Withheld, looks
from pearlite.provenance import plain
from pearlite.recipes.segment.examine import examine
from pearlite.recipes.segment.example import UNLABELLED, Example, Segmenter
from pearlite.recipes.segment.examples import Gathered
from pearlite.recipes.segment.fraction import FractionError
from pearlite.recipes.segment.learn import Learned, learn
from pearlite.recipes.segment.model import ABOUT, Known, Model, single_answer
from pearlite.recipes.segment.outside import Outside
from pearlite.recipes.segment.parts import Parts, divide
from pearlite.recipes.segment.report import card, html
from pearlite.recipes.segment.results import Wanted, places, segment_file
from pearlite.recipes.segment.rims import learn_rims
from pearlite.recipes.segment.settings import Settings
from pearlite.recipes.sources import result_names, together
from pearlite.recipes.spread import spread
from pearlite.run import PAGE, TEST, Run

MODEL, STATE, RECIPE = "model", "state", "recipe.json"
_JUDGED = 60.0  # seconds of training from which on it is learned which images are unlike
_JUDGING = 0.2  # of them, about the share that this takes at most
HISTORY, FRACTIONS, CARD = "history.csv", "fractions.csv", "card.md"


def work(
    run: Run, gathered: Gathered, settings: Settings, dask: str | None, progress: bool
) -> None:
    """Divide, learn, test, segment, report: whatever of that the folder does not hold yet."""
    parts = divide(gathered, group=settings.group, seed=settings.seed)
    parts.split.save(run.path / SPLIT)
    if not (run.path / MODEL / ABOUT).exists() or not (run.path / TEST).exists():
        learned = learn(gathered, parts, settings, run.path / STATE, progress)
        write_rows(run, HISTORY, learned.history)
        errors = fraction_errors(learned.tested, parts, gathered)
        tested = _tested(run, gathered, parts, learned, settings)
        run.write_json(TEST, tested | {"fractions": errors.sentence()})
        known = Known.of(gathered.examples, settings.volume)
        outside = _outside(learned, gathered, parts, settings)
        rims = learn_rims(gathered, parts, settings, run.path / STATE, progress)
        model = Model(learned.kept, gathered.classes, known, errors, outside, rims)
        model.save(run.path / MODEL)
        run.write_json(RECIPE, learned.facts | {"classes": gathered.classes.to_dict()})
    shutil.rmtree(run.path / STATE, ignore_errors=True)
    _segment(run, _wanting(run, gathered, parts), settings, dask, progress)
    run.write_text(CARD, card(run))
    run.write_text(PAGE, html(run))


def write_rows(run: Run, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows as a CSV file of the run; columns in the order in which they appear."""
    text = io.StringIO()
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    run.write_text(name, text.getvalue())


def _tested(
    run: Run, gathered: Gathered, parts: Parts, learned: Learned, settings: Settings
) -> dict[str, Any]:
    """Look at the withheld part, once, and return what it says."""
    facts: dict[str, Any] = {
        "classes": gathered.classes.to_dict(),
        "labelled": [example.name for example in gathered.examples],
        "sparse": gathered.sparse,
        "shared": parts.shared,
        "split": parts.split.why,
        "metrics": {},
        "baselines": {},
        "looks": 0,
        "looks_sentence": "There is no test part.",
        "notes": list(gathered.notes),
        "images": {},
        **learned.facts,
    }
    if not parts.test:
        return plain(facts)
    before = looks(run.path.parent, run.record["inputs"][0]["sha256"], parts.split.hash)
    withheld = Withheld(parts.split.test, before)
    withheld.look()
    facts |= examine(learned.tested, parts, gathered.classes, settings.seed)
    facts |= {"looks": withheld.looks, "looks_sentence": withheld.sentence}
    return plain(facts)


def _wanting(run: Run, gathered: Gathered, parts: Parts) -> list[Path]:
    """Return the files to segment: those that are not wholly labelled, and those tested on."""
    every = [path.resolve() for path in run.inputs]
    tested = {example.name for example in parts.test}
    wanted = {path.resolve() for path in gathered.unlabelled}
    for source, example in zip(gathered.sources, gathered.examples, strict=True):
        if source is not None and (example.name in tested or (example.truth_S < 0).any()):
            wanted.add(source.resolve())
    return [path for path in every if path in wanted] or every


def _segment(
    run: Run, sources: list[Path], settings: Settings, dask: str | None, progress: bool
) -> None:
    """Segment the files that have no result yet."""
    single = len(run.inputs) == 1
    names = ["labels"] if single else result_names(sources)
    targets = {name: places(run.path, None if single else name) for name in names}
    wanted = Wanted(
        settings.axes, settings.force, settings.pixel_size, settings.instances, settings.device
    )
    jobs = {
        name: (
            source.absolute(),
            {kind: path.absolute() for kind, path in targets[name].items()},
            (run.path / MODEL).absolute(),
            wanted,
        )
        for name, source in zip(names, sources, strict=True)
        if name not in run.results
    }
    test = run.test
    errors: list[InputError | Refused] = []
    for name, facts in spread(segment_file, jobs, dask, "Segmenting", progress):
        if not isinstance(facts, dict):
            errors.append(facts)
            run.fail(name, facts)
            continue
        test["images"][name] = plain({"input": str(jobs[name][0]), **facts})
        run.write_json(TEST, test)
        run.finish(name, str(targets[name]["labels"].relative_to(run.path)))
    if not run.results:
        raise together(errors)
    write_rows(run, FRACTIONS, fraction_rows(test["classes"], test["images"]))


def fraction_rows(classes: dict[str, Any], images: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row an image and class."""
    return [
        {"image": name, "class": called, "mask value": value}
        | {key: number for key, number in facts["fractions"][called].items() if key != "number"}
        for name, facts in images.items()
        for called, value in zip(classes["names"], classes["values"], strict=True)
    ]


def fraction_errors(segmenter: Segmenter, parts: Parts, gathered: Gathered) -> FractionError:
    """Measure how far off area fractions are, on what was not learned from.

    Where parts share images that is done on the withheld blocks.
    """
    withheld = []
    for example in (*parts.validation, *parts.test):
        answer_KS = segmenter.probabilities(example.image_CS)
        boxes = _boxes(example.truth_S) if parts.shared else [(...,)]
        withheld += [(answer_KS[:, *box], example.truth_S[box]) for box in boxes]
    found = FractionError.learn(withheld, len(gathered.classes))
    return replace(found, blocks=True) if parts.shared and found.units else found


def _outside(
    learned: Learned, gathered: Gathered, parts: Parts, settings: Settings
) -> Outside | None:
    """Learn which images are unlike the training's, on what was not learned from if there is any.

    A short training goes without.
    """
    if settings.seconds < _JUDGED:
        return None
    examples = [*parts.validation, *parts.test] or list(gathered.examples)
    if parts.shared and not gathered.sparse:
        examples = [_cut(example, box) for example in examples for box in _boxes(example.truth_S)]
    segmenter = single_answer(learned.tested.segmenter)
    seconds = _JUDGING * settings.seconds
    return Outside.learn(segmenter, examples, seed=settings.seed, seconds=seconds)


def _cut(example: Example, box: tuple[slice, ...]) -> Example:
    image_CS, truth_S = example.image_CS[(slice(None), *box)], example.truth_S[box]
    return replace(example, image_CS=image_CS, truth_S=truth_S)


def _boxes(truth_S: NDArray[np.int16]) -> list[tuple[slice, ...]]:
    """Return boxes around the connected pieces of what is labelled."""
    pieces_S = np.asarray(label(truth_S != UNLABELLED))
    return [box for box in ndimage.find_objects(pieces_S) if box is not None]
