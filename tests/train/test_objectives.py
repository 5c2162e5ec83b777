"""What a network learns from text without labels."""

import torch

from pearlite.data.tokens import byte_level
from pearlite.nets.language import MaskedLanguageModel, RecurrentLanguageModel
from pearlite.train.objectives import NOTHING, TokenPrediction, hidden_rows, hide

BYTES = byte_level()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_three_tenths_are_hidden_most_of_them_behind_the_mask():
    tokens_BT = torch.randint(2, 258, (100, 200), generator=seeded())
    seen_BT, targets_BT = hide(tokens_BT, BYTES, seeded(1))
    asked_BT = targets_BT != NOTHING
    assert abs(asked_BT.float().mean() - 0.3) < 0.01
    assert torch.equal(targets_BT[asked_BT], tokens_BT[asked_BT])
    assert torch.equal(seen_BT[~asked_BT], tokens_BT[~asked_BT])
    masked = (seen_BT == BYTES.mask)[asked_BT].float().mean()
    same = (seen_BT == tokens_BT)[asked_BT].float().mean()
    assert abs(masked - 0.8) < 0.02
    assert abs(same - 0.1) < 0.02


def test_what_is_hidden_is_a_function_of_the_step():
    rows = hidden_rows(lambda _: (torch.full((2, 50), 7), torch.full((2, 50), 7)), BYTES, seed=3)
    assert torch.equal(rows(4)[1], rows(4)[1])
    assert not torch.equal(rows(4)[1], rows(5)[1])


def test_nothing_is_asked_where_nothing_is_hidden():
    network = MaskedLanguageModel(258, width=16, depth=1, heads=2, context=8, generator=seeded())
    task = TokenPrediction(network).eval()
    tokens_BT = torch.randint(2, 258, (2, 8), generator=seeded())
    targets_BT = torch.full_like(tokens_BT, NOTHING)
    assert task.loss((tokens_BT, targets_BT)) == 0
    targets_BT[0, 3] = tokens_BT[0, 3]
    only = -task.f(tokens_BT)[0, 3].log_softmax(-1)[tokens_BT[0, 3]]
    torch.testing.assert_close(task.loss((tokens_BT, targets_BT)), only)


def test_a_network_with_a_memory_does_not_look_ahead():
    for cell in ("rnn", "gru", "lstm"):
        network = RecurrentLanguageModel(20, width=8, depth=2, cell=cell, generator=seeded())
        tokens_BT = torch.randint(20, (1, 6), generator=seeded())
        before = network(tokens_BT)
        changed = tokens_BT.clone()
        changed[0, 4] = (changed[0, 4] + 1) % 20
        after = network(changed)
        torch.testing.assert_close(after[:, :4], before[:, :4])
        assert not torch.allclose(after[:, 4:], before[:, 4:])
