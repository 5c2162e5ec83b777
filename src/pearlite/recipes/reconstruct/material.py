"""A learned material: the generator, and what its channels mean in the images' own values.

Axes: C channels, S space.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.folders import read_json, write_json
from pearlite.nets.balls import Balls
from pearlite.nets.pyramid import NoisePyramid, Pattern
from pearlite.nets.smooth import SmoothField
from pearlite.nets.weights import load, save
from pearlite.recipes.reconstruct.images import Meaning
from pearlite.recipes.reconstruct.low import Encoding, Low

WEIGHTS, ABOUT = "generator.safetensors", "material.json"
PATTERNS: dict[str, type[Pattern]] = {"balls": Balls, "smooth field": SmoothField}


@dataclass(frozen=True)
class Material:
    """What volumes are made with.

    Attributes
    ----------
    network
        Noise → logits of phases, or values of mean 0 and variance 1; in evaluation mode.
    meaning
        Of the network's channels.
    bias
        Added to the logits of each phase; empty where nothing is added.
    low
        A low-resolution volume that the network is conditioned on; a stored material has none
        until `pearlite.recipes.reconstruct.material.load_encoding` has told how to make one of an
        array.
    """

    network: NoisePyramid = field(repr=False)
    meaning: Meaning
    bias: tuple[float, ...] = ()
    low: Low | None = None

    def valued(self, made_CS: torch.Tensor) -> NDArray:
        """Turn the network's channels into the images' values: (*S), or (*S, 3) in colour."""
        shift = torch.tensor(self.bias or (0.0,), device=made_CS.device)
        return valued(made_CS + shift.view(-1, *(made_CS.ndim - 1) * [1]), self.meaning)


def valued(made_CS: torch.Tensor, meaning: Meaning) -> NDArray:
    """Turn channels into the values that they stand for: (*S), or (*S, 3) in colour."""
    if meaning.kind == "phases":
        number_S = made_CS.argmax(0).cpu().numpy()
        return np.array(meaning.values, dtype=meaning.dtype)[number_S]
    scale, offset = (np.array(v, np.float32) for v in (meaning.scale, meaning.offset))
    made_SC = np.moveaxis(made_CS.cpu().numpy(), 0, -1) * scale + offset
    made_SC = np.clip(made_SC, meaning.low, meaning.high)
    if np.dtype(meaning.dtype).kind in "ui":
        made_SC = np.rint(made_SC)
    made_SC = made_SC.astype(meaning.dtype)
    return made_SC if meaning.kind == "colour" else made_SC[..., 0]


def save_material(material: Material, folder: Path) -> None:
    """Write a material into a folder: weights, then a small text that makes them whole."""
    save(material.network, folder / WEIGHTS)
    network = material.network
    built: dict[str, Any] = {
        "widths": network.widths,
        "noise": network.noise,
        "dims": network.dims,
        "patterns": [pattern_facts(pattern) for pattern in network.patterns],
    }
    about = {"network": built, "meaning": asdict(material.meaning), "bias": material.bias}
    if material.low is not None:
        about["low"] = asdict(material.low.encoding)
    write_json(folder / ABOUT, about)


def pattern_facts(pattern: Pattern) -> dict[str, Any]:
    """Return what kind of pattern it is, and its numbers."""
    kind = next(name for name, kind in PATTERNS.items() if isinstance(pattern, kind))
    return {"kind": kind, **asdict(pattern)}


def load_material(folder: Path) -> Material:
    """Read what `save_material` wrote.

    Raises
    ------
    InputError
        If it is missing or damaged.
    """
    path = folder / ABOUT
    try:
        about: dict[str, Any] = read_json(path)
        meaning, bias = Meaning(**with_tuples(about["meaning"])), tuple(about["bias"])
        encoding = load_encoding(folder)
        built = {**about["network"]}
        patterns = built.pop("patterns", [])
        network = NoisePyramid(
            meaning.channels,
            **built,
            patterns=[PATTERNS[said.pop("kind")](**with_tuples(said)) for said in patterns],
            condition=None if encoding is None else encoding.condition,
            generator=torch.Generator().manual_seed(0),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is missing or damaged; expected a learned material") from error
    load(network, folder / WEIGHTS)
    return Material(network.eval().requires_grad_(False), meaning, bias)


def with_tuples(said: dict[str, Any]) -> dict[str, Any]:
    """Return values read from JSON with tuples for lists."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in said.items()}


def load_encoding(folder: Path) -> Encoding | None:
    """Return how a stored material takes a low-resolution volume; None where it takes none."""
    about = read_json(folder / ABOUT).get("low")
    return None if about is None else Encoding(about.pop("factor"), *map(tuple, about.values()))
