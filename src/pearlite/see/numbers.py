"""How pages write numbers and their intervals.

JSON has no infinity: an interval's end that is not known is None there.
"""

import math
from typing import Any


def number(value: float | None) -> str:
    """Write three digits, without an exponent where people would not use one."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.3g}"


def percent(share: float) -> str:
    """Write a share in whole per cent."""
    return f"{100 * share:.0f} %"


def ends(known: dict[str, Any]) -> tuple[float, float]:
    """Return the ends of what has ``low`` and ``high``, infinite where they are not known."""
    low, high = known["low"], known["high"]
    return -math.inf if low is None else low, math.inf if high is None else high


def interval(known: dict[str, Any]) -> str:
    """Write from where to where an interval goes."""
    low, high = ends(known)
    if math.isinf(low) or math.isinf(high):
        return "not known"
    return f"{number(low)} to {number(high)}"
