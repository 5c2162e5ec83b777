"""What a run has learned: the segmenter, its classes, and the images that it knows.

Axes: C channels, S space, K classes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.errors import InputError, Refused
from pearlite.folders import read_json, write_json
from pearlite.recipes.segment.classes import Classes
from pearlite.recipes.segment.example import Example, Segmenter
from pearlite.recipes.segment.fraction import FractionError
from pearlite.recipes.segment.network.adapt import AdaptingSegmenter
from pearlite.recipes.segment.network.cascade import CascadeSegmenter
from pearlite.recipes.segment.network.segmenter import NetworkSegmenter
from pearlite.recipes.segment.outside import FEWEST, Outside, Verdict
from pearlite.recipes.segment.pixels import PixelSegmenter
from pearlite.recipes.segment.planes import Planes, opaque, pixel_metres
from pearlite.recipes.segment.saved import read_about

ABOUT, RIMS = "about.json", "rims"
_KINDS: dict[str, Any] = {
    "network": NetworkSegmenter,
    "cascade": CascadeSegmenter,
    "pixels": PixelSegmenter,
}
_STRETCH = 2.0  # factor of the pixel size beyond which images are another magnification


class SavedSegmenter(Segmenter, Protocol):
    """A segmenter that writes itself into a folder with a ``recipe.json`` that says its kind."""

    def save(self, folder: Path) -> None:
        """Write the files."""
        ...


@dataclass(frozen=True)
class Known:
    """What images the segmenter was trained on.

    Parameters
    ----------
    channels, dims
        Of the images: channels, and axes of space.
    volume
        Whether stacks along Z are seen in 3-D.
    pixel_sizes
        Smallest and largest, in metres; ``None`` where no file said it.
    types
        Types of the values.
    """

    channels: int
    dims: int
    volume: bool
    pixel_sizes: tuple[float, float] | None
    types: tuple[str, ...]

    @classmethod
    def of(cls, examples: Sequence[Example], volume: bool) -> "Known":
        """Look at the training's images."""
        sizes = [example.pixel_size for example in examples if example.pixel_size]
        return cls(
            len(examples[0].image_CS),
            examples[0].truth_S.ndim,
            volume,
            (min(sizes), max(sizes)) if sizes else None,
            tuple(sorted({str(example.image_CS.dtype) for example in examples})),
        )


