"""Alignment: what pairs, rewards, leashes and the measures of an aligned model promise."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.data.tokens import characters
from pearlite.errors import InputError, Refused
from pearlite.nets.transformer import TransformerDecoder
from pearlite.recipes.language.align import AlignSettings, align
from pearlite.recipes.language.answers import (
    answer_prompts,
    divergence,
    encode,
    log_shares,
    of_tokens,
)
from pearlite.recipes.language.direct import DirectSettings, fit_direct
from pearlite.recipes.language.policy import fit_policy
from pearlite.recipes.language.preferences import Pair, divide, read_preferences, shuffled
from pearlite.recipes.language.reward import RewardSettings, fit_reward
from pearlite.recipes.language.rewards import advantages, verified
from pearlite.recipes.language.rounds import PolicySettings
from pearlite.recipes.language.standing import Measures, standing

pytestmark = pytest.mark.usefixtures("one_thread")
TOKENISER = characters("abc")
LONGEST = 6
GOOD = {"prompt": "", "chosen": "aa", "rejected": "bb"}


def model(seed=0):
    generator = torch.Generator().manual_seed(seed)
    made = TransformerDecoder(
        len(TOKENISER), context=12, width=16, depth=1, heads=2, generator=generator
    )
    with torch.no_grad():  # it writes letters and ends, no special tokens
        made.head.bias[[TOKENISER.unknown, TOKENISER.mask]] = -30
    return made.eval()


def pairs(count=80, seed=0):
    """Prefer more of the letter a."""
    random, made = np.random.default_rng(seed), {}
    while len(made) < 2 * count:
        text = "".join(random.choice(list("abc"), random.integers(3, 9)))
        made[text] = text.count("a") / len(text)
    texts = sorted(made, key=lambda text: (made[text], text))
    return [Pair("", b, a) for a, b in zip(texts[:count], texts[count:], strict=True)]


def share_of_a(_prompt, answer):
    return answer.count("a") / max(len(answer), 1)


def write(path, *lines):
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines))
    return path


def test_preferences_are_read_with_and_without_a_prompt(tmp_path):
    path = write(
        tmp_path / "p.jsonl", {**GOOD, "prompt": "say"}, "", {"chosen": "x", "rejected": "y"}
    )
    assert read_preferences(path) == [Pair("say", "aa", "bb"), Pair("", "x", "y")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 .* no JSON"),
        ("[1]", "line 2 .* no object"),
        ({"prompt": "", "chosen": "a"}, "line 2 .* 'rejected'"),
        ({**GOOD, "chosen": 3}, "line 2 .* 3 .*'chosen'"),
        ({**GOOD, "chosen": "bb "}, "line 2 .* itself"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path, line, said):
    with pytest.raises(InputError, match=said):
        read_preferences(write(tmp_path / "p.jsonl", GOOD, line))


def test_an_empty_or_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="empty"):
        read_preferences(write(tmp_path / "p.jsonl", ""))
    with pytest.raises(InputError, match="does not exist"):
        read_preferences(tmp_path / "none.jsonl")


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.booleans())
def test_no_answer_and_no_prompt_is_in_two_parts(seed, prompted):
    random = np.random.default_rng(seed)
    drawn = random.choice(500, (120, 3))
    made = [
        Pair(f"ask {c % 60}" if prompted else "", f"yes {a}", f"no {b}")
        for a, b, c in drawn.tolist()
    ]
    parts = divide(made, canonical=str.upper, seed=seed).parts.values()
    assert sum(map(len, parts)) == len(made)
    seen = [
        {
            key
            for pair in (made[number] for number in part)
            for answer in (pair.chosen, pair.rejected)
            for key in ((pair.prompt, answer), *([pair.prompt] if prompted else []))
        }
        for part in parts
    ]
    assert not seen[0] & (seen[1] | seen[2])
    assert not seen[1] & seen[2]


def test_pairs_that_hang_together_cannot_be_divided():
    with pytest.raises(InputError, match="1 groups"):
        divide([Pair("", "the same", f"{number}") for number in range(100)])


def test_shuffling_turns_half_of_the_pairs_round():
    made = pairs()
    turned = shuffled(made, 0)
    changed = [a != b for a, b in zip(made, turned, strict=True)]
    assert sum(changed) == len(made) // 2
    assert all(
        {a.chosen, a.rejected} == {b.chosen, b.rejected} for a, b in zip(made, turned, strict=True)
    )


def test_answers_too_long_or_with_unknown_characters_are_refused():
    with pytest.raises(InputError, match=r"14 tokens .* reads 12"):
        encode([""], ["a" * 12], TOKENISER, 12)
    with pytest.raises(InputError, match="does not know"):
        encode(["z"], ["a"], TOKENISER, 12)


def test_written_answers_are_read_back_as_they_were():
    texts, written, ended_B = answer_prompts(
        model(), TOKENISER, ["", "ab"], LONGEST, torch.Generator().manual_seed(0)
    )
    if ended_B.all():
        read = encode(["", "ab"], texts, TOKENISER, 12)
        torch.testing.assert_close(read.tokens_BT, written.tokens_BT)
        torch.testing.assert_close(read.own_BT, written.own_BT)
    assert written.own_BT.sum(1).le(LONGEST).all()


def test_the_divergence_is_that_of_whole_answers_and_never_overflows():
    near, far = model(0), model(1)
    generator = torch.Generator().manual_seed(0)
    _, answers, _ = answer_prompts(near, TOKENISER, [""] * 4000, 4, generator)
    with torch.no_grad():
        own, other = log_shares(near, answers), log_shares(far, answers)
        assert divergence(own, own, answers).abs().max() < 1e-5
        exact = divergence(own, other, answers)
        ratios_B = (of_tokens(own, answers) - of_tokens(other, answers)).sum(1)
        assert exact.min() >= 0
        assert float(exact.mean()) == pytest.approx(
            float(ratios_B.mean()), abs=4 * float(ratios_B.std()) / 60
        )
        far.head.bias[:] = torch.tensor([0.0, 200, -200, 0, 0, 200])
        assert divergence(own, log_shares(far, answers), answers).isfinite().all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=40))
def test_advantages_are_those_over_the_group(rewards):
    group_B = np.arange(len(rewards)) // 2
    got_B = advantages(np.array(rewards), group_B, range(len(rewards)))
    assert np.isfinite(got_B).all()
    sums = np.bincount(group_B, got_B)
    np.testing.assert_allclose(sums, 0, atol=1e-6)
    assert got_B.std() <= 1 + 1e-9


def test_small_differences_are_not_magnified_and_repeats_lose():
    rewards, group = np.array([0.0, 0.1, 0.0, 0.1]), np.zeros(4, int)
    assert np.abs(advantages(rewards, group, "abcd", least=1.0)).max() == pytest.approx(0.05)
    got = advantages(np.zeros(4), group, "aaab", repeat=0.5)
    assert got[3] - got[0] == pytest.approx(0.5 * math.log(3))


def test_a_reward_model_learns_what_is_preferred_and_leaves_the_model_alone():
    network, made = model(), pairs()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fit = fit_reward(
        network,
        TOKENISER,
        made,
        divide(made),
        settings=RewardSettings(epochs=8, batch=16, rate=1e-2),
    )
    assert fit.accuracy.value > 0.8
    assert fit.accuracy.low < fit.accuracy.value <= fit.accuracy.high
    assert fit.pairs == 8
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_policy_learns_from_a_function_within_its_budget():
    network, reference = model(), model()
    chosen = PolicySettings(rounds=8, answers=64, rate=1e-2, budget=1.0)
    fit = fit_policy(
        network, TOKENISER, [""], verified(share_of_a), longest=LONGEST, settings=chosen, seed=1
    )
    first, kept = fit.history[0], fit.history[fit.kept]
    assert kept["reward"] > first["reward"] + 0.1
    assert kept["kl"] <= 1.0
    there = standing(
        network, reference, TOKENISER, [""] * 256, LONGEST, None, Measures(share_of_a), 5
    )
    assert there.means["truth"].value > first["reward"] + 0.1
    assert 0 < there.means["kl"].value < 1.5


def test_a_used_up_budget_leaves_the_last_weights_within_it():
    network, start = model(), model().state_dict()
    chosen = PolicySettings(rounds=8, answers=32, rate=3e-2, budget=1e-4)
    fit = fit_policy(
        network, TOKENISER, [""], verified(share_of_a), longest=LONGEST, settings=chosen
    )
    assert fit.stopped == "budget"
    assert fit.kept == 0
    assert all(torch.equal(value, start[name]) for name, value in network.state_dict().items())


def test_the_seed_decides_what_a_policy_learns():
    ends = []
    for seed in (1, 1, 2):
        network = model()
        chosen = PolicySettings(rounds=2, answers=32, group=8, rate=1e-2)
        fit_policy(
            network,
            TOKENISER,
            ["a", "b", "ab"],
            verified(share_of_a),
            longest=LONGEST,
            settings=chosen,
            seed=seed,
        )
        ends.append(network.head.weight.detach().clone())
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])


@pytest.mark.parametrize("wrong", [math.nan, math.inf, "much", None])
def test_a_reward_that_is_no_number_is_refused(wrong):
    with pytest.raises(InputError, match="finite number"):
        fit_policy(
            model(),
            TOKENISER,
            [""],
            verified(lambda prompt, answer: wrong),
            longest=LONGEST,
            settings=PolicySettings(rounds=1, answers=8),
        )


@pytest.mark.parametrize("loss", ["dpo", "ipo"])
def test_pairs_teach_a_model_directly(loss):
    network, made = model(), pairs()
    chosen = DirectSettings(loss, epochs=4, batch=16, rate=1e-2, answers=32, looks=4, budget=50.0)
    fit = fit_direct(network, TOKENISER, made, divide(made), longest=LONGEST, settings=chosen)
    assert fit.accuracy.value > 0.8
    assert all(row["kl"] >= 0 for row in fit.history)
    assert fit.kept > 0


def test_direct_learning_ends_with_its_budget():
    network, start, made = model(), model().state_dict(), pairs()
    chosen = DirectSettings(epochs=4, batch=16, rate=3e-2, answers=32, budget=1e-4)
    fit = fit_direct(network, TOKENISER, made, divide(made), longest=LONGEST, settings=chosen)
    assert (fit.stopped, fit.kept) == ("budget", 0)
    assert all(torch.equal(value, start[name]) for name, value in network.state_dict().items())


def small(**options):
    return AlignSettings(
        reward=RewardSettings(epochs=8, batch=16, rate=1e-2),
        policy=PolicySettings(rounds=6, answers=64, rate=1e-2),
        answers=128,
        **options,
    )


def test_pairs_alone_bring_what_is_preferred_and_all_of_it_is_measured():
    network = model()
    got = align(
        network,
        TOKENISER,
        pairs(),
        measures=Measures(share_of_a, lambda prompt, answer: len(answer) > 0),
        settings=small(longest=LONGEST),
    )
    assert got.after.means["truth"].value > got.before.means["truth"].value + 0.1
    assert set(got.after.means) == {"reward", "truth", "valid", "kl"}
    assert set(got.after.variety) == {"unique", "distinct-1", "distinct-2", "distinct-3"}
    assert got.before.means["kl"].value == pytest.approx(0, abs=1e-5)
    json.dumps(got.after.plain())


def test_pairs_that_teach_nothing_are_refused():
    made = shuffled(pairs(), 3)
    with pytest.raises(Refused, match="no better than guessing"):
        align(model(), TOKENISER, made, settings=small())


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(InputError, match="nothing to learn from"):
        align(model(), TOKENISER)
    with pytest.raises(InputError, match="learns from pairs"):
        align(model(), TOKENISER, pairs(), reward=share_of_a, settings=small(method="direct"))
    with pytest.raises(InputError, match="no method"):
        AlignSettings(method="magic")
