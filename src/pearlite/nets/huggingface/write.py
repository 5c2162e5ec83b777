"""Write a decoder as a Hugging Face folder that transformers opens unaided."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from pearlite.data.disk import replacing
from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.folders import chosen_folder, write_json, write_text
from pearlite.nets.huggingface import gpt2, llama
from pearlite.nets.huggingface.files import CONFIG, TOKENISER, WEIGHTS
from pearlite.nets.huggingface.places import named
from pearlite.nets.lora import adapted
from pearlite.nets.options import DecoderOptions
from pearlite.nets.transformer import TransformerDecoder

TURNS = (
    "{% for message in messages %}"
    "{% if message['role'] != 'assistant' %}{{ eos_token }}{% endif %}{{ message['content'] }}"
    "{% endfor %}{% if not add_generation_prompt %}{{ eos_token }}{% endif %}"
)  # the end of a document, a prompt and its answer, and so on; an end


def write(
    network: TransformerDecoder,
    folder: Path,
    tokeniser: Tokeniser | None = None,
    *,
    chat: bool = False,
) -> Path:
    """Write a decoder as a GPT-2, or as a Llama where its positions are rotary.

    The folder holds ``config.json`` and ``model.safetensors``, and with a tokeniser also
    ``tokenizer.json``, ``tokenizer_config.json`` and ``generation_config.json``. It appears whole
    or not at all.

    Parameters
    ----------
    network
        Without adaptors.
    folder
        New or empty.
    tokeniser
        The one that the network has learned with.
    chat
        Whether it has learned instructions, each a document of a prompt and its answer: then the
        folder says so to ``apply_chat_template``.

    Raises
    ------
    InputError
        If the network has something that neither has, or the folder holds something.
    """
    if adapted(network):
        raise InputError("the network has adaptors, which such a folder cannot hold; merge them")
    options = network.options
    assert isinstance(options, DecoderOptions)
    shape = llama if options.positions == "rotary" else gpt2
    if found := [*_extras(network, options), *shape.extras(options)]:
        kind = "Llama" if shape is llama else "GPT-2"
        raise InputError(
            f"the network cannot be written as a {kind}: it has {named(found)}; train one without"
        )
    weights = _weights(network, options)
    tensors = {place.theirs: place.join(weights) for place in shape.places(options)}
    config = shape.config(options) | {"dtype": str(network.embed.weight.dtype).split(".")[-1]}
    config |= {"bos_token_id": None, "eos_token_id": None if tokeniser is None else tokeniser.end}
    with replacing(chosen_folder(folder)) as hidden:
        hidden.mkdir()
        write_json(hidden / CONFIG, config)
        save_file(tensors, hidden / WEIGHTS, {"format": "pt"})
        if tokeniser is not None:
            _write_tokeniser(tokeniser, options, hidden, chat)
    return folder


def _extras(network: TransformerDecoder, options: DecoderOptions) -> list[str]:
    """Name what the decoder has and neither kind of file has."""
    head = network.head
    found = {
        "a memory (cross)": options.cross,
        "n-gram tables (ngrams)": bool(options.ngrams),
        "a token shift (shift)": bool(options.shift),
        "normalised queries and keys (query_key_norm)": options.query_key_norm,
        "biases of the head (head_bias)": head is not None
        and head.bias is not None
        and bool(head.bias.any()),
    }
    return [name for name, has in found.items() if has]


def _weights(network: TransformerDecoder, options: DecoderOptions) -> dict[str, Tensor]:
    """Return the state with positions as a table, and rotary ones paired as in Llama."""
    state = {name: tensor.cpu() for name, tensor in network.state_dict().items()}
    if options.positions == "sinusoidal":
        state["embed.place.weight"] = network.embed.get_buffer("place.table_TD").cpu()
    if options.positions == "rotary" and options.rotary_pairing == "neighbours":
        head = options.width // options.heads
        for name, tensor in state.items():
            if ".attention.query." in name or ".attention.key." in name:
                pairs = tensor.unflatten(0, (-1, head // 2, 2))
                state[name] = pairs.transpose(1, 2).flatten(0, 2)
    return state


def _write_tokeniser(
    tokeniser: Tokeniser, options: DecoderOptions, folder: Path, chat: bool
) -> None:
    """Write the tokeniser without what the network has no vector for."""
    content: dict[str, Any] = json.loads(tokeniser.tokenizer.to_str())
    added = content.get("added_tokens", [])
    content["added_tokens"] = [token for token in added if token["id"] < options.vocabulary]
    write_text(folder / TOKENISER, json.dumps(content, ensure_ascii=False))
    about = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": tokeniser.tokenizer.id_to_token(tokeniser.end),
        "model_max_length": options.context,
        "clean_up_tokenization_spaces": False,
    }
    write_json(folder / "tokenizer_config.json", about | ({"chat_template": TURNS} if chat else {}))
    write_json(folder / "generation_config.json", {"eos_token_id": tokeniser.end})
