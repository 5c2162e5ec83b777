"""The recipe of a segmentation: what was decided from the data, kept and replayed."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """What was decided before, and on the validation part.

    Parameters
    ----------
    dims
        Axes of space: 2 or 3.
    channels, classes
        Of the images, and how many classes there are.
    scale
        Working pixels per pixel of the input: 0.5 works on images of half the size.
    symmetries
        Which mirror images and turns of the material are as likely as itself: ``"all"``,
        ``"left-right"`` (layers have an up and a down), or ``"none"``.
    crop
        Side of a training crop in working pixels.
    class_weights
        Weight of each class in the loss.
    encoder
        ``""`` for the U-Net's own, ``"lite0"``, or a MicroNet file.
    vary
        How crops differ from the training's images: ``"usual"``, as from shot to shot, or
        ``"unlike"``, as from microscope to microscope; then the network adapts to images on which
        it would fail.
    train
        What of a pretrained encoder learns: ``"all"``, ``"adaptors"`` or ``"head"``.
    width, depth
        Of the U-Net's own encoder.
    seconds
        CPU seconds to train.
    turns
        Average the answers over the symmetries.
    thin, host
        Classes too narrow to be seen at the working scale, and the one in which they lie: further
        networks look for them there at a larger scale. None where `thin` is empty.
    band
        The class that, with the thin ones in it, is one unbroken run on every column: answers are
        corrected by that. None where there is no such layer.
    reasons
        Why, in a sentence a decision.
    """

    dims: int = 2
    channels: int = 1
    classes: int = 2
    scale: float = 1.0
    symmetries: str = "all"
    crop: int = 128
    class_weights: tuple[float, ...] = ()
    encoder: str = ""
    vary: str = "usual"
    train: str = "all"
    width: int = 16
    depth: int = 3
    seconds: float = 120.0
    turns: bool = True
    thin: tuple[int, ...] = ()
    host: int = 0
    band: int | None = None
    reasons: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as plain values for JSON."""
        return asdict(self)
