import numpy as np
import pandas as pd
import pytest

from pearlite.data.composition import fractions
from pearlite.recipes.tabular.unfold import Unfolded


@pytest.fixture
def alloys():
    formulas = ["Fe0.7Ni0.3", "Fe2O3", "NiTi", None, "Ni3Al"] * 4
    return pd.DataFrame({"heat": np.arange(20.0), "alloy": formulas, "Al": "foil"})


def test_formulas_become_a_column_an_element_and_formulas_again(alloys):
    unfolded = Unfolded(alloys)
    assert set(unfolded.frame) == {"heat", "Al", "Fe", "Ni", "O", "Ti", "Al in alloy"}
    np.testing.assert_allclose(unfolded.frame["Fe"][:3], [0.7, 0.4, 0])
    again = unfolded.fold(unfolded.frame)
    assert list(again) == list(alloys)
    before, after = (
        fractions(table["alloy"].tolist(), ["Fe", "Ni", "O", "Al"])[0] for table in (alloys, again)
    )
    np.testing.assert_allclose(after, before, atol=1e-7)
    assert list(again["alloy"].isna()) == list(alloys["alloy"].isna())


def test_a_table_without_formulas_stays_as_it_is(alloys):
    plain = alloys.drop(columns="alloy")
    unfolded = Unfolded(plain)
    assert unfolded.elements == {}
    pd.testing.assert_frame_equal(unfolded.fold(unfolded.frame), plain)


def test_rare_elements_are_not_looked_at():
    unfolded = Unfolded(pd.DataFrame({"alloy": ["FeNi", "Fe2Ni"] * 30 + ["FeY"]}))
    assert unfolded.common == ["Fe", "Ni"]
