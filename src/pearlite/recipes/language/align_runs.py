"""Alignment as runs: a folder with the aligned network, what it was measured by, and its page."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pearlite.data.disk import clear_unfinished
from pearlite.errors import InputError
from pearlite.judge.looks import SPLIT
from pearlite.nets.weights import save as save_weights
from pearlite.provenance import plain
from pearlite.recipes.language.align import Aligned, AlignSettings, align
from pearlite.recipes.language.align_functions import (
    Given,
    absolute,
    function,
    is_findable,
    named,
)
from pearlite.recipes.language.align_report import html
from pearlite.recipes.language.begin import begin
from pearlite.recipes.language.direct import DirectSettings
from pearlite.recipes.language.files import TOKENISER
from pearlite.recipes.language.network import WEIGHTS, save
from pearlite.recipes.language.preferences import read_preferences
from pearlite.recipes.language.reward import RewardSettings
from pearlite.recipes.language.rounds import PolicySettings
from pearlite.recipes.language.standing import Measures
from pearlite.run import PAGE, TEST, Run
from pearlite.train.device import device_of

REWARD = "reward.safetensors"
QUALITIES = {"fast": 0.4, "balanced": 1.0, "best": 2.0}  # of the usual rounds and epochs
FUNCTIONS = ("reward", "truth", "valid", "canonical")


def fit(
    prefer: str | Path | None = None,
    *,
    start: str | Path | None = None,
    reward: Given | None = None,
    method: str = "policy",
    truth: Given | None = None,
    valid: Given | None = None,
    canonical: Given | None = None,
    budget: float = PolicySettings.budget,
    answers: int = AlignSettings.answers,
    quality: str = "balanced",
    force: bool = False,
    seed: int = 0,
    device: str = "auto",
    out: str | Path | None = None,
    command: str | None = None,
    progress: bool = False,
) -> Run:
    """Align a language model, into a new run.

    Functions are given themselves, or as ``file.py:name`` or ``module:name``: the user's own code,
    which is run.

    Parameters
    ----------
    prefer
        A ``.jsonl`` file of preferences; see `pearlite.recipes.language.preferences`.
    start
        A language run, or what else `pearlite.recipes.language.begin.begin` opens.
    reward
        A function of prompt and answer that gives a number; it takes the place of a reward model.
    method
        ``"policy"``: optimise against the reward; ``"direct"``: learn from the pairs directly.
    truth, valid
        Functions of prompt and answer: what is really wanted, and whether an answer is one at all.
        Only measured, never learned from.
    canonical
        A function of an answer that writes answers of the same meaning the same way.
    budget
        Most divergence from the start, in nats an answer.
    answers
        How many are written before and after to be measured.
    quality
        How long to learn: ``"fast"``, ``"balanced"`` or ``"best"``.
    force
        Go on where nothing can be learned from the pairs.
    seed
        The one source of randomness.
    device
        Where to compute.
    out
        The run's folder; ``None`` makes a new one in ``runs/``.
    command
        What was typed to get here, for the record.
    progress
        Draw progress bars.

    Returns
    -------
    Run
        ``run.apply("…")`` goes on writing as aligned.

    Raises
    ------
    InputError
        If the pairs, the model, a function or an option is wrong.
    Refused
        If nothing can be learned from the pairs, and `force` was not given.
    """
    if start is None:
        raise InputError("say which model is to be aligned: --from RUN (start='runs/…')")
    given = {"reward": reward, "truth": truth, "valid": valid, "canonical": canonical}
    found = {name: absolute(one) for name, one in given.items()}
    options = {
        "prefer": None if prefer is None else str(prefer),
        "start": str(start),
        "method": method,
        **{name: named(one) for name, one in found.items()},
        "budget": budget,
        "answers": answers,
        "quality": quality,
        "force": force,
        "device": device,
    }
    _checked(options)
    inputs = [Path(one).resolve() for one in (start, prefer) if one is not None]
    with Run.create("language", options, seed, inputs, out, command) as run:
        _work(run, found, progress)
    return run


def resume(run: Run, *, device: str | None = None, progress: bool = False) -> Run:
    """Align anew what was stopped: it takes minutes, and the seed makes it the same.

    Raises
    ------
    InputError
        If an input is gone or has changed, or a function was not given by its name.
    """
    run.check_inputs()
    if device is not None:
        run.options["device"] = device
    for name in FUNCTIONS:
        if not is_findable(run.options[name]):
            raise InputError(
                f"the run's {name} was a function without a file; give it to fit again, as "
                "file.py:name"
            )
    with run:
        clear_unfinished(run.path)
        if not run.results:
            _work(run, {name: run.options[name] for name in FUNCTIONS}, progress)
    return run


def is_aligned(run: Run) -> bool:
    """Whether a language run came from an alignment."""
    return "prefer" in run.options


def _work(run: Run, functions: dict[str, Given | None], progress: bool) -> None:
    options = run.options
    start, *rest = run.inputs
    pairs = read_preferences(rest[0]) if rest else []
    beginning = begin(start)
    if not beginning.design.causal:
        raise InputError(f"{start} fills in hidden tokens and cannot answer; align a causal model")
    network = beginning.network.to(device_of(options["device"]))
    own = {name: None if one is None else function(one) for name, one in functions.items()}
    reward, canonical = own["reward"], own["canonical"]
    measures = Measures(own["truth"], own["valid"])
    aligned = align(
        network,
        beginning.tokeniser,
        pairs,
        reward=reward,
        measures=measures if canonical is None else replace(measures, canonical=canonical),
        settings=_settings(options),
        seed=run.seed,
        force=options["force"],
        progress=progress,
    )
    if aligned.split is not None:
        aligned.split.save(run.path / SPLIT)
    if aligned.reward is not None:
        save_weights(aligned.reward.model, run.path / REWARD)
    beginning.tokeniser.save(run.path / TOKENISER)
    save(network, beginning.design, run.path)
    run.write_json(TEST, _facts(run, aligned, len(pairs)))
    run.finish("model", WEIGHTS)
    run.write_text(PAGE, html(run))


def _facts(run: Run, aligned: Aligned, pairs: int) -> dict[str, Any]:
    fit, model, split = aligned.fit, aligned.reward, aligned.split
    facts: dict[str, Any] = {
        "method": run.options["method"],
        "learned_from": "pairs" if run.options["reward"] is None else run.options["reward"],
        "pairs": pairs,
        "budget": run.options["budget"],
        "before": aligned.before.plain(),
        "after": aligned.after.plain(),
        "history": fit.history,
        "stopped": fit.stopped,
        "kept": fit.kept,
        "forced": run.options["force"],
        "split": None if split is None else split.why,
        "accuracy": None,
    }
    judged = fit if model is None else model
    if not hasattr(judged, "accuracy"):
        return plain(facts)
    accuracy: Any = judged
    facts["accuracy"] = {
        "value": accuracy.accuracy.value,
        "low": accuracy.accuracy.low,
        "high": accuracy.accuracy.high,
        "pairs": accuracy.pairs,
    }
    facts["reward_history"] = model.history if model else None
    return plain(facts)


def _settings(options: dict[str, Any]) -> AlignSettings:
    share, budget = QUALITIES[options["quality"]], options["budget"]
    policy, direct = PolicySettings(), DirectSettings()
    return AlignSettings(
        method=options["method"],
        reward=RewardSettings(epochs=share * RewardSettings.epochs),
        policy=replace(policy, rounds=max(1, round(share * policy.rounds)), budget=budget),
        direct=replace(direct, epochs=share * direct.epochs, budget=budget),
        answers=options["answers"],
    )


def _checked(options: dict[str, Any]) -> None:
    if options["quality"] not in QUALITIES:
        raise InputError(f"there is no quality {options['quality']!r}; take {', '.join(QUALITIES)}")
    if options["prefer"] is None and options["reward"] is None:
        raise InputError(
            "there is nothing to learn from; give pairs (--prefer FILE) or a function (--reward "
            "file.py:name)"
        )
    if not options["budget"] > 0:
        raise InputError(f"a budget of {options['budget']} nats lets nothing change; give more")
    if options["answers"] < 2:
        raise InputError(f"{options['answers']} answers measure nothing; give at least 2")
