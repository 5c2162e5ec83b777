"""Chemical compositions as numbers: element fractions, and statistics of the elements' properties.

Axes: N formulas, U different formulas, E elements, K places for the elements of one formula,
P properties, F features.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from pearlite.data.elements import SYMBOLS, properties
from pearlite.data.formula import parse
from pearlite.errors import InputError

__all__ = ["fractions", "is_composition", "parse", "statistics"]

_SUMMARIES = ("mean", "deviation", "minimum", "maximum", "range", "most abundant")
_NORMS = (2, 3, 5, 7, 10)
_SHELLS = ("s", "p", "d", "f")
_CHUNK = 4096
_PARSED = 0.95
"""Share of a column's different texts that must be formulas for it to be a composition."""
_TRIED = 10_000
"""Different texts from which a longer column is judged."""

_FAMILIES = {
    "alkali metal": "Li Na K Rb Cs Fr",
    "alkaline earth metal": "Be Mg Ca Sr Ba Ra",
    "transition metal": "Sc Ti V Cr Mn Fe Co Ni Cu Zn Y Zr Nb Mo Tc Ru Rh Pd Ag Cd Hf Ta W Re Os "
    "Ir Pt Au Hg",
    "rare earth metal": "Sc Y La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu",
    "actinide": "Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr",
    "post-transition metal": "Al Ga In Sn Tl Pb Bi Po",
    "metalloid": "B Si Ge As Sb Te",
    "pnictogen": "N P As Sb Bi",
    "chalcogen": "O S Se Te Po",
    "halogen": "F Cl Br I At",
    "noble gas": "He Ne Ar Kr Xe Rn",
}


