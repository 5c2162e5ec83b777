"""Texts from files with a JSON object a line (.jsonl)."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pearlite.data.documents import read_blocks
from pearlite.errors import InputError


def read_texts(path: Path, fields: Mapping[str, str | None]) -> Iterator[tuple[str, list[str]]]:
    """Yield where each object stands, as ``"line 3 of FILE"``, and its texts.

    Lines with nothing in them are passed over.

    Parameters
    ----------
    path
        A ``.jsonl`` file.
    fields
        Names of the texts; with each, what stands for one that is missing, None where it must be
        there.

    Raises
    ------
    InputError
        If the file does not exist, or a line is no object with these texts.
    """
    example = json.dumps(dict.fromkeys(fields, "…"), ensure_ascii=False)
    if not path.is_file():
        raise InputError(f"{path} does not exist; give a .jsonl file of lines such as {example}")
    for number, line in enumerate("".join(read_blocks(path)).split("\n"), start=1):
        if line.strip():
            where = f"line {number} of {path}"
            yield where, _texts(line, where, fields, example)


def _texts(line: str, where: str, fields: Mapping[str, str | None], example: str) -> list[str]:
    try:
        known = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where} is no JSON ({error}); expected {example}") from error
    if not isinstance(known, dict):
        raise InputError(f"{where} is no object; expected {example}")
    texts = []
    for name, default in fields.items():
        text = known.get(name, default)
        if not isinstance(text, str):
            said = f"holds {known[name]!r} under" if name in known else "has no"
            raise InputError(f"{where} {said} {name!r}; expected text, as in {example}")
        texts.append(text)
    return texts
