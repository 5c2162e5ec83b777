"""The steps of a table's run: audit, split, train, test, explain, draw."""

import shutil
from time import monotonic

import numpy as np
import pandas as pd

from pearlite.judge.domain import Domain
from pearlite.judge.looks import SPLIT, Withheld, looks
from pearlite.recipes.tabular.big_table import BigTable
from pearlite.recipes.tabular.examine import answer, baselines, examine
from pearlite.recipes.tabular.explain import explain
from pearlite.recipes.tabular.files import Model, load
from pearlite.recipes.tabular.members.arrays import save_arrays
from pearlite.recipes.tabular.memory_table import STATE, MemoryTable
from pearlite.recipes.tabular.prepare import Prepared, Settings
from pearlite.recipes.tabular.report import AUDIT, EXPLAINED, card, html
from pearlite.recipes.tabular.reuse import DOMAIN, MODEL, OUTSIDE, Predictor, named, write_table
from pearlite.run import PAGE, TEST, Run

RESULT, HISTORY, CARD = "predictions", "history.csv", "card.md"
PREDICTIONS = f"{RESULT}.csv"
STOPPED = "interrupt"  # what a portfolio says that Ctrl-C ended
LEAST_EXPLAINING, MOST_EXPLAINING = 10.0, 240.0  # seconds
FEWEST_GROUPS = 3  # for a domain that knows relatives
TRAINING = 0.8  # share of the minutes that goes into the portfolio; the rest tests and explains it


def work(run: Run, table: MemoryTable | BigTable, settings: Settings, progress: bool) -> None:
    """Audit, split, train, test, explain, draw: whatever of that the folder does not hold yet."""
    clock = _Clock(settings.minutes)
    prepared = table.prepare(settings, run.inputs[0].name, progress)
    run.write_json(AUDIT, prepared.audit.facts())
    prepared.split.save(run.path / SPLIT)
    model = _finished(run)
    if model is None:
        model = _train(run, table, prepared, settings, clock, progress)
    stopped = model.portfolio_.stopped == STOPPED
    if RESULT not in run.results:
        _test(run, prepared, model)
    if not (stopped or (run.path / EXPLAINED).exists()):
        fitting = sum(row["seconds"] for row in model.portfolio_.history)
        minutes = _explaining(settings.quality, fitting, clock.left())
        run.write_json(EXPLAINED, explain(prepared, model, minutes, settings, progress))
    run.write_text(CARD, card(run))
    run.write_text(PAGE, html(run))
    if stopped:
        raise KeyboardInterrupt


class _Clock:
    """How much of a budget of time is left."""

    def __init__(self, minutes: float | None) -> None:
        self.end = None if minutes is None else monotonic() + 60 * minutes

    def left(self, share: float = 1.0) -> float | None:
        """Return minutes, or None without a budget."""
        return None if self.end is None else max(0.0, share * (self.end - monotonic()) / 60)


def _explaining(quality: str, fitting: float, left: float | None) -> float:
    """Return minutes for explaining: a few seconds, or as long as the fit's seconds, if left."""
    longest = LEAST_EXPLAINING if quality == "fast" else MOST_EXPLAINING
    seconds = min(max(LEAST_EXPLAINING, fitting), longest)
    return seconds / 60 if left is None else min(seconds / 60, left)


def _finished(run: Run) -> Model | None:
    """Return the model that the run's folder holds, unless not all its members were tried."""
    if not (run.path / MODEL).exists():
        return None
    model = load(run.path / MODEL)
    return None if model.portfolio_.stopped == STOPPED else model


def _train(
    run: Run,
    table: MemoryTable | BigTable,
    prepared: Prepared,
    settings: Settings,
    clock: _Clock,
    progress: bool,
) -> Model:
    """Fit a model to train and validation, and write it down with the domain that it knows."""
    run.record["results"].pop(RESULT, None)
    model, run.record["notes"] = table.fit(
        prepared, settings, run.path, clock.left(TRAINING), progress
    )
    write_table(pd.DataFrame(model.portfolio_.history), run.path / HISTORY)
    rows = prepared.known
    features = model.portfolio_.features.matrix(prepared.inputs.iloc[rows], "dense")
    group = None if prepared.group is None else prepared.group[rows]
    few = group is not None and len(np.unique(group)) < FEWEST_GROUPS
    domain = Domain.learn(features, group=None if few else group, seed=settings.seed)
    save_arrays(run.path / DOMAIN, domain.arrays())
    model.save(run.path / MODEL)
    shutil.rmtree(run.path / STATE, ignore_errors=True)
    return model


def _test(run: Run, table: Prepared, model: Model) -> None:
    """Look at the withheld part, once, and write down what it says."""
    known = run.record["inputs"][0]["sha256"]
    withheld = Withheld(table.split.test, looks(run.path.parent, known, table.split.hash))
    rows = withheld.look()
    inputs, classes = table.inputs.iloc[rows], table.truth.classes
    said = answer(model, inputs, classes)
    outside = Predictor.open(run).outside(inputs)
    facts = {
        "target": run.options["target"],
        "goal": table.truth.goal,
        "metric": table.metric.name,
        "classes": classes,
        "quantiles": table.quantiles,
        "rows": {name: len(part) for name, part in table.split.parts.items()},
        "columns": table.inputs.shape[1],
        "groups": None if table.group is None else len(np.unique(table.group)),
        "split": table.split.why,
        "looks": withheld.looks,
        "looks_sentence": withheld.sentence,
        "outside_domain": float(outside.mean()),
        "members": model.portfolio_.weights,
        "stopped": model.portfolio_.stopped,
        "notes": [*table.notes, *run.record["notes"]],
    }
    others = baselines(model, table, rows)
    run.write_json(TEST, facts | examine(table, rows, said, others, run.seed))
    columns = {"row": inputs.index, "truth": table.truth.labels[rows]}
    columns |= named(said, classes, table.quantiles) | {OUTSIDE: outside}
    if table.group_names is not None:
        columns["group"] = table.group_names[rows]
    write_table(pd.DataFrame(columns), run.path / PREDICTIONS)
    run.finish(RESULT, PREDICTIONS)
