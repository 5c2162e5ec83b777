import csv

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pearlite.data.stream import Stream, in_order
from pearlite.errors import InputError
from pearlite.nets.mlp import MLP
from pearlite.task import Task
from pearlite.train.history import write_history
from pearlite.train.moving import MovingWeights
from pearlite.train.optimisers import adam, muon, sgd
from pearlite.train.schedule import cosine
from pearlite.train.state import State
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss

x = torch.rand(50, 3, generator=torch.Generator().manual_seed(0))
DATA = (x, x.sum(1, keepdim=True).sin())


class Curve(Task):
    def __init__(self, width=8):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.net = MLP([3, width, width, 1], dropout=0.2, generator=generator)

    def f(self, x):
        return self.net(x)

    def L(self, y_hat, y):
        return F.mse_loss(y_hat, y)


class Stop(Exception):
    pass


def trainer_of(folder, *, optimiser=None, width=8, fails_at=None, also=None, events=None):
    def fail(trainer):
        if trainer.step == fails_at:
            raise Stop

    schedule = cosine(steps=40, warm_up=5)
    events = events or {}
    return Trainer(
        Curve(width),
        optimiser=optimiser or adam(1e-2),
        validate=mean_loss(in_order(DATA)),
        every=7,
        state=State(folder, seconds=0, also=also),
        events={
            "start": [schedule],
            "step": [schedule, *events.get("step", []), fail],
            "validate": events.get("validate", []),
        },
    )


def stream():
    return Stream(DATA, batch=8, seed=5)


def weights(trainer):
    return torch.cat([p.detach().flatten() for p in trainer.task.parameters()])


def trained(folder, **options):
    trainer = trainer_of(folder, **options)
    trainer.fit(stream(), steps=40, resume=True)
    return trainer


def break_off(folder, at, **options):
    with pytest.raises(Stop):
        trainer_of(folder, fails_at=at, **options).fit(stream(), steps=40)


@pytest.mark.parametrize("optimiser", [sgd(0.05, momentum=0.9, nesterov=True), adam(1e-2), muon()])
@pytest.mark.parametrize("at", [1, 7, 22, 39])
def test_a_broken_training_goes_on_exactly(tmp_path, optimiser, at):
    whole = trained(tmp_path / "whole", optimiser=optimiser)
    break_off(tmp_path / "broken", at, optimiser=optimiser)
    went_on = trained(tmp_path / "broken", optimiser=optimiser)
    assert torch.equal(weights(whole), weights(went_on))
    assert went_on.best_step == whole.best_step
    for row, other in zip(whole.history, went_on.history, strict=True):
        assert {**row, "seconds": 0} == {**other, "seconds": 0}


def test_dropout_matters_here(tmp_path):
    """Without its masks the comparison above would prove little."""
    one, other = trainer_of(tmp_path / "a"), trainer_of(tmp_path / "b")
    other.seed = 1
    for trainer in (one, other):
        trainer.fit(stream(), steps=40)
    assert not torch.equal(weights(one), weights(other))


@pytest.mark.parametrize("harm", ["cut", "zeros", "empty"])
def test_a_torn_state_falls_back_to_the_one_before(tmp_path, harm):
    whole = trained(tmp_path / "whole")
    folder = tmp_path / "broken"
    break_off(folder, 22)
    newest = max(folder.iterdir())
    content = newest.read_bytes()
    half = len(content) // 2
    harmed = {"cut": content[:half], "zeros": content[:half] + bytes(len(content) - half)}
    newest.write_bytes(harmed.get(harm, b""))
    assert torch.equal(weights(trained(folder)), weights(whole))


def test_nothing_whole_is_said(tmp_path):
    break_off(tmp_path, 22)
    for file in tmp_path.iterdir():
        file.write_bytes(b"torn")
    with pytest.raises(InputError, match=r"no state in .* is whole"):
        trained(tmp_path)


def test_two_states_are_kept_and_a_new_training_removes_them(tmp_path):
    break_off(tmp_path, 22)
    assert [int(file.name.split("-")[0]) for file in sorted(tmp_path.iterdir())] == [20, 21]
    trainer = trainer_of(tmp_path)
    trainer.fit(stream(), steps=3)
    assert [int(file.name.split("-")[0]) for file in sorted(tmp_path.iterdir())] == [2, 3]


def test_other_files_in_the_folder_stay(tmp_path):
    (tmp_path / "2026-11-raw").mkdir()
    others = [tmp_path / "2026-11-raw" / "image.tif", tmp_path / "1700000000-notes.txt"]
    for other in others:
        other.write_text("dear to somebody")
    trainer_of(tmp_path).fit(stream(), steps=3)
    assert all(other.exists() for other in others)


@pytest.mark.parametrize("number", [float, np.float32, np.int64, torch.tensor])
def test_a_validation_may_return_any_kind_of_number(tmp_path, number):
    numbers = {"error": number(3)}
    trainer = Trainer(Curve(), validate=lambda task: numbers, state=State(tmp_path, seconds=0))
    assert trainer.fit(stream(), steps=2)[-1]["error"] == 3
    again = Trainer(Curve(), validate=lambda task: numbers, state=State(tmp_path))
    assert again.fit(stream(), steps=2, resume=True) == trainer.history


def test_a_training_that_was_broken_off_goes_on_exactly_in_the_same_trainer(tmp_path):
    trainer = trainer_of(tmp_path / "broken", fails_at=22)
    with pytest.raises(Stop):
        trainer.fit(stream(), steps=40)
    trainer.events["step"].pop()
    trainer.fit(stream(), steps=40, resume=True)
    assert torch.equal(weights(trainer), weights(trained(tmp_path / "whole")))


def test_what_a_process_left_that_was_killed_while_saving_is_removed(tmp_path):
    break_off(tmp_path, 22)
    half = tmp_path / ".0123abcd-0000000022-0123456789abcdef.safetensors"
    half.write_bytes(b"half")
    trained(tmp_path)
    assert not half.exists()


def test_a_finished_training_that_goes_on_stays_as_it_is(tmp_path):
    whole = trained(tmp_path)
    again = trained(tmp_path)
    assert again.step == 40
    assert torch.equal(weights(whole), weights(again))


def test_a_training_that_lost_patience_does_not_find_it_again(tmp_path):
    def impatient():
        numbers = iter([1.0, 2.0, 3.0])
        trainer = trainer_of(tmp_path)
        trainer.validate, trainer.patience = lambda task: {"worse": next(numbers)}, 2
        return trainer

    impatient().fit(stream(), steps=40)
    again = impatient()
    again.fit(stream(), steps=40, resume=True)
    assert (again.step, again.stopped) == (21, "patience")


def test_what_changes_beside_the_weights_goes_on_too(tmp_path):
    def run(folder, at=None):
        moving = MovingWeights(Curve())
        options = {"also": {"average": moving}, "events": {"step": [moving.follow]}}
        if at is not None:
            break_off(folder, at, **options)
            return run(folder)
        trained(folder, **options)
        return torch.cat([p.flatten() for p in moving.task.parameters()])

    assert torch.equal(run(tmp_path / "broken", at=22), run(tmp_path / "whole"))


def test_the_history_file_has_each_row_once(tmp_path):
    path = tmp_path / "history.csv"
    break_off(tmp_path / "state", 23, events={"validate": [write_history(path)]})
    trained(tmp_path / "state", events={"validate": [write_history(path)]})
    with path.open() as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == [7, 14, 21, 28, 35, 40]


def test_another_task_is_refused(tmp_path):
    break_off(tmp_path, 22)
    with pytest.raises(InputError, match="another task"):
        trained(tmp_path, width=9)
