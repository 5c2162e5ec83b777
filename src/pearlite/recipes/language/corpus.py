"""From files of text to tokens on disk, in three parts of which one is withheld."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pearlite.data.alike_texts import Copies, find_copies
from pearlite.data.documents import LONGEST, Documents, Passage
from pearlite.data.packed import Packed, pack
from pearlite.data.split import PARTS, Split, split
from pearlite.data.tokens import KINDS, Tokeniser, byte_level, byte_pairs, characters
from pearlite.errors import InputError
from pearlite.recipes.language.choices import Choices

FEWEST = 10  # documents of their own from which on whole ones are withheld
ENDED = 1_000_000  # tokens of the training part among which an end is looked for
TENTHS = 10  # pieces into which fewer documents are cut
WITHHELD = 16  # tokens of a withheld part, at least
GAP = 1_000  # characters at most, between parts of one document
LINE = 10_000  # characters from which on a text may be one line
SHORT, PASSAGES = 64, 500  # of a short text: characters of a passage; passages that tell a spread


@dataclass(frozen=True)
class Corpus:
    """A corpus as tokens.

    Attributes
    ----------
    train, validation, test : Packed
        The tokens of each part.
    tokeniser : Tokeniser
        Made from the training part, or given.
    """

    train: Packed
    validation: Packed
    test: Packed
    tokeniser: Tokeniser

    @property
    def begins(self) -> str:
        """What a text of its own goes on from: nothing where documents end, else a line feed."""
        ended = (np.asarray(self.train.tokens[:ENDED]) == self.tokeniser.end).any()
        known = self.tokeniser.unknown not in self.tokeniser.encode("\n")
        return "" if ended or not known else "\n"

    @classmethod
    def open(cls, folder: Path, tokeniser: Path) -> "Corpus":
        """Open what `prepare` wrote.

        Raises
        ------
        InputError
            If a part is missing or damaged.
        """
        parts = {name: Packed.open(folder / name) for name in PARTS}
        return cls(**parts, tokeniser=Tokeniser.load(tokeniser))


@dataclass(frozen=True)
class Divided:
    """Documents in three parts.

    Attributes
    ----------
    documents : Documents
        What is divided.
    copies : Copies
        Which of them belong together.
    split : Split
        Numbers of documents, or of tenths of documents where `by_tenths`.
    by_tenths : bool
        Whether documents were cut, as there are few.
    """

    documents: Documents
    copies: Copies
    split: Split
    by_tenths: bool

    def passages(self, part: str) -> Iterator[Passage]:
        """Yield the passages of ``"train"``, ``"validation"`` or ``"test"``."""
        if self.by_tenths:
            yield from self._inside(part)
            return
        own = np.zeros(len(self.copies.group), bool)
        own[self.split.parts[part]] = True
        yield from (passage for passage in self.documents if own[passage.document])

    def _inside(self, part: str) -> Iterator[Passage]:
        """Yield what lies in the part's tenths of each document, without the gap before them."""
        tenths = self.split.parts[part] % TENTHS
        first, last = int(tenths.min()), int(tenths.max()) + 1
        document, at = -1, 0
        for passage in self.documents:
            if passage.document != document:
                document, at = passage.document, 0
            length = int(self.copies.characters[document])
            start, stop = first * length // TENTHS, last * length // TENTHS
            start += min(GAP, length // 100) if first else 0
            text = passage.text[max(0, start - at) : max(0, stop - at)]
            at += len(passage.text)
            if text:
                yield Passage(document, text, last=False)


def divide(paths: list[Path], choices: Choices, seed: int) -> Divided:
    """Find the documents and their copies, and withhold some.

    Raises
    ------
    InputError
        If a file cannot be read as text, or there is too little of it.
    """
    documents = Documents(paths, cut=choices.cut, field=choices.field)
    lines = 0

    def counted() -> Iterator[Passage]:
        nonlocal lines
        for passage in documents:
            lines += passage.text.count("\n") + passage.last
            yield passage

    copies = find_copies(counted())
    count, length = len(copies.group), int(copies.characters.sum())
    named = paths[0] if len(paths) == 1 else f"the {len(paths)} files"
    if not length or not any(passage.text.strip() for passage in documents):
        raise InputError(f"{named} is empty; give a text of some thousand characters")
    if count == 1 and lines <= 2 and length < LINE:
        raise InputError(
            f"{named} holds one line of {length:,} characters, of which nothing can be withheld; "
            "give more text"
        )
    documents.longest = min(LONGEST, max(SHORT, length // PASSAGES))
    own = len(np.unique(copies.group))
    if own >= FEWEST:
        return Divided(documents, copies, _by_document(copies, seed), False)
    return Divided(documents, copies, _by_tenths(count), True)


def prepare(divided: Divided, choices: Choices, folder: Path, tokeniser: Path) -> Corpus:
    """Make the tokeniser from the training part, and write the tokens of all parts.

    Raises
    ------
    InputError
        If the tokeniser cannot be made, a withheld part is too short, or the disk is full.
    """
    made = _tokeniser(divided, choices)
    made.save(tokeniser)
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: pack(divided.passages(name), made, folder / name) for name in PARTS}
    for name in PARTS[1:]:
        if len(parts[name]) < WITHHELD:
            raise InputError(
                f"the {name} part of the text has {len(parts[name])} tokens, too few to measure "
                "anything on; give more text"
            )
    return Corpus(**parts, tokeniser=made)


def remarks(divided: Divided, corpus: Corpus) -> list[str]:
    """Return sentences on what a reader of the result should know of the text."""
    found = []
    copies = divided.copies
    if copies.equal or copies.near:
        found.append(
            f"{copies.equal:,} documents have the words of an earlier one, {copies.near:,} others "
            "nearly so: copies are in one part."
        )
    withheld = corpus.validation.unknown + corpus.test.unknown
    if withheld:
        found.append(
            f"{withheld:,} of the {len(corpus.validation) + len(corpus.test):,} withheld tokens "
            "are not in the vocabulary, which was made from the training part: they count as one "
            "unknown token, also in the scores."
        )
    inexact = sum(part.inexact for part in (corpus.train, corpus.validation, corpus.test))
    if inexact and inexact > withheld:
        found.append(
            f"The tokeniser does not give back {inexact:,} passages as they were, so that bits "
            "per byte are of another text: a byte-level one would."
        )
    return found


def _tokeniser(divided: Divided, choices: Choices) -> Tokeniser:
    if choices.tokeniser not in KINDS:
        return Tokeniser.load(Path(choices.tokeniser))
    if choices.tokeniser == "bytes":
        return byte_level()
    texts = (passage.text for passage in divided.passages("train"))
    return characters(texts) if choices.tokeniser == "characters" else _pairs(texts, choices)


def _pairs(texts: Iterator[str], choices: Choices) -> Tokeniser:
    return byte_pairs(texts, choices.vocabulary)


def _by_document(copies: Copies, seed: int) -> Split:
    made = split(len(copies.group), group=copies.group, seed=seed)
    sizes = [int(copies.characters[indices].sum()) for indices in made.parts.values()]
    why = (
        "Whole documents were withheld, copies of one another together: "
        f"{len(made.train):,} train, {len(made.validation):,} choose, {len(made.test):,} test "
        f"({sizes[0]:,}, {sizes[1]:,} and {sizes[2]:,} characters)."
    )
    return Split(made.train, made.validation, made.test, why)


def _by_tenths(count: int) -> Split:
    """Give the first seven tenths of each document to training, two to validation, one to test."""
    tenth = np.arange(count * TENTHS) % TENTHS
    one = count == 1
    why = (
        f"There {'is one document' if one else f'are only {count} documents'}: the first seven "
        f"tenths of {'it' if one else 'each'} train, the next two choose, the last tests, and "
        f"before these two up to {GAP:,} characters are left out. What is withheld is by the same "
        "hand as what was learned: a new text may be further off."
    )
    parts = (np.flatnonzero(where) for where in (tenth < 7, (tenth >= 7) & (tenth < 9), tenth == 9))
    return Split(*parts, why=why)
