"""How contents are styled, and where it is computed."""

from dataclasses import dataclass

from pearlite.errors import InputError
from pearlite.recipes.style.paint import STEPS, Budget

METHODS = ("pixels", "adain")
OF_LABELLED, OF_GREY = 1.0, 0.5  # strengths


@dataclass(frozen=True)
class Settings:
    """How a content is styled.

    Parameters
    ----------
    method
        ``"pixels"``: the image is painted; ``"adain"``: one pass of a network.
    strength
        From 0, the content in the reference's greys, to 1, the reference's texture; ``None`` takes
        `OF_LABELLED` where the content's phases are known and `OF_GREY` where they were split by
        their greys, whose specks would otherwise become objects.
    phases
        Into how many phases greys are split, of a content without labels.
    dark_to_bright
        Labels of the content in the order of the reference's greys; `None` as they ascend.
    quality
        Steps of the painting: ``"fast"``, ``"balanced"`` or ``"best"``.
    minutes
        Time for a plane instead.
    axes
        Axes of files that do not say.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` …
    seed
        The one source of randomness.

    Raises
    ------
    InputError
        If one of them is out of its range.
    """

    method: str = "pixels"
    strength: float | None = None
    phases: int = 2
    dark_to_bright: tuple[float, ...] | None = None
    quality: str = "balanced"
    minutes: float | None = None
    axes: str | None = None
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError(f"there is no method {self.method!r}; take {' or '.join(METHODS)}")
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise InputError(f"the strength is {self.strength}; give one from 0 to 1")
        if not 1 <= self.phases <= 8:
            raise InputError(f"{self.phases} phases were asked for; give 1 to 8")
        if self.quality not in STEPS:
            raise InputError(f"there is no quality {self.quality!r}; take {', '.join(STEPS)}")
        if self.minutes is not None and self.minutes <= 0:
            raise InputError(f"the budget is {self.minutes} minutes; give more than 0")

    def strength_for(self, labelled: bool) -> float:
        """Return the strength for a content with or without labels."""
        if self.strength is not None:
            return self.strength
        return OF_LABELLED if labelled else OF_GREY

    @property
    def budget(self) -> Budget:
        """What a plane may cost."""
        return Budget(STEPS[self.quality] if self.minutes is None else None, self.minutes)
