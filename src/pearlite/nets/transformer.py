"""Transformers: text in, features out (the encoder) or the next token (the decoder).

Axes: B batch, T tokens, S tokens of another sequence or of the window so far, D features, L blocks,
H heads. A padding is True where a token is real and False where it only fills a row up.
"""

from inspect import Parameter, Signature, signature
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.nets.block import Blocks
from pearlite.nets.cache import KVCache
from pearlite.nets.dense import Dense
from pearlite.nets.dropout import Dropout
from pearlite.nets.embedding import Embedding
from pearlite.nets.options import DecoderOptions, TransformerOptions
from pearlite.nets.position import Rotary
from pearlite.see.attention import attention_maps

TIED_SPREAD = 0.02  # of a table that is the head, too: as in GPT-2


def _signature(options: type[TransformerOptions]) -> Signature:
    """Return the options by name and the generator: what `inspect.signature` says of a network."""
    first, *others = signature(options).parameters.values()
    named = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in others]
    generator = Parameter("generator", Parameter.KEYWORD_ONLY, annotation=torch.Generator)
    return Signature([first, *named, generator])


class Transformer(nn.Module):
    """What both have: tokens become vectors, which go through the blocks."""

    options: TransformerOptions

    def __init__(
        self,
        options: TransformerOptions,
        *,
        spread: float | None = None,
        generator: torch.Generator,
        **of_the_blocks: Any,
    ) -> None:
        super().__init__()
        self.options, self.context = options, options.context
        self.embed = Embedding(
            options.vocabulary,
            options.width,
            context=options.context,
            positions=options.positions,
            spread=spread,
            ngrams=options.ngrams,
            shift=options.shift,
            generator=generator,
        )
        self.dropout = Dropout(options.dropout)
        self.trunk = Blocks(
            options.depth,
            options.width,
            options.heads,
            groups=options.groups,
            head_norm=options.query_key_norm,
            rotary=self._rotary(),
            dropout=options.dropout,
            norm=options.norm,
            epsilon=options.epsilon,
            bias=options.bias,
            mlp=options.mlp,
            mlp_width=options.mlp_width,
            zero_init=options.zero_init,
            generator=generator,
            **of_the_blocks,
        )

    def _enter(self, x_BTD: Tensor) -> Tensor:
        """Let dropout act, and keep the features in 16 bits where autocast multiplies in them."""
        kind = x_BTD.device.type
        if torch.is_autocast_enabled(kind):
            x_BTD = x_BTD.to(torch.get_autocast_dtype(kind))
        return self.dropout(x_BTD)

    def _rotary(self) -> Rotary | bool:
        """Return the layer that all blocks share; attention itself refuses heads of odd width."""
        options = self.options
        head = options.width // max(options.heads, 1)
        if options.positions != "rotary" or head % 2:
            return options.positions == "rotary"
        return Rotary(
            head,
            length=options.context,
            base=options.rotary_base,
            pairing=options.rotary_pairing,
        )

    def attention_maps(self, tokens_T: Tensor) -> Tensor:
        """Return how much each token of a text takes from each, ``(L, H, T, T)``; rows sum to 1.

        By softmax(Q Kᵀ / √D) itself, in evaluation mode; the fused kernel stores no map.
        """
        return torch.cat(list(attention_maps(self, tokens_T[None]).values()))


class TransformerEncoder(Transformer):
    """Every token looks at all tokens: features for understanding a text (as in BERT, 1810.04805).

    Parameters
    ----------
    vocabulary
        Number of different tokens.
    generator
        Draws the initial weights.
    **options
        As of `TransformerOptions`.

    Raises
    ------
    InputError
        If there are no such `positions`, `norm` or `mlp`, or sizes do not divide; when it is
        called, if a row is longer than `context`, or a token is not of the vocabulary.
    """

    __signature__ = _signature(TransformerOptions)

    def __init__(self, vocabulary: int, *, generator: torch.Generator, **options: Any) -> None:
        super().__init__(TransformerOptions(vocabulary, **options), generator=generator)

    def forward(self, tokens_BT: Tensor, padding_BT: Tensor | None = None) -> Tensor:
        """Map token numbers, int64 ``(B, T)``, to features ``(B, T, width)``."""
        x_BTD = self._enter(self.embed(tokens_BT, padding_BT))
        return self.trunk(x_BTD, padding_BT=padding_BT)


