"""GPT-2: what its configuration means for our decoder, and where its tensors belong.

Radford et al., "Language models are unsupervised multitask learners", 2019.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pearlite.errors import InputError
from pearlite.nets.huggingface.places import ATTENTION, Place, pair, wanted
from pearlite.nets.options import DecoderOptions

PREFIX = "transformer."
ACTIVATIONS = {  # theirs by ours
    "gelu_tanh": "gelu_new",
    "gelu": "gelu",
    "relu": "relu",
    "relu_squared": "relu2",
    "silu": "silu",
    "tanh": "tanh",
}
_OURS = {theirs: ours for ours, theirs in ACTIVATIONS.items()} | {"gelu_pytorch_tanh": "gelu_tanh"}
_ONLY = {
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
}


def options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the decoder that a configuration describes.

    Raises
    ------
    InputError
        If it has something that our decoder lacks.
    KeyError
        If it lacks a size.
    """
    wanted(config, _ONLY)
    activation = config.get("activation_function", "gelu_new")
    if activation not in _OURS:
        raise InputError(
            f"config.json has activation_function={activation!r}; pearlite knows {', '.join(_OURS)}"
        )
    return {
        "vocabulary": config["vocab_size"],
        "context": config["n_positions"],
        "width": config["n_embd"],
        "depth": config["n_layer"],
        "heads": config["n_head"],
        "positions": "learned",
        "epsilon": config.get("layer_norm_epsilon", 1e-5),
        "mlp": _OURS[activation],
        "mlp_width": config.get("n_inner"),
        "tied": config.get("tie_word_embeddings", True),
        "head_bias": False,
    }


def config(options: DecoderOptions) -> dict[str, Any]:
    """Return the configuration of a decoder in which `extras` finds nothing."""
    dropout = dict.fromkeys(("attn_pdrop", "embd_pdrop", "resid_pdrop"), options.dropout)
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": options.vocabulary,
        "n_positions": options.context,
        "n_embd": options.width,
        "n_layer": options.depth,
        "n_head": options.heads,
        "n_inner": options.mlp_width,
        "activation_function": ACTIVATIONS[options.mlp],
        "layer_norm_epsilon": options.epsilon,
        "tie_word_embeddings": options.tied,
        **dropout,
    }


def extras(options: DecoderOptions) -> list[str]:
    """Name what the decoder has and GPT-2 has not."""
    found = {
        "RMS norms (norm)": options.norm != "layer",
        "no biases (bias)": not options.bias,
        "grouped queries (groups)": options.groups not in (None, options.heads),
        f"an MLP with {options.mlp} (mlp)": options.mlp not in ACTIVATIONS,
    }
    return [name for name, has in found.items() if has]


def places(options: DecoderOptions) -> Iterator[Place]:
    """Yield all tensors of the file."""
    yield Place(f"{PREFIX}wte.weight", ("embed.weight",))
    yield Place(f"{PREFIX}wpe.weight", ("embed.place.weight",))
    for number in range(options.depth):
        theirs, ours = f"{PREFIX}h.{number}", f"trunk.blocks.{number}"
        seen = [f"{ours}.look.attention.{name}" for name in ATTENTION]
        yield from pair(f"{theirs}.ln_1", f"{ours}.look.norm", bias=True)
        yield from pair(f"{theirs}.attn.c_attn", *seen, bias=True, transposed=True)
        out = f"{ours}.look.attention.out"
        yield from pair(f"{theirs}.attn.c_proj", out, bias=True, transposed=True)
        yield from pair(f"{theirs}.ln_2", f"{ours}.think.body.0", bias=True)
        for name, layer in (("c_fc", 0), ("c_proj", 3)):
            dense = f"{ours}.think.body.1.layers.{layer}"
            yield from pair(f"{theirs}.mlp.{name}", dense, bias=True, transposed=True)
    yield from pair(f"{PREFIX}ln_f", "trunk.norm", bias=True)
    if not options.tied:
        yield Place("lm_head.weight", ("head.weight",))
