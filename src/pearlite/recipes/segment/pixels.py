"""Segment by what the pixels' surroundings look like: quick, and content with a few strokes.

Axes: C channels, S space, N pixels, F features, G hidden numbers, K classes.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.nets import weights
from pearlite.nets.mlp import MLP
from pearlite.nets.pretrained import blank, encoder
from pearlite.nets.staged import StagedEncoder
from pearlite.recipes.segment.described import MAPS, Box, Described
from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.filters import FEWEST, LEVELS, MOST, per_level
from pearlite.recipes.segment.gather import describe_labelled
from pearlite.recipes.segment.head import check_head, fit_head, new_head, outer_layers
from pearlite.recipes.segment.levels import choose_features
from pearlite.recipes.segment.saved import read_about, write_about
from pearlite.train.threads import on_all_cores

FEATURES = ("filters", "deep", "both")


class PixelSegmenter:
    """Features and the head that tells classes from them; a `Segmenter`.

    Parameters
    ----------
    head
        Features to logits.
    channels
        Of the images.
    levels
        Scales of the filters; 0 for none.
    deep
        Encoder whose features are taken too, or ``None``.
    maps
        How many of its maps, finest first.
    """

    def __init__(
        self,
        head: MLP,
        channels: int,
        levels: int,
        deep: StagedEncoder | None = None,
        maps: int = 0,
    ) -> None:
        self.head, self.channels, self.levels = head, channels, levels
        self.deep, self.maps = deep, maps
        first, last = outer_layers(head)
        self.classes = last.outputs
        self._mix_GF = first.weight.detach().numpy()
        self._add_G1 = first.get_parameter("bias").detach().numpy()[:, None]
        self._out_KG = last.weight.detach().numpy() if last is not first else None
        self._out_K1 = last.get_parameter("bias").detach().numpy()[:, None]

    def describe(self, image_CS: NDArray[np.generic], *, keep: int = 0) -> Described:
        """Return the features of an image, see `Described`.

        Raises
        ------
        InputError
            If it has another number of channels than those learned from.
        """
        if len(image_CS) != self.channels:
            raise InputError(
                f"the image has {len(image_CS)} channel(s); this segmenter was trained on "
                f"{self.channels}"
            )
        return Described(image_CS, self.levels, self.deep, self.maps, keep=keep)

    def probabilities(self, image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return shape ``(K, *S)``, summing to 1 over the classes; see `Segmenter`.

        Raises
        ------
        InputError
            As `describe` does.
        """
        described = self.describe(image_CS)
        return self.part(described, (0,) * len(described.shape), described.shape)

    def part(
        self, described: Described, start: Sequence[int], stop: Sequence[int]
    ) -> NDArray[np.float32]:
        """Return the probabilities of the pixels from `start` to `stop`, ``(K, *S)``.

        Tiles of the fixed grid are worked out side by side, on every core.
        """
        sides = [b - a for a, b in zip(start, stop, strict=True)]
        answer_KS = np.empty((self.classes, *sides), np.float32)

        def write(box: Box) -> None:
            found_KS = self._of(described, box)
            into, out = [slice(None)], [slice(None)]
            for a, b, first, last in zip(start, stop, *box, strict=True):
                into.append(slice(max(a, first) - a, min(b, last) - a))
                out.append(slice(max(a, first) - first, min(b, last) - first))
            answer_KS[tuple(into)] = found_KS[tuple(out)]

        on_all_cores(write, described.boxes(start, stop))
        return answer_KS

    def _of(self, described: Described, box: Box) -> NDArray[np.float32]:
        hidden_GS = described.mixed(*box, self._mix_GF)
        logits_KN = hidden_GS.reshape(len(hidden_GS), -1)
        logits_KN += self._add_G1
        if self._out_KG is not None:
            np.maximum(logits_KN, 0, out=logits_KN)
            logits_KN = self._out_KG @ logits_KN + self._out_K1
        logits_KN -= logits_KN.max(axis=0)
        np.exp(logits_KN, out=logits_KN)
        logits_KN /= logits_KN.sum(axis=0)
        return logits_KN.reshape(-1, *hidden_GS.shape[1:])

    def save(self, folder: Path) -> None:
        """Write ``recipe.json``, ``head.safetensors`` and, where there is one, the encoder."""
        about = {
            "channels": self.channels,
            "levels": self.levels,
            "classes": self.classes,
            "features": outer_layers(self.head)[0].inputs,
            "hidden": self._out_KG is not None,
            "encoder": self.deep.architecture if self.deep else "",
            "maps": self.maps,
        }
        folder.mkdir(parents=True, exist_ok=True)
        weights.save(self.head, folder / "head.safetensors")
        if self.deep:
            weights.save(self.deep, folder / "encoder.safetensors")
        write_about(folder, "pixels", about)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> "PixelSegmenter":
        """Read what `save` wrote; all but the encoder works on the CPU.

        Raises
        ------
        InputError
            If files are missing or do not belong together.
        """
        needed = ("features", "classes", "hidden", "channels", "levels", "encoder", "maps")
        about = read_about(folder, "pixels", needed)
        features, classes, hidden, channels, levels, architecture, maps = (about[k] for k in needed)
        generator = torch.Generator().manual_seed(0)
        head = new_head(features, classes, hidden=hidden, generator=generator)
        weights.load(head, folder / "head.safetensors")
        deep = None
        if architecture:
            deep = blank(architecture, channels, generator=generator)
            weights.load(deep, folder / "encoder.safetensors")
            deep = deep.to(device)
        return cls(head, channels, levels, deep, maps)


