"""Continue texts token by token: what is drawn from the logits, and the reading in between.

Axes: B rows, N of them that go on, T tokens, V vocabulary.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.errors import InputError
from pearlite.nets.cache import KVCache, window_start
from pearlite.nets.transformer import TransformerDecoder

ENDED = -1  # instead of a token, of a row that has come to its end


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn from the logits.

    Attributes
    ----------
    temperature
        The logits are divided by it: below 1 the likely tokens become likelier; 0 takes the
        likeliest always.
    top_k
        Draw from the so many likeliest; None: from all.
    top_p
        Draw from the fewest tokens that have this probability together (Holtzman et al., The
        curious case of neural text degeneration, ICLR 2020); 1: from all.
    repetition
        Logits of tokens that stand in the row already are divided by it where they are positive,
        multiplied where negative (Keskin et al., CTRL, arXiv 1909.05858); 1 changes nothing.

    Raises
    ------
    InputError
        If one of them is out of its range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    repetition: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < math.inf:
            raise InputError(f"a temperature of {self.temperature} was given; expected 0 or more")
        if self.top_k is not None and self.top_k < 1:
            raise InputError(f"top_k={self.top_k} leaves no token; give 1 or more, or leave it out")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p={self.top_p} is no share; give more than 0, and 1 for all")
        if not self.repetition > 0:
            raise InputError(f"a repetition penalty of {self.repetition}; expected more than 0")

    def probabilities(self, logits_NV: Tensor, seen_NV: Tensor | None = None) -> Tensor:
        """Return what is drawn from, ``(N, V)``, for a temperature above 0.

        Parameters
        ----------
        logits_NV
            Of the next token.
        seen_NV
            bool, which tokens stand in the row already; only wanted for a repetition penalty.
        """
        logits_NV = self.penalised(logits_NV.float(), seen_NV) / self.temperature
        if self.top_k is not None and self.top_k < logits_NV.shape[-1]:
            least_N1 = logits_NV.topk(self.top_k).values[:, -1:]
            logits_NV = logits_NV.masked_fill(logits_NV < least_N1, -math.inf)
        shares_NV = logits_NV.softmax(-1)
        if self.top_p < 1:
            sorted_NV = shares_NV.sort(-1, descending=True).values
            before_NV = sorted_NV.cumsum(-1) - sorted_NV
            least_N1 = sorted_NV.masked_fill(before_NV >= self.top_p, 2).amin(-1, keepdim=True)
            shares_NV = shares_NV.masked_fill(shares_NV < least_N1, 0)
            shares_NV = shares_NV / shares_NV.sum(-1, keepdim=True)
        return shares_NV

    def penalised(self, logits_NV: Tensor, seen_NV: Tensor | None) -> Tensor:
        """Return the logits with those of seen tokens lowered."""
        if seen_NV is None or self.repetition == 1:
            return logits_NV
        lowered_NV = torch.where(
            logits_NV > 0, logits_NV / self.repetition, logits_NV * self.repetition
        )
        return torch.where(seen_NV, lowered_NV, logits_NV)

    def draw(
        self,
        logits_NV: Tensor,
        seen_NV: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return a token a row, int64 ``(N,)``; parameters as of `probabilities` and `Writing`."""
        if self.temperature == 0:
            return self.penalised(logits_NV, seen_NV).argmax(-1)
        sums_NV = self.probabilities(logits_NV, seen_NV).double().cumsum(-1)
        chance_N1 = torch.rand(len(sums_NV), 1, dtype=torch.float64, generator=generator)
        place_N1 = chance_N1.to(sums_NV.device) * sums_NV[:, -1:]
        return torch.searchsorted(sums_NV, place_N1, right=True)[:, 0].clamp(
            max=sums_NV.shape[-1] - 1
        )


