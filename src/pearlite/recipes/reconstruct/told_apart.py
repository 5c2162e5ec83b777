"""Whether a small network can tell slices of the volumes from the images, in the report's words.

Axes: ZYX of a volume, or YX of a texture.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.judge.two_sample import two_sample

STEPS = 100  # of each of the two networks: 13 CPU seconds for four volumes of 128³


def tell_apart(made: Sequence[NDArray[Any]], images: Sequence[NDArray[Any]]) -> dict[str, Any]:
    """Return the accuracy, its interval and on what they rest, with a sentence; or why not.

    Parameters
    ----------
    made
        Labels of volumes, or of textures.
    images
        Labels: one that stands for all directions; two, normal to z and along it; or three.
    """
    normals = (0, 1) if len(images) == 2 else (0, 1, 2)
    try:
        found = two_sample(made, images, normals=normals, steps=STEPS)
    except InputError as error:
        return {"sentence": f"Whether a network tells them apart was not tested: {error}."}
    sentence = (
        f"A small network tells real slices from generated ones in {found.value:.0%} "
        f"({found.low:.0%} to {found.high:.0%}) of the cases; 50% is perfect."
    )
    return {**asdict(found), "sentence": sentence}


def caveat(found: dict[str, Any]) -> str:
    """Say what the test rests on and what its interval leaves out; nothing if there was none."""
    if "value" not in found:
        return ""
    return (
        f"The network judged {found['real_crops']} real and {found['generated_crops']} generated "
        f"crops of {found['side']} pixels a side, of halves that it had not learned from. The "
        "interval takes them as independent. Crops of one image, and of one volume, are not: the "
        "accuracy is known less well than that, the less so the coarser the structure."
    )
