"""A Hugging Face folder opened as if it were a run, and a run written as one."""

from functools import cached_property
from pathlib import Path
from typing import Any

from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.nets.huggingface import read, read_tokeniser, write
from pearlite.nets.transformer import TransformerDecoder
from pearlite.recipes.language.applied import apply
from pearlite.recipes.language.begin import begin
from pearlite.recipes.language.files import CORPUS
from pearlite.run import Run


class Pretrained:
    """A GPT-2 or a Llama in a folder; ``pearlite.load`` opens it.

    Parameters
    ----------
    path
        The folder.

    Attributes
    ----------
    model : TransformerDecoder
        Maps tokens, int64 ``(B, T)``, to logits ``(B, T, V)``; in evaluation mode, float32.
    tokens : Tokeniser or None
        Of the folder's ``tokenizer.json``; None where there is none.

    Raises
    ------
    InputError
        If a file is missing or damaged, or the network is of another kind; when the attributes are
        asked for.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Pretrained({str(self.path)!r})"

    @cached_property
    def model(self) -> TransformerDecoder:
        """The network."""
        return read(self.path)

    @cached_property
    def tokens(self) -> Tokeniser | None:
        """The tokeniser."""
        return read_tokeniser(self.path, self.model.options.vocabulary)

    def apply(self, new: Any, out: str | Path | None = None, **options: Any) -> Any:
        """Continue texts, or score them; as `pearlite.recipes.language.applied.apply`."""
        return apply(self, new, out, **options)


def export(run: Run, out: str | Path) -> Path:
    """Write a run's network and tokeniser as a Hugging Face folder.

    Parameters
    ----------
    run
        Of a causal transformer: with learned or sinusoidal positions it becomes a GPT-2, with
        rotary ones a Llama.
    out
        New or empty.

    Raises
    ------
    InputError
        If neither has a part of the network, which is named.
    """
    finished = begin(run.path)
    if not isinstance(finished.network, TransformerDecoder):
        raise InputError(
            f"{run.path} holds a network of kind {finished.design.kind!r}; only a causal "
            "transformer can be written as a Hugging Face folder"
        )
    chat = bool(run.read_json(CORPUS).get("instructions"))
    return write(finished.network, Path(out), finished.tokeniser, chat=chat)
