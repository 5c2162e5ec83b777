"""How well texts are predicted: metrics of what each stretch of text cost.

Of a stretch, the truth is its length and the answer what its tokens cost together, the negative
logarithm of their probability in nats. Bits per byte compare models with different tokens.
"""

import math

import numpy as np

from pearlite.judge.answers import read_numbers
from pearlite.judge.scores import Metric

BITS_PER_BYTE = Metric(
    "bits_per_byte",
    "bits per byte",
    (),
    read_numbers,
    lambda bytes_N, nats_N: np.column_stack([np.ones(len(bytes_N)), bytes_N, nats_N]),
    lambda added: added[..., 2] / added[..., 1] / math.log(2),
)
"""Length in bytes of UTF-8: how long the text becomes when it is compressed by the model."""

PERPLEXITY = Metric(
    "perplexity",
    "perplexity",
    (),
    read_numbers,
    lambda tokens_N, nats_N: np.column_stack([np.ones(len(tokens_N)), tokens_N, nats_N]),
    lambda added: np.exp(added[..., 2] / added[..., 1]),
    lowest=1.0,
)
"""Length in tokens: among how many equally likely tokens the model would be as unsure."""
