"""Every option of a fit, and how much is tried for which quality."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pearlite.errors import InputError

Quality = Literal["fast", "balanced", "best"]
QUALITIES = ("fast", "balanced", "best")


@dataclass(frozen=True)
class Settings:
    """Every option of a fit, as `pearlite.recipes.text.runs.fit` explains them."""

    text: tuple[str, ...]
    target: str
    group: str | Sequence[str] | None = None
    time: str | None = None
    unlabelled: tuple[str, ...] = ()
    start: str | None = None
    metric: str | None = None
    sheet: str | None = None
    quality: Quality = "balanced"
    minutes: float | None = None
    device: str = "auto"
    force: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", tuple(self.text))
        object.__setattr__(self, "unlabelled", tuple(self.unlabelled))
        if self.quality not in QUALITIES:
            known = ", ".join(QUALITIES)
            raise InputError(f"quality is {self.quality!r}; expected one of {known}")
        if self.minutes is not None and not self.minutes >= 0:
            raise InputError(f"minutes is {self.minutes}; expected a number, 0 or more")

    def options(self) -> dict[str, Any]:
        """Return them as plain values, without the seed."""
        known = asdict(self)
        del known["seed"]
        return known


@dataclass(frozen=True)
class Effort:
    """How large the networks are and how long they learn.

    Parameters
    ----------
    networks
        Which of them are tried.
    context
        Most tokens of a text that are read, its first ones.
    vocabulary
        Tokens of the byte-pair encoding.
    width, depth
        Of the encoder.
    pretraining, tokens
        Passes over all texts without their labels, and most tokens that are read so.
    passes, texts
        Most passes over the labelled texts, and most texts that are read so; the validation part
        ends it earlier.
    """

    networks: tuple[str, ...] = ("lstm", "encoder")
    context: int = 256
    vocabulary: int = 4096
    width: int = 64
    depth: int = 2
    pretraining: int = 15
    tokens: int = 8_000_000
    passes: int = 12
    texts: int = 30_000


EFFORTS = {
    "fast": Effort(networks=()),
    "balanced": Effort(),
    "best": Effort(
        context=512,
        width=128,
        depth=3,
        pretraining=60,
        tokens=60_000_000,
        passes=20,
        texts=200_000,
    ),
}