def is_composition(values: Iterable[Any]) -> bool:
    """Tell whether a column holds chemical formulas.

    At least 95 % of its different texts must be formulas, half of them of several elements and,
    unlike codes such as ``SUN`` or ``CCO``, with small letters or digits and hardly ever one
    element twice in a row.
    """
    found = dict.fromkeys(value for value in values if not _missing(value))
    if not found or not all(isinstance(text, str) for text in found):
        return False
    texts = list(found)[:: 1 + len(found) // _TRIED]
    allowed = int(len(texts) * (1 - _PARSED))
    several = marked = doubled = 0
    for text in texts:
        try:
            amounts = parse(text)
        except InputError:
            allowed -= 1
            if allowed < 0:
                return False
            continue
        several += len(amounts) > 1
        marked += any(letter.islower() or letter.isdigit() for letter in text)
        doubled += any(
            a == b and a.isupper() and not after.islower()
            for a, b, after in zip(text, text[1:], text[2:] + " ", strict=False)
        )
    half = len(texts) / 2
    return several >= half and marked >= half and doubled <= len(texts) * (1 - _PARSED)


def fractions(
    formulas: Sequence[Any] | np.ndarray, elements: Sequence[str] | None = None
) -> tuple[np.ndarray, list[str]]:
    """Return the share of atoms of each element.

    Parameters
    ----------
    formulas
        N formulas; None, NaN and empty texts are missing.
    elements
        Symbols to report; by default those that occur, by atomic number. Shares are always of
        all atoms, so rows with other elements sum to less than 1.

    Returns
    -------
    array, names
        float64 (N, E), rows of NaN where the formula is missing or is none; the symbols.

    Raises
    ------
    InputError
        If one of `elements` is no element's symbol.
    """
    shares_UE, known_U, place_N = _shares(formulas)
    if elements is None:
        occurring = set(np.flatnonzero((shares_UE > 0).any(axis=0)).tolist())
        elements = [symbol for symbol, place in SYMBOLS.items() if place in occurring]
    for symbol in elements:
        if symbol not in SYMBOLS:
            raise InputError(f"{symbol!r} is no element; give symbols such as 'Fe'")
    chosen_UE = shares_UE[:, [SYMBOLS[symbol] for symbol in elements]]
    chosen_UE[~known_U] = np.nan
    return chosen_UE[place_N], list(elements)


def statistics(formulas: Sequence[Any] | np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return numbers that describe compositions through the properties of their elements.

    For each property in elements.csv: mean and mean absolute deviation weighted by the shares of
    atoms, minimum, maximum, range, and the value of the most abundant element (after Ward et al.,
    npj Comput. Mater. 2, 16028, 2016); elements whose value is unknown do not count, and with
    none known the statistic is NaN. Then: number of elements; p-norms of the shares; entropy of
    mixing in units of R; shares of s, p, d and f among the valence electrons; mismatch of radii
    and of electronegativities (root mean square, as for high-entropy alloys: Zhang et al., Adv.
    Eng. Mater. 10, 534, 2008); Pauling's ionic character, mean over pairs of atoms and largest;
    charge per atom left over when the most electronegative element takes its lowest oxidation
    state and the others their highest; shares of atoms in families of elements.

    Parameters
    ----------
    formulas
        N formulas; None, NaN and empty texts are missing.

    Returns
    -------
    array, names
        float64 (N, F), rows of NaN where the formula is missing or is none; the names.
    """
    shares_UE, known_U, place_N = _shares(formulas)
    names = _names()
    features_UF = np.full((len(shares_UE), len(names)), np.nan)
    known = np.flatnonzero(known_U)
    for start in range(0, len(known), _CHUNK):
        some = known[start : start + _CHUNK]
        features_UF[some] = _describe(shares_UE[some])
    return features_UF[place_N], names


def _missing(value: Any) -> bool:
    return value is None or (value.strip() == "" if isinstance(value, str) else value != value)


def _shares(
    formulas: Sequence[Any] | np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return shares of atoms (U, E), which formulas are known (U,), each row's place in U (N,)."""
    place_of: dict[str, int] = {}
    place_N = np.empty(len(formulas), dtype=np.int64)
    for row, value in enumerate(formulas):
        text = value if isinstance(value, str) else ""
        place_N[row] = place_of.setdefault(text, len(place_of))
    shares_UE = np.zeros((len(place_of), len(SYMBOLS)))
    known_U = np.zeros(len(place_of), dtype=bool)
    for text, place in place_of.items():
        try:
            amounts = parse(text)
        except InputError:
            continue
        known_U[place] = True
        for symbol, amount in amounts.items():
            shares_UE[place, SYMBOLS[symbol]] = amount
    shares_UE[known_U] /= shares_UE[known_U].sum(axis=1, keepdims=True)
    return shares_UE, known_U, place_N


@cache
def _families() -> np.ndarray:
    """Return which element is in which family, float64 (E, families)."""
    member = np.zeros((len(SYMBOLS), len(_FAMILIES)))
    for column, symbols in enumerate(_FAMILIES.values()):
        member[[SYMBOLS[symbol] for symbol in symbols.split()], column] = 1
    return member


@cache
def _names() -> list[str]:
    of_properties = [f"{summary} {name}" for summary in _SUMMARIES for name in properties()]
    return [name.replace("_", " ") for name in of_properties] + [
        "number of elements",
        *(f"{norm}-norm of shares" for norm in _NORMS),
        "entropy of mixing",
        *(f"share of {shell} valence electrons" for shell in _SHELLS),
        "radius mismatch",
        "electronegativity mismatch",
        "mean ionic character",
        "largest ionic character",
        "charge left over",
        *(f"share of {family}" for family in _FAMILIES),
    ]


def _describe(shares_UE: np.ndarray) -> np.ndarray:
    """Return the statistics of known compositions, (U, F)."""
    by_name = properties()
    most = max(1, int((shares_UE > 0).sum(axis=1).max(initial=0)))
    element_UK = np.argsort(-shares_UE, axis=1, kind="stable")[:, :most]
    share_UK = np.take_along_axis(shares_UE, element_UK, axis=1)
    value_UKP = np.stack(list(by_name.values()), axis=1)[element_UK]
    counts_UKP = (share_UK > 0)[..., None] & ~np.isnan(value_UKP)
    weight_UKP = np.where(counts_UKP, share_UK[..., None], 0)
    weight_UP = weight_UKP.sum(axis=1)
    with np.errstate(invalid="ignore"):
        weight_UKP /= weight_UP[:, None]
    safe_UKP = np.where(counts_UKP, value_UKP, 0)
    mean_UP = (weight_UKP * safe_UKP).sum(axis=1)
    away_UKP = np.where(counts_UKP, np.abs(safe_UKP - mean_UP[:, None]), 0)
    deviation_UP = (weight_UKP * away_UKP).sum(axis=1)
    low_UP = np.where(counts_UKP, value_UKP, np.inf).min(axis=1)
    high_UP = np.where(counts_UKP, value_UKP, -np.inf).max(axis=1)
    summaries = [mean_UP, deviation_UP, low_UP, high_UP, high_UP - low_UP, value_UKP[:, 0]]
    summaries = [np.where(weight_UP > 0, summary, np.nan) for summary in summaries]

    column = {name: place for place, name in enumerate(by_name)}
    logs = np.log(share_UK, where=share_UK > 0, out=np.zeros_like(share_UK))
    electrons = np.stack([mean_UP[:, column[f"{shell}_electrons"]] for shell in _SHELLS], axis=1)
    others = [
        (share_UK > 0).sum(axis=1),
        *((share_UK**norm).sum(axis=1) ** (1 / norm) for norm in _NORMS),
        -(share_UK * logs).sum(axis=1),
        *(electrons / electrons.sum(axis=1, keepdims=True)).T,
        _spread(weight_UKP, safe_UKP, mean_UP, column["atomic_radius"], relative=True),
        _spread(weight_UKP, safe_UKP, mean_UP, column["electronegativity"], relative=False),
        *_ionic(share_UK, value_UKP[:, :, column["electronegativity"]]),
        _charge(share_UK, value_UKP, column),
        *(shares_UE @ _families()).T,
    ]
    return np.concatenate([*summaries, np.stack(others, axis=1)], axis=1)


def _spread(
    weight_UKP: np.ndarray, value_UKP: np.ndarray, mean_UP: np.ndarray, place: int, relative: bool
) -> np.ndarray:
    """Return the weighted standard deviation of one property, (U,), as is or over its mean."""
    away_UK = value_UKP[:, :, place] - mean_UP[:, None, place]
    spread_U = np.sqrt((weight_UKP[:, :, place] * away_UK**2).sum(axis=1))
    return spread_U / mean_UP[:, place] if relative else spread_U


def _ionic(share_UK: np.ndarray, negativity_UK: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the largest ionic character of pairs, each (U,); unknown pairs are 0."""
    step_UKK = negativity_UK[:, :, None] - negativity_UK[:, None, :]
    character_UKK = np.nan_to_num(1 - np.exp(-0.25 * step_UKK**2))
    pair_UKK = share_UK[:, :, None] * share_UK[:, None, :]
    mean_U = (pair_UKK * character_UKK).sum(axis=(1, 2))
    return mean_U, np.where(pair_UKK > 0, character_UKK, 0).max(axis=(1, 2))


def _charge(share_UK: np.ndarray, value_UKP: np.ndarray, column: dict[str, int]) -> np.ndarray:
    """Return the charge per atom that is left over, (U,)."""
    negativity_UK = np.where(share_UK > 0, value_UKP[:, :, column["electronegativity"]], np.nan)
    anion_U = np.nan_to_num(negativity_UK, nan=-1.0).argmax(axis=1)
    state_UK = value_UKP[:, :, column["highest_oxidation_state"]].copy()
    rows = np.arange(len(state_UK))
    state_UK[rows, anion_U] = value_UKP[rows, anion_U, column["lowest_oxidation_state"]]
    return (share_UK * state_UK).sum(axis=1)
