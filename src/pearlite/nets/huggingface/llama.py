"""Llama: what its configuration means for our decoder, and where its tensors belong.

Touvron et al., arXiv 2302.13971.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pearlite.errors import InputError
from pearlite.nets.huggingface.places import ATTENTION, Place, pair, wanted
from pearlite.nets.options import DecoderOptions
from pearlite.nets.position import SLOWEST

PREFIX = "model."
_THINK = {"gate_proj": "gate", "up_proj": "value", "down_proj": "out"}
_ATTENTION = dict(zip(("q_proj", "k_proj", "v_proj"), ATTENTION, strict=True)) | {"o_proj": "out"}


def options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the decoder that a configuration describes.

    Raises
    ------
    InputError
        If it has something that our decoder lacks.
    KeyError
        If it lacks a size.
    """
    width, heads = config["hidden_size"], config["num_attention_heads"]
    bias = config.get("attention_bias", False)
    wanted(config, {"hidden_act": "silu", "mlp_bias": bias, "head_dim": width // heads})
    return {
        "vocabulary": config["vocab_size"],
        "context": config["max_position_embeddings"],
        "width": width,
        "depth": config["num_hidden_layers"],
        "heads": heads,
        "groups": config.get("num_key_value_heads"),
        "positions": "rotary",
        "rotary_base": _base(config),
        "rotary_pairing": "halves",
        "norm": "rms",
        "epsilon": config.get("rms_norm_eps", 1e-6),
        "bias": bias,
        "mlp": "swiglu",
        "mlp_width": config["intermediate_size"],
        "tied": config.get("tie_word_embeddings", False),
        "head_bias": False,
    }


def config(options: DecoderOptions) -> dict[str, Any]:
    """Return the configuration of a decoder in which `extras` finds nothing."""
    rotary = {"rope_theta": options.rotary_base, "rope_type": "default"}
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": options.vocabulary,
        "max_position_embeddings": options.context,
        "hidden_size": options.width,
        "intermediate_size": options.mlp_width or 4 * options.width,
        "num_hidden_layers": options.depth,
        "num_attention_heads": options.heads,
        "num_key_value_heads": options.groups or options.heads,
        "head_dim": options.width // options.heads,
        "hidden_act": "silu",
        "rms_norm_eps": options.epsilon,
        "rope_parameters": rotary,
        "rope_theta": options.rotary_base,  # where transformers before 5 looks
        "attention_bias": options.bias,
        "mlp_bias": options.bias,
        "attention_dropout": options.dropout,
        "tie_word_embeddings": options.tied,
    }


def extras(options: DecoderOptions) -> list[str]:
    """Name what the decoder has and Llama has not."""
    found = {
        "layer norms (norm)": options.norm != "rms",
        f"an MLP with {options.mlp} (mlp)": options.mlp != "swiglu",
    }
    return [name for name, has in found.items() if has]


def places(options: DecoderOptions) -> Iterator[Place]:
    """Yield all tensors of the file."""
    bias = options.bias
    yield Place(f"{PREFIX}embed_tokens.weight", ("embed.weight",))
    for number in range(options.depth):
        theirs, ours = f"{PREFIX}layers.{number}", f"trunk.blocks.{number}"
        yield from pair(f"{theirs}.input_layernorm", f"{ours}.look.norm", bias=False)
        for name, own in _ATTENTION.items():
            yield from pair(f"{theirs}.self_attn.{name}", f"{ours}.look.attention.{own}", bias=bias)
        yield from pair(f"{theirs}.post_attention_layernorm", f"{ours}.think.body.0", bias=False)
        for name, own in _THINK.items():
            yield from pair(f"{theirs}.mlp.{name}", f"{ours}.think.body.1.{own}", bias=bias)
    yield from pair(f"{PREFIX}norm", "trunk.norm", bias=False)
    if not options.tied:
        yield Place("lm_head.weight", ("head.weight",))


def _base(config: Mapping[str, Any]) -> float:
    """Return the base of the rotary positions, which transformers 5 keeps apart."""
    described = [config.get(name) or {} for name in ("rope_parameters", "rope_scaling")]
    for rotary in described:
        kind = rotary.get("rope_type", rotary.get("type", "default"))
        if kind != "default" or rotary.get("partial_rotary_factor", 1) != 1:
            raise InputError(
                f"config.json changes its rotary positions (rope_type {kind!r}); pearlite's "
                "decoder only knows those of the first Llama, 'default'"
            )
    return float(described[0].get("rope_theta") or config.get("rope_theta") or SLOWEST)
