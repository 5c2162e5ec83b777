"""A picture of what is being learned, while it is learned.

Axes: ZYX of a volume.
"""

from collections.abc import Callable
from pathlib import Path

from pearlite.folders import replacing
from pearlite.recipes.reconstruct.generate import TILE, generate
from pearlite.recipes.reconstruct.images import Meaning
from pearlite.recipes.reconstruct.material import Material
from pearlite.recipes.reconstruct.task import Reconstruction
from pearlite.see.figure import png
from pearlite.see.volume_slices import orthoslices
from pearlite.train.trainer import Trainer


def preview(path: Path, meaning: Meaning) -> Callable[[Trainer], None]:
    """Make an event that draws three slices of a small volume, at every row of the history.

    Parameters
    ----------
    path
        The PNG file; every picture takes the place of the one before.
    meaning
        Of the generator's channels.
    """

    def draw(trainer: Trainer) -> None:
        task = trainer.task
        assert isinstance(task, Reconstruction)
        generator = task.generator
        generator.eval()
        volume = generate(Material(generator, meaning), (TILE,) * 3, seed=0)
        generator.train()
        picture = png(orthoslices(volume))
        with replacing(path) as hidden:
            hidden.write_bytes(picture)

    return draw
