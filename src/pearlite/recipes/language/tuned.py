"""The steps of a fine-tuning where they differ from those of a language run from nothing.

Axes: U answers.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pearlite.data.documents import Passage
from pearlite.data.packed import pack
from pearlite.data.split import PARTS, Split
from pearlite.data.stream import rank
from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.judge.looks import SPLIT
from pearlite.judge.text import BITS_PER_BYTE, PERPLEXITY
from pearlite.provenance import plain
from pearlite.recipes.language.answers import Answers
from pearlite.recipes.language.begin import Beginning, begin
from pearlite.recipes.language.choices import Choices
from pearlite.recipes.language.corpus import Corpus
from pearlite.recipes.language.files import (
    CORPUS,
    HISTORY,
    SAMPLES,
    TOKENISER,
    TOKENS,
    TRAINING,
)
from pearlite.recipes.language.finetune import (
    Material,
    Tuning,
    of_answers,
    of_text,
    tune,
    usual_batch,
)
from pearlite.recipes.language.instructions import (
    Instruction,
    as_rows,
    asked,
    divide,
    fitting,
    read_instructions,
)
from pearlite.recipes.language.judged import NETWORK, Stretches
from pearlite.recipes.language.network import save
from pearlite.recipes.language.samples import keep_samples
from pearlite.run import Run
from pearlite.train.history import write_history
from pearlite.train.objectives import NOTHING
from pearlite.train.state import State

BEFORE = "network before"
TOGETHER = 64  # answers that are scored at a time


def begun(choices: Choices) -> Choices:
    """Return what was asked for, with what the network that is gone on from decides.

    Raises
    ------
    InputError
        If there is no such network, or its size was asked for.
    """
    assert choices.start is not None
    beginning = begin(choices.start)
    design = beginning.design
    for name in ("width", "depth"):
        if getattr(choices, name) is not None:
            raise InputError(f"the network of {choices.start} has its {name}; leave out --{name}")
    context = design.context if choices.context is None else choices.context
    if context > design.context:
        raise InputError(
            f"a context of {context} tokens was asked for; the network of {choices.start} sees "
            f"{design.context}"
        )
    return replace(
        choices,
        objective="causal" if design.causal else "masked",
        model=design.options.get("cell", "transformer"),
        tokeniser=str(Path(choices.start) / TOKENISER),
        context=context,
    )


def read(run: Run, choices: Choices) -> None:
    """Divide instructions and write their tokens, the prompt and the answer as one document.

    Raises
    ------
    InputError
        If there are too few that the network can read.
    """
    tokeniser = Tokeniser.load(Path(choices.tokeniser))
    kept, notes = fitting(read_instructions(run.inputs), tokeniser, _context(choices))
    split = divide(kept, run.seed)
    split.save(run.path / SPLIT)
    tokeniser.save(run.path / TOKENISER)
    (run.path / TOKENS).mkdir(parents=True, exist_ok=True)
    sizes = {}
    for name, part in _parts(kept, split).items():
        passages = (
            Passage(number, one.prompt + one.response, True) for number, one in enumerate(part)
        )
        sizes[name] = len(pack(passages, tokeniser, run.path / TOKENS / name))
    run.write_json(
        CORPUS,
        {
            "instructions": True,
            "documents": len(kept),
            "characters": sum(len(one.prompt) + len(one.response) for one in kept),
            "vocabulary": len(tokeniser),
            "tokens": sizes,
            "notes": ["Scores are of the answers, given their prompts.", *notes],
        },
    )


def learn(run: Run, choices: Choices, device: torch.device, progress: bool) -> None:
    """Fine-tune the network on the run's texts; the first process writes it."""
    assert choices.start is not None
    beginning = begin(choices.start)
    design = beginning.design
    batch = choices.batch or usual_batch(_context(choices))
    tuning = Tuning(choices.lora, choices.rate, batch)
    events: dict[str, list[Any]] = {"validate": [write_history(run.path / HISTORY)]}
    if design.causal:
        sampled = keep_samples(
            beginning.network,
            beginning.tokeniser,
            run.path / SAMPLES,
            progress,
            beginning.begins,
        )
        events["validate"] += sampled["validate"]
    tuned = tune(
        beginning.network,
        design.options["width"],
        _material(run, choices, beginning, tuning.batch, device),
        tuning,
        seed=run.seed,
        seconds=choices.seconds,
        steps=choices.steps,
        device=device,
        state=State(run.path / TRAINING),
        events=events,
        progress=progress,
    )
    if rank() == 0:
        about = {
            "stopped": tuned.stopped,
            "epoch": tuned.epoch,
            "rate": tuned.rate,
            "learning": tuned.learning,
            "weights": tuned.weights,
            "loss_before": tuned.before,
            "loss_after": tuned.after,
        }
        known = run.read_json(CORPUS)
        notes = [*known["notes"], _said(tuned.learning, tuned.weights, tuned.before, tuned.after)]
        run.write_json(CORPUS, {**known, **about, "notes": notes})
        save(beginning.network, design, run.path)


