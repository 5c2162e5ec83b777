"""Whether a formula can be neutral: common oxidation states of its elements that sum to zero.

Every element takes one of its common states, the same for all of its atoms. The states are those
that textbooks of inorganic chemistry call common (such as Greenwood and Earnshaw, Chemistry of the
Elements, 1997).
"""

import re
from functools import lru_cache

FEWEST, MOST = 2, 7  # different elements

_COMMON = """
H +1 -1; Li +1; Na +1; K +1; Rb +1; Cs +1; Be +2; Mg +2; Ca +2; Sr +2; Ba +2; Ra +2
B +3; Al +3; Ga +3; In +3 +1; Tl +1 +3; C +4 -4; Si +4 -4; Ge +4 +2; Sn +4 +2; Pb +2 +4
N -3 +5; P +5 -3; As +5 +3 -3; Sb +5 +3 -3; Bi +3 +5; O -2; S -2 +6; Se -2 +4 +6; Te -2 +4 +6
F -1; Cl -1; Br -1; I -1 +5; Sc +3; Y +3; La +3; Ce +3 +4; Pr +3; Nd +3; Pm +3; Sm +3
Eu +2 +3; Gd +3; Tb +3; Dy +3; Ho +3; Er +3; Tm +3; Yb +3; Lu +3; Th +4; U +4 +6
Ti +4 +3; Zr +4; Hf +4; V +5 +4 +3; Nb +5; Ta +5; Cr +3 +6; Mo +6 +4; W +6 +4
Mn +2 +3 +4; Re +7 +4; Fe +2 +3; Ru +4 +3; Os +4; Co +2 +3; Rh +3; Ir +4 +3; Ni +2; Pd +2 +4
Pt +4 +2; Cu +2 +1; Ag +1; Au +3 +1; Zn +2; Cd +2; Hg +2 +1
"""
STATES = {
    symbol: tuple(map(int, states))
    for symbol, *states in (
        entry.split() for entry in _COMMON.replace("\n", ";").split(";") if entry.strip()
    )
}
_FORMULA = re.compile(r"(?:[A-Z][a-z]?(?:[1-9]\d*)?)+")
_PAIR = re.compile(r"([A-Z][a-z]?)(\d*)")


@lru_cache(maxsize=2**16)
def atoms(text: str) -> dict[str, int] | None:
    """Return the number of atoms of each element; None if a text is no formula in this sense.

    Taken are two to seven different elements of `STATES` with whole numbers, each written once: a
    formula that writes an element twice could else pass a rule in more ways than one.
    """
    if not _FORMULA.fullmatch(text):
        return None
    pairs = _PAIR.findall(text)
    found = {symbol: int(number or 1) for symbol, number in pairs}
    known = len(found) == len(pairs) and found.keys() <= STATES.keys()
    return found if known and FEWEST <= len(found) <= MOST else None


def is_valid(text: str) -> bool:
    """Whether a text is a formula."""
    return atoms(text) is not None


def is_neutral(text: str) -> bool:
    """Whether a text is a formula whose common oxidation states can sum to zero."""
    found = atoms(text)
    if found is None:
        return False
    sums = {0}
    for symbol, number in found.items():
        sums = {total + state * number for total in sums for state in STATES[symbol]}
    return 0 in sums


def canonical(text: str) -> str:
    """Write formulas of the same atoms the same way; other texts stay as they are."""
    found = atoms(text)
    return text if found is None else "".join(f"{name}{found[name]}" for name in sorted(found))
