"""Answers to prompts as tokens: read into batches, written by a network, and what they cost it.

An answer comes after the end of the document before it and its prompt, and ends with the end of its
document. It is filled up on the right, where a network that reads from left to right never looks.

Axes: B answers, T tokens, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.nets.sample import generate

if TYPE_CHECKING:
    from pearlite.recipes.language.preferences import Pair

TOGETHER = 256  # answers that are written at a time


@dataclass(frozen=True)
class Answers:
    """Answers as rows of tokens.

    Attributes
    ----------
    tokens_BT
        int64: the end of a document, the prompt, the answer, its end, and what fills up.
    own_BT
        bool, True for the tokens of the answer and its end.
    """

    tokens_BT: Tensor
    own_BT: Tensor

    def __len__(self) -> int:
        return len(self.tokens_BT)

    def to(self, device: torch.device) -> "Answers":
        """Return them on a device."""
        return Answers(self.tokens_BT.to(device), self.own_BT.to(device))

    @property
    def trimmed(self) -> "Answers":
        """The same without columns that only fill up."""
        longest = int(self.own_BT.any(0).nonzero().max()) + 1
        return Answers(self.tokens_BT[:, :longest], self.own_BT[:, :longest])

    @property
    def last_B(self) -> Tensor:
        """Place of each answer's last token, int64."""
        places_T = torch.arange(self.own_BT.shape[1], device=self.own_BT.device)
        return (self.own_BT * places_T).amax(1)


def encode(
    prompts: Sequence[str], answers: Sequence[str], tokeniser: Tokeniser, context: int
) -> Answers:
    """Read answers into rows of tokens.

    Raises
    ------
    InputError
        If one is longer than the context together with its prompt, or has a character that is not
        in the vocabulary.
    """
    rows = zip(tokeniser.encode_all(prompts), tokeniser.encode_all(answers), strict=True)
    tokens, starts = [], []
    for (before, said), answer in zip(rows, answers, strict=True):
        row = [tokeniser.end, *before, *said, tokeniser.end]
        if len(row) > context:
            raise InputError(
                f"the answer {answer[:40]!r} has {len(row)} tokens with its prompt, but the model "
                f"reads {context}; leave it out, or train a model with a longer --context"
            )
        if tokeniser.unknown is not None and tokeniser.unknown in row:
            raise InputError(
                f"the answer {answer[:40]!r}, or its prompt, holds a character that the model's "
                "tokeniser does not know; leave it out, or train on text that has it"
            )
        tokens.append(row)
        starts.append(1 + len(before))
    return _filled(tokens, starts, tokeniser.end)


def encode_pairs(
    pairs: "Sequence[Pair]", tokeniser: Tokeniser, network: Any, device: torch.device
) -> list[Tensor]:
    """Return tokens and own tokens of the chosen answers, and the same of the rejected ones.

    Raises
    ------
    InputError
        If an answer does not fit the network; see `encode`.
    """
    prompts = [pair.prompt for pair in pairs]
    answers = [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
    both = encode([*prompts, *prompts], answers, tokeniser, network.embed.context).to(device)
    halves = zip(both.tokens_BT.chunk(2), both.own_BT.chunk(2), strict=True)
    return [tensor for half in halves for tensor in half]


def answer_prompts(
    network: nn.Module,
    tokeniser: Tokeniser,
    prompts: Sequence[str],
    longest: int,
    generator: torch.Generator,
) -> tuple[list[str], Answers, Tensor]:
    """Let a network answer prompts, at temperature 1.

    Parameters
    ----------
    network
        A language model; it writes in evaluation mode.
    longest
        Most tokens of an answer, its end included.
    generator
        Of the CPU; draws the tokens.

    Returns
    -------
    texts : list of str
        The answers.
    answers : Answers
        The same as rows of tokens, on the CPU.
    ended_B : Tensor
        bool, whether each came to its end within `longest` tokens.
    """
    network.eval()
    encoded = tokeniser.encode_all(list(prompts))
    asked = [[tokeniser.end, *before.tolist()] for before in encoded]
    said: list[list[int]] = []
    for first in range(0, len(asked), TOGETHER):
        said += generate(
            network,
            asked[first : first + TOGETHER],
            longest,
            generator=generator,
            ends={tokeniser.end},
        )
    rows = [[*before, *after] for before, after in zip(asked, said, strict=True)]
    texts = [tokeniser.decode(after) for after in said]
    ended_B = torch.tensor([after[-1] == tokeniser.end for after in said])
    return texts, _filled(rows, [len(before) for before in asked], tokeniser.end), ended_B


def log_shares(network: nn.Module, answers: Answers) -> Tensor:
    """Return the logarithms of the probabilities of each next token, ``(B, T - 1, V)``."""
    return network(answers.tokens_BT[:, :-1]).float().log_softmax(-1)


def of_tokens(log_shares_BTV: Tensor, answers: Answers) -> Tensor:
    """Return those of the tokens that came, ``(B, T - 1)``; 0 for those not of the answer."""
    chosen_BT = log_shares_BTV.gather(-1, answers.tokens_BT[:, 1:, None])[..., 0]
    return chosen_BT * answers.own_BT[:, 1:]


def divergence(log_shares_BTV: Tensor, reference_BTV: Tensor, answers: Answers) -> Tensor:
    """Return the divergence of a network from a reference, nats an answer, ``(B,)``.

    That of Kullback and Leibler, summed over the answer's tokens, at each over the whole
    vocabulary: averaged over answers that the network wrote itself, that is the divergence of whole
    answers. It is never negative, and no ratio of probabilities is formed that could overflow.
    """
    shares_BTV = log_shares_BTV.exp()
    terms_BT = (shares_BTV * (log_shares_BTV - reference_BTV)).sum(-1)
    return (terms_BT * answers.own_BT[:, 1:]).sum(1)


@torch.no_grad()
def drift(
    network: nn.Module,
    reference: nn.Module,
    tokeniser: Tokeniser,
    prompts: Sequence[str],
    longest: int,
    generator: torch.Generator,
) -> float:
    """Return the divergence of a network from a reference, on answers that it writes to prompts."""
    _, answers, _ = answer_prompts(network, tokeniser, prompts, longest, generator)
    answers = answers.to(next(network.parameters()).device)
    now_BTV, then_BTV = log_shares(network, answers), log_shares(reference, answers)
    return float(divergence(now_BTV, then_BTV, answers).mean())


def _filled(rows: Sequence[Sequence[int]], starts: Sequence[int], filling: int) -> Answers:
    tokens_BT = pad_sequence(
        [torch.tensor(row) for row in rows], batch_first=True, padding_value=filling
    )
    places_T = torch.arange(tokens_BT.shape[1])
    ends_B, starts_B = torch.tensor([len(row) for row in rows]), torch.tensor(starts)
    own_BT = (places_T >= starts_B[:, None]) & (places_T < ends_B[:, None])
    return Answers(tokens_BT, own_BT)
