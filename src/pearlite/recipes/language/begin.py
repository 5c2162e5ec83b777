"""What a fine-tuning goes on from: a run, or a folder of Hugging Face."""

from dataclasses import asdict, dataclass
from pathlib import Path

from torch import nn

from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.folders import is_pretrained, read_json
from pearlite.nets.huggingface import read, read_tokeniser
from pearlite.recipes.language.files import CORPUS, TOKENISER
from pearlite.recipes.language.network import ABOUT, Design, load
from pearlite.run import Run


@dataclass(frozen=True)
class Beginning:
    """A network that has learned.

    Attributes
    ----------
    network
        In evaluation mode, on the CPU, float32.
    tokeniser
        The one that it has learned with.
    design
        Builds it again.
    begins
        What a text without a prompt goes on from; the end of a document where empty.
    """

    network: nn.Module
    tokeniser: Tokeniser
    design: Design
    begins: str = ""


def begin(source: str | Path) -> Beginning:
    """Open a finished language run, or a folder with a GPT-2 or a Llama and its tokeniser.

    Raises
    ------
    InputError
        If it is neither, or lacks something.
    """
    path = Path(source)
    if not is_pretrained(path):
        return _of_run(path)
    network = read(path)
    options = network.options
    tokeniser = read_tokeniser(path, options.vocabulary)
    if tokeniser is None:
        raise InputError(
            f"{path} holds no {TOKENISER}, without which no text can be read; put the network's "
            "there"
        )
    if tokeniser.end >= options.vocabulary:
        raise InputError(
            f"the {TOKENISER} in {path} has no token for the end of a text, such as <|endoftext|>; "
            "pearlite cannot fine-tune without one"
        )
    return Beginning(network, tokeniser, Design("decoder", asdict(options)))


def _of_run(path: Path) -> Beginning:
    run = Run.open(path)
    if run.task != "language":
        raise InputError(f"{path} is a run of {run.task!r}; give one of language to go on from")
    if not (path / ABOUT).is_file():
        raise InputError(f"{path} holds no network yet: it is {run.status}; finish it first")
    network, design = load(path)
    known = read_json(path / CORPUS) if (path / CORPUS).is_file() else {}
    tokeniser = Tokeniser.load(path / TOKENISER)
    return Beginning(network, tokeniser, design, known.get("begins", ""))
