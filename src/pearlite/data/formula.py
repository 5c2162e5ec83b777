"""Read chemical formulas: ``Ca5(PO4)3OH``, ``CuSO4·5H2O``, ``Zr41.2Ti13.8Cu12.5Ni10Be22.5``."""

import math
import re
from functools import lru_cache
from types import MappingProxyType

from pearlite.data.elements import SYMBOLS
from pearlite.errors import InputError

_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_TOKEN = re.compile(
    rf"(?P<number>{_NUMBER}(?:/{_NUMBER})?)|(?P<element>[A-Z][a-z]?)|(?P<open>\()|(?P<close>\))"
    r"|(?P<join>[·+\-,])"
)
_FLAT = re.compile(rf"(?:[A-Z][a-z]?(?:{_NUMBER})?)+")
_PAIR = re.compile(rf"([A-Z][a-z]?)({_NUMBER})?")
_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻[]{}", "0123456789+-0123456789+-()()")
_RAISED = re.compile(r"\^\(?\d*[+\-]?\d*\)?|[⁰¹²³⁴⁵⁶⁷⁸⁹]*[⁺⁻]")
_WATER = re.compile(r"(?<=[A-Za-z)\]}])([1-9]\d*)?\.(?=\d*\(?H2O\b)")
_LONGEST = 1000
_DEEPEST = 20


def parse(formula: str) -> dict[str, float]:
    """Count the atoms of a chemical formula.

    Understood are decimals and fractions (``Mg1/3``), brackets of three shapes, factors before
    and behind (``0.7BiFeO3-0.3BaTiO3``), water and other parts behind ``·``, ``*`` or ``.``,
    subscripts, spaces, and percent of atoms (``Cu 50% Zr 50%``). Left out are charges,
    uncertainties (``Fe1.99(1)``) and a small unknown departure (``O3-δ``). D and T are hydrogen.

    Parameters
    ----------
    formula
        The formula, with element symbols in their usual capitals.

    Returns
    -------
    dict
        Symbol to amount, as given and so not scaled to any sum, in order of appearance. Elements
        of amount zero are left out.

    Raises
    ------
    InputError
        If it is no formula, or its amounts are open (``x``, ``δ``), by weight, or all zero.

    Examples
    --------
    >>> parse("Ca(OH)2")
    {'Ca': 1.0, 'O': 2.0, 'H': 2.0}
    """
    if not isinstance(formula, str):
        raise InputError(f"{formula!r} is no chemical formula; a text such as 'Fe2O3' is expected")
    return dict(_parse(formula))


@lru_cache(maxsize=2**16)
def _parse(formula: str) -> MappingProxyType[str, float]:
    if len(formula) > _LONGEST:
        raise InputError(f"{formula[:40]!r}… is too long for a chemical formula")
    amounts = _read_flat(formula) or _Reader(formula).read()
    kept = {symbol: amount for symbol, amount in amounts.items() if amount}
    if not kept or not all(map(math.isfinite, kept.values())):
        raise InputError(f"{formula!r} is no chemical formula: its amounts are zero or too large")
    return MappingProxyType(kept)


def _read_flat(formula: str) -> dict[str, float] | None:
    """Read a formula of symbols and numbers only; None for any other."""
    if not _FLAT.fullmatch(formula) or _WATER.search(formula):
        return None
    amounts: dict[str, float] = {}
    for symbol, number in _PAIR.findall(formula):
        if symbol not in SYMBOLS:
            return None
        amounts[symbol] = amounts.get(symbol, 0.0) + (float(number) if number else 1.0)
    return amounts


