"""Read the network and the tokeniser of a Hugging Face folder."""

from pathlib import Path
from types import ModuleType

import torch

from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.nets.huggingface import gpt2, llama
from pearlite.nets.huggingface.files import CONFIG, TOKENISER, Tensors, read_object
from pearlite.nets.transformer import TransformerDecoder

SHAPES: dict[str, ModuleType] = {"gpt2": gpt2, "llama": llama}
_HEAD = "lm_head.weight"


def read(folder: Path, *, dtype: torch.dtype | None = torch.float32) -> TransformerDecoder:
    """Read a GPT-2 or a Llama into our decoder, in evaluation mode.

    Parameters
    ----------
    folder
        As ``save_pretrained`` of transformers writes it; nothing in it is unpickled.
    dtype
        Of the weights; None: that of the file.

    Raises
    ------
    InputError
        If a file is missing or damaged, or the network is of another kind.
    """
    config = read_object(folder / CONFIG)
    kind = config.get("model_type")
    if kind not in SHAPES:
        raise InputError(
            f"{folder / CONFIG} says model_type {kind!r}; pearlite reads {' and '.join(SHAPES)}"
        )
    if config.get("quantization_config"):
        raise InputError(f"the weights in {folder} are quantised; give those of 16 or 32 bits")
    shape = SHAPES[kind]
    try:
        network = TransformerDecoder(
            **shape.options(config), generator=torch.Generator().manual_seed(0)
        )
    except KeyError as error:
        raise InputError(f"{folder / CONFIG} has no {error}; download it again") from error
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{folder / CONFIG} describes no network: {error}") from error
    _fill(network, Tensors(folder), shape, dtype)
    return network.eval()


def read_tokeniser(folder: Path, vocabulary: int) -> Tokeniser | None:
    """Read the tokeniser of a folder; None where there is none.

    Parameters
    ----------
    folder
        May hold a ``tokenizer.json``.
    vocabulary
        Rows of the network's embedding.

    Raises
    ------
    InputError
        If it is damaged, or has tokens for which the network has no vector.
    """
    path = folder / TOKENISER
    if not path.is_file():
        return None
    tokeniser = Tokeniser.load(path)
    added = {tokeniser.end, tokeniser.mask}  # these two may be ours
    last = max((n for n in tokeniser.tokenizer.get_vocab().values() if n not in added), default=-1)
    if last >= vocabulary:
        raise InputError(
            f"{path} has tokens up to number {last}, but the network has vectors for {vocabulary}: "
            "the tokeniser is of another network"
        )
    return tokeniser


@torch.no_grad()
def _fill(
    network: TransformerDecoder, tensors: Tensors, shape: ModuleType, dtype: torch.dtype | None
) -> None:
    """Give every weight of the network the value in the folder."""
    for number, place in enumerate(shape.places(network.options)):
        given = tensors.find(place.theirs, shape.PREFIX)
        if given is None:
            raise InputError(
                f"the weights in {tensors.folder} have no tensor {place.theirs!r}; are they those "
                f"of its {CONFIG}?"
            )
        if number == 0:
            network.to(given.dtype if dtype is None else dtype)
        state = network.state_dict()
        needed = place.shape(state)
        if given.shape != needed:
            raise InputError(
                f"the weights in {tensors.folder} do not fit its {CONFIG}: {place.theirs!r} has "
                f"shape {tuple(given.shape)}, it should have {needed}"
            )
        if not given.isfinite().all():
            raise InputError(
                f"the weights in {tensors.folder} are damaged: {place.theirs!r} holds what is no "
                "number"
            )
        place.fill(state, given)
    head = tensors.find(_HEAD, "") if network.head is None else None
    if head is not None and not torch.equal(head.to(network.embed.weight), network.embed.weight):
        raise InputError(
            f"the weights in {tensors.folder} have a head of their own, {_HEAD!r}, which its "
            f"{CONFIG} takes for the embedding; set tie_word_embeddings to false there"
        )
