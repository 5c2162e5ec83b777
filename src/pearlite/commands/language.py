"""pearlite language."""

import shlex
import sys
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pearlite.commands.common import fit, given, print_run
from pearlite.commands.options import Device, Force, Json, Minutes, Out, Quality, Resume, Seed
from pearlite.errors import InputError

FUNCTION = "FILE.py:NAME"


def language(
    data: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DATA…", help="Files of text (.txt, .md, .jsonl), or folders."),
    ] = None,
    objective: Annotated[
        Literal["causal", "masked"] | None,
        typer.Option(help="Predict the next token, or hidden ones.", show_default="causal"),
    ] = None,
    model: Annotated[
        Literal["transformer", "lstm", "gru", "rnn"] | None,
        typer.Option(help="What reads the text.", show_default="transformer"),
    ] = None,
    tokeniser: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="characters, bytes, bpe, or a tokenizer.json.",
            show_default="characters",
        ),
    ] = None,
    vocabulary: Annotated[
        int | None, typer.Option(min=1, help="Tokens of bpe.", show_default="1024")
    ] = None,
    cut: Annotated[
        Literal["whole", "blank", "line"] | None,
        typer.Option(
            help="What a document is: a file, a part between blank lines, a line.",
            show_default="whole",
        ),
    ] = None,
    field: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the text in a .jsonl file.", show_default="text"),
    ] = None,
    context: Annotated[
        int | None, typer.Option(metavar="N", help="Tokens that the network sees at once.")
    ] = None,
    width: Annotated[int | None, typer.Option(min=1, help="Features of a token.")] = None,
    depth: Annotated[int | None, typer.Option(min=1, help="Blocks or layers.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Windows a step.")] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Updates, instead of a time.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN|FOLDER", help="Go on from a run, a GPT-2 or a Llama."),
    ] = None,
    lora: Annotated[
        int | None,
        typer.Option(min=1, metavar="RANK", help="Learn adaptors of this rank instead of all."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0, help="Learning rate of a fine-tuning.")
    ] = None,
    prefer: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Align --from RUN to pairs of answers (.jsonl)."),
    ] = None,
    method: Annotated[
        Literal["policy", "direct"] | None,
        typer.Option(help="Align by a reward, or by the pairs directly.", show_default="policy"),
    ] = None,
    reward: Annotated[
        str | None,
        typer.Option(metavar=FUNCTION, help="Align to your own function of prompt and answer."),
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(metavar=FUNCTION, help="What is really wanted: measured, never learned."),
    ] = None,
    valid: Annotated[
        str | None, typer.Option(metavar=FUNCTION, help="Whether an answer is one: measured.")
    ] = None,
    canonical: Annotated[
        str | None, typer.Option(metavar=FUNCTION, help="Writes equal answers the same way.")
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(metavar="NATS", help="How far to go from the start.", show_default="2.5"),
    ] = None,
    answers: Annotated[
        int | None, typer.Option(min=2, help="That are measured.", show_default="512")
    ] = None,
    force: Force = None,
    quality: Quality = None,
    minutes: Minutes = None,
    out: Out = None,
    seed: Seed = None,
    device: Device = None,
    resume: Resume = None,
    json: Json = False,
) -> None:
    """Learn to write from text, or to fill it in, and test that on text that was withheld."""
    from pearlite.train.distribute import is_first

    options = given(
        objective=objective,
        model=model,
        tokeniser=tokeniser,
        vocabulary=vocabulary,
        cut=cut,
        field=field,
        context=context,
        width=width,
        depth=depth,
        batch=batch,
        steps=steps,
        start=start,
        lora=lora,
        rate=rate,
        quality=quality,
        minutes=minutes,
        out=out,
        seed=seed,
        device=device,
    )
    alignment = given(
        method=method,
        reward=reward,
        truth=truth,
        valid=valid,
        canonical=canonical,
        budget=budget,
        answers=answers,
        force=force,
    )
    if prefer is not None or alignment:
        run = _align(data, prefer, resume, {**options, **alignment}, json)
    else:
        run = fit("language", data, resume, options, json)
    if is_first():
        print_run(run, json)


def _align(
    data: list[Path] | None,
    prefer: Path | None,
    resume: Path | None,
    options: dict[str, Any],
    json: bool,
) -> Any:
    """Align a model, if nothing was asked for that an alignment has not."""
    from pearlite.recipes.language.align_runs import fit

    if data or resume:
        raise InputError(
            "an alignment takes --prefer FILE or --reward FILE.py:NAME, and --from RUN; leave out "
            "DATA, and beside --resume RUN all but --device"
        )
    if surplus := [name for name in options if name not in signature(fit).parameters]:
        raise InputError(f"an alignment takes no --{surplus[0]}; leave it out")
    command = shlex.join(["pearlite", *sys.argv[1:]])
    return fit(prefer, command=command, progress=not json, **options)