def before(choices: Choices, device: torch.device) -> dict[str, nn.Module]:
    """Return the network that was gone on from, by its name in the test; of no other run any."""
    return {} if choices.start is None else {BEFORE: begin(choices.start).network.to(device)}


def judge(run: Run, choices: Choices, network: nn.Module, device: torch.device) -> dict[str, Any]:
    """Score a network on the answers of the test part, as test.json holds it.

    Parameters
    ----------
    run
        Of instructions.
    choices
        What it began from is what it is compared with.
    network
        In evaluation mode, on `device`.
    """
    part = instructions_of(run, choices)["test"]
    rows = as_rows(part, Tokeniser.load(run.path / TOKENISER), _context(choices))
    networks = {NETWORK: network, **before(choices, device)}
    sizes = {
        BITS_PER_BYTE.name: np.array([len(one.response.encode()) for one in part]),
        PERPLEXITY.name: rows.own_BT.sum(1).numpy(),
    }
    costs = {name: answer_costs(one, rows, device) for name, one in networks.items()}
    facts = Stretches(sizes, costs).scores((BITS_PER_BYTE, PERPLEXITY), run.seed)
    return plain({**facts, "measured": int(rows.own_BT.sum())})


def instructions_of(run: Run, choices: Choices) -> dict[str, list[Instruction]]:
    """Return the instructions of each part of a run."""
    tokeniser = Tokeniser.load(run.path / TOKENISER)
    kept, _ = fitting(read_instructions(run.inputs), tokeniser, _context(choices))
    return _parts(kept, Split.load(run.path / SPLIT))


@torch.inference_mode()
def answer_costs(network: nn.Module, answers: Answers, device: torch.device) -> np.ndarray:
    """Return what each answer and its end cost a network after the prompt, in nats, ``(U,)``."""
    costs = []
    tokens_BT, targets_BT = asked(answers)
    for tokens, targets in zip(tokens_BT.split(TOGETHER), targets_BT.split(TOGETHER), strict=True):
        logits_BTV = network(tokens.to(device)).float().cpu()
        costs_BT = nn.functional.cross_entropy(
            logits_BTV.transpose(1, 2), targets, ignore_index=NOTHING, reduction="none"
        )
        costs.append(costs_BT.double().sum(1))
    return torch.cat(costs).numpy()


def _material(
    run: Run, choices: Choices, beginning: Beginning, batch: int, device: torch.device
) -> Material:
    if run.read_json(CORPUS).get("instructions"):
        parts = instructions_of(run, choices)
        train, validation = (
            as_rows(parts[name], beginning.tokeniser, _context(choices))
            for name in ("train", "validation")
        )
        return of_answers(train, validation, batch, seed=run.seed, device=device)
    corpus = Corpus.open(run.path / TOKENS, run.path / TOKENISER)
    masked = not beginning.design.causal
    return of_text(corpus, _context(choices), batch, masked=masked, seed=run.seed, device=device)


def _context(choices: Choices) -> int:
    assert choices.context is not None  # `begun` has set it
    return choices.context


def _parts(kept: list[Instruction], split: Split) -> dict[str, list[Instruction]]:
    return {name: [kept[number] for number in split.parts[name]] for name in PARTS}


def _said(learning: int, weights: int, before: float, after: float) -> str:
    share = f"{learning:,} of {weights:,} weights learned ({learning / weights:.2%})"
    if after < before:
        return f"{share}; the validation loss went from {before:.4f} to {after:.4f} nats a token."
    return (
        f"{share}; no step made the validation loss smaller than {before:.4f} nats a token, so "
        "that the network is as it was."
    )
