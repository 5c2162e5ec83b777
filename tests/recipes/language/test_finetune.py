"""A network that has learned goes on learning: whole or by adaptors, text or answers."""

import json

import pytest
import torch

from pearlite.data.tokens import characters
from pearlite.errors import InputError
from pearlite.nets.huggingface import write
from pearlite.nets.lora import adapted
from pearlite.nets.transformer import TransformerDecoder
from pearlite.recipes.language.begin import begin
from pearlite.recipes.language.finetune import Tuning, of_answers, tune, usual_rate
from pearlite.recipes.language.instructions import (
    Instruction,
    Lessons,
    as_rows,
    asked,
    divide,
    fitting,
    holds_instructions,
    read_instructions,
)
from pearlite.train.objectives import NOTHING, TokenPrediction
from pearlite.train.state import State

LETTERS = "abcdefgh"
TOKENISER = characters([LETTERS + ": "])
CONTEXT = 16
CPU = torch.device("cpu")
QUICK = {"seed": 0, "seconds": 1, "steps": 80, "device": CPU}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def copying(count, turned=False):
    """Return instructions to say three letters again, or the other way round."""
    rows = torch.randint(len(LETTERS), (count, 3), generator=seeded(1)).tolist()
    words = ["".join(LETTERS[i] for i in row) for row in rows]
    return [Instruction(f"{word}:", word[::-1] if turned else word) for word in words]


def decoder(width=32):
    return TransformerDecoder(
        len(TOKENISER),
        context=CONTEXT,
        width=width,
        depth=2,
        heads=2,
        positions="learned",
        generator=seeded(),
    )


def lessons_of(instructions, device=CPU):
    rows = as_rows(instructions, TOKENISER, CONTEXT)
    half = len(instructions) // 2
    parts = (
        type(rows)(rows.tokens_BT[part], rows.own_BT[part])
        for part in (slice(half), slice(half, None))
    )
    return of_answers(*parts, 32, seed=0, device=device)


@pytest.fixture(scope="module")
def learned():
    """A network that has learned to copy."""
    network = decoder()
    options = {**QUICK, "steps": 150}
    done = tune(network, 32, lessons_of(copying(400)), Tuning(rate=3e-3), **options)
    assert done.after < 0.5 * done.before
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def again(learned):
    network = decoder()
    network.load_state_dict(learned)
    return network


def test_the_gradient_sees_the_answer_and_not_the_prompt():
    rows = as_rows([Instruction("abc:", "de"), Instruction("", "fgh")], TOKENISER, CONTEXT)
    tokens_BT, targets_BT = asked(rows)
    network = decoder()
    logits_BTV = network(tokens_BT)
    logits_BTV.retain_grad()
    TokenPrediction(network).L(logits_BTV, targets_BT).backward()
    said_BT = logits_BTV.grad.abs().sum(-1) > 0
    end = TOKENISER.end
    expected = [[*TOKENISER.encode("de"), end], [*TOKENISER.encode("fgh"), end]]
    assert [targets_BT[row, said_BT[row]].tolist() for row in (0, 1)] == expected
    assert torch.equal(said_BT, targets_BT != NOTHING)
    assert tokens_BT[0, : said_BT[0].int().argmax() + 1].tolist() == [
        end,
        *TOKENISER.encode("abc:"),
    ]


def test_the_same_seed_gives_the_same_lessons_and_all_are_seen():
    rows = as_rows(copying(10), TOKENISER, CONTEXT)
    lessons = Lessons(rows, 4, seed=3)
    assert torch.equal(lessons(5)[0], Lessons(rows, 4, seed=3)(5)[0])
    assert lessons.epoch == 3
    whole = torch.cat([lessons(step)[0] for step in range(5)])
    assert sorted(whole.tolist()) == sorted(asked(rows)[0].tolist() * 2)


def test_a_whole_network_learns_new_answers(learned):
    network = again(learned)
    done = tune(network, 32, lessons_of(copying(200, turned=True)), Tuning(rate=3e-3), **QUICK)
    assert done.after < 0.7 * done.before
    assert done.learning == done.weights


def test_adaptors_learn_more_than_the_head_alone(learned):
    """Words are turned round only by looking at other tokens than before."""
    material = lessons_of(copying(200, turned=True))
    network = again(learned)
    by_adaptors = tune(network, 32, material, Tuning(4, 1e-2), **QUICK)
    assert by_adaptors.learning < 0.5 * by_adaptors.weights
    assert network.state_dict().keys() == learned.keys()
    assert not adapted(network)
    assert all(parameter.requires_grad for parameter in network.parameters())
    norm = "trunk.blocks.0.look.norm.weight"
    assert torch.equal(network.state_dict()[norm], learned[norm])
    network = again(learned).requires_grad_(False)
    network.head.requires_grad_(True)
    by_head = tune(network, 32, material, Tuning(rate=1e-2), **QUICK)
    assert by_adaptors.after < 0.8 * by_head.after < by_head.before


