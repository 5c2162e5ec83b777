"""Let a network write: prompts in, texts out, shown as they come."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import torch
from torch import nn

from pearlite.data.tokens import Spelling, Tokeniser
from pearlite.errors import InputError
from pearlite.nets.sample import Sampling, Writing
from pearlite.train.threads import one_thread

Show = Callable[[str], None]
FEW = 2e7
"""Multiplications of a step, weights times rows, up to which one thread writes. Beside another
process `pearlite apply` took 10 s with two threads for 120 tokens of two layers of 192, and 5 s
with one."""


@dataclass(frozen=True)
class Manner:
    """How a text is continued.

    Attributes
    ----------
    tokens
        Most tokens that are added.
    sampling
        How each is drawn.
    stop
        Texts that end the writing; what is returned ends before them.
    count
        Texts of each prompt.
    seed
        Determines what is drawn.

    Raises
    ------
    InputError
        If a number is less than 1, or a stop is empty.
    """

    tokens: int = 200
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    count: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.tokens < 1 or self.count < 1:
            raise InputError(
                f"{self.tokens} tokens of {self.count} texts were asked for; give 1 of each or more"
            )
        if any(not stop for stop in self.stop):
            raise InputError("an empty text was given as a stop; leave it out")


def write(
    network: nn.Module,
    tokeniser: Tokeniser,
    prompts: Sequence[str],
    manner: Manner,
    show: Show | None = None,
    begins: str = "",
) -> list[str]:
    """Continue every prompt, and return the prompts with what was added, in their order.

    Parameters
    ----------
    network
        Predicts the next token; in evaluation mode.
    tokeniser
        Of the network.
    prompts
        Texts to go on from; an empty one begins a text of its own.
    manner
        How; with a `count` above 1 there are so many texts for every prompt, one after another.
    show
        Called with each piece of the only text as it comes, its prompt first.
    begins
        What an empty prompt goes on from, such as a line feed; the end of a document where empty.

    Raises
    ------
    InputError
        If a prompt has characters that the vocabulary lacks.
    """
    begun = [prompt for prompt in prompts for _ in range(manner.count)]
    writing = Writing(
        network,
        [opening(tokeniser, prompt or begins) for prompt in begun],
        sampling=manner.sampling,
        generator=torch.Generator().manual_seed(manner.seed),
        ends=(tokeniser.end,),
        never={tokeniser.mask, tokeniser.unknown} - {None},
    )
    spoken = [_Spoken(tokeniser, manner.stop) for _ in begun]
    show = show if len(begun) == 1 else None
    if show:
        show(begun[0])
    weights = sum(parameter.numel() for parameter in network.parameters())
    with one_thread() if weights * len(begun) < FEW else nullcontext():
        for _, said_B in zip(range(manner.tokens), writing, strict=False):
            for row, token in enumerate(said_B.tolist()):
                if row in writing.going:
                    new = spoken[row].add(token)
                    if show and new:
                        show(new)
                    if spoken[row].stopped:
                        writing.end(row)
    for one in spoken:
        new = one.finish()
        if show and new:
            show(new)
    return [prompt + one.text for prompt, one in zip(begun, spoken, strict=True)]


def opening(tokeniser: Tokeniser, prompt: str) -> list[int]:
    """Return the tokens of a prompt; of an empty one the end of a document, after which one begins.

    Raises
    ------
    InputError
        If it has characters that the vocabulary lacks.
    """
    tokens_T = tokeniser.encode(prompt)
    if tokeniser.unknown is not None and (tokens_T == tokeniser.unknown).any():
        letters = dict.fromkeys(prompt)
        lacking = [one for one in letters if tokeniser.unknown in tokeniser.encode(one)]
        raise InputError(
            f"the prompt has {', '.join(map(repr, lacking[:5]))}, which the vocabulary lacks; "
            "leave it out, or train with --tokeniser bytes"
        )
    return tokens_T.tolist() or [tokeniser.end]


class _Spoken:
    """What was added to a prompt so far, up to a stop; what may be the beginning of one waits."""

    def __init__(self, tokeniser: Tokeniser, stops: tuple[str, ...]) -> None:
        self.text, self.stopped = "", False
        self._spelling, self._stops = Spelling(tokeniser), stops
        self._waits = max((len(stop) for stop in stops), default=1) - 1
        self._shown = 0

    def add(self, token: int) -> str:
        """Return what can be shown with one more token."""
        return self._take(self._spelling.add(token), self._waits)

    def finish(self) -> str:
        """Return what is left to be shown."""
        return "" if self.stopped else self._take(self._spelling.rest(), 0)

    def _take(self, new: str, waits: int) -> str:
        self.text += new
        found = [at for stop in self._stops if (at := self.text.find(stop)) >= 0]
        if found:
            self.text, self.stopped, waits = self.text[: min(found)], True, 0
        ready = max(self._shown, len(self.text) - waits)
        shown, self._shown = self.text[self._shown : ready], ready
        return shown