def train_pixels(
    examples: Sequence[Example],
    classes: int,
    *,
    head: str = "forest",
    features: str = "filters",
    levels: int | None = None,
    encoder_name: str = "lite0",
    seed: int = 0,
) -> PixelSegmenter:
    """Learn to tell classes from features of single pixels.

    Parameters
    ----------
    examples
        Images with labels, of which a few strokes a class do.
    classes
        How many there are.
    head
        See `fit_head`.
    features
        ``"filters"``, see `Filters`; ``"deep"``, those of a pretrained network, see `DeepFeatures`;
        ``"both"``.
    levels
        Scales of the filters; ``None`` chooses on labels that are withheld, see `choose_features`,
        and also how many maps of a pretrained network.
    encoder_name
        Which pretrained network, see `pearlite.nets.pretrained.encoder`.
    seed
        Determines everything.

    Raises
    ------
    InputError
        If fewer than two classes are labelled, images differ in their channels, or `head` or
        `features` is unknown.
    """
    if features not in FEATURES:
        raise InputError(f"there are no features {features!r}; take one of {', '.join(FEATURES)}")
    check_head(head)
    channels = {len(example.image_CS) for example in examples}
    if len(channels) != 1:
        raise InputError(f"images have {sorted(channels)} channels; give images of the same kind")
    channel_count = channels.pop()
    deep = None
    if features != "filters":
        generator = torch.Generator().manual_seed(seed)
        deep = encoder(encoder_name, channel_count, generator=generator)
    most = 0 if features == "deep" else levels or MOST
    maps = len(deep.channels) if deep else 0
    gathered = describe_labelled(examples, most, deep, maps, seed=seed)
    x_NF, known = gathered.x_NF, (gathered.y_N, gathered.group_N)
    of_level = per_level(channel_count, examples[0].truth_S.ndim)
    used = np.arange(most * of_level)
    if most and levels is None:
        tried = {n: range(n * of_level) for n in range(FEWEST, MOST + 1)}
        most = choose_features(x_NF, *known, tried, usual=LEVELS, seed=seed)
        used = used[: most * of_level]
    if deep:
        first = x_NF.shape[1] - sum(deep.channels)
        ends = first + np.cumsum(deep.channels)
        joined = {n + 1: np.r_[used, first:end] for n, end in enumerate(ends)}
        maps = choose_features(x_NF, *known, joined, usual=MAPS, seed=seed)
        used = joined[maps]
    others_MF = gathered.others_MF[:, used]
    learned = fit_head(head, x_NF[:, used], gathered.y_N, others_MF, classes, seed=seed)
    return PixelSegmenter(learned, channel_count, most, deep, maps)
