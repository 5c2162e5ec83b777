"""The steps of a language run: divide, make tokens, learn, test, look inside."""

from typing import Any

import torch
from torch import nn

from pearlite.data.split import Split
from pearlite.data.stream import rank
from pearlite.judge.looks import SPLIT, Withheld, looks
from pearlite.judge.overfit import diagnose
from pearlite.recipes.language import tuned
from pearlite.recipes.language.choices import Choices
from pearlite.recipes.language.corpus import Corpus, divide, prepare, remarks
from pearlite.recipes.language.files import (
    ATTENTION,
    CORPUS,
    HISTORY,
    SAMPLES,
    SURPRISE,
    TOKENISER,
    TOKENS,
    TRAINING,
    history_of,
)
from pearlite.recipes.language.inside import attention_of, draw_attention, surprise_of
from pearlite.recipes.language.instructions import holds_instructions
from pearlite.recipes.language.judged import judge
from pearlite.recipes.language.network import ABOUT, Design, design_for, load, save
from pearlite.recipes.language.report import html
from pearlite.recipes.language.samples import add_last, keep_samples
from pearlite.recipes.language.sizes import recipe_for
from pearlite.recipes.language.train import train
from pearlite.run import PAGE, TEST, Run
from pearlite.seeds import derived_seed
from pearlite.train.distribute import agreed
from pearlite.train.history import write_history
from pearlite.train.state import State

SAMPLE = "samples"


def work(run: Run, choices: Choices, device: torch.device, progress: bool) -> None:
    """Do whatever of the steps the folder does not hold yet: of several processes, the first."""
    if not (run.path / CORPUS).is_file():
        _read(run, choices)
    agreed(0)  # the others wait for the tokens
    if not (run.path / ABOUT).is_file():
        learn(run, choices, device, progress)
    if not run.results:
        _test(run, choices, device)
    run.write_text(PAGE, html(run))


def learn(run: Run, choices: Choices, device: torch.device, progress: bool) -> None:
    """Train the network on the run's tokens; the first process writes it."""
    if choices.start is not None:
        tuned.learn(run, choices, device, progress)
        return
    corpus = Corpus.open(run.path / TOKENS, run.path / TOKENISER)
    vocabulary = len(corpus.tokeniser)
    recipe = recipe_for(choices, vocabulary)
    options = {"vocabulary": vocabulary, **recipe.network}
    design = design_for(choices.objective, choices.model, options)
    network = design.build(derived_seed(run.seed, 0))
    events: dict[str, list[Any]] = {"validate": [write_history(run.path / HISTORY)]}
    if design.causal:
        sampled = keep_samples(
            network, corpus.tokeniser, run.path / SAMPLES, progress, corpus.begins
        )
        events["validate"] += sampled["validate"]
    trained = train(
        network,
        corpus,
        recipe,
        masked=not design.causal,
        seed=run.seed,
        seconds=choices.seconds,
        steps=choices.steps,
        device=device,
        state=State(run.path / TRAINING),
        events=events,
        progress=progress,
    )
    if rank() == 0:
        about = {"stopped": trained.stopped, "epoch": trained.epoch}
        run.write_json(CORPUS, {**run.read_json(CORPUS), **about})
        save(network, design, run.path)


def _read(run: Run, choices: Choices) -> None:
    if holds_instructions(run.inputs[0]):
        tuned.read(run, choices)
        return
    divided = divide(run.inputs, choices, run.seed)
    divided.split.save(run.path / SPLIT)
    corpus = prepare(divided, choices, run.path / TOKENS, run.path / TOKENISER)
    run.write_json(
        CORPUS,
        {
            "documents": len(divided.copies.group),
            "characters": int(divided.copies.characters.sum()),
            "vocabulary": len(corpus.tokeniser),
            "tokens": {
                name: len(getattr(corpus, name)) for name in ("train", "validation", "test")
            },
            "begins": corpus.begins,
            "notes": remarks(divided, corpus),
        },
    )


def _test(run: Run, choices: Choices, device: torch.device) -> None:
    """Look at the withheld text once, and inside the network."""
    corpus = Corpus.open(run.path / TOKENS, run.path / TOKENISER)
    known, split = run.read_json(CORPUS), Split.load(run.path / SPLIT)
    network, design = load(run.path)
    network.to(device)
    history = history_of(run)
    before = looks(run.path.parent, run.record["inputs"][0]["sha256"], split.hash)
    withheld = Withheld(split.test, before)
    withheld.look()
    if known.get("instructions"):
        judged = tuned.judge(run, choices, network, device)
    else:
        judged = judge(
            network,
            corpus,
            causal=design.causal,
            context=design.context,
            seed=run.seed,
            device=device,
            others=tuned.before(choices, device),
        )
    run.write_json(
        TEST,
        {
            "objective": choices.objective,
            "model": choices.model,
            "parameters": sum(p.numel() for p in network.parameters()),
            "context": design.context,
            "tokeniser": choices.tokeniser,
            **known,
            "steps": int(history[-1]["step"]),
            "diagnosis": diagnose(history, epoch=known["epoch"]).sentence,
            **judged,
            "looks": withheld.looks,
            "looks_sentence": withheld.sentence,
            "split": split.why,
        },
    )
    _look_inside(run, network, design, corpus)
    add_last(run.path / SAMPLES, network, design, corpus, run.seed)
    run.finish(SAMPLE, SAMPLES)


def _look_inside(run: Run, network: nn.Module, design: Design, corpus: Corpus) -> None:
    run.write_json(SURPRISE, surprise_of(network, design, corpus))
    if design.kind != "recurrent":
        words, maps_LHTT = attention_of(network, corpus, design.context)
        draw_attention(words, maps_LHTT, run.path / ATTENTION)
