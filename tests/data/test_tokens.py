"""Tokenisers: exact, both ways."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.data.tokens import END, UNKNOWN, Tokeniser, byte_level, byte_pairs, characters
from pearlite.errors import InputError

TEXT = "the cat sat on the mat; thé cät ▁ 日本 👩‍👩‍👧 <|end|> \r\n\t the end"
MAKERS = {
    "characters": lambda: characters([TEXT]),
    "bytes": byte_level,
    "bpe": lambda: byte_pairs([TEXT] * 3, 300),
}


@pytest.fixture(scope="module", params=MAKERS)
def tokeniser(request):
    return MAKERS[request.param]()


def test_a_text_comes_back_from_its_tokens(tokeniser):
    tokens = tokeniser.encode(TEXT)
    assert tokeniser.decode(tokens) == TEXT
    assert tokeniser.end not in tokens  # a name in a text is text
    assert 0 <= tokens.min() <= tokens.max() < len(tokeniser) == len(tokeniser.alphabet)
    assert tokeniser.alphabet[tokeniser.end] == END


def test_a_text_comes_back_piece_by_piece(tokeniser):
    pieces = list(tokeniser.stream(tokeniser.encode(TEXT).tolist()))
    assert "".join(pieces) == TEXT
    assert len(pieces) > 10
    assert UNKNOWN not in "".join(pieces)


def test_a_tokeniser_is_kept_in_a_file(tokeniser, tmp_path):
    tokeniser.save(tmp_path / "tokenizer.json")
    again = Tokeniser.load(tmp_path / "tokenizer.json")
    assert again.encode(TEXT).tolist() == tokeniser.encode(TEXT).tolist()
    assert (again.end, again.mask, len(again)) == (tokeniser.end, tokeniser.mask, len(tokeniser))


PAIRS = MAKERS["bpe"]()


@settings(max_examples=30)
@given(st.text())
def test_byte_pairs_give_back_any_text(text):
    text = text.encode("utf-8", "replace").decode()
    tokens = PAIRS.encode(text)
    assert PAIRS.decode(tokens) == text
    assert "".join(PAIRS.stream(tokens.tolist())) == text


def test_pairs_that_are_frequent_become_one_token():
    assert len(PAIRS.encode("the cat")) < len(byte_level().encode("the cat"))
    assert len(PAIRS) <= 300
    with pytest.raises(InputError, match="give at least 258"):
        byte_pairs([TEXT], 100)


def test_characters_that_were_not_seen_are_one_unknown_token():
    tokeniser = characters(["abc"])
    tokens = tokeniser.encode("aXY")
    assert (tokens == tokeniser.unknown).tolist() == [False, True, True]
    assert tokeniser.decode(tokens) == f"a{UNKNOWN}{UNKNOWN}"


def test_a_file_that_is_no_tokeniser_is_said(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        Tokeniser.load(tmp_path / "tokenizer.json")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match=r"is no tokenizer\.json"):
        Tokeniser.load(tmp_path / "tokenizer.json")
