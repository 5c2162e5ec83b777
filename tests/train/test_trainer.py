import csv
import os
import signal
import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pearlite.errors import InputError
from pearlite.nets.mlp import MLP
from pearlite.see.shapes import ShapeError
from pearlite.task import Player, Task
from pearlite.train.history import write_history
from pearlite.train.optimisers import adam, sgd
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss


class Line(Task):
    """y = w x + b"""

    def __init__(self, seed=0):
        super().__init__()
        start = torch.randn(2, generator=torch.Generator().manual_seed(seed))
        self.slope, self.offset = nn.Parameter(start[0]), nn.Parameter(start[1])

    def f(self, x):
        return self.slope * x + self.offset

    def L(self, y_hat, y):
        return F.mse_loss(y_hat, y)


def points(step):
    generator = torch.Generator().manual_seed(step)
    x = torch.rand(16, generator=generator)
    return x, 3 * x - 1


def weights(task):
    return torch.stack([task.slope.detach(), task.offset.detach()])


def falls_then_rises(turn):
    """A validation whose smallest number comes at the call with the number `turn`."""
    calls = iter(range(1, 1000))
    return lambda task: {"distance": abs(next(calls) - turn)}


def test_learns():
    task = Line()
    Trainer(task, optimiser=adam(0.05)).fit(points, steps=400)
    torch.testing.assert_close(weights(task), torch.tensor([3.0, -1.0]), atol=0.01, rtol=0)


def test_same_seed_same_weights_and_no_global_randomness():
    state = torch.get_rng_state()
    tasks = [Line(seed) for seed in (1, 1, 2)]
    for task in tasks:
        Trainer(task).fit(points, steps=20)
    assert torch.equal(weights(tasks[0]), weights(tasks[1]))
    assert not torch.equal(weights(tasks[0]), weights(tasks[2]))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_second_fit_goes_on_where_the_first_ended():
    whole, parts = Line(), Line()
    Trainer(whole).fit(points, steps=20)
    trainer = Trainer(parts)
    trainer.fit(points, steps=7)
    trainer.fit(points, steps=20)
    assert torch.equal(weights(whole), weights(parts))
    assert len(trainer.history) == trainer.step == 20


@pytest.mark.parametrize(("keep", "kept_step"), [("best", 5), ("last", 9)])
def test_early_stop_keeps_the_best_or_the_last_weights(keep, kept_step):
    seen = {}
    trainer = Trainer(
        Line(),
        validate=falls_then_rises(turn=5),
        patience=4,
        keep=keep,
        events={"step": [lambda t: seen.update({t.step: weights(t.task)})]},
    )
    trainer.fit(points, steps=100)
    assert (trainer.stopped, trainer.step, trainer.best_step, trainer.best) == ("patience", 9, 5, 0)
    assert torch.equal(weights(trainer.task), seen[kept_step])


def test_validates_every_few_steps_and_after_the_last():
    trainer = Trainer(Line(), validate=mean_loss([points(-1), points(-2)]), every=4)
    history = trainer.fit(points, steps=10)
    assert [row["step"] for row in history] == [4, 8, 10]
    with torch.no_grad():
        final = sum(float(trainer.task.loss(points(seed))) for seed in (-1, -2)) / 2
    assert history[-1]["val_loss"] == pytest.approx(final)
    assert history[-1]["val_loss"] < history[0]["val_loss"]


def test_loss_of_a_row_is_the_mean_since_the_row_before():
    each = Trainer(Line(), every=1).fit(points, steps=4)
    pairs = Trainer(Line(), every=2).fit(points, steps=4)
    for i, row in enumerate(pairs):
        expected = (each[2 * i]["loss"] + each[2 * i + 1]["loss"]) / 2
        assert row["loss"] == pytest.approx(expected)


def test_validation_is_in_evaluation_mode_without_gradients():
    modes = []

    def validate(task):
        modes.append((task.training, torch.is_grad_enabled()))
        return {"number": 0.0}

    trainer = Trainer(
        Line(),
        validate=validate,
        events={"step": [lambda t: modes.append((t.task.training, torch.is_grad_enabled()))]},
    )
    trainer.fit(points, steps=2)
    assert modes == [(True, True), (False, False)] * 2
    assert not trainer.task.training


def test_events_come_in_order_and_can_stop():
    said = []

    def say(name):
        return lambda trainer: said.append((name, trainer.step))

    def stop(trainer):
        trainer.stopped = "enough" if trainer.step == 2 else ""

    events = {name: [say(name)] for name in ("start", "step", "validate", "end")}
    events["step"].append(stop)
    trainer = Trainer(Line(), events=events)
    trainer.fit(points, steps=100)
    assert trainer.stopped == "enough"
    middle = [(name, step) for step in (1, 2) for name in ("step", "validate")]
    assert said == [("start", 0), *middle, ("end", 2)]


