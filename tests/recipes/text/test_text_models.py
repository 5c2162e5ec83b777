"""Linear models, networks and estimators of texts, apart from run folders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

import pearlite as pl
from pearlite.data.tokens import byte_level
from pearlite.judge.goal import Truth
from pearlite.recipes.text import TextClassifier, TextRegressor
from pearlite.recipes.text.fitted import error_of
from pearlite.recipes.text.linear import Linear, fit_linear
from pearlite.recipes.text.network import Network, new_reader
from pearlite.recipes.text.same import joined, same_texts
from pearlite.recipes.text.span import spans

pytestmark = pytest.mark.usefixtures("one_thread")
WORDS = [
    "the",
    "alloy",
    "was",
    "held",
    "at",
    "heat",
    "and",
    "glass",
    "then",
    "cooled",
    "to",
    "room",
    "oxide",
    "steel",
]


def sentences(count=60, seed=0):
    random = np.random.default_rng(seed)
    said = [" ".join(random.choice(WORDS[:7], 7)) for _ in range(count)]
    marks = [["glass"], ["steel", "oxide"]]
    return [f"{s} {random.choice(marks[n % 2])} {s[:9]}" for n, s in enumerate(said)]


@pytest.fixture(scope="module", params=["words", "characters"])
def linear(request):
    texts = sentences()
    truth = Truth("binary", np.arange(60) % 2, ("glass", "metal"))
    known = Truth("binary", truth.values[:20], truth.classes)
    model, facts = fit_linear(
        request.param, texts, truth, lambda said: error_of(said, known), texts[:20]
    )
    assert len(facts["errors"]) == 17
    return model


def test_what_the_words_add_is_the_logit(linear):
    for text in (*sentences(3, seed=1), "Glass: oxide-steel, GLASS!", "nothing known 123"):
        logits = np.log(linear.answer([text])[0])
        added = linear.weigh(text).sum(0)
        expected = logits[1] - logits[0] - (linear.bias_K[1] - linear.bias_K[0])
        assert added[1] - added[0] == pytest.approx(expected, abs=1e-9)


def test_a_linear_model_comes_back_from_its_folder(linear, tmp_path):
    linear.save(tmp_path)
    texts = sentences(5, seed=2)
    np.testing.assert_array_equal(Linear.load(tmp_path).answer(texts), linear.answer(texts))
    (tmp_path / "linear.safetensors").write_bytes(b"torn")
    with pytest.raises(pl.InputError, match="no whole model"):
        Linear.load(tmp_path)


@pytest.mark.parametrize("kind", ["lstm", "encoder"])
def test_a_network_answers_a_text_alike_in_any_company(kind, tmp_path):
    tokeniser = byte_level()
    options = {"vocabulary": len(tokeniser), "context": 40, "width": 8}
    options |= {"depth": 1, "heads": 2, "positions": "rotary"} if kind == "encoder" else {}
    network = Network(kind, options, "binary", new_reader(kind, options, 2, seed=0), tokeniser)
    texts = ["a", "glass melt", "x" * 90, "steel, rolled", ""]
    alone = np.concatenate([network.answer([text]) for text in texts])
    np.testing.assert_allclose(network.answer(texts), alone, atol=1e-6)
    network.save(tmp_path)
    np.testing.assert_array_equal(Network.load(tmp_path).answer(texts), network.answer(texts))
    weighed = network.weigh("glass melt")
    less = np.log(network.answer([" melt"])[0, 0])
    assert weighed[0, 0] == pytest.approx(np.log(alone[1, 0]) - less, abs=1e-5)


@given(st.text())
def test_words_do_not_overlap_and_leave_out_white_space_only(text):
    places = spans(text)
    rest, done = "", 0
    for begin, end in places:
        rest, done = rest + text[done:begin], end
        assert begin < end
    assert not (rest + text[done:]).strip()


def test_copies_are_found_and_joined_with_declared_groups():
    long = " ".join(f"word{n}" for n in range(60))
    nearly = long.replace("word30 ", "")
    texts = ["A glass.", "a GLASS", long, f"{nearly} !", "another", "?!", "?!"]
    found = same_texts(texts)
    assert found.group[0] == found.group[1] != found.group[4]
    assert found.group[2] == found.group[3]
    assert found.group[5] == found.group[6]
    assert found.count == 3
    both = joined(found.group, np.array([0, 1, 2, 3, 1, 4, 5]))
    assert both is not None
    assert both[0] == both[1] == both[4] != both[2] == both[3]


def test_estimators_keep_the_contract_of_scikit_learn():
    texts, classes = sentences(), np.where(np.arange(60) % 2, "metal", "glass")
    model = clone(TextClassifier(seed=1)).fit(texts, classes)
    assert model.score(sentences(20, seed=3), np.tile(["glass", "metal"], 10)) > 0.9
    np.testing.assert_allclose(model.predict_proba(texts[:3]).sum(1), 1)
    assert model.classes_.tolist() == ["glass", "metal"]
    numbers = TextRegressor().fit(texts, 10.0 * (np.arange(60) % 2))
    assert numbers.score(texts, 10.0 * (np.arange(60) % 2)) > 0.5
    low, high = numbers.predict_interval(texts[:5]).T
    assert (low < high).all()
    for wrong in ("a text", [], [1, 2]):
        with pytest.raises(pl.InputError, match="expected a list of texts"):
            model.predict(wrong)
    with pytest.raises(pl.InputError, match="at least 20"):
        TextClassifier().fit(texts[:3], classes[:3])
