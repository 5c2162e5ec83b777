"""Abstracts about glass or not: every model with its interval, and what pretraining brings.

    python -m benchmarks.text ../shared/data/text/glass          # both parts
    python -m benchmarks.text ../shared/data/text/glass rows     # or one of them: labels, rows

The folder holds train.csv, val.csv and test.csv (900, 300 and 300 abstracts) with the columns
Abstract and Label, from the repository of MatSciBERT (npj Comput. Mater. 8, 102, 2022). One
abstract is in train and test; it stays, as others have reported on these parts.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from pearlite.data.split import Split
from pearlite.judge.goal import Truth
from pearlite.judge.scores import METRICS
from pearlite.recipes.text.candidates import Candidate, Lesson, candidates, fit_encoder, pretrained
from pearlite.recipes.text.compare import compare
from pearlite.recipes.text.examine import answers, examine
from pearlite.recipes.text.pretrain import Pretrained
from pearlite.recipes.text.settings import Settings

PARTS = ("train", "val", "test")
COUNTS, SEEDS = (50, 100, 200), (0, 1, 2)
MODELS = ("characters", "scratch", "pretrained")
CHOOSING = 0.2  # share of the labelled texts that choose
METRIC = METRICS["balanced_accuracy"]

Labelled = tuple[list[str], Truth]


def main(folder: Path, parts: list[str]) -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    data = {name: read(folder / f"{name}.csv") for name in PARTS}
    with tempfile.TemporaryDirectory() as kept:
        place = Path(kept)
        (place / "state").mkdir()
        if "labels" in parts:
            print_labels(data, place)
        if "rows" in parts:
            print_rows(data, place)


def read(path: Path) -> Labelled:
    """Return the texts and classes of a part."""
    table = pd.read_csv(path)
    return table["Abstract"].tolist(), Truth("binary", table["Label"].to_numpy(np.int64), (0, 1))


def print_rows(data: dict[str, Labelled], place: Path) -> None:
    """Print every model, learned on train, chosen on val, judged on test."""
    settings = Settings(("Abstract",), "Label")
    lesson = Lesson(*data["train"], data["val"], (), settings, place / "state")
    trials = compare(candidates(settings, "binary"), lesson, METRIC)
    texts, truth = data["test"]
    said = answers(trials, data["train"][1], texts, METRIC)
    found = examine(said, trials, truth, METRIC, None, 0)
    print("| model | accuracy | balanced accuracy | F1 | in validation | CPU s |")
    print("|---|---|---|---|---|---|")
    for model in found["models"].values():
        scores = [model["metrics"][name] for name in ("accuracy", "balanced_accuracy", "f1")]
        cells = [f"{s['value']:.3f} ({s['low']:.3f} to {s['high']:.3f})" for s in scores]
        chosen_on = "" if model["validation"] is None else f"{model['validation']:.3f}"
        print(f"| {model['title']} | {' | '.join(cells)} | {chosen_on} | {model['seconds']:.0f} |")
    print(found["sentence"])
    for model in found["models"].values():
        if "compared" in model:
            print("-", model["compared"]["sentence"])
    print(found["reliability"]["sentence"])
    for trial in trials:
        facts = {k: v for k, v in trial.facts.items() if k not in ("history", "errors")}
        print("-", trial.name, facts, flush=True)


def print_labels(data: dict[str, Labelled], place: Path) -> None:
    """Print what few labels teach the linear model, the encoder, and the pretrained encoder."""
    texts, truth = data["train"]
    settings = Settings(("Abstract",), "Label")
    lesson = Lesson(texts, truth, data["val"], (), settings, place / "state")
    began = time.process_time()
    known = pretrained(lesson, 0)
    print(f"pretrained in {time.process_time() - began:.0f} CPU s: {known.facts}", flush=True)
    print("| labels | seed | characters | encoder from scratch | encoder, pretrained | CPU s |")
    print("|---|---|---|---|---|---|")
    right = {count: {name: [] for name in MODELS} for count in COUNTS}
    for seed in SEEDS:
        for count in COUNTS:
            began = time.process_time()
            hits = one(data, count, seed, known)
            cells = " | ".join(f"{hits[name].mean():.3f}" for name in MODELS)
            print(f"| {count} | {seed} | {cells} | {time.process_time() - began:.0f} |", flush=True)
            for name in MODELS:
                right[count][name].append(hits[name])
    for count in COUNTS:
        means = " | ".join(f"{np.mean(right[count][name]):.3f}" for name in MODELS)
        print(f"| {count} | mean | {means} | |")
        for other in ("scratch", "characters"):
            gain_N = np.mean(right[count]["pretrained"], 0) - np.mean(right[count][other], 0)
            half = 1.96 * gain_N.std() / np.sqrt(len(gain_N))
            ends = f"{gain_N.mean() - half:+.3f} to {gain_N.mean() + half:+.3f}"
            print(f"{count} labels, pretrained - {other}: {gain_N.mean():+.3f} ({ends})")


def one(
    data: dict[str, Labelled], count: int, seed: int, known: Pretrained
) -> dict[str, np.ndarray]:
    """Fit three models to the same few labels; return by name which test texts they get right."""
    texts, truth = data["train"]
    rows = np.random.default_rng(seed).permutation(len(texts))[:count]
    cut = round(CHOOSING * count)
    parts = Split(rows[cut:], rows[:cut], np.empty(0, np.int64), "few labels")
    few, choosing = (
        ([texts[row] for row in part], Truth("binary", truth.values[part], (0, 1)))
        for part in (parts.train, parts.validation)
    )
    settings = Settings(("Abstract",), "Label", seed=seed)
    lesson = Lesson(*few, choosing, (), settings)
    encoders = {"pretrained": known, "scratch": fresh(known, seed)}
    tried = [candidates(settings, "binary")[1]] + [
        Candidate(name, name, lambda lesson, start=start: fit_encoder(lesson, start))
        for name, start in encoders.items()
    ]
    trials = {trial.name: trial for trial in compare(tried, lesson, METRIC)}
    tested, answer = data["test"]
    return {name: trials[name].fitted.answer(tested).values == answer.values for name in MODELS}


def fresh(known: Pretrained, seed: int) -> Pretrained:
    """Return the same encoder with the same tokeniser, having learned nothing."""
    model = type(known.model)(**known.options, generator=torch.Generator().manual_seed(seed))
    return Pretrained(known.options, model, known.tokeniser, {})


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["rows", "labels"])