def _tidy(formula: str) -> str:
    """Write a formula with round brackets, plain digits, no charge, and ``·`` between parts."""
    text = formula.strip()
    if re.search(r"w(?:t|eight)?\.?\s*-?%", text):
        raise InputError(f"{formula!r} counts by weight; give the amounts of atoms")
    text = re.sub(r"(?:\b(?:at|mol)\.?\s*)?%", "", text)
    text = _RAISED.sub("", text).translate(_DIGITS)
    text = re.sub("[–—−‐‑]", "-", text)
    text = re.sub(r"\s*[·•∙⋅・*]\s*", "·", text)
    text = _WATER.sub(r"\1·", text)
    text = re.sub(r"\.(?=[A-Z(])", "·", text)
    # A number apart from what precedes it counts what follows it: "CuSO4 5H2O"; else "Fe 2 O 3".
    text = re.sub(r"(?<=[\w)])\s+(?=[\d.]+[A-Z(])", "·", text)
    text = re.sub(r"\s+", "", text)
    text = re.sub(r"(?:\+-|[±+-])[δ𝛿Δ]", "", text)
    text = re.sub(r"(?<=\d)\(\d{1,2}\)", "", text)  # uncertainty of the last digits
    text = re.sub(rf"\(({_NUMBER}(?:/{_NUMBER})?)\)", r"\1", text)
    return _without_charge(text)


def _without_charge(text: str) -> str:
    """Drop the sign at the end and the digits that belong to it.

    Its digit is a charge behind a bracket (``(SO4)2-``), behind another digit (``SO42-``) and on
    a single element (``Fe3+``); else it counts atoms (``NH4+``).
    """
    signed = re.fullmatch(r"(.*?)(\d*)[+\-]+", text)
    if not signed:
        return text
    rest, digits = signed.groups()
    if rest.endswith(")") or (rest in SYMBOLS and len(digits) == 1):
        return rest
    return rest + (digits[:-1] if len(digits) > 1 else digits)


class _Reader:
    """A formula and the place in it: part := [factor] group+; group := symbol | (parts) [count]."""

    def __init__(self, formula: str) -> None:
        self.formula = formula
        self.text = _tidy(formula)
        self.place = 0
        self.depth = 0

    def read(self) -> dict[str, float]:
        amounts = self._parts()
        if self.place < len(self.text):
            raise self._wrong(f"{self.text[self.place :][:10]!r} is not understood")
        return amounts

    def _parts(self) -> dict[str, float]:
        """Read parts up to a closing bracket or the end."""
        total: dict[str, float] = {}
        listed = False
        while True:
            factor = self._number()
            part = self._groups()
            for symbol, amount in part.items():
                total[symbol] = total.get(symbol, 0.0) + amount * factor
            mark = self._take("join")
            if mark is None:
                break
            listed |= mark == ","
        if listed and not math.isclose(sum(total.values()), 1, abs_tol=0.02):
            raise self._wrong("how much of each of the elements between commas is not said")
        return total

    def _groups(self) -> dict[str, float]:
        """Read symbols and brackets with their counts."""
        total: dict[str, float] = {}
        while True:
            if symbol := self._take("element"):
                inner = {self._element(symbol): 1.0}
            elif self._take("open"):
                self.depth += 1
                if self.depth > _DEEPEST:
                    raise self._wrong(f"more than {_DEEPEST} brackets lie in one another")
                inner = self._parts()
                if not self._take("close"):
                    raise self._wrong("a bracket is not closed")
                self.depth -= 1
            else:
                break
            count = self._number()
            for name, amount in inner.items():
                total[name] = total.get(name, 0.0) + amount * count
        if not total:
            met = self.text[self.place : self.place + 10]
            raise self._wrong(
                f"an element was expected at {met!r}" if met else "an element is missing at its end"
            )
        return total

    def _element(self, symbol: str) -> str:
        if symbol in SYMBOLS:
            return symbol
        if symbol in ("D", "T"):
            return "H"
        raise self._wrong(f"{symbol!r} is no element")

    def _number(self) -> float:
        """Read a number, 1 if there is none."""
        text = self._take("number")
        if text is None:
            return 1.0
        above, _, below = text.partition("/")
        if not below:
            return float(above)
        if not float(below):
            raise self._wrong(f"{text} divides by zero")
        return float(above) / float(below)

    def _take(self, kind: str) -> str | None:
        """Return the token here and step over it, if it is of this kind."""
        token = _TOKEN.match(self.text, self.place)
        if token is None or token.lastgroup != kind:
            return None
        self.place = token.end()
        return token.group()

    def _wrong(self, why: str) -> InputError:
        return InputError(f"{self.formula!r} is no chemical formula with fixed amounts: {why}")
