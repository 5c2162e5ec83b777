"""Texts without labels, from files of text, folders of them, or tables."""

from collections.abc import Sequence
from pathlib import Path

from pearlite.data.documents import Documents, find_texts
from pearlite.data.table import TABLES, read_table
from pearlite.errors import InputError
from pearlite.recipes.text.prepare import read_texts
from pearlite.recipes.text.same import same_texts


def read_unlabelled(
    sources: Sequence[str], columns: tuple[str, ...], known: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the texts of some files, without copies of one another or of the known texts.

    So no text of the test part comes back as one without a label.

    Parameters
    ----------
    sources
        Files of text, of which parts between empty lines are texts; folders of such files, each a
        text; or tables with the same columns of texts as the labelled ones.
    columns
        Of texts in tables.
    known
        Labelled texts.

    Raises
    ------
    InputError
        If one cannot be read, or holds no text.
    """
    texts: list[str] = []
    for source in map(Path, sources):
        found = _of_table(source, columns) if _is_table(source) else _of_files(source)
        if not found:
            raise InputError(f"{source} holds no text; give one that does, or leave it out")
        texts += found
    if not texts:
        return ()
    group = same_texts([*known, *texts]).group
    seen = set(group[: len(known)].tolist())
    kept = []
    for text, label in zip(texts, group[len(known) :].tolist(), strict=True):
        if label not in seen:
            seen.add(label)
            kept.append(text)
    return tuple(kept)


def _is_table(source: Path) -> bool:
    return source.suffix.lower() in TABLES


def _of_table(source: Path, columns: tuple[str, ...]) -> list[str]:
    return [text for text in read_texts(read_table(source), columns) if text]


def _of_files(source: Path) -> list[str]:
    documents = Documents(find_texts(source), cut="whole" if source.is_dir() else "blank")
    texts: list[list[str]] = []
    begun = True
    for passage in documents:
        if begun:
            texts.append([])
        texts[-1].append(passage.text)
        begun = passage.last
    return ["".join(pieces).strip() for pieces in texts]
