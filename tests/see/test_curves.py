import math
import re
import sys

import pytest
import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.see.curves import Goal, best_step, draw, panels, training_section
from pearlite.see.live import draw_text, live
from pearlite.task import Task
from pearlite.train.trainer import Trainer

HISTORY = [
    {
        "step": step,
        "seconds": step / 9,
        "loss": 2 * math.exp(-step / 15),
        "val_loss": value,
        "ssim": 0.5,
    }
    for step, value in zip(range(10, 60, 10), [1.2, 0.8, 0.7, 0.9, math.nan], strict=True)
]


def test_losses_share_a_panel_and_other_numbers_have_their_own():
    loss, ssim = panels(HISTORY)
    assert [curve.name for curve in loss.curves] == ["loss", "val_loss"]
    assert loss.logarithmic
    assert loss.curves[1].steps == [10, 20, 30, 40]
    assert (ssim.name, ssim.logarithmic) == ("ssim", False)


def test_the_best_step_is_that_of_the_first_number_of_the_validation():
    assert best_step(HISTORY) == 30
    assert best_step([{"step": 1, "seconds": 0.1, "loss_critic": 2.0}]) is None


def test_the_picture_differs_with_the_history(tmp_path):
    first = draw(HISTORY, tmp_path / "a.png").read_bytes()
    assert first[:4] == b"\x89PNG"
    assert draw(HISTORY[:3], tmp_path / "b.png").read_bytes() != first


def test_the_section_says_the_sentence_and_holds_every_point_inside_its_plot():
    made = training_section(HISTORY, "More data <b>would</b> help.")
    assert "More data &lt;b&gt;would&lt;/b&gt; help." in made
    assert "best validation, step 30" in made
    lines = re.findall(r'<polyline points="([^"]+)" class="curve (c\d)"', made)
    assert [(len(points.split()), colour) for points, colour in lines] == [
        (5, "c0"),
        (4, "c1"),
        (5, "c0"),
    ]
    places = [tuple(map(float, pair.split(","))) for points, _ in lines for pair in points.split()]
    assert all(0 <= x <= 520 and 0 <= y <= 340 for x, y in places)
    assert training_section(HISTORY[:1]).count("<polyline") == 3


@pytest.mark.parametrize(
    "history", [[], [{"step": 1, "seconds": 2.0}], [{"step": 1, "loss": math.nan}]]
)
def test_without_numbers_there_is_nothing_to_draw(history):
    with pytest.raises(InputError, match="history is empty"):
        panels(history)


def test_the_terminal_shows_names_and_a_curve_of_the_size_that_was_asked_for():
    text = re.sub(r"\x1b\[[0-9;]*m", "", draw_text(HISTORY, 60, 12))
    lines = text.split("\n")
    assert len(lines) == 12
    assert max(map(len, lines)) <= 60
    assert "val_loss" in text
    assert any("⠀" < sign <= "⣿" for sign in text)


class Half(Task):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def loss(self, batch: Tensor) -> Tensor:
        return self.weight.square().sum()


def train(**options):
    Trainer(Half(), every=1, events=live(), **options).fit(lambda step: torch.zeros(1), steps=30)


def test_live_curves_say_nothing_to_a_pipe(capsys):
    train()
    assert capsys.readouterr() == ("", "")


def test_live_curves_are_drawn_on_a_terminal_at_most_twice_a_second(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    now = [100.0]
    monkeypatch.setattr("pearlite.see.live.time.monotonic", lambda: now[0])
    train()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert set(re.findall(r"step (\d+)  seconds", shown.err)) == {"1", "30"}


def test_two_displays_in_one_terminal_are_refused(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with pytest.raises(InputError, match="progress=None"):
        train(progress="Training")


def test_columns_with_a_goal_share_a_panel_with_its_line_and_have_no_best_step():
    goal = Goal("floors", ("ssim", "psnr"), 0.9, "the floor")
    history = [{"step": s, "seconds": s, "loss": 1.0, "ssim": 0.5, "psnr": s / 9} for s in (1, 2)]
    loss, aimed = panels(history, goal)
    assert [curve.name for curve in aimed.curves] == ["ssim", "psnr"]
    assert (loss.name, aimed.name) == ("loss", "floors")
    assert best_step(history, goal) is None
    made = training_section(history, goal=goal)
    assert "best validation" not in made
    assert "the floor</span>" in made
    assert made.count('class="best"') == 1