class Writing:
    """The tokens that a network adds to its prompts: an iterator of one token a row at a time.

    A text may become longer than the network's context: then the network sees the last part of it
    (`pearlite.nets.cache.window_start`), and the same with a cache as without. It never ends by
    itself while a row goes on; take as many tokens as you like.

    Parameters
    ----------
    network
        Maps tokens, int64 ``(B, T)``, to logits ``(B, T, V)`` of the next ones; in evaluation mode.
    prompts
        Token numbers of each row, at least one; rows may differ in length.
    sampling
        How tokens are drawn.
    generator
        Draws them; a generator of the CPU gives the same on every device. Only a temperature of 0
        needs none.
    ends
        Tokens after which a row has come to its end.
    never
        Tokens that are not written, such as a mask.
    cached
        Keep keys and values, so that each token is read once; only a `TransformerDecoder` can.
        Others, and False, read the whole window for each token.

    Raises
    ------
    InputError
        If there is no prompt, or one is empty; or a temperature is given, but no generator.

    Attributes
    ----------
    texts : list of list of int
        The prompts and what was added to them.
    going : list of int
        Numbers of the rows that have not ended.
    """

    def __init__(
        self,
        network: nn.Module,
        prompts: Sequence[Sequence[int] | Tensor],
        *,
        sampling: Sampling | None = None,
        generator: torch.Generator | None = None,
        ends: Collection[int] = (),
        never: Collection[int] = (),
        cached: bool = True,
    ) -> None:
        self.network: Any = network
        self.sampling = sampling or Sampling()
        if self.sampling.temperature > 0 and generator is None:
            raise InputError("a temperature above 0 draws tokens: give a generator, or take 0")
        if not len(prompts) or any(len(prompt) == 0 for prompt in prompts):
            raise InputError("there is nothing to go on from: give each prompt at least one token")
        self.generator, self.ends = generator, frozenset(ends)
        self.context: int = self.network.embed.context
        self.device = next(network.parameters()).device
        self._never_N = torch.tensor(sorted(never), dtype=torch.int64, device=self.device)
        self.texts = [[int(token) for token in prompt] for prompt in prompts]
        self.going = list(range(len(prompts)))
        caches = cached and isinstance(network, TransformerDecoder)
        self._cache = KVCache(self.context) if caches else None
        self._batch = self.going  # the rows of what follows
        self._last_N: Tensor | None = None
        self._seen_NV: Tensor | None = None

    def __iter__(self) -> Iterator[Tensor]:
        return self

    @torch.inference_mode()
    def __next__(self) -> Tensor:
        """Return the next token of every row, int64 ``(B,)`` on the CPU, `ENDED` for ended ones."""
        if not self.going:
            raise StopIteration
        if len(self.going) < len(self._batch):
            self._leave_out_ended()
        logits_NV = self._read() if self._cache is None else self._read_on(self._cache)
        if self.sampling.repetition != 1:
            self._note_seen(logits_NV)
        if len(self._never_N):
            logits_NV = logits_NV.index_fill(-1, self._never_N, -math.inf)
        self._last_N = self.sampling.draw(logits_NV, self._seen_NV, self.generator)
        said_B = torch.full((len(self.texts),), ENDED)
        for row, token in zip(self._batch, self._last_N.tolist(), strict=True):
            self.texts[row].append(token)
            said_B[row] = token
            if token in self.ends:
                self.end(row)
        return said_B

    def end(self, row: int) -> None:
        """Add nothing more to a row, such as after a string that shall stop it."""
        self.going = [other for other in self.going if other != row]

    def _read(self) -> Tensor:
        """Read all that is in sight, and return the logits of what comes next, ``(N, V)``."""
        windows = self._windows()
        if len({len(window_T) for window_T in windows}) == 1:
            return self.network(torch.stack(windows))[:, -1]
        return torch.cat([self.network(window_T[None])[:, -1] for window_T in windows])

    def _read_on(self, cache: KVCache) -> Tensor:
        """Read what was not read yet, and return the logits of what comes next, ``(N, V)``."""
        if self._last_N is not None:
            return self.network(self._last_N[:, None], cache=cache)[:, -1]
        tokens_BT, padding_BT = filled_up(self._windows())
        return self.network(tokens_BT, padding_BT=padding_BT, cache=cache)[:, -1]

    def _windows(self) -> list[Tensor]:
        texts = [self.texts[row] for row in self._batch]
        seen = [text[window_start(len(text), self.context) :] for text in texts]
        return [torch.tensor(text, device=self.device) for text in seen]

    def _leave_out_ended(self) -> None:
        stay_N = torch.tensor([self._batch.index(row) for row in self.going], device=self.device)
        self._batch = self.going
        if self._cache is not None:
            self._cache.select(stay_N)
        if self._last_N is not None:
            self._last_N = self._last_N[stay_N]
        if self._seen_NV is not None:
            self._seen_NV = self._seen_NV[stay_N]

    def _note_seen(self, logits_NV: Tensor) -> None:
        if self._seen_NV is None:
            self._seen_NV = torch.zeros_like(logits_NV, dtype=torch.bool)
            for seen_V, row in zip(self._seen_NV, self._batch, strict=True):
                seen_V[self.texts[row]] = True
        elif self._last_N is not None:
            self._seen_NV.scatter_(1, self._last_N[:, None], True)


def filled_up(texts: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
    """Put texts of unequal length into one batch, filled up on the left.

    Returns
    -------
    tokens_BT : Tensor
        int64; 0 fills up.
    padding_BT : Tensor or None
        bool, True for a real token; None where nothing had to be filled up.
    """
    longest = max(len(text_T) for text_T in texts)
    tokens_BT = torch.stack([F.pad(text_T, (longest - len(text_T), 0)) for text_T in texts])
    lengths_B = torch.tensor([len(text_T) for text_T in texts], device=tokens_BT.device)
    if (lengths_B == longest).all():
        return tokens_BT, None
    places_T = torch.arange(longest, device=tokens_BT.device)
    return tokens_BT, places_T >= longest - lengths_B[:, None]


def generate(
    network: nn.Module, prompts: Sequence[Sequence[int] | Tensor], count: int, **options: Any
) -> list[list[int]]:
    """Continue every prompt by `count` tokens, or up to its end, and return what was added.

    `options` are those of `Writing`; the token that ends a row is part of it.
    """
    writing = Writing(network, prompts, **options)
    for _ in zip(range(count), writing, strict=False):
        pass
    return [text[len(prompt) :] for text, prompt in zip(writing.texts, prompts, strict=True)]
