"""Lengths as files spell them, brought to one spelling."""

METRES = {"pm": 1e-12, "Å": 1e-10, "nm": 1e-9, "µm": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0}

FULL_NAMES = {
    "pm": "picometer",
    "Å": "angstrom",
    "nm": "nanometer",
    "µm": "micrometer",
    "mm": "millimeter",
    "cm": "centimeter",
    "m": "meter",
}

_SPELLINGS = {
    "um": "µm",
    "\u03bcm": "µm",  # the Greek letter mu; ours is the micro sign, as in OME
    "\\u00b5m": "µm",
    "micron": "µm",
    "microns": "µm",
    "micrometre": "µm",
    "nanometre": "nm",
    "a": "Å",
    "\u212b": "Å",  # the angstrom sign
    "ang": "Å",
    "millimetre": "mm",
    "centimetre": "cm",
    "metre": "m",
    "picometre": "pm",
    **{name: symbol for symbol, name in FULL_NAMES.items()},
}

PRINT_PIXEL_UM = 20.0
"""Pixels this large or larger, in µm, are a printer's setting (1270 dpi and below), not a scale."""


def normalise(unit: str | None) -> str:
    """Return the short symbol of a unit, such as ``"µm"`` for ``"micron"``; unknown ones as given.

    ``"pixel"`` and the like mean that nothing is known: they give ``""``.
    """
    text = (unit or "").strip()
    if text.lower() in {"", "pixel", "pixels", "px", "none", "unknown", "reference frame"}:
        return ""
    return text if text in METRES else _SPELLINGS.get(text.lower().rstrip("."), text)


def convert(value: float, unit: str, to: str) -> float:
    """Convert a length from one unit to another; both are keys of ``METRES``."""
    return value if unit == to else value * (METRES[unit] / METRES[to])
