"""A picture of what is being learned, while it is learned.

Axes: ZYX of a volume.
"""

from collections.abc import Callable
from pathlib import Path

from pearlite.folders import replacing
from pearlite.recipes.reconstruct.generate import TILE, generate
from pearlite.recipes.reconstruct.material import Material
from pearlite.see.figure import png
from pearlite.see.volume_slices import orthoslices
from pearlite.task import Task
from pearlite.train.trainer import Trainer


def preview(path: Path, material_of: Callable[[Task], Material]) -> Callable[[Trainer], None]:
    """Make an event that draws three slices of a small volume, at every row of the history.

    Parameters
    ----------
    path
        The PNG file; every picture takes the place of the one before.
    material_of
        Says what the task has learned so far.
    """

    def draw(trainer: Trainer) -> None:
        material = material_of(trainer.task)
        material.network.eval()
        volume = generate(material, (TILE,) * 3, seed=0)
        material.network.train()
        picture = png(orthoslices(volume))
        with replacing(path) as hidden:
            hidden.write_bytes(picture)

    return draw
