"""The steps of a run on texts: audit, split, fit and choose, test, explain, draw."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pandas as pd
import torch

from pearlite.data.disk import replacing
from pearlite.judge.looks import SPLIT, Withheld, looks
from pearlite.recipes.text.candidates import Lesson, candidates
from pearlite.recipes.text.compare import Trial, best, compare
from pearlite.recipes.text.examine import answers, examine
from pearlite.recipes.text.fitted import Answer
from pearlite.recipes.text.prepare import Prepared, prepare
from pearlite.recipes.text.report import AUDIT, EXPLAINED, card, html
from pearlite.recipes.text.reuse import MODELS, columns_of
from pearlite.recipes.text.settings import Settings
from pearlite.recipes.text.unlabelled import read_unlabelled
from pearlite.recipes.text.words import shown_texts, strongest
from pearlite.run import PAGE, TEST, Run

RESULT, CARD, STATE = "predictions", "card.md", "state"
PREDICTIONS = f"{RESULT}.csv"


@dataclass(frozen=True)
class Material:
    """What a run works on.

    Attributes
    ----------
    table
        With texts and targets.
    settings
        Of the run.
    device
        For networks.
    """

    table: pd.DataFrame
    settings: Settings
    device: torch.device


def work(run: Run, material: Material, progress: bool) -> None:
    """Audit, split, fit, test, explain, draw: whatever of that the folder does not hold yet."""
    settings = material.settings
    end = None if settings.minutes is None else monotonic() + 60 * settings.minutes
    prepared = prepare(material.table, settings, run.inputs[0].name)
    run.write_json(AUDIT, prepared.audit.facts())
    prepared.split.save(run.path / SPLIT)
    texts, truth = prepared.part(prepared.split.train)
    (run.path / STATE).mkdir(exist_ok=True)
    lesson = Lesson(
        texts,
        truth,
        prepared.part(prepared.split.validation),
        read_unlabelled(settings.unlabelled, settings.text, prepared.texts),
        settings,
        run.path / STATE,
        (lambda: None) if end is None else (lambda: max(0.0, (end - monotonic()) / 60)),
        material.device,
        progress,
    )
    trials = compare(
        candidates(settings, truth.goal),
        lesson,
        prepared.metric,
        group=None if prepared.group is None else prepared.group[prepared.split.validation],
        folder=run.path / MODELS,
    )
    if RESULT not in run.results:
        _test(run, prepared, trials, len(lesson.unlabelled))
    shutil.rmtree(run.path / STATE, ignore_errors=True)
    run.write_text(CARD, card(run))
    run.write_text(PAGE, html(run))


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as a CSV file, whole or not at all."""
    with replacing(path) as hidden:
        table.to_csv(hidden, index=False)
    return path


def _test(run: Run, prepared: Prepared, trials: list[Trial], unlabelled: int) -> None:
    """Look at the withheld part, once, and write down what it says."""
    known = run.record["inputs"][0]["sha256"]
    withheld = Withheld(prepared.split.test, looks(run.path.parent, known, prepared.split.hash))
    rows = withheld.look()
    texts, truth = prepared.part(rows)
    said = answers(trials, prepared.part(prepared.split.train)[1], texts, prepared.metric)
    winner = best(trials, prepared.metric)
    group = None if prepared.group is None else prepared.group[rows]
    facts: dict[str, Any] = {
        "target": run.options["target"],
        "text": run.options["text"],
        "goal": truth.goal,
        "metric": prepared.metric.name,
        "classes": truth.classes,
        "rows": {name: len(part) for name, part in prepared.split.parts.items()},
        "unlabelled": unlabelled,
        "split": prepared.split.why,
        "looks": withheld.looks,
        "looks_sentence": withheld.sentence,
        "notes": [*prepared.notes, *_cut(trials)],
    }
    run.write_json(TEST, facts | examine(said, trials, truth, prepared.metric, group, run.seed))
    own = said[winner.name]
    explained = {
        "texts": shown_texts(winner.fitted, texts, truth, own),
        "strongest": strongest(
            winner.fitted, prepared.part(prepared.split.validation)[0], run.seed
        ),
    }
    run.write_json(EXPLAINED, explained)
    _predictions(run, prepared, rows, own)
    run.finish(RESULT, PREDICTIONS)


def _predictions(run: Run, prepared: Prepared, rows: Any, said: Answer) -> None:
    columns = {"row": prepared.rows[rows], "truth": prepared.truth.labels[rows]}
    columns |= columns_of(said, prepared.truth.classes)
    if run.options["group"] is not None and prepared.group is not None:
        columns["group"] = prepared.group[rows]
    write_table(pd.DataFrame(columns), run.path / PREDICTIONS)


def _cut(trials: list[Trial]) -> list[str]:
    """Say of how many texts a network sees the beginning only."""
    return [
        f"The {trial.title} reads the first {trial.facts['context']} tokens of a text; "
        f"{trial.facts['cut']:.0%} of the training texts are longer."
        for trial in trials
        if trial.facts.get("cut")
    ]
