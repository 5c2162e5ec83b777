"""From text to numbers and back, exactly: characters, bytes, or pieces that a corpus is made of."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from pearlite.data.disk import replacing
from pearlite.errors import InputError

KINDS = ("characters", "bytes", "bpe")
END, MASK, UNKNOWN = "<|end|>", "<|mask|>", "\N{REPLACEMENT CHARACTER}"
_ENDS = (END, "<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "[SEP]")
_MASKS = (MASK, "<mask>", "[MASK]")
_UNKNOWNS = (UNKNOWN, "<unk>", "[UNK]")
_ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())


class Tokeniser:
    """Texts as rows of token numbers.

    What a text holds is text: also the name of a special token in it is read letter by letter.

    Parameters
    ----------
    tokenizer
        Of the library ``tokenizers``; tokens for the end of a document and for a masked place are
        added where it has none.

    Attributes
    ----------
    end, mask : int
        Tokens that end a document, and that stand for a hidden one.
    unknown : int or None
        Token of what the vocabulary lacks; None where it lacks nothing.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        tokenizer.encode_special_tokens = True
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.end = self._special(_ENDS)
        self.mask = self._special(_MASKS)
        found = (tokenizer.token_to_id(name) for name in _UNKNOWNS)
        self.unknown = next((number for number in found if number is not None), None)

    def __len__(self) -> int:
        """Return the size of the vocabulary."""
        return self.tokenizer.get_vocab_size()

    @cached_property
    def alphabet(self) -> list[str]:
        """How each token of the vocabulary is written, the special ones by their names."""
        return [self._written(number) for number in range(len(self))]

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the tokens of a text, ``(T,)``."""
        return self.encode_all([text])[0]

    def encode_all(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Return the tokens of each text."""
        encoded = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [np.array(one.ids, np.int64) for one in encoded]

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of some tokens; ends of documents leave nothing."""
        kept = [int(token) for token in tokens if token != self.end]
        return self.tokenizer.decode(kept, skip_special_tokens=False)

    def stream(self, tokens: Iterable[int]) -> Iterator[str]:
        """Yield the text of tokens as they come, each character once all of its bytes are there."""
        spelling = Spelling(self)
        yield from filter(None, (spelling.add(token) for token in tokens))
        if rest := spelling.rest():
            yield rest

    def save(self, path: Path) -> None:
        """Write ``tokenizer.json``, whole or not at all."""
        with replacing(path) as hidden:
            hidden.write_text(self.tokenizer.to_str(pretty=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Tokeniser":
        """Read a ``tokenizer.json``.

        Raises
        ------
        InputError
            If it is missing or no such file.
        """
        if not path.is_file():
            raise InputError(f"{path} does not exist; give a tokenizer.json")
        try:
            return cls(Tokenizer.from_str(path.read_text(encoding="utf-8")))
        except Exception as error:  # the library raises nothing narrower
            raise InputError(f"{path} is no tokenizer.json: {error}") from error

    def _special(self, names: Sequence[str]) -> int:
        found = (self.tokenizer.token_to_id(name) for name in names)
        number = next((number for number in found if number is not None), None)
        if number is None:
            number = len(self)
            self.tokenizer.add_special_tokens([AddedToken(names[0], normalized=False)])
        return number

    def _written(self, number: int) -> str:
        if number in (self.end, self.mask, self.unknown):
            return str(self.tokenizer.id_to_token(number))
        return self.decode([number])


class Spelling:
    """The text of tokens that come one by one.

    Parameters
    ----------
    tokeniser
        Whose tokens they are.
    """

    def __init__(self, tokeniser: Tokeniser) -> None:
        self.tokeniser = tokeniser
        self._held: list[int] = []  # the last token that was said, and those that were not
        self._said = ""  # what the first of them alone would read

    def add(self, token: int) -> str:
        """Return what can be said with one more token: nothing inside a character."""
        self._held.append(int(token))
        text = self.tokeniser.decode(self._held)
        if text.endswith(UNKNOWN) and token != self.tokeniser.unknown:
            return ""
        new, self._held = text[len(self._said) :], self._held[-1:]
        self._said = self.tokeniser.decode(self._held)
        return new

    def rest(self) -> str:
        """Return what is left in the end: a character that is not whole."""
        return self.tokeniser.decode(self._held)[len(self._said) :]


def characters(texts: Iterable[str]) -> Tokeniser:
    """Make a tokeniser whose tokens are the characters of some texts.

    Characters that it has not seen become one unknown token.
    """
    seen: set[str] = set()
    for text in texts:
        seen.update(text)
    vocabulary = [UNKNOWN, END, MASK, *sorted(seen - {UNKNOWN})]
    numbers = {character: number for number, character in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.BPE(vocab=numbers, merges=[], unk_token=UNKNOWN))
    tokenizer.decoder = decoders.Fuse()
    return _made(tokenizer)


def byte_level() -> Tokeniser:
    """Make a tokeniser whose tokens are the 256 bytes of UTF-8."""
    numbers = {character: number for number, character in enumerate([END, MASK, *_ALPHABET])}
    tokenizer = Tokenizer(models.BPE(vocab=numbers, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return _made(tokenizer)


def byte_pairs(texts: Iterable[str], vocabulary: int = 1024) -> Tokeniser:
    """Make a tokeniser that joins the pairs of bytes that are most frequent in some texts.

    Byte-level byte-pair encoding (Sennrich et al., ACL 2016; Radford et al., "Language models are
    unsupervised multitask learners", 2019).

    Raises
    ------
    InputError
        If the vocabulary cannot hold the 256 bytes and the special tokens.
    """
    fewest = len(_ALPHABET) + 2
    if vocabulary < fewest:
        raise InputError(
            f"a vocabulary of {vocabulary} cannot hold all bytes; give at least {fewest}, or take "
            "the tokeniser bytes"
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, MASK],
        initial_alphabet=_ALPHABET,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _made(tokenizer)


def _made(tokenizer: Tokenizer) -> Tokeniser:
    names = [AddedToken(name, normalized=False) for name in (END, MASK)]
    tokenizer.add_special_tokens(names)
    return Tokeniser(tokenizer)
