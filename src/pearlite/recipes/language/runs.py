"""Language as runs: a folder with the network, its tokeniser, its test and its page."""

from pathlib import Path
from typing import Any

from torch import nn

from pearlite.data.disk import clear_unfinished
from pearlite.data.documents import find_texts
from pearlite.data.stream import rank, world
from pearlite.errors import InputError
from pearlite.recipes.language import align_report, align_runs
from pearlite.recipes.language.applied import apply
from pearlite.recipes.language.choices import Choices
from pearlite.recipes.language.instructions import holds_instructions
from pearlite.recipes.language.network import ABOUT, load
from pearlite.recipes.language.pretrained import export
from pearlite.recipes.language.report import html, rows
from pearlite.recipes.language.tuned import begun
from pearlite.recipes.language.work import learn, work
from pearlite.run import PAGE, Run
from pearlite.train.device import device_of
from pearlite.train.distribute import agreed, joined

__all__ = ["apply", "export", "fit", "model", "report", "resume", "summary"]


def fit(
    data: Any,
    *,
    objective: str = "causal",
    model: str = "transformer",
    tokeniser: str | Path = "characters",
    vocabulary: int = 1024,
    cut: str = "whole",
    field: str = "text",
    context: int | None = None,
    width: int | None = None,
    depth: int | None = None,
    batch: int | None = None,
    quality: str = "balanced",
    minutes: float | None = None,
    steps: int | None = None,
    start: str | Path | None = None,
    lora: int | None = None,
    rate: float | None = None,
    seed: int = 0,
    device: str = "auto",
    out: str | Path | None = None,
    command: str | None = None,
    progress: bool = False,
) -> Run:
    """Learn to write, or to fill in, the text of a corpus, into a new run.

    With `start`, a network that has learned goes on learning: on the corpus, or on instructions,
    which are ``.jsonl`` files whose lines hold a ``prompt`` and a ``response``.

    Parameters
    ----------
    data
        A file of text (.txt, .md, .jsonl …), a folder of them, or a list of either.
    objective
        ``"causal"``: predict the next token, as GPT does, and write; ``"masked"``: predict hidden
        tokens from both sides, as BERT does.
    model
        ``"transformer"``, or one with a memory: ``"lstm"``, ``"gru"``, ``"rnn"``.
    tokeniser
        ``"characters"``, ``"bytes"``, ``"bpe"`` (made from the training part), or the path of a
        ``tokenizer.json``.
    vocabulary
        Tokens of ``"bpe"``.
    cut
        What a document is: ``"whole"`` files, ``"blank"`` for parts between blank lines, ``"line"``
        for lines. A line of a ``.jsonl`` file always is one.
    field
        Where a line of a ``.jsonl`` file holds its text.
    context
        Tokens that the network sees at once.
    width, depth
        Features of a token; number of blocks or layers.
    batch
        Windows a step.
    quality, minutes
        CPU time of learning: ``"fast"`` is 1 minute, ``"balanced"`` 5, ``"best"`` 15.
    steps
        Updates instead of a time: then the seed determines everything.
    start
        A language run, or a Hugging Face folder with a GPT-2 or a Llama: what to go on from. It
        decides on `objective`, `model`, `tokeniser`, `width` and `depth`.
    lora
        Rank of the adaptors that learn in the network's place, such as 8; None: all of it learns.
    rate
        Learning rate of a fine-tuning; see `pearlite.recipes.language.finetune.usual_rate`.
    seed
        The one source of randomness.
    device
        Where to compute.
    out
        The run's folder; ``None`` makes a new one in ``runs/``. Needed under ``torchrun``.
    command
        What was typed to get here, for the record.
    progress
        Draw a progress bar, and show samples on the way.

    Returns
    -------
    Run
        ``run.apply("ROMEO:")`` goes on writing, ``run.model`` is the network.

    Raises
    ------
    InputError
        If the text or an option is wrong, before anything is learned.
    """
    listed = [data] if isinstance(data, str | Path) else list(data)
    files = [file.resolve() for one in listed for file in find_texts(one)]
    choices = Choices(
        objective,
        model,
        str(tokeniser),
        vocabulary,
        cut,
        field,
        context,
        width,
        depth,
        batch,
        quality,
        minutes,
        steps,
        device,
        None if start is None else str(Path(start).resolve()),
        lora,
        rate,
    )
    if start is not None:
        choices = begun(choices)
    elif any(holds_instructions(file) for file in files):
        raise InputError(
            "instructions are learned by a network that can write already; give --from RUN"
        )
    with joined() as place:
        here = place if world() > 1 else device_of(device)
        if world() > 1 and out is None:
            raise InputError("several processes need to know the folder: give --out DIR")
        if rank() > 0:
            assert out is not None
            return _follow(Path(out), choices, here)
        with Run.create("language", choices.plain(), seed, files, out, command) as run:
            work(run, choices, here, progress)
        agreed(0)
    return run


def resume(run: Run, *, device: str | None = None, progress: bool = False) -> Run:
    """Go on where the run stopped: learning at its last step, the rest anew; so does an alignment.

    Raises
    ------
    InputError
        If a file is gone or has changed since the run began.
    """
    if align_runs.is_aligned(run):
        return align_runs.resume(run, device=device, progress=progress)
    run.check_inputs()
    if device is not None:
        run.options["device"] = device
    choices = Choices(**run.options)
    with joined() as place:
        here = place if world() > 1 else device_of(choices.device)
        if rank() > 0:
            return _follow(run.path, choices, here)
        with run:
            clear_unfinished(run.path)
            work(run, choices, here, progress)
        agreed(0)
    return run


def model(run: Run) -> nn.Module:
    """Return the run's network, in evaluation mode: tokens ``(B, T)`` in, logits out."""
    network, _ = load(run.path)
    return network


def report(run: Run) -> Path:
    """Write the run's page from what the folder holds."""
    made = align_report.html if align_runs.is_aligned(run) else html
    return run.write_text(PAGE, made(run))


def summary(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first, of the scores on the withheld text, or before and after."""
    return align_report.rows(run) if align_runs.is_aligned(run) else rows(run)


def _follow(folder: Path, choices: Choices, device: Any) -> Run:
    """Learn beside the first process, which does all the rest."""
    agreed(0)  # it has made the tokens
    run = Run.open(folder)
    if not (folder / ABOUT).is_file():
        learn(run, choices, device, progress=False)
    agreed(0)  # it has written the page
    return Run.open(folder)