@dataclass(frozen=True)
class Model:
    """A segmenter with what is needed to use it.

    Parameters
    ----------
    segmenter
        Gives probabilities.
    classes
        What their numbers mean.
    known
        What it was trained on.
    errors
        How far off its area fractions are.
    outside
        Tells images unlike the training's; ``None`` where there was no time to learn that.
    rims
        Gives the rims of particles (see `pearlite.recipes.segment.instances.rims`), where masks
        told objects apart.
    """

    segmenter: Segmenter
    classes: Classes
    known: Known
    errors: FractionError
    outside: Outside | None = None
    rims: Segmenter | None = None

    def save(self, folder: Path) -> None:
        """Write the segmenter's files, and what goes with them."""
        saved: Any = self.segmenter
        saved.save(folder)
        if self.rims is not None:
            rims: Any = self.rims
            rims.save(folder / RIMS)
        about = {
            "classes": self.classes.to_dict(),
            "known": asdict(self.known),
            "errors": self.errors.to_dict(),
            "outside": self.outside and self.outside.to_dict(),
        }
        write_json(folder / ABOUT, about)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> "Model":
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If files are missing or damaged.
        """
        about = read_json(folder / ABOUT)
        known = about["known"]
        sizes = known["pixel_sizes"]
        known |= {"pixel_sizes": sizes and tuple(sizes), "types": tuple(known["types"])}
        return cls(
            load_segmenter(folder, device),
            Classes.from_dict(about["classes"]),
            Known(**known),
            FractionError.from_dict(about["errors"]),
            about["outside"] and Outside.from_dict(about["outside"]),
            load_segmenter(folder / RIMS, device) if (folder / RIMS).exists() else None,
        )

    def check(
        self, image: Image, force: bool, pixel_size: float | None
    ) -> tuple[Image, Planes, list[str]]:
        """Return an image as the model takes it, its layout, and notes on what is unusual.

        Parameters
        ----------
        image
            To be segmented.
        force
            Go on with images of another magnification.
        pixel_size
            In metres, where the file does not say.

        Raises
        ------
        InputError
            If it has other channels, or other axes of space.
        Refused
            If its pixels are of quite another size, and `force` was not given.
        """
        image = opaque(image)
        layout = Planes(tuple(image.array.shape), image.axes, self.known.volume)
        notes = [*image.meta.get("notes", [])]
        if layout.channels != self.known.channels and layout.channels != 1:
            raise InputError(
                f"{_name(image)} has {layout.channels} channels, and the training's images had "
                f"{self.known.channels}; give images of the same kind"
            )
        if layout.channels != self.known.channels and self.known.channels != 3:
            raise InputError(
                f"{_name(image)} is grey, and the training's images had {self.known.channels} "
                "channels; give images of the same kind"
            )
        kind = str(image.array.dtype)
        if kind not in self.known.types:
            trained = ", ".join(self.known.types)
            notes.append(f"{kind} values; trained on {trained}: every image is normalised.")
        return image, layout, notes + self._scale_notes(image, force, pixel_size)

    def read(self, image: Image, layout: Planes, piece: int) -> NDArray[Any]:
        """Return a piece (C, *S) with as many channels as the model takes."""
        pixels_CS = layout.read(image.array, piece)
        if len(pixels_CS) < self.known.channels:
            return np.repeat(pixels_CS, self.known.channels, axis=0)
        return pixels_CS

    def judge(self, pixels_CS: NDArray[np.generic]) -> Verdict | None:
        """Tell whether a piece is like what was trained on, where that was learned."""
        if self.outside is None:
            return None
        return self.outside.of(single_answer(self.segmenter), pixels_CS)

    def fitting(self, pixels_CS: NDArray[np.generic]) -> Segmenter:
        """Return what shall segment a piece: adapted to it, where it is unlike the training's.

        That is done with networks that were trained for it, see `Recipe.vary`.
        """
        segmenter = self.segmenter
        if not isinstance(segmenter, NetworkSegmenter) or segmenter.recipe.vary != "unlike":
            return segmenter
        verdict = self.judge(pixels_CS)
        return AdaptingSegmenter(segmenter) if verdict and verdict.outside else segmenter

    def worse(self, verdict: Verdict | None) -> float:
        """Return how many times more labels are expected to be wrong than on the withheld ones."""
        if self.outside is None or verdict is None:
            return 1.0
        return max(1.0, verdict.wrong / max(self.outside.usual, FEWEST))

    def _scale_notes(self, image: Image, force: bool, pixel_size: float | None) -> list[str]:
        size = pixel_size or pixel_metres(image)
        if size is None or self.known.pixel_sizes is None:
            return []
        low, high = self.known.pixel_sizes
        if low / _STRETCH <= size <= high * _STRETCH:
            return []
        trained = f"{1e9 * low:.4g}" + (f" to {1e9 * high:.4g}" if high > low else "")
        said = (
            f"{_name(image)} has pixels of {1e9 * size:.4g} nm, and the training's were {trained} "
            "nm"
        )
        if not force:
            raise Refused(
                f"{said}: what was learned does not hold at another magnification; resample it, "
                "or go on with --force"
            )
        return [f"{said}; --force was given."]


def load_segmenter(folder: Path, device: str = "cpu") -> Segmenter:
    """Read a segmenter of any kind.

    Raises
    ------
    InputError
        If the folder holds none.
    """
    kind = read_about(folder)["kind"]
    if kind not in _KINDS:
        raise InputError(
            f"{folder} holds a model of the kind {kind!r}; expected one of {', '.join(_KINDS)}"
        )
    return _KINDS[kind].load(folder, device=device)


def single_answer(segmenter: Segmenter) -> Segmenter:
    """Return a segmenter that looks at an image once, instead of once a turn."""
    if isinstance(segmenter, NetworkSegmenter):
        recipe = replace(segmenter.recipe, turns=False)
        return NetworkSegmenter(segmenter.network, recipe, segmenter.history)
    if isinstance(segmenter, CascadeSegmenter):
        far, *near = (
            NetworkSegmenter(part.network, replace(part.recipe, turns=False), part.history)
            for part in (segmenter.far, *segmenter.near)
        )
        return CascadeSegmenter(far, near, segmenter.recipe, segmenter.odds)
    return segmenter


def _name(image: Image) -> str:
    return image.path.name if image.path else "the image"