def test_what_does_not_help_is_not_kept(learned):
    network = again(learned)
    material = lessons_of(copying(60))
    done = tune(network, 32, material, Tuning(rate=1.0), **{**QUICK, "steps": 3})
    assert done.after == done.before
    assert all(torch.equal(tensor, learned[n]) for n, tensor in network.state_dict().items())


def test_an_interrupted_fine_tuning_goes_on_exactly(learned, tmp_path):
    def stop(trainer):
        if trainer.step == 3:
            raise KeyboardInterrupt

    material = lessons_of(copying(100, turned=True))
    options = {**QUICK, "steps": 6}
    whole, broken = again(learned), again(learned)
    expected = tune(whole, 32, material, Tuning(2), **options)
    state = State(tmp_path, seconds=0)
    with pytest.raises(KeyboardInterrupt):
        tune(broken, 32, material, Tuning(2), state=state, events={"step": [stop]}, **options)
    broken = again(learned)
    done = tune(broken, 32, material, Tuning(2), state=State(tmp_path), **options)
    assert done.before == expected.before
    assert all(
        torch.equal(tensor, broken.state_dict()[n]) for n, tensor in whole.state_dict().items()
    )


def test_wider_networks_and_whole_ones_learn_more_slowly():
    assert usual_rate(768, None) < usual_rate(128, None) < usual_rate(128, 8)
    for wrong in ({"rank": 0}, {"rate": -1.0}, {"batch": 0}):
        with pytest.raises(InputError, match="more than 0"):
            Tuning(**wrong)


def lines(path, *objects):
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in objects))
    return path


def test_instructions_are_read_and_wrong_lines_are_named(tmp_path):
    good = {"prompt": "ab:", "response": "ab"}
    path = lines(tmp_path / "a.jsonl", good, "", {"response": "c"})
    assert read_instructions([path]) == [Instruction("ab:", "ab"), Instruction("", "c")]
    assert holds_instructions(path)
    assert not holds_instructions(lines(tmp_path / "b.jsonl", {"text": "a"}))
    assert not holds_instructions(lines(tmp_path / "c.txt", good))
    for wrong, said in (
        ("{", "line 2 of .*no JSON"),
        ("[]", "line 2 of .*no object"),
        ({"prompt": "a"}, "line 2 of .*has no 'response'"),
        ({"prompt": "a", "response": 3}, "line 2 of .*holds 3 under 'response'"),
        ({"prompt": "a", "response": " "}, "line 2 of .*empty response"),
    ):
        with pytest.raises(InputError, match=said):
            read_instructions([lines(tmp_path / "d.jsonl", good, wrong)])


def test_a_prompt_is_in_one_part_only():
    repeated = [one for one in copying(30) for _ in range(2)]
    parts = divide(repeated, 0).parts
    prompts = [{repeated[i].prompt for i in part} for part in parts.values()]
    assert all(prompts)
    assert not prompts[0] & prompts[1]
    assert not prompts[0] & prompts[2]
    with pytest.raises(InputError, match="1 different prompts"):
        divide(copying(1) * 20, 0)


def test_what_cannot_be_read_is_left_out_and_counted():
    given = [*copying(5), Instruction("a" * 20, "b"), Instruction("x", "a")]
    kept, notes = fitting(given, TOKENISER, CONTEXT)
    assert kept == given[:5]
    assert "1 of 7 instructions are longer" in notes[0]
    assert "1 of 7 instructions have characters" in notes[1]
    with pytest.raises(InputError, match="none of the 1 instructions"):
        fitting(given[5:6], TOKENISER, CONTEXT)


def test_a_folder_of_weights_is_a_beginning(tmp_path, learned):
    network = again(learned)
    torch.nn.init.zeros_(network.head.bias)
    folder = write(network, tmp_path / "weights", TOKENISER)
    beginning = begin(folder)
    tokens_BT = torch.from_numpy(TOKENISER.encode("abc:"))[None]
    torch.testing.assert_close(beginning.network(tokens_BT), network(tokens_BT))
    rebuilt = beginning.design.build()
    assert rebuilt.state_dict().keys() == beginning.network.state_dict().keys()
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"holds no tokenizer.json"):
        begin(folder)
    with pytest.raises(InputError, match="is not a run"):
        begin(tmp_path)
