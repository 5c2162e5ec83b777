"""Documents of text: what is read, in which pieces, and what is refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pearlite.data.alike_texts import find_copies
from pearlite.data.documents import LONGEST, Documents, find_texts
from pearlite.errors import InputError


def texts(paths, **options):
    """The documents, each put together again."""
    whole = {}
    for passage in Documents(paths, **options):
        assert 0 < len(passage.text) <= LONGEST
        whole[passage.document] = whole.get(passage.document, "") + passage.text
    return list(whole.values())


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_file_is_a_document_its_lines_or_its_paragraphs(tmp_path):
    path = write(tmp_path / "a.txt", "one\ntwo\n\nthree\r\n \r\nfour")
    assert texts([path]) == ["one\ntwo\n\nthree\n \nfour"]
    assert texts([path], cut="line") == ["one", "two", "three", "four"]
    assert texts([path], cut="blank") == ["one\ntwo", "three", "four"]
    with pytest.raises(InputError, match="cut by 'page'; take whole, blank, line"):
        Documents([path], cut="page")


def test_long_documents_come_in_pieces_that_end_with_lines(tmp_path):
    text = "".join(f"line {number} of many\n" for number in range(200_000))
    path = write(tmp_path / "a.txt", text)
    passages = list(Documents([path]))
    assert "".join(passage.text for passage in passages) == text
    assert all(passage.text.endswith("\n") for passage in passages)
    assert [passage.last for passage in passages] == [False] * (len(passages) - 1) + [True]
    unbroken = write(tmp_path / "b.txt", "x" * 3 * LONGEST)
    assert texts([unbroken]) == ["x" * 3 * LONGEST]


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_every_text_comes_back(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("t") / "a.jsonl"
    write(path, json.dumps({"text": text}) + "\n")
    assert texts([path]) == ([text] if text.strip() else [])


def test_a_folder_gives_its_texts_by_name(tmp_path):
    for name in ("b.txt", "a.md", "c.jsonl"):
        write(tmp_path / name, '{"text": "c"}' if name[0] == "c" else name[0])
    write(tmp_path / "d.png", b"\x89PNG")
    assert texts(find_texts(tmp_path)) == ["a", "b", "c"]
    with pytest.raises(InputError, match="does not exist"):
        find_texts(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no file of text"):
        find_texts(tmp_path / "empty")


def test_utf16_and_a_mark_at_the_beginning_are_understood(tmp_path):
    assert texts([write(tmp_path / "a.txt", "Größe".encode("utf-16"))]) == ["Größe"]
    assert texts([write(tmp_path / "b.txt", "Größe".encode("utf-8-sig"))]) == ["Größe"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"text\0text", "binary file: it holds bytes of 0"),
        (b"\x01\x02\x03\x04 text", "binary file: it holds control characters"),
        ("Größe".encode("latin-1"), r"no UTF-8 text: byte 3 is 0xf6; save it as UTF-8"),
        (b"a" * (1 << 20) + b"ok \xff", "byte 1,048,580 is 0xff"),
    ],
)
def test_what_is_no_text_is_said(tmp_path, content, said):
    with pytest.raises(InputError, match=said):
        texts([write(tmp_path / "a.txt", content)])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"text": "b"', "line 3 of .* is no JSON"),
        ('{"body": "b"}', "line 3 of .* has no 'text'.*--field NAME"),
        ('["b"]', "line 3 of .* has no 'text'"),
        ('{"text": 7}', "line 3 of .* holds 7 under 'text'"),
    ],
)
def test_a_broken_line_of_json_is_named(tmp_path, line, said):
    path = write(tmp_path / "a.jsonl", f'{{"text": "a"}}\n\n{line}\n')
    with pytest.raises(InputError, match=said):
        texts([path])


def test_copies_are_found_with_other_spaces_and_with_a_few_other_words(tmp_path):
    random = np.random.default_rng(0)
    words = [f"w{number}" for number in range(2000)]
    said = [" ".join(random.choice(words, 300)) for _ in range(20)]
    said += [said[3].replace(" ", "\n "), said[5].replace(said[5].split()[7], "other")]
    said += ["Fe2O3", "Fe2O3", "Fe3O4"]  # short ones are copies only if equal
    path = tmp_path / "a.jsonl"
    write(path, "".join(json.dumps({"text": text}) + "\n" for text in said))
    copies = find_copies(Documents([path]))
    assert (copies.equal, copies.near) == (2, 1)
    assert copies.group[20] == copies.group[3]
    assert copies.group[21] == copies.group[5]
    assert copies.group[23] == copies.group[22]
    assert len(np.unique(copies.group)) == len(said) - 3
    assert copies.characters.tolist() == [len(text) for text in said]
