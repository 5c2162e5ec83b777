import pytest
import torch
from torch import nn

from pearlite.errors import InputError
from pearlite.nets.block import Block

B, T, S, D = 2, 6, 4, 16


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def copied(block, reference):
    """Give torch's layer the weights of ours."""
    theirs = [(reference.self_attn, block.look.attention)]
    norms = [(reference.norm1, block.look.norm)]
    if block.cross is not None:
        theirs += [(reference.multihead_attn, block.cross.attention)]
        norms += [(reference.norm2, block.cross.norm)]
    last, mlp = block.think.body[0], block.think.body[1].layers
    norms += [(reference.norm3 if block.cross is not None else reference.norm2, last)]
    with torch.no_grad():
        for attention, ours in theirs:
            for kind in ("weight", "bias"):
                parts = [getattr(part, kind) for part in (ours.query, ours.key, ours.value)]
                getattr(attention, f"in_proj_{kind}").copy_(torch.cat(parts))
                getattr(attention.out_proj, kind).copy_(getattr(ours.out, kind))
    for module, ours in [*norms, (reference.linear1, mlp[0]), (reference.linear2, mlp[-1])]:
        for parameter in ours.parameters():
            parameter.data += 0.1 * torch.rand(parameter.shape, generator=seeded(1))
        module.load_state_dict(ours.state_dict())
    return reference


def layer(kind):
    with torch.random.fork_rng():
        return kind(D, 4, 4 * D, 0.0, "gelu", batch_first=True, norm_first=True)


@pytest.mark.parametrize("causal", [False, True])
def test_equals_torch_with_the_same_weights(causal):
    block = Block(D, 4, causal=causal, generator=seeded())
    reference = copied(block, layer(nn.TransformerEncoderLayer))
    x = torch.randn(B, T, D, generator=seeded(2))
    ahead = torch.ones(T, T, dtype=torch.bool).triu(1) if causal else None
    torch.testing.assert_close(block(x), reference(x, ahead), atol=1e-5, rtol=1e-5)


def test_equals_torch_with_a_memory_and_padding():
    block = Block(D, 4, causal=True, cross=True, generator=seeded())
    reference = copied(block, layer(nn.TransformerDecoderLayer))
    x, memory = (torch.randn(B, n, D, generator=seeded(n)) for n in (T, S))
    real = torch.tensor([[True, True, True, False], [True, True, True, True]])
    ahead = torch.ones(T, T, dtype=torch.bool).triu(1)
    expected = reference(x, memory, ahead, memory_key_padding_mask=~real)
    said = block(x, memory, memory_padding_BS=real)
    torch.testing.assert_close(said, expected, atol=1e-5, rtol=1e-5)


def test_a_memory_is_wanted_or_not():
    x = torch.zeros(B, T, D)
    with pytest.raises(InputError, match="give memory_BSD"):
        Block(D, 4, cross=True, generator=seeded())(x)
    with pytest.raises(InputError, match="without cross=True"):
        Block(D, 4, generator=seeded())(x, x)
