"""From labelled parts to a segmenter: what could do it is trained, validation chooses."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pearlite.folders import read_json, write_json
from pearlite.recipes.segment.decide import as_asked, choose, from_labels, with_variety
from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.examples import Gathered
from pearlite.recipes.segment.model import SavedSegmenter, load_segmenter
from pearlite.recipes.segment.network.cascade import train_by_recipe
from pearlite.recipes.segment.network.partial import train_partial
from pearlite.recipes.segment.network.segmenter import recipe_from
from pearlite.recipes.segment.pace import with_turns
from pearlite.recipes.segment.parts import Parts
from pearlite.recipes.segment.pixels import PixelSegmenter, train_pixels
from pearlite.recipes.segment.recipe import Recipe
from pearlite.recipes.segment.remembered import Remembered
from pearlite.recipes.segment.rims import SAVED, rims_seconds
from pearlite.recipes.segment.scores import mean_iou_of
from pearlite.recipes.segment.settings import Settings
from pearlite.train.state import State

JOURNAL = "learned.json"
_CHOOSING = 0.35  # share of the seconds for the model that is tested, where another one is kept
_LEAST = 60.0
"""Seconds from which on scribbles train a network too: with 30 in all, mean IoU on Super3's
validation images was 0.58, and pixels reach 0.76."""

_LEFT = 0.5  # share of the seconds that a network has at least, however long the pixels took
_TRAINED = 0.3  # of those, the share for its training, however long deciding took
_JUDGES = 8  # images on which a cascade's odds are chosen, at most


@dataclass(frozen=True)
class Learned:
    """What the training brought.

    Parameters
    ----------
    kept
        The segmenter that the run keeps.
    tested
        The one to test: the same, or where parts share images, one that did not see the test part;
        it remembers what it answered.
    facts
        ``method``, ``tried`` (score on validation by method), ``reasons``, ``recipe``, ``seconds``.
    history
        A row a validation.
    """

    kept: SavedSegmenter
    tested: Remembered
    facts: dict[str, Any]
    history: list[dict[str, float]]


def learn(
    gathered: Gathered, parts: Parts, settings: Settings, folder: Path, progress: bool
) -> Learned:
    """Train the candidates, keep the best, and train it on everything where parts share images.

    Parameters
    ----------
    gathered, parts
        All that is labelled, and how it is divided.
    settings
        Methods, time, seed.
    folder
        Where states are kept; what is there is not done again.
    progress
        Draw progress bars.

    Raises
    ------
    InputError
        If an option does not fit the images.
    KeyboardInterrupt
        After Ctrl-C; the state is saved.
    """
    again = parts.shared and len(parts.split.test) > 0
    whole = settings.seconds - rims_seconds(gathered, settings)
    seconds = whole * (_CHOOSING if again else 1.0)
    tested, answers = _best(parts, gathered, settings, seconds, folder / "tested", progress)
    if not again:
        return Learned(tested.segmenter, answers, tested.facts, tested.history)
    kept = _train(
        tested.facts["method"],
        gathered.examples,
        (),
        gathered,
        settings,
        whole - seconds,
        folder / "kept",
        progress,
        recipe=tested.recipe,
    )
    return Learned(kept.segmenter, answers, tested.facts, [*tested.history, *kept.history])


@dataclass(frozen=True)
class _Trained:
    segmenter: SavedSegmenter
    facts: dict[str, Any]
    history: list[dict[str, float]]
    recipe: Recipe | None = None


def _best(
    parts: Parts,
    gathered: Gathered,
    settings: Settings,
    seconds: float,
    folder: Path,
    progress: bool,
) -> tuple[_Trained, Remembered]:
    """Train every method that may do it, and return the one that is best on validation.

    What the pixels take, a network does not get.
    """
    trained: dict[str, _Trained] = {}
    left = seconds
    for method in _methods(settings, gathered, bool(parts.validation)):
        trained[method] = _train(
            method,
            parts.train,
            parts.validation,
            gathered,
            settings,
            max(left, _LEFT * seconds),
            folder / method,
            progress,
            test=parts.test,
        )
        left -= trained[method].facts["seconds"]
    classes = len(gathered.classes)
    answers = {method: Remembered(found.segmenter) for method, found in trained.items()}
    tried = {
        method: mean_iou_of(segmenter, parts.validation, classes)
        for method, segmenter in answers.items()
        if parts.validation
    }
    best = max(trained, key=lambda method: tried.get(method, 0.0))
    reasons = list(trained[best].facts["reasons"])
    if len(tried) > 1:
        listed = ", ".join(f"{method} {score:.3f}" for method, score in tried.items())
        reasons.insert(0, f"Method: {best}; mean IoU on validation: {listed}.")
    facts = trained[best].facts | {"tried": tried, "reasons": reasons}
    return replace(trained[best], facts=facts), answers[best]


def _methods(settings: Settings, gathered: Gathered, validated: bool) -> list[str]:
    if settings.method != "auto":
        return [settings.method]
    if gathered.sparse and settings.seconds < _LEAST:
        return ["pixels"]
    return ["pixels", "network"] if validated else ["network"]


def _train(
    method: str,
    train: Sequence[Example],
    validation: Sequence[Example],
    gathered: Gathered,
    settings: Settings,
    seconds: float,
    folder: Path,
    progress: bool,
    recipe: Recipe | None = None,
    test: Sequence[Example] = (),
) -> _Trained:
    """Train one method, or read it where that was finished before.

    How often a network looks at an image depends on how much will be validated and tested on.
    """
    if (folder / JOURNAL).exists():
        about = read_json(folder / JOURNAL)
        found = about["recipe"]
        segmenter: Any = load_segmenter(folder)
        return _Trained(segmenter, about["facts"], about["history"], found and recipe_from(found))
    started = time.process_time()
    if method == "pixels":
        segmenter = _train_pixels(train, gathered, settings)
        reasons = [f"Pixels: features of their surroundings, told apart by {settings.head}."]
        facts = {
            "method": method,
            "reasons": reasons,
            "recipe": None,
            "seconds": time.process_time() - started,
        }
        return _finished(_Trained(segmenter, facts, []), folder)
    if recipe is None:
        withheld = (*validation, *test) or gathered.examples
        recipe = _decided(
            train, validation, withheld, gathered, settings, seconds, folder, progress
        )
    left = max(seconds - (time.process_time() - started), _TRAINED * seconds)
    options: dict[str, Any] = {
        "seed": settings.seed,
        "seconds": left,
        "state": State(folder / "state", seconds=SAVED),
        "device": settings.device,
        "progress": "Training" if progress else None,
    }
    if gathered.sparse:
        segmenter = train_partial(train, recipe, **options)
    else:
        judges = validation[:: -(-len(validation) // _JUDGES) or 1] if recipe.thin else validation
        segmenter = train_by_recipe(train, judges, recipe, **options)
    facts = {
        "method": method,
        "reasons": recipe.reasons,
        "recipe": recipe.to_dict(),
        "seconds": time.process_time() - started,
    }
    return _finished(_Trained(segmenter, facts, list(segmenter.history), recipe), folder)


def _finished(trained: _Trained, folder: Path) -> _Trained:
    """Write a trained method where it is found again."""
    trained.segmenter.save(folder)
    known = {"facts": trained.facts, "history": trained.history}
    recipe = None if trained.recipe is None else trained.recipe.to_dict()
    write_json(folder / JOURNAL, known | {"recipe": recipe})
    return trained


def _train_pixels(
    train: Sequence[Example], gathered: Gathered, settings: Settings
) -> PixelSegmenter:
    """Train a classifier of pixels; a pretrained encoder that was asked for adds its features."""
    options: dict[str, Any] = {"head": settings.head, "seed": settings.seed}
    if settings.encoder not in ("auto", "none"):
        options |= {"features": "both", "encoder_name": settings.encoder}
    return train_pixels(train, len(gathered.classes), **options)


def _decided(
    train: Sequence[Example],
    validation: Sequence[Example],
    withheld: Sequence[Example],
    gathered: Gathered,
    settings: Settings,
    seconds: float,
    folder: Path,
    progress: bool,
) -> Recipe:
    """Return the recipe of a network, as it was decided before where that was interrupted.

    Sizes and symmetries follow from the labels of whole images also where parts share them.
    """
    path = folder / "decided.json"
    if path.exists():
        return recipe_from(read_json(path))
    whole = [example for example in gathered.examples if example.name in {e.name for e in train}]
    if settings.encoder == "auto" and not gathered.sparse and len(whole) > 1:
        bar = "Deciding" if progress else None
        recipe = choose(train, validation, seconds=seconds, seed=settings.seed, progress=bar)
    else:
        recipe = from_labels(whole)
    if settings.encoder != "auto":
        encoder = "" if settings.encoder == "none" else settings.encoder
        recipe = replace(recipe, encoder=encoder)
    recipe = replace(recipe, train=settings.train if recipe.encoder else "all")
    recipe = as_asked(recipe, whole, settings.symmetries, settings.scale)
    recipe = with_variety(recipe, whole, settings.seconds, settings.vary)
    recipe = with_turns(recipe, withheld, settings.seconds, settings.device)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, recipe.to_dict())
    return recipe
