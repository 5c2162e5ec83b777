"""Numbers that cannot be what their column says: codes for missing, wrong signs, wrong units.

Axes: N values of one column, without the missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.words import counted, number, rows_named

CODES = (99, 999, 9999, 99999, 999999, 9999999, -9, -99, -999, -9999, -99999, -999999, 1e20, -1e20)
FACTORS = {
    10.0: "ten",
    100.0: "a hundred",
    1000.0: "a thousand",
    1e6: "a million",
    25.4: "25.4 (inch and millimetre)",
    4.184: "4.184 (calorie and joule)",
    6.894757: "6.89 (ksi and MPa)",
    0.45359237: "0.454 (pound and kilogram)",
}
KELVIN = 273.15
FEW = 0.02  # share of values that can be strays
MIXED = 0.1  # share of values that can be in another unit
ENOUGH = 30  # values
SEVERAL, UNMISTAKABLE = 3, 100.0  # strays that a small factor, a factor that one explains
FAR = 12.0  # robust standard deviations


@dataclass(frozen=True)
class _Strays:
    rows: NDArray[np.int64]
    what: str


def find_out_of_range(table: Prepared) -> list[Finding]:
    """Look at each column of numbers, and at the target of a regression; one finding a column."""
    columns = [
        (name, table.numbers_ND[:, c])
        for c, (name, kind) in enumerate(zip(table.names, table.kinds, strict=True))
        if kind == "number"
    ]
    if table.truth is not None and not table.classes:
        columns.append((table.target, table.truth.astype(np.float64)))
    found = []
    for name, values in columns:
        present = np.flatnonzero(np.isfinite(values))
        if len(present) < ENOUGH:
            continue
        strays = next(_strays(values[present]), None)
        if strays is not None:
            rows = present[strays.rows]
            found.append(
                Finding(
                    "out of range",
                    False,
                    f"{name}: {strays.what}",
                    rows_named(table, rows),
                    len(rows),
                )
            )
    return found


def _strays(values: NDArray[np.float64]) -> Iterator[_Strays]:
    """Yield what is wrong with the values, the most telling first."""
    yield from _codes(values)
    yield from _signs(values)
    yield from _units(values)
    yield from _far(values)


def _codes(values: NDArray[np.float64]) -> Iterator[_Strays]:
    for code in CODES:
        same = values == code
        rest = values[~same]
        if not same.any() or len(rest) < ENOUGH or (same.sum() < 2 and abs(code) < 999):
            continue
        low, high = rest.min(), rest.max()
        outside = max(low - code, code - high)
        if outside > max(0.5 * (high - low), 1.0):
            count = counted(int(same.sum()), "value")
            what = (
                f"{count} of {number(code)}, far from the others ({low:.4g} to {high:.4g}): "
                "a code for missing? Leave the cells empty."
            )
            yield _Strays(np.flatnonzero(same), what)


def _signs(values: NDArray[np.float64]) -> Iterator[_Strays]:
    below = values < 0
    count = int(below.sum())
    rest = values[~below]
    if not 0 < count <= max(1, FEW * len(values)) or not len(rest):
        return
    positive = rest[rest > 0]
    if len(positive) < ENOUGH:
        return
    typical = np.median(positive)
    clear = (rest > 0).all() and rest.min() > 0.05 * typical
    floor = (rest == 0).mean() > FEW  # as of amounts and counts
    if (clear or floor) and np.median(values[below]) < -0.25 * typical:
        what = (
            f"{counted(count, 'value')} below 0 ({number(values[below].min())}) where all "
            f"{len(rest):,} others are {'above 0' if clear else '0 or more'}."
        )
        yield _Strays(np.flatnonzero(below), what)


def _units(values: NDArray[np.float64]) -> Iterator[_Strays]:
    """Yield the change of unit that brings the strays best among the others."""
    fits: list[tuple[float, NDArray[np.int64], str]] = []
    for sign in (1, -1):
        if fit := _shifted(values, sign * KELVIN):
            fits.append((*fit, "apart by 273.15: kelvin and °C mixed?"))
        for factor, words in FACTORS.items() if (values > 0).all() else ():
            fit = _shifted(np.log(values), sign * abs(np.log(factor)))
            if fit and (len(fit[1]) >= SEVERAL or factor >= UNMISTAKABLE):
                side = "larger" if sign > 0 else "smaller"
                fits.append((*fit, f"{side} by {words}: another unit?"))
    if fits:
        _, odd, words = min(fits, key=lambda fit: fit[0])
        usual = np.median(np.delete(values, odd))
        such = f"(such as {values[odd[0]]:.4g} where {usual:.4g} is usual)"
        yield _Strays(odd, f"{counted(len(odd), 'value')} {words} {such}.")


def _shifted(values: NDArray[np.float64], shift: float) -> tuple[float, NDArray[np.int64]] | None:
    """Return the minority that lies apart from the others and, once shifted back, among them.

    Returns
    -------
    misfit
        How different center and spread of both are.
    places
        Of the minority; ``None`` if there is none.
    """
    order = np.sort(values)
    gaps = np.diff(order)
    most = int(MIXED * len(values))
    place = (
        int(gaps[-most:].argmax()) + len(gaps) - most if shift > 0 else int(gaps[:most].argmax())
    )
    cut = (order[place] + order[place + 1]) / 2
    odd = values > cut if shift > 0 else values < cut
    rest = values[~odd]
    width = np.ptp(rest)
    apart = gaps[place] > 0.3 * max(width, abs(shift))
    if not apart or not 0 < width < 0.7 * abs(shift):
        return None
    low, high = np.quantile(rest, [0.01, 0.99])
    moved = values[odd] - shift
    inside = ((moved >= low - 0.05 * width) & (moved <= high + 0.05 * width)).all()
    aside = abs(np.median(moved) - np.median(rest)) / width
    one_value = odd.sum() >= 5 and np.ptp(moved) < 0.05 * width  # a limit of detection
    if not inside or aside > 0.25 or one_value:
        return None
    spread = abs(np.log((moved.std() or rest.std()) / rest.std()))
    return float(aside + spread), np.flatnonzero(odd)


def _far(values: NDArray[np.float64]) -> Iterator[_Strays]:
    """Yield values far away on every scale on which the column might be regular."""
    scales = [values, np.log(values) if (values > 0).all() else np.arcsinh(values)]
    odd = np.ones(len(values), bool)
    for scaled in scales:
        quarter, middle, three = np.quantile(scaled, [0.25, 0.5, 0.75])
        if three <= quarter:
            return
        odd &= np.abs(scaled - middle) > FAR * (three - quarter) / 1.349
    if not odd.any() or odd.sum() > max(3, 0.005 * len(values)):
        return
    for scaled in scales:
        rest = scaled[~odd]
        apart = np.maximum(rest.min() - scaled[odd], scaled[odd] - rest.max()).min()
        if apart < np.ptp(rest):
            return
    rest = values[~odd]
    what = (
        f"{counted(int(odd.sum()), 'value')} such as {values[odd][0]:.4g}, far from all others "
        f"({rest.min():.4g} to {rest.max():.4g})."
    )
    yield _Strays(np.flatnonzero(odd), what)
