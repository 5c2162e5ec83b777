"""Colours of classes and phases: the first eight told apart by the colour-blind, then all hues."""

import colorsys

from pearlite.see.style import BLUE, FAINT, GREEN, ORANGE, PURPLE, SKY, SOFT, VERMILION

_FIRST = (FAINT, BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, SOFT)
_GOLDEN = 0.618034  # of the circle of hues, from one colour to the next


def class_colour(number: int) -> str:
    """Return the colour of a class by its place among the classes, as ``"#rrggbb"``.

    Parameters
    ----------
    number
        0 for the class of the lowest value, by custom the matrix or the pore, which is pale.
    """
    if number < len(_FIRST):
        return _FIRST[number]
    parts = colorsys.hsv_to_rgb(number * _GOLDEN % 1, 0.65, 0.85)
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def red_green_blue(colour: str) -> tuple[int, int, int]:
    """Return the three bytes of ``"#rrggbb"``."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
