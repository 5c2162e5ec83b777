"""One plane of a content on its way: its phases, their greys, the painting, and what is measured.

Axes: C channels, Y rows, X columns.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.recipes.style.boundaries import agreement, boundaries
from pearlite.recipes.style.classes import Matching
from pearlite.recipes.style.content import Content
from pearlite.recipes.style.feed import feed
from pearlite.recipes.style.greys import flat, start
from pearlite.recipes.style.paint import paint
from pearlite.recipes.style.patches import Kind, Piece, piece
from pearlite.recipes.style.reference import Reference, Style
from pearlite.recipes.style.settings import Settings
from pearlite.recipes.style.texture import texture
from pearlite.seeds import derived_seed
from pearlite.train.history import Row

MARGIN = 12  # pixels that are painted around the image, whose own border few patches hold


class Plane:
    """A plane of a content, and how it is to look.

    Parameters
    ----------
    content, number
        The content, and which of its planes.
    matching, reference, kinds
        Which phase is which, the look, and the patches that are compared.
    settings, device
        How, and where.

    Attributes
    ----------
    classes_YX : array
        Phase of every pixel.
    start_CYX, before_CYX : array
        Where the painting begins, and what the result is compared with: of a label map every phase
        in its mean grey, else the content in the reference's mean and contrast. On the reference's
        scale.
    """

    def __init__(
        self,
        content: Content,
        number: int,
        matching: Matching,
        reference: Reference,
        kinds: Sequence[Kind],
        settings: Settings,
        device: torch.device,
    ) -> None:
        image_CYX, labels_YX = content.plane(number)
        self.matching, self.reference = matching, reference
        self.kinds, self.settings = kinds, settings
        self.device, self.seed = device, derived_seed(settings.seed, number)
        self.classes_YX = matching.of_content(image_CYX, labels_YX)
        random = np.random.default_rng([settings.seed, number])
        self.start_CYX = start(image_CYX, self.classes_YX, reference.pools, random)
        if content.is_map or len(image_CYX) != len(self.start_CYX):
            self.before_CYX = flat(self.classes_YX, reference.pools)
        else:
            spread = float(image_CYX.std(axis=(1, 2)).mean()) or 1.0
            means_C11 = image_CYX.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
            self.before_CYX = ((image_CYX - means_C11) / spread).astype(np.float32)

    def paint(self, state: Path | None, progress: bool) -> tuple[NDArray[np.float32], list[Row]]:
        """Return the plane with its new look, on the reference's scale."""
        strength = self.settings.strength_for(bool(self.matching.values))
        if self.settings.method == "adain":
            begun = torch.from_numpy(self.start_CYX).to(self.device)
            made = feed(begun, self.classes_YX, self.reference, strength)
            return made.cpu().numpy(), []
        edges = ((MARGIN, MARGIN), (MARGIN, MARGIN))
        wide = np.pad(self.start_CYX, ((0, 0), *edges), mode="symmetric")
        made, history = paint(
            piece(
                torch.from_numpy(wide).to(self.device),
                np.pad(self.classes_YX, edges, mode="symmetric"),
                self.kinds,
            ),
            self.reference.taught,
            self.kinds,
            strength=strength,
            budget=self.settings.budget,
            seed=self.seed,
            state=state,
            progress=progress,
        )
        return made[:, MARGIN:-MARGIN, MARGIN:-MARGIN].cpu().numpy(), history

    def piece(self, image_CYX: NDArray[np.float32]) -> Piece:
        """Return an image of this plane's phases, to be compared."""
        image = torch.from_numpy(np.ascontiguousarray(image_CYX)).to(self.device)
        return piece(image, self.classes_YX, self.kinds)


def measured(
    work: Plane, painted_CYX: NDArray[np.float32], style: Style, history: list[Row]
) -> dict[str, Any]:
    """Return what was measured on a styled plane: fields of `Styled`, by name."""
    reference, matching = work.reference, work.matching
    near = texture(
        work.piece(work.before_CYX),
        work.piece(painted_CYX),
        reference.rest,
        reference.withheld,
        work.kinds,
        fitted=reference.fitted,
        seed=work.settings.seed,
    )
    kept = kept_in_reference = None
    if matching.values and len(np.unique(work.classes_YX)) > 1:
        kept = boundaries(painted_CYX, work.classes_YX, work.settings.seed)
        if style.labels is not None:
            kept_in_reference = boundaries(
                reference.images[0], reference.classes[0], work.settings.seed
            )
    return {
        "texture": near,
        "kept": kept,
        "kept_in_reference": kept_in_reference,
        "steepness": agreement(work.before_CYX, painted_CYX),
        "classes": _class_table(work, matching),
        "history": history,
    }


def _class_table(work: Plane, matching: Matching) -> list[dict[str, float]]:
    """Return value, shares and mean grey in the reference of each class."""
    theirs = np.concatenate([one.ravel() for one in work.reference.classes])
    grey = work.reference.scale.back(flat(np.arange(matching.count)[None], work.reference.pools))
    return [
        {
            "value": matching.values[number] if matching.values else float(number),
            "content": float((work.classes_YX == number).mean()),
            "reference": float((theirs == number).mean()),
            "grey": float(grey[:, 0, number].mean()),
        }
        for number in range(matching.count)
    ]
