"""What a transformer is made of, apart from its weights; as JSON it rebuilds the network."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TransformerOptions:
    """Sizes and parts of a transformer; by default those of a plain pre-norm one.

    ``dataclasses.asdict(network.options)`` is JSON, and ``pearlite.nets.build(name, **that)`` the
    same network with new weights.

    Attributes
    ----------
    vocabulary
        Number of different tokens.
    context
        Most tokens in a row.
    width, depth, heads
        Features of a token; number of blocks; attention heads that share the features.
    groups
        Heads of keys and values, each of which serves ``heads / groups`` of the queries (Ainslie
        et al., GQA, arXiv 2305.13245); None: as many as `heads`.
    positions
        How a token knows its place: ``"sinusoidal"``, ``"learned"`` or ``"rotary"``.
    rotary_base, rotary_pairing
        As ``base`` and ``pairing`` of `pearlite.nets.position.Rotary`.
    dropout
        Share that training leaves out at random, of the tokens' features and of what a block adds.
    norm, epsilon
        ``"layer"`` or ``"rms"``; what is added to the variance.
    bias
        Whether dense layers and layer norms have biases.
    query_key_norm
        Normalise the queries and keys of each head (Henry et al., arXiv 2010.04245).
    mlp
        ``"swiglu"``, or the name of an activation between two dense layers.
    mlp_width
        Hidden features of a block's MLP; None: four times `width`.
    zero_init
        Every block adds nothing at the start: its last layers begin at 0; so does the head.
    ngrams, shift
        Tokens that know those right before them; as of `pearlite.nets.embedding.Embedding`.
    """

    vocabulary: int
    context: int = 256
    width: int = 64
    depth: int = 4
    heads: int = 4
    groups: int | None = None
    positions: str = "sinusoidal"
    rotary_base: float = 10_000.0
    rotary_pairing: str = "neighbours"
    dropout: float = 0.0
    norm: str = "layer"
    epsilon: float = 1e-5
    bias: bool = True
    query_key_norm: bool = False
    mlp: str = "gelu"
    mlp_width: int | None = None
    zero_init: bool = False
    ngrams: Sequence[int] = ()
    shift: int = 0


@dataclass(frozen=True)
class DecoderOptions(TransformerOptions):
    """Those of a decoder.

    Attributes
    ----------
    cross
        Look at a memory, which every call then has to bring.
    tied
        The table of the embedding is also the head, which has no bias then (Press and Wolf,
        arXiv 1608.05859).
    head_bias
        Whether the head has biases where dense layers have.
    """

    cross: bool = False
    tied: bool = False
    head_bias: bool = True
