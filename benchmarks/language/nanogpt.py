"""The peer: nanoGPT's published configuration for a CPU, in our own words, parameter for parameter.

https://github.com/karpathy/nanoGPT (3adf61e1): README, "I only have a macbook", on top of
``config/train_shakespeare_char.py``, ``model.py`` and ``train.py``. Axes: B batch, T tokens,
D features, H heads.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Config:
    """Sizes; the defaults are the README's for a CPU."""

    vocabulary: int = 65
    context: int = 64
    layers: int = 4
    heads: int = 4
    width: int = 128


BATCH, STEPS, WARM_UP = 12, 2000, 100
RATE, LEAST_RATE, BETAS, DECAY, CLIP = 1e-3, 1e-4, (0.9, 0.99), 0.1, 1.0
PUBLISHED = (
    1.8982  # loss of all withheld text after its 2,000 steps: ../shared/findings/language.md
)


class Norm(nn.Module):
    """Layer norm without a bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        return F.layer_norm(x, self.weight.shape, self.weight, None, 1e-5)


class SelfAttention(nn.Module):
    """Causal attention with one layer for queries, keys and values."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads = config.heads
        self.c_attn = nn.Linear(config.width, 3 * config.width, bias=False)
        self.c_proj = nn.Linear(config.width, config.width, bias=False)
        self.resid_dropout = nn.Dropout(0.0)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Keep the shape."""
        B, T, D = x_BTD.shape
        parts = self.c_attn(x_BTD).split(D, dim=2)
        q, k, v = (p.view(B, T, self.heads, D // self.heads).transpose(1, 2) for p in parts)
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=0.0, is_causal=True)
        return self.resid_dropout(self.c_proj(y.transpose(1, 2).contiguous().view(B, T, D)))


class MLP(nn.Module):
    """Two layers with a GELU between."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.c_fc = nn.Linear(config.width, 4 * config.width, bias=False)
        self.gelu = nn.GELU()
        self.c_proj = nn.Linear(4 * config.width, config.width, bias=False)
        self.dropout = nn.Dropout(0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        return self.dropout(self.c_proj(self.gelu(self.c_fc(x))))


class PeerBlock(nn.Module):
    """Attention, then the MLP, each of normalised tokens."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.ln_1, self.attn = Norm(config.width), SelfAttention(config)
        self.ln_2, self.mlp = Norm(config.width), MLP(config)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class NanoGPT(nn.Module):
    """Its GPT: learned positions, tied head, weights from N(0, 0.02²), smaller at block ends."""

    def __init__(self, config: Config, seed: int) -> None:
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocabulary, config.width)
        self.wpe = nn.Embedding(config.context, config.width)
        self.drop = nn.Dropout(0.0)
        self.h = nn.ModuleList(PeerBlock(config) for _ in range(config.layers))
        self.ln_f = Norm(config.width)
        self.lm_head = nn.Linear(config.width, config.vocabulary, bias=False)
        self.wte.weight = self.lm_head.weight
        generator = torch.Generator().manual_seed(seed)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                last = name.endswith("c_proj.weight")
                spread = 0.02 / math.sqrt(2 * config.layers) if last else 0.02
                nn.init.normal_(parameter, 0, spread, generator=generator)

    def forward(self, tokens_BT: Tensor, targets_BT: Tensor | None = None) -> Tensor:
        """Return the loss, or without targets the logits of the last token, ``(B, 1, V)``."""
        places_T = torch.arange(tokens_BT.shape[1])
        x_BTD = self.drop(self.wte(tokens_BT) + self.wpe(places_T))
        for block in self.h:
            x_BTD = block(x_BTD)
        x_BTD = self.ln_f(x_BTD)
        if targets_BT is None:
            return self.lm_head(x_BTD[:, [-1]])
        return F.cross_entropy(self.lm_head(x_BTD).flatten(0, 1), targets_BT.flatten())

    @torch.no_grad()
    def generate(self, tokens_BT: Tensor, count: int, temperature: float = 1.0) -> Tensor:
        """Its loop: for every token, read the last `context` tokens again."""
        for _ in range(count):
            logits_BV = self(tokens_BT[:, -self.config.context :])[:, -1] / temperature
            drawn_B1 = torch.multinomial(F.softmax(logits_BV, -1), num_samples=1)
            tokens_BT = torch.cat((tokens_BT, drawn_B1), dim=1)
        return tokens_BT


def optimiser_of(network: nn.Module) -> torch.optim.Optimizer:
    """Return its AdamW: only matrices decay."""
    matrices = [p for p in network.parameters() if p.ndim >= 2]
    others = [p for p in network.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=RATE, betas=BETAS)


def rate_at(step: int) -> float:
    """Return its learning rate: a linear warm-up, then a cosine to a tenth."""
    if step < WARM_UP:
        return RATE * (step + 1) / (WARM_UP + 1)
    share = (step - WARM_UP) / (STEPS - WARM_UP)
    return LEAST_RATE + 0.5 * (1 + math.cos(math.pi * share)) * (RATE - LEAST_RATE)


def update(
    network: nn.Module, optimiser: torch.optim.Optimizer, step: int, tokens: Tensor, rows: Tensor
) -> float:
    """Make its step: a batch of random windows of `tokens`, a clipped gradient, AdamW.

    Parameters
    ----------
    network, optimiser
        `NanoGPT` and `optimiser_of` it.
    step
        From 0.
    tokens
        Text to learn, int64 ``(N,)``.
    rows
        Where the windows begin, int64 ``(B,)``.
    """
    for group in optimiser.param_groups:
        group["lr"] = rate_at(step)
    context = network.config.context  # pyright: ignore[reportAttributeAccessIssue]
    x_BT = torch.stack([tokens[i : i + context] for i in rows.tolist()])
    y_BT = torch.stack([tokens[i + 1 : i + 1 + context] for i in rows.tolist()])
    loss = network(x_BT, y_BT)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), CLIP)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return loss.item()