class TransformerDecoder(Transformer):
    """Every token looks at itself and those before, and says what comes next (as in GPT).

    With ``cross=True`` it also looks at a memory, such as the features of an encoder: the decoder
    of Vaswani et al., arXiv 1706.03762. Without, it is a language model by itself (Radford et al.,
    "Improving language understanding by generative pre-training", 2018).

    Parameters
    ----------
    vocabulary
        Number of different tokens.
    generator
        Draws the initial weights.
    **options
        As of `DecoderOptions`.

    Raises
    ------
    InputError
        As of `TransformerEncoder`; and when it is called, if a memory is missing or not wanted.
    """

    __signature__ = _signature(DecoderOptions)

    def __init__(self, vocabulary: int, *, generator: torch.Generator, **options: Any) -> None:
        chosen = DecoderOptions(vocabulary, **options)
        spread = TIED_SPREAD if chosen.tied else None
        super().__init__(
            chosen, spread=spread, generator=generator, causal=True, cross=chosen.cross
        )
        self.cross = chosen.cross
        self.head: Dense | None = None
        if not chosen.tied:
            bias = chosen.bias and chosen.head_bias
            self.head = Dense(chosen.width, vocabulary, bias=bias, generator=generator)
            if chosen.zero_init:
                for parameter in self.head.parameters():
                    nn.init.zeros_(parameter)

    def forward(
        self,
        tokens_BT: Tensor,
        memory_BSD: Tensor | None = None,
        *,
        padding_BT: Tensor | None = None,
        memory_padding_BS: Tensor | None = None,
        cache: KVCache | None = None,
    ) -> Tensor:
        """Map token numbers, int64 ``(B, T)``, to logits ``(B, T, vocabulary)`` of the next one.

        With a `cache`, the tokens go on from those that it holds; a text longer than the context
        is read in windows then (see `KVCache`).
        """
        T = tokens_BT.shape[1]
        if cache is None:
            x_BTD = self._enter(self.embed(tokens_BT, padding_BT))
        else:
            cache.read(tokens_BT, padding_BT)
            padding_BT = cache.padding_BS
            new = cache.length - cache.start
            x_BTD = self._enter(self.embed(cache.tokens_BS, padding_BT, new=new))
            if new == 1 and self._steps():
                step = cache.step(self.trunk)
                return self.logits(step(x_BTD[:, 0], cache, padding_BT)[:, None])
        x_BTD = self.trunk(
            x_BTD,
            memory_BSD,
            padding_BT=padding_BT,
            memory_padding_BS=memory_padding_BS,
            cache=cache,
        )
        return self.logits(x_BTD if cache is None else x_BTD[:, -T:])

    def features(self, tokens_BT: Tensor) -> Tensor:
        """Return what is known after each token, of which `logits` are made: ``(B, T, width)``."""
        return self.trunk(self._enter(self.embed(tokens_BT)))

    def logits(self, x_BTD: Tensor) -> Tensor:
        """Map features to logits, which are never in 16 bits: a loss of them would be rounded."""
        table = self.embed.weight
        logits_BTV = F.linear(x_BTD, table) if self.head is None else self.head(x_BTD)
        return logits_BTV.float() if logits_BTV.dtype.itemsize < 4 else logits_BTV

    def _steps(self) -> bool:
        """Whether a single token may take the fast way (see `pearlite.nets.step`)."""
        learns = self.training or torch.is_grad_enabled()
        kind = self.embed.weight.device.type
        return not (learns or self.cross or torch.is_autocast_enabled(kind))