def test_history_file_holds_every_row(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("of an earlier training")
    trainer = Trainer(
        Line(),
        validate=mean_loss([points(-1)]),
        every=2,
        events={"validate": [write_history(path)]},
    )
    trainer.fit(points, steps=5)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [{k: float(v) for k, v in row.items()} for row in rows] == trainer.history
    assert list(rows[0]) == ["step", "seconds", "loss", "val_loss"]


def test_a_budget_of_time_ends_the_training():
    trainer = Trainer(Line())
    trainer.fit(points, minutes=0.1 / 60)
    assert trainer.stopped == "minutes"
    assert 0.1 <= trainer.seconds < 5
    assert trainer.step > 1


def test_ctrl_c_finishes_the_step_and_puts_the_best_weights_in_place(tmp_path):
    seen, path = {}, tmp_path / "history.csv"

    class Interrupted(Line):
        def loss(self, batch):
            if trainer.step == 6:
                os.kill(os.getpid(), signal.SIGINT)
            return super().loss(batch)

    trainer = Trainer(
        Interrupted(),
        validate=falls_then_rises(turn=3),
        events={
            "step": [lambda t: seen.update({t.step: weights(t.task)})],
            "validate": [write_history(path)],
        },
    )
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(points, steps=100)
    assert (trainer.stopped, trainer.step) == ("interrupt", 7)
    assert torch.equal(weights(trainer.task), seen[3])
    assert len(path.read_text().splitlines()) - 1 == len(trainer.history) == 7
    trainer.fit(points, steps=10)
    assert (trainer.stopped, trainer.step) == ("steps", 10)


def test_a_second_ctrl_c_interrupts_at_once():
    class Stuck(Line):
        def loss(self, batch):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            raise AssertionError("the second signal did not interrupt")

    trainer = Trainer(Stuck())
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(points, steps=1)
    assert trainer.step == 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_trains_outside_the_main_thread():
    task = Line()
    thread = threading.Thread(target=lambda: Trainer(task).fit(points, steps=3))
    before = weights(task)
    thread.start()
    thread.join()
    assert not torch.equal(weights(task), before)


def test_an_error_in_the_data_still_leaves_the_best_weights():
    seen, ended = {}, []

    def broken(step):
        if step == 5:
            raise OSError("disk gone")
        return points(step)

    trainer = Trainer(
        Line(),
        validate=falls_then_rises(turn=2),
        events={
            "step": [lambda t: seen.update({t.step: weights(t.task)})],
            "end": [lambda t: ended.append(weights(t.task))],
        },
    )
    with pytest.raises(OSError, match="disk gone"):
        trainer.fit(broken, steps=10)
    assert torch.equal(weights(trainer.task), seen[2])
    assert torch.equal(ended[0], seen[2])


class Duel(Task):
    """One parameter descends on the product a*b, the other ascends on it."""

    def __init__(self, every=1):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.tensor(3.0))
        self.every = every

    def players(self):
        return [
            Player("a", [self.a], lambda batch: self.a * self.b),
            Player("b", [self.b], lambda batch: -self.a * self.b, every=self.every),
        ]


def test_players_move_in_turn_each_on_its_own_parameters():
    task = Duel()

    def sgd(parameters):
        return torch.optim.SGD(parameters, lr=0.1)

    history = Trainer(task, optimiser=sgd).fit(lambda step: None, steps=1)
    a = 2 - 0.1 * 3
    assert task.a.item() == pytest.approx(a)
    assert task.b.item() == pytest.approx(3 + 0.1 * a)  # sees the move that the first has made
    assert history[0]["loss_a"] == pytest.approx(6)
    assert history[0]["loss_b"] == pytest.approx(-3 * a)


def test_a_player_may_move_more_rarely():
    moves = []
    task = Duel(every=3)
    events = {"step": [lambda t: moves.append(t.task.b.item())]}
    Trainer(task, events=events).fit(lambda step: None, steps=6)
    assert moves[0] == moves[1] == moves[2] != moves[3] == moves[4] == moves[5]


class Punished(Task):
    """Two numbers; one is punished with the slope 1 on some of its moves."""

    def __init__(self, name, every, lazy):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))
        self.player = Player(name, [self.a], lambda batch: -self.a, every, self.penalty, lazy)

    def penalty(self, batch):
        return self.a + 5

    def players(self):
        return [self.player, Player("b", [self.b], lambda batch: -self.b)]


