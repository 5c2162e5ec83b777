"""The network on the withheld text, beside counting.

Axes: P passages, M hidden tokens, U stretches of text that are drawn together.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pearlite.data.packed import Packed
from pearlite.judge.bootstrap import bootstrap
from pearlite.judge.ngrams import NGrams
from pearlite.judge.paired import compare
from pearlite.judge.scores import Metric
from pearlite.judge.text import BITS_PER_BYTE, PERPLEXITY
from pearlite.provenance import plain
from pearlite.recipes.language.corpus import Corpus
from pearlite.recipes.language.measure import (
    Costs,
    Hidden,
    by_passage,
    hidden_costs,
    measured,
    token_costs,
)

FEWEST_GROUPS = 10  # documents from which on they, and not passages, are drawn for intervals
CHOSEN_ON = 100_000  # tokens of the validation part that choose the order of the n-grams
NETWORK, UNIGRAM = "network", "unigram"


@dataclass(frozen=True)
class Stretches:
    """What stretches of a text cost several models.

    Attributes
    ----------
    sizes : dict of ndarray
        Length of each stretch by metric name, in the unit that the metric divides by; ``(U,)``.
    costs : dict of ndarray
        What it costs in nats, by model; ``(U,)``.
    groups : ndarray or None
        Document of each, where there are enough of them to be drawn as wholes.
    """

    sizes: dict[str, NDArray[np.int64]]
    costs: dict[str, Costs]
    groups: NDArray[np.int64] | None = None

    def scores(self, metrics: tuple[Metric, ...], seed: int) -> dict[str, Any]:
        """Return each metric of each model with its interval, and whether the network is better."""
        scored = {
            model: {
                metric.name: asdict(
                    bootstrap(metric, self.sizes[metric.name], costs, group=self.groups, seed=seed)
                )
                for metric in metrics
            }
            for model, costs in self.costs.items()
        }
        first = metrics[0]
        compared = {
            model: compare(
                self.sizes[first.name],
                self.costs[NETWORK],
                costs,
                first,
                group=self.groups,
                names=("the network", f"the {model}"),
                seed=seed,
            )
            for model, costs in self.costs.items()
            if model != NETWORK
        }
        said = {name: (found.verdict, found.sentence) for name, found in compared.items()}
        return {
            "metric": first.name,
            "metrics": scored.pop(NETWORK),
            "baselines": scored,
            "compared": {
                name: {"verdict": verdict, "sentence": sentence}
                for name, (verdict, sentence) in said.items()
            },
        }


def judge(
    network: nn.Module,
    corpus: Corpus,
    *,
    causal: bool,
    context: int,
    seed: int,
    device: torch.device,
    others: Mapping[str, nn.Module] | None = None,
) -> dict[str, Any]:
    """Score a network on the test part, as test.json holds it.

    Parameters
    ----------
    network
        In evaluation mode, on `device`.
    corpus
        Its training part is counted for the baselines, whose order the validation part chooses.
    causal
        Whether the network predicts the next token, and not hidden ones.
    context
        Most tokens that it takes.
    seed
        Of the bootstrap, and of what is hidden.
    others
        Networks that it is compared with, by name, on `device` as well.
    """
    networks = {NETWORK: network, **(others or {})}
    counting = NGrams(corpus.train.tokens, len(corpus.tokeniser))
    order = counting.best_order(corpus.validation.tokens[:CHOSEN_ON])
    if causal:
        found = _next_tokens(networks, corpus, counting, order, context, device)
        facts = found.scores((BITS_PER_BYTE, PERPLEXITY), seed)
        return plain({**facts, "measured": int(found.sizes[PERPLEXITY.name].sum())})
    return _hidden_tokens(networks, corpus, counting, order, context, seed, device)


def _next_tokens(
    networks: Mapping[str, nn.Module],
    corpus: Corpus,
    counting: NGrams,
    order: int,
    context: int,
    device: torch.device,
) -> Stretches:
    test = corpus.test
    orders = {UNIGRAM: 1, f"{order}-gram": order}
    costs: dict[str, list[Costs]] = {name: [] for name in (*networks, *orders)}
    runs = measured(test, context)
    for read, passages in runs:
        tokens_N = np.asarray(test.tokens[read])
        made = {
            name: token_costs(network, tokens_N, context, device)
            for name, network in networks.items()
        }
        made |= {name: counting.losses(tokens_N, n) for name, n in orders.items()}
        for name, costs_N in made.items():
            costs_N[0] = 0.0  # before it there is nothing
            costs[name].append(by_passage(costs_N, test, read, passages))
    chosen_P = np.concatenate([np.arange(p.start, p.stop) for _, p in runs])
    lengths_P = np.diff(test.ends, prepend=0)[chosen_P]
    documents_P = test.documents[chosen_P]
    enough = len(np.unique(documents_P)) >= FEWEST_GROUPS
    return Stretches(
        {BITS_PER_BYTE.name: test.sizes[chosen_P], PERPLEXITY.name: lengths_P},
        {name: np.concatenate(parts) for name, parts in costs.items()},
        documents_P if enough else None,
    )


def _hidden_tokens(
    networks: Mapping[str, nn.Module],
    corpus: Corpus,
    counting: NGrams,
    order: int,
    context: int,
    seed: int,
    device: torch.device,
) -> dict[str, Any]:
    """Score hidden tokens; counting sees the true text to their left, and nothing to the right."""
    test = corpus.test
    found = {
        name: hidden_costs(network, test, corpus.tokeniser, context, seed, device)
        for name, network in networks.items()
    }
    hidden = found[NETWORK]
    costs: dict[str, Costs] = {name: one.costs for name, one in found.items()}
    for name, n in ((UNIGRAM, 1), (f"{order}-gram", order)):
        costs[name] = _counted_costs(counting, n, test, hidden)
    count = int(hidden.windows.max()) + 1
    asked_U = np.bincount(hidden.windows, minlength=count)
    summed: dict[str, Costs] = {
        name: np.bincount(hidden.windows, each, count)[asked_U > 0].astype(np.float64)
        for name, each in costs.items()
    }
    facts = Stretches({PERPLEXITY.name: asked_U[asked_U > 0]}, summed).scores((PERPLEXITY,), seed)
    facts |= {"measured": len(hidden.costs), "right": float(hidden.right.mean())}
    return plain(facts)


def _counted_costs(counting: NGrams, order: int, packed: Packed, hidden: Hidden) -> Costs:
    """Return what hidden tokens cost n-grams that read each window and a little before it."""
    bounds = np.flatnonzero(np.diff(hidden.windows)) + 1
    costs = []
    for places in np.split(hidden.places, bounds):
        first = max(0, int(places[0]) - order + 1)
        read = np.asarray(packed.tokens[first : places[-1] + 1])
        costs.append(counting.losses(read, order)[places - first])
    return np.concatenate(costs)
