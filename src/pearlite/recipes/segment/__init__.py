"""Give every pixel its class, from a few scribbles to a training set.

Arrays in, arrays out, without a folder; `pearlite.recipes.segment.runs` does the same for files.
"""

from pearlite.recipes.segment.advice import where_next
from pearlite.recipes.segment.decide import choose
from pearlite.recipes.segment.example import UNLABELLED, Example, Segmenter
from pearlite.recipes.segment.fraction import FractionError, tally
from pearlite.recipes.segment.instances import separate
from pearlite.recipes.segment.interactive import Interactive
from pearlite.recipes.segment.model import load_segmenter
from pearlite.recipes.segment.network.cascade import train_by_recipe
from pearlite.recipes.segment.network.partial import train_partial
from pearlite.recipes.segment.outside import Outside
from pearlite.recipes.segment.particles import connected, measure, summarise
from pearlite.recipes.segment.pixels import train_pixels
from pearlite.recipes.segment.recipe import Recipe

__all__ = [
    "UNLABELLED",
    "Example",
    "FractionError",
    "Interactive",
    "Outside",
    "Recipe",
    "Segmenter",
    "choose",
    "connected",
    "load_segmenter",
    "measure",
    "separate",
    "summarise",
    "tally",
    "train_by_recipe",
    "train_partial",
    "train_pixels",
    "where_next",
]
