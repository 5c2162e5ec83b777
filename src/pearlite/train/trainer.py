"""The update: every trained recipe's loop, from top to bottom."""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from pearlite.errors import InputError
from pearlite.see.progress import track
from pearlite.task import Task
from pearlite.train.history import MeanLosses, Row
from pearlite.train.interrupt import held_interrupts
from pearlite.train.optimisers import MakeOptimiser, adam

EVENTS = ("start", "step", "validate", "end")
Event = Callable[["Trainer"], None]
Stream = Callable[[int], Any]
Validate = Callable[[Any], dict[str, float]]


class Trainer:
    """Updates a task's parameters, watches its validation, stops in time.

    The trainer draws no random number: networks are initialised from a generator, and a batch is a
    function of the step. The seeds of these two determine the result.

    Parameters
    ----------
    task
        What is learned, on the device where it shall be trained.
    optimiser
        Makes an optimiser from a player's parameters.
    validate
        Maps the task to named numbers, such as ``{"mse": 0.01}``; called in evaluation mode and
        without gradients (see `pearlite.train.validate`). The first number is watched: smaller is
        better.
    every
        Validate after every so many steps, and after the last.
    patience
        Stop after so many validations in a row without improvement; never where None.
    keep
        The weights that the task has in the end: of the ``"best"`` validation or of the ``"last"``
        step.
    events
        Plain functions of the trainer, by the moment when they are called: ``"start"``, ``"step"``
        (after an update), ``"validate"`` (after a row was added to the history), ``"end"`` (also
        after an interruption or an error; the weights to keep are in place).
    progress
        What the progress bar says; no bar where None.

    Attributes
    ----------
    step : int
        Number of updates made.
    seconds : float
        Time spent.
    history : list of dict
        A row a validation: step, seconds, mean loss since the row before, what `validate` said.
    best, best_step : float, int
        Smallest watched number so far, and when it was reached.
    stopped : str
        Why training ended: ``"steps"``, ``"minutes"``, ``"patience"``, ``"interrupt"``, or what an
        event has put there. Training goes on while it is empty.
    """

    def __init__(
        self,
        task: Task,
        *,
        optimiser: MakeOptimiser | None = None,
        validate: Validate | None = None,
        every: int = 1,
        patience: int | None = None,
        keep: str = "best",
        events: dict[str, list[Event]] | None = None,
        progress: str | None = None,
    ) -> None:
        if keep not in ("best", "last"):
            raise InputError(f'keep={keep!r} must be "best" or "last"')
        if patience is not None and validate is None:
            raise InputError("patience needs something to watch: give validate")
        for name in events or {}:
            if name not in EVENTS:
                raise InputError(f"unknown event {name!r}; the events are {', '.join(EVENTS)}")
        self.task = task
        self.players = list(task.players())
        make = optimiser or adam()
        self.optimisers = [make(player.parameters) for player in self.players]
        self.validate, self.every, self.patience, self.keep = validate, every, patience, keep
        self.events = {name: list((events or {}).get(name, [])) for name in EVENTS}
        self.progress = progress
        self.step = 0
        self.seconds = 0.0
        self.history: list[Row] = []
        self.best, self.best_step = math.inf, 0
        self.best_weights: dict[str, Tensor] = {}
        self.stale = 0
        self.stopped = ""
        self.losses = MeanLosses()

    def fit(
        self, stream: Stream, *, steps: int | None = None, minutes: float | None = None
    ) -> list[Row]:
        """Update until a budget or the patience runs out; a second call goes on from the first.

        Parameters
        ----------
        stream
            Maps the number of a step, from 0, to its batch.
        steps, minutes
            Most updates and longest time, those of earlier calls included.

        Returns
        -------
        list of dict
            The history.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C, once the step under way is complete and the weights to keep are in place.
        InputError
            If nothing would ever end the training, or a loss is not finite.
        """
        if steps is minutes is self.patience is None and not any(self.events.values()):
            raise InputError("training would never end: give steps, minutes or patience")
        began = time.monotonic() - self.seconds
        updates = None if steps is None else steps - self.step
        ticks = self._ticks(steps, minutes)
        self.stopped = ""
        self._call("start")
        self.task.train()
        with held_interrupts() as interrupted:
            try:
                for _ in track(ticks, self.progress or "", updates, show=self.progress is not None):
                    self.update(stream(self.step))
                    self.seconds = time.monotonic() - began
                    self._call("step")
                    if self.step % self.every == 0:
                        self.judge()
                    if interrupted():
                        self.stopped = "interrupt"
                if self.losses and not interrupted():
                    self.judge()
            finally:
                if self.keep == "best" and self.best_weights:
                    self.task.load_state_dict(self.best_weights)
                self.task.eval()
                self._call("end")
        if interrupted():
            raise KeyboardInterrupt
        return self.history

    def update(self, batch: Any) -> None:
        """Move every player whose turn it is one step down the gradient of its loss."""
        for player, optimiser in zip(self.players, self.optimisers, strict=True):
            if self.step % player.every == 0:
                optimiser.zero_grad()
                loss = player.loss(batch)
                loss.backward()
                optimiser.step()
                self.losses.add(player.name, loss.detach())
        self.step += 1

    def judge(self) -> None:
        """Add a row to the history, keep the weights if they are the best, or lose patience."""
        row: Row = {"step": self.step, "seconds": self.seconds, **self.losses.take(self.step)}
        if self.validate is not None:
            self.task.eval()
            with torch.inference_mode():
                numbers = self.validate(self.task)
            self.task.train()
            row |= numbers
            watched = next(iter(numbers.values()))
            self.stale += 1
            if watched < self.best:
                self.best, self.best_step, self.stale = watched, self.step, 0
                if self.keep == "best":
                    weights = self.task.state_dict()
                    self.best_weights = {name: w.clone() for name, w in weights.items()}
            if self.patience is not None and self.stale >= self.patience:
                self.stopped = self.stopped or "patience"
        self.history.append(row)
        self._call("validate")

    def _ticks(self, steps: int | None, minutes: float | None) -> Iterator[None]:
        """Yield before every update, until `stopped` says why there is no other."""
        while not self.stopped:
            if steps is not None and self.step >= steps:
                self.stopped = "steps"
            elif minutes is not None and self.seconds >= 60 * minutes:
                self.stopped = "minutes"
            else:
                yield

    def _call(self, event: str) -> None:
        for function in self.events[event]:
            function(self)
