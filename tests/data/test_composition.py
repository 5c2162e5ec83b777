"""What chemical formulas are read as, and the numbers that describe them."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.data.composition import fractions, is_composition, parse, statistics
from pearlite.data.elements import SYMBOLS, properties
from pearlite.errors import InputError


@pytest.mark.parametrize(
    ("formula", "amounts"),
    [
        ("Fe2O3", {"Fe": 2, "O": 3}),
        ("NaCl", {"Na": 1, "Cl": 1}),
        ("CoCO3", {"Co": 1, "C": 1, "O": 3}),
        ("CH3COOH", {"C": 2, "H": 4, "O": 2}),
        ("Ca5(PO4)3OH", {"Ca": 5, "P": 3, "O": 13, "H": 1}),
        ("Ag(W3Br7)2", {"Ag": 1, "W": 6, "Br": 14}),
        ("K4[Fe(CN)6]", {"K": 4, "Fe": 1, "C": 6, "N": 6}),
        ("{Zr41.2Ti13.8}Be22.5", {"Zr": 41.2, "Ti": 13.8, "Be": 22.5}),
        ("Fe0.620C9.5e-4", {"Fe": 0.62, "C": 9.5e-4}),
        ("Ba.4K.6Fe2As2", {"Ba": 0.4, "K": 0.6, "Fe": 2, "As": 2}),
        ("Pb(Mg1/3Nb2/3)O3", {"Pb": 1, "Mg": 1 / 3, "Nb": 2 / 3, "O": 3}),
        ("CuSO4·5H2O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        ("CuSO4.5H2O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        ("CuSO4 5H2O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        ("CuSO4 * 5 H2O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        ("Na2O.Al2O3", {"Na": 2, "O": 4, "Al": 2}),
        ("0.7BiFeO3-0.3BaTiO3", {"Bi": 0.7, "Fe": 0.7, "O": 3, "Ba": 0.3, "Ti": 0.3}),
        ("(0.2K,0.8Na)2O", {"K": 0.4, "Na": 1.6, "O": 1}),
        ("Al₂O₃", {"Al": 2, "O": 3}),
        (" Fe 2 O 3 ", {"Fe": 2, "O": 3}),
        ("Cu 50 % Zr 50%", {"Cu": 50, "Zr": 50}),
        ("Cu 50 at.% Zr 50 at%", {"Cu": 50, "Zr": 50}),
        ("Fe3+", {"Fe": 1}),
        ("Fe³⁺", {"Fe": 1}),
        ("NH4+", {"N": 1, "H": 4}),
        ("SO42-", {"S": 1, "O": 4}),
        ("SO4^2-", {"S": 1, "O": 4}),
        ("SO₄²⁻", {"S": 1, "O": 4}),
        ("[Fe(CN)6]3-", {"Fe": 1, "C": 6, "N": 6}),
        ("YBa2Cu3O7-δ", {"Y": 1, "Ba": 2, "Cu": 3, "O": 7}),
        ("SrFeO(3-δ)", {"Sr": 1, "Fe": 1, "O": 3}),
        ("Fe1.99(1)W1.01(12)O9", {"Fe": 1.99, "W": 1.01, "O": 9}),
        ("La(2/3)TiO3", {"La": 2 / 3, "Ti": 1, "O": 3}),
        ("0.3CuO-(0.7)(P2O5)", {"Cu": 0.3, "O": 3.8, "P": 1.4}),
        ("VOPO4·0.5H2O", {"V": 1, "O": 5.5, "P": 1, "H": 1}),
        ("D2O", {"H": 2, "O": 1}),
        ("Fe0C1", {"C": 1}),
    ],
)
def test_a_formula_is_read(formula: str, amounts: dict[str, float]) -> None:
    assert parse(formula) == pytest.approx(amounts)


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        ("", "missing"),
        ("steel", "expected"),
        ("Xy2O3", "'Xy'"),
        ("fe2o3", "expected"),
        ("Fe2O3)", "not understood"),
        ("(Fe2O3", "not closed"),
        ("Fe()2", "expected"),
        ("LixCoO2", "'Lix'|not understood|no element"),
        ("La1-xSrxMnO3", "expected"),
        ("(Fe,Co)2O3", "between commas"),
        ("Fe-18wt%Cr", "by weight"),
        ("Fe0", "zero"),
        ("Fe1/0", "divides by zero"),
        ("Fe1e999", "too large"),
        ("(" * 500 + "Fe", "brackets"),
        ("Fe" * 600, "too long"),
        ("2", "missing"),
        ("2024-01-05", "expected|missing"),
        (3.0, "text"),
        (None, "text"),
    ],
)
def test_what_is_no_formula_is_refused_in_a_sentence(formula: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse(formula)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["NaCl", "KCl", "LiF"], True),
        (["Fe2O3", None, "TiO2", float("nan")], True),
        (["Fe2O3"] * 5 + ["unknown"] * 5, False),
        (["no", "yes"], False),
        (["No", "Si"], False),
        (["IN", "US", "NO", "CO"], False),
        (["S", "C", "B"], False),
        (["B4", "C12", "H7"], False),
        (["SUN", "OH", "NOV"], False),
        (["CCO", "C1CCCCC1", "CCN"], False),
        ([1.0, 2.0], False),
        ([None], False),
        ([], False),
    ],
)
def test_a_column_of_formulas_is_recognised(values: list, expected: bool) -> None:
    assert is_composition(values) is expected


def test_one_typing_error_in_many_formulas_does_not_hide_what_they_are() -> None:
    formulas = [f"Fe{n}O{m}" for n in range(1, 8) for m in range(1, 8)]
    assert is_composition([*formulas, "Fe2O!"])


AMOUNTS = st.dictionaries(
    st.sampled_from(list(SYMBOLS)), st.floats(1e-4, 99).map(lambda x: round(x, 4)), min_size=1
)


@settings(deadline=None)
@given(AMOUNTS)
def test_what_was_written_as_a_formula_is_read(amounts: dict[str, float]) -> None:
    kept = {symbol: amount for symbol, amount in amounts.items() if amount}
    plain = "".join(f"{symbol}{amount:.4f}" for symbol, amount in kept.items())
    assert parse(plain) == pytest.approx(kept)
    assert parse(f" [({plain})2] ") == pytest.approx({s: 2 * a for s, a in kept.items()})
    assert parse(f"0.5{plain}·H2O")["O"] == pytest.approx(0.5 * kept.get("O", 0) + 1)


@settings(deadline=None)
@given(st.text(alphabet="FeOCaKx0123.,()[]·-+*%^ δ/", max_size=25) | st.text(max_size=25))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    try:
        amounts = parse(text)
    except InputError:
        return
    assert amounts
    assert all(symbol in SYMBOLS and 0 < amount < np.inf for symbol, amount in amounts.items())


@settings(deadline=None, max_examples=30)
@given(st.lists(AMOUNTS, min_size=1, max_size=5))
def test_statistics_stay_within_what_the_elements_have(compositions: list[dict]) -> None:
    formulas = [
        "".join(f"{symbol}{amount}" for symbol, amount in amounts.items())
        for amounts in compositions
    ]
    array, names = statistics(formulas)
    low, mean, high, usual, entropy = (
        array[:, names.index(name)]
        for name in (
            "minimum atomic weight",
            "mean atomic weight",
            "maximum atomic weight",
            "most abundant atomic weight",
            "entropy of mixing",
        )
    )
    assert (low <= mean * (1 + 1e-9)).all()
    assert (mean <= high * (1 + 1e-9)).all()
    assert ((low <= usual) & (usual <= high)).all()
    assert (entropy >= 0).all()
    assert (entropy <= np.log(array[:, names.index("number of elements")]) + 1e-9).all()
    shares, _ = fractions(formulas)
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_fractions_are_shares_of_atoms_in_the_order_of_atomic_numbers() -> None:
    array, names = fractions(["Fe2O3", "FeO", None, "what"])
    assert names == ["O", "Fe"]
    np.testing.assert_allclose(array[:2], [[0.6, 0.4], [0.5, 0.5]])
    assert np.isnan(array[2:]).all()


def test_fractions_of_chosen_elements_leave_the_others_out_of_the_sum() -> None:
    array, names = fractions(["Fe2O3"], ["Fe", "Al"])
    assert names == ["Fe", "Al"]
    np.testing.assert_allclose(array, [[0.4, 0]])
    with pytest.raises(InputError, match="Xx"):
        fractions(["Fe2O3"], ["Xx"])


def test_statistics_follow_their_definitions() -> None:
    array, names = statistics(["Al2O3"])
    said = dict(zip(names, array[0], strict=True))
    known = properties()
    al, oxygen = (known["electronegativity"][SYMBOLS[symbol]] for symbol in ("Al", "O"))
    mean = 0.4 * al + 0.6 * oxygen
    assert said["mean electronegativity"] == pytest.approx(mean)
    deviation = 0.4 * (mean - al) + 0.6 * (oxygen - mean)
    assert said["deviation electronegativity"] == pytest.approx(deviation)
    assert said["minimum electronegativity"] == al
    assert said["maximum electronegativity"] == oxygen
    assert said["range electronegativity"] == pytest.approx(oxygen - al)
    assert said["most abundant electronegativity"] == oxygen
    assert said["number of elements"] == 2
    assert said["2-norm of shares"] == pytest.approx(np.hypot(0.4, 0.6))
    assert said["entropy of mixing"] == pytest.approx(-0.4 * np.log(0.4) - 0.6 * np.log(0.6))
    electrons = {"s": 2, "p": 0.4 * 1 + 0.6 * 4, "d": 0, "f": 0}
    for shell, count in electrons.items():
        expected = count / sum(electrons.values())
        assert said[f"share of {shell} valence electrons"] == pytest.approx(expected)
    assert said["electronegativity mismatch"] == pytest.approx(np.sqrt(0.24) * (oxygen - al))
    character = 1 - np.exp(-((oxygen - al) ** 2) / 4)
    assert said["largest ionic character"] == pytest.approx(character)
    assert said["mean ionic character"] == pytest.approx(0.48 * character)
    assert said["charge left over"] == pytest.approx(0)
    assert said["share of chalcogen"] == pytest.approx(0.6)
    assert said["share of post-transition metal"] == pytest.approx(0.4)


def test_an_unknown_property_does_not_count() -> None:
    array, names = statistics(["ArF2", "Ar"])
    place = names.index("mean electronegativity")
    assert array[0, place] == properties()["electronegativity"][SYMBOLS["F"]]
    assert np.isnan(array[1, place])
    assert not np.isinf(array).any()


def test_statistics_do_not_depend_on_the_other_rows_nor_on_the_size_of_the_formula() -> None:
    together, _ = statistics(["Fe2O3", "CuZr", "Ca5(PO4)3OH", None])
    alone, _ = statistics(["Fe4O6"])
    np.testing.assert_allclose(together[:1], alone, rtol=1e-9, atol=1e-9)
    assert np.isnan(together[3]).all()


def test_five_thousand_formulas_take_less_than_a_second() -> None:
    rng = np.random.default_rng(0)
    symbols = list(SYMBOLS)[:90]
    formulas = [
        "".join(f"{symbols[rng.integers(90)]}{rng.uniform(0.01, 9):.3f}" for _ in range(5))
        for _ in range(5000)
    ]
    began = time.process_time()
    array, names = statistics(formulas)
    assert time.process_time() - began < 2
    assert array.shape == (5000, len(names))
    assert len(set(names)) == len(names)


def test_the_table_of_elements_is_plausible() -> None:
    known = properties()
    assert list(SYMBOLS)[:10] == ["H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne"]
    assert len(SYMBOLS) == 103
    assert known["melting_point"][SYMBOLS["Fe"]] == pytest.approx(1811, abs=1)
    assert known["electronegativity"][SYMBOLS["F"]] == 3.98
    assert known["ionization_energy"][SYMBOLS["H"]] == pytest.approx(13.598, abs=1e-3)
    electrons = np.sum([known[f"{shell}_electrons"] for shell in "spdf"], axis=0)
    assert electrons[SYMBOLS["Fe"]] == 8
    assert electrons[SYMBOLS["Cl"]] == 7
    for name in ("atomic_weight", "covalent_radius", "density", "ionization_energy"):
        assert (known[name] > 0).all(), name
