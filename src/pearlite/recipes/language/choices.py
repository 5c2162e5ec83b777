"""What can be asked of a language model, checked before anything is read."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pearlite.data.documents import CUTS
from pearlite.data.tokens import KINDS
from pearlite.errors import InputError

OBJECTIVES = ("causal", "masked")
MODELS = ("transformer", "lstm", "gru", "rnn")
MINUTES = {"fast": 1.0, "balanced": 5.0, "best": 15.0}
FEWEST_TOKENS = 4


@dataclass(frozen=True)
class Choices:
    """What was asked for; see `pearlite.recipes.language.runs.fit`.

    Raises
    ------
    InputError
        If one of them is out of its range, or two exclude each other.
    """

    objective: str = "causal"
    model: str = "transformer"
    tokeniser: str = "characters"
    vocabulary: int = 1024
    cut: str = "whole"
    field: str = "text"
    context: int | None = None
    width: int | None = None
    depth: int | None = None
    batch: int | None = None
    quality: str = "balanced"
    minutes: float | None = None
    steps: int | None = None
    device: str = "auto"
    start: str | None = None
    lora: int | None = None
    rate: float | None = None

    def __post_init__(self) -> None:
        _one_of("objective", self.objective, OBJECTIVES)
        _one_of("model", self.model, MODELS)
        _one_of("way to cut documents", self.cut, CUTS)
        _one_of("quality", self.quality, tuple(MINUTES))
        if self.tokeniser not in KINDS and not Path(self.tokeniser).is_file():
            raise InputError(
                f"there is no tokeniser {self.tokeniser!r}; take {', '.join(KINDS)}, or the path "
                "of a tokenizer.json"
            )
        if self.objective == "masked" and self.model != "transformer":
            raise InputError(
                f"{self.model} reads from left to right and cannot fill in what is hidden; leave "
                "out --model, or take the objective causal"
            )
        if self.context is not None and self.context < FEWEST_TOKENS:
            raise InputError(
                f"a context of {self.context} tokens is too short; give at least {FEWEST_TOKENS}"
            )
        for name in ("width", "depth", "batch", "steps", "minutes", "lora", "rate"):
            given = getattr(self, name)
            if given is not None and given <= 0:
                raise InputError(f"{name} is {given}; give more than 0")
        for name in ("lora", "rate"):
            if getattr(self, name) is not None and self.start is None:
                raise InputError(f"--{name} is of a fine-tuning; give --from RUN, or leave it out")

    @property
    def seconds(self) -> float:
        """CPU seconds of learning."""
        return 60 * (MINUTES[self.quality] if self.minutes is None else self.minutes)

    def plain(self) -> dict[str, Any]:
        """Return them as run.json keeps them."""
        return asdict(self)


def _one_of(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise InputError(f"there is no {what} {given!r}; take {', '.join(known)}")