@pytest.mark.parametrize(("name", "column"), [("a", "loss_a_penalty"), ("", "loss_penalty")])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_lazy_penalty_counts_at_once_for_all_moves_on_which_it_is_left_out(
    name, column, accumulate
):
    places = []
    task = Punished(name, every=2, lazy=3)
    events = {"step": [lambda t: places.append(t.task.a.item())]}
    trainer = Trainer(task, optimiser=sgd(0.5), accumulate=accumulate, every=12, events=events)
    (row,) = trainer.fit(lambda step: torch.zeros(4, 1), steps=12)
    pulls = [1 - 3, 1, 1, 1 - 3, 1, 1]  # one move every other step
    assert places[::2] == pytest.approx([0.5 * sum(pulls[: i + 1]) for i in range(6)])
    assert places[1::2] == places[::2]
    assert row[column] == pytest.approx(5)  # unscaled, at the two moves that found a at 0


def test_players_may_have_optimisers_of_their_own():
    task = Duel()
    Trainer(task, optimiser={"b": sgd(0.2), "a": sgd(0.1)}).fit(lambda step: None, steps=1)
    assert task.a.item() == pytest.approx(2 - 0.1 * 3)
    assert task.b.item() == pytest.approx(3 + 0.2 * task.a.item())
    with pytest.raises(InputError, match=r"\['a', 'c'\], the players are \['a', 'b'\]"):
        Trainer(Duel(), optimiser={"a": sgd(0.1), "c": sgd(0.1)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": "all"}, 'must be "best" or "last"'),
        ({"patience": 3}, "give validate"),
        ({"every": 0}, "every=0 and accumulate=1 must be at least 1"),
        ({"accumulate": 0}, "every=1 and accumulate=0 must be at least 1"),
        ({"events": {"stepp": []}}, "the events are start, step, validate, end"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        Trainer(Line(), **options)


def test_training_that_would_never_end_is_refused():
    with pytest.raises(InputError, match="never end"):
        Trainer(Line()).fit(points)


def test_a_loss_that_is_not_finite_is_named():
    def broken(step):
        x, y = points(step)
        return x, y * (float("nan") if step == 3 else 1)

    with pytest.raises(InputError, match="loss is nan at step 4"):
        Trainer(Line()).fit(broken, steps=10)


def test_a_task_without_f_says_so():
    with pytest.raises(NotImplementedError, match=r"Task does not define f\(x\)"):
        Task()(torch.zeros(1))


class Noisy(Task):
    """Dropout makes its loss random; a matrix product makes it depend on the precision."""

    def __init__(self):
        super().__init__()
        self.net = MLP([3, 32, 1], dropout=0.5, generator=torch.Generator().manual_seed(0))

    def f(self, x):
        return self.net(x)

    def L(self, y_hat, y):
        return F.mse_loss(y_hat, y)


def sums(step):
    x = torch.rand(12, 3, generator=torch.Generator().manual_seed(step))
    return x, x.sum(1, keepdim=True)


def trained(**options):
    task = Noisy()
    if "accumulate" in options:
        task.net.eval().train = lambda mode=True: task.net  # the same without masks
    Trainer(task, optimiser=adam(0.01), **options).fit(sums, steps=10)
    return torch.cat([p.detach().flatten() for p in task.parameters()])


def test_dropout_is_a_function_of_the_seed():
    torch.manual_seed(5)
    first, again, other = trained(seed=1), trained(seed=1), trained(seed=2)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_global_generator_is_as_it_was():
    before = torch.get_rng_state()
    trained()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("count", [2, 3, 5, 12, 100])
def test_accumulated_parts_make_the_update_of_the_whole_batch(count):
    torch.testing.assert_close(trained(accumulate=count), trained(accumulate=1))


def test_the_history_has_the_loss_of_the_whole_batch():
    losses = [
        Trainer(Line(), accumulate=count).fit(points, steps=3)[-1]["loss"] for count in (1, 3)
    ]
    assert losses[0] == pytest.approx(losses[1])


def test_half_precision_is_near_and_not_equal():
    whole, half = trained(), trained(precision="bfloat16")
    torch.testing.assert_close(half, whole, atol=0.05, rtol=0)
    assert not torch.equal(half, whole)


def test_auto_precision_asks_the_device(monkeypatch):
    for fast in (True, False):
        monkeypatch.setattr("pearlite.train.trainer.has_fast_bfloat16", lambda kind, f=fast: f)
        assert torch.equal(trained(precision="auto"), trained()) is not fast


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's compiler warns of its own parts
def test_compiled_is_near():
    torch.testing.assert_close(trained(compile=True, accumulate=1), trained(accumulate=1))


def test_a_batch_that_does_not_fit_names_the_layer():
    trainer = Trainer(Noisy())
    with pytest.raises(ShapeError, match=r"net\.layers\.0") as error:
        trainer.fit(lambda step: (torch.rand(4, 5), torch.rand(4, 1)), steps=3)
    assert "(4, 5)" in str(error.value)


def test_wrong_precision_is_told():
    with pytest.raises(InputError, match="bfloat16"):
        Trainer(Line(), precision="float16")
