import json

import pytest
import torch

from pearlite.lecture import attention


def test_the_answers_stand_where_the_tasks_say():
    mirror = attention.mirror(50, seed=1)
    assert torch.equal(mirror.tokens_BS.gather(1, mirror.places_BT), mirror.answers_BT)
    pairs = attention.look_up(50, seed=1)
    found_BT = pairs.tokens_BS.gather(1, pairs.places_BT)
    for row, answers in zip(pairs.tokens_BS[:5], pairs.answers_BT, strict=False):
        asked = [attention.pair_or_key(int(token)) for token in row[attention.KEYS :]]
        stored = [attention.pair_or_key(int(token)) for token in row[: attention.KEYS]]
        for word, answer in zip(asked, answers.tolist(), strict=True):
            assert f"{word[0]}{answer}" in stored
    assert torch.equal(found_BT % attention.VALUES, pairs.answers_BT)


@pytest.mark.slow
def test_attention_learns_to_look_where_the_answer_stands(tmp_path):
    page = attention.draw(tmp_path, seed=1)
    assert json.loads((tmp_path / "numbers.json").read_text()) == {"seed": 1, **page.numbers}
    assert set(page.pictures) == {"figure"}
    for entry in page.numbers.values():
        assert entry["before"]["right"] < 2 * entry["chance_right"]
        assert entry["before"]["attention_on_the_answer"] < 2 * entry["chance_attention"]
        assert entry["after"]["right"] > 0.85
        assert entry["after"]["attention_on_the_answer"] > 0.7
        assert entry["fused_kernel_differs_by"] < 1e-5
