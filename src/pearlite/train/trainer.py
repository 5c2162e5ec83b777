"""The update: every trained recipe's loop, from top to bottom."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor

from pearlite.data.batch import parts
from pearlite.data.stream import rank, world
from pearlite.errors import InputError
from pearlite.see.progress import track
from pearlite.see.shapes import naming
from pearlite.seeds import derived_seed
from pearlite.task import Task
from pearlite.train.distribute import agreed
from pearlite.train.history import MeanLosses, Row
from pearlite.train.interrupt import held_interrupts
from pearlite.train.optimisers import MakeOptimiser, adam
from pearlite.train.precision import has_fast_bfloat16
from pearlite.train.state import State

EVENTS = ("start", "step", "validate", "end")
REASONS = ("", "steps", "minutes", "patience", "event", "interrupt")  # the last one prevails
PROGRESS = ("step", "seconds", "history", "best", "best_step", "best_weights", "stale", "stopped")
Event = Callable[["Trainer"], None]
Stream = Callable[[int], Any]
Validate = Callable[[Any], dict[str, float]]


class Trainer:
    """Updates a task's parameters, watches its validation, stops in time.

    A batch is a function of the step, and so is what the task draws from torch's own generator,
    such as dropout: before each update it is seeded from (seed, step, process), and after training
    it is as it was. Weights, optimisers, history and the number of the step are therefore all that
    a training needs to go on exactly (`pearlite.train.state.State`).

    Parameters
    ----------
    task
        What is learned, on the device where it shall be trained.
    optimiser
        Makes an optimiser from a player's parameters; or a maker a player, by name.
    validate
        Maps the task to named numbers, such as ``{"mse": 0.01}``, in evaluation mode and without
        gradients (see `pearlite.train.validate`). The first is watched: smaller is better.
    every
        Validate after every so many steps, and after the last.
    patience
        Stop after so many validations in a row without improvement; never where None.
    keep
        The weights in the end: of the ``"best"`` validation or of the ``"last"`` step.
    seed
        Determines what the task draws.
    accumulate
        Cut each batch in so many parts along its first axis and add up their gradients: the update
        of the whole batch (for a loss that is a mean over samples) in a fraction of its memory.
    precision
        ``"float32"``; ``"bfloat16"`` for matrix products in 16 bits (torch's autocast); ``"auto"``
        takes that where the device does it in hardware.
    compile
        Compile the losses with ``torch.compile`` first; docs/engine.md says where it pays.
    state
        Where to save what a training needs to go on.
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
        optimiser: MakeOptimiser | Mapping[str, MakeOptimiser] | None = None,
        validate: Validate | None = None,
        every: int = 1,
        patience: int | None = None,
        keep: str = "best",
        seed: int = 0,
        accumulate: int = 1,
        precision: str = "float32",
        compile: bool = False,
        state: State | None = None,
        events: dict[str, list[Event]] | None = None,
        progress: str | None = None,
    ) -> None:
        if keep not in ("best", "last"):
            raise InputError(f'keep={keep!r} must be "best" or "last"')
        if every < 1 or accumulate < 1:
            raise InputError(f"every={every} and accumulate={accumulate} must be at least 1")
        if patience is not None and validate is None:
            raise InputError("patience needs something to watch: give validate")
        if precision not in ("float32", "bfloat16", "auto"):
            raise InputError(f'precision={precision!r} must be "float32", "bfloat16" or "auto"')
        for name in events or {}:
            if name not in EVENTS:
                raise InputError(f"unknown event {name!r}; the events are {', '.join(EVENTS)}")
        self.task = task
        self.players = list(task.players())
        makers = _makers(optimiser or adam(), [player.name for player in self.players])
        pairs = zip(makers, self.players, strict=True)
        self.optimisers = [make(player.parameters) for make, player in pairs]
        losses = [torch.compile(p.loss) if compile else p.loss for p in self.players]
        self._moves = list(zip(self.players, losses, self.optimisers, strict=True))
        self.validate, self.every, self.patience, self.keep = validate, every, patience, keep
        self.seed, self.accumulate, self.state = seed, accumulate, state
        self.rank, self.world = rank(), world()
        device = next((p.device for p in task.parameters()), torch.device("cpu"))
        halved = precision == "auto" and has_fast_bfloat16(device.type)
        reduced = halved or precision == "bfloat16"
        self._precision = torch.autocast(device.type, torch.bfloat16) if reduced else nullcontext()
        self._gpus = [device] if device.type == "cuda" else []
        own = [torch.cuda.default_generators[gpu.index or 0] for gpu in self._gpus]
        self._generators = [torch.default_generator, *own]
        self.events = {name: list((events or {}).get(name, [])) for name in EVENTS}
        self.progress = progress if self.rank == 0 else None
        self.step = 0
        self.seconds = 0.0
        self.history: list[Row] = []
        self.best, self.best_step = math.inf, 0
        self.best_weights: dict[str, Tensor] = {}
        self.stale = 0
        self.stopped = ""
        self.losses = MeanLosses()

    def fit(
        self,
        stream: Stream,
        *,
        steps: int | None = None,
        minutes: float | None = None,
        resume: bool = False,
    ) -> list[Row]:
        """Update until a budget or the patience runs out; a second call goes on from the first.

        Parameters
        ----------
        stream
            Maps the number of a step, from 0, to its batch.
        steps, minutes
            Most updates and longest time, those of earlier calls included.
        resume
            Go on from the newest saved state, if there is one; a training that does not removes
            the states of an earlier one.

        Returns
        -------
        list of dict
            The history.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C, once the step under way is complete and the weights to keep are in place.
        InputError
            If nothing would end the training, a loss is not finite, or no saved state is whole.
        ShapeError
            If a batch does not fit the network; an InputError that names the layer.
        """
        if steps is minutes is self.patience is None and not any(self.events.values()):
            raise InputError("training would never end: give steps, minutes or patience")
        self.stopped = ""
        if self.state is not None and (resume or self.step == 0):
            self.state.restore(self) if resume else self.state.clear()
        if self.stopped in ("steps", "minutes", "interrupt"):
            self.stopped = ""
        began = time.monotonic() - self.seconds
        updates = None if steps is None else steps - self.step
        ticks = self._ticks(steps, minutes)
        self._call("start")
        self.task.train()
        with held_interrupts() as interrupted, torch.random.fork_rng(self._gpus), naming(self.task):
            try:
                for _ in track(ticks, self.progress or "", updates, show=self.progress is not None):
                    self.update(stream(self.step))
                    self.seconds = time.monotonic() - began
                    self._call("step")
                    if self.step % self.every == 0:
                        self.judge()
                    if interrupted():
                        self.stopped = "interrupt"
                    if self.state is not None:
                        self.state.save_if_due(self)
                if self.state is not None:
                    self.state.save(self)
                if self.losses and self.stopped != "interrupt":
                    self.judge()
            finally:
                if self.keep == "best" and self.best_weights:
                    self.task.load_state_dict(self.best_weights)
                self.task.eval()
                self._call("end")
        if self.stopped == "interrupt":
            raise KeyboardInterrupt
        return self.history

    def update(self, batch: Any) -> None:
        """Move every player whose turn it is one step down the gradient of its loss."""
        for generator in self._generators:
            generator.manual_seed(derived_seed(self.seed, self.step, self.rank))
        for player, loss_of, optimiser in self._moves:
            if self.step % player.every == 0:
                for parameter in player.parameters:
                    parameter.grad = None
                self.losses.add(player.name, self.descend(loss_of, batch))
                if player.penalty and self.step // player.every % player.lazy == 0:
                    name = f"{player.name}_penalty".removeprefix("_")
                    penalty = self.descend(partial(_times, player.lazy, player.penalty), batch)
                    self.losses.add(name, penalty / player.lazy)
                optimiser.step()
        self.step += 1

    def descend(self, loss_of: Callable[[Any], Tensor], batch: Any) -> Tensor:
        """Add the gradient of a loss of the batch to the parameters', and return the loss."""
        cut = [(batch, 1.0)] if self.accumulate == 1 else parts(batch, self.accumulate)
        losses = []
        for part, share in cut:
            with self._precision:
                loss = loss_of(part) if share == 1 else share * loss_of(part)
            loss.backward()
            losses.append(loss.detach())
        return losses[0] if len(losses) == 1 else torch.stack(losses).sum()

    def judge(self) -> None:
        """Add a row to the history, keep the weights if they are the best, or lose patience."""
        row: Row = {"step": self.step, "seconds": self.seconds, **self.losses.take(self.step)}
        if self.validate is not None:
            self.task.eval()
            with torch.inference_mode(), self._precision:
                numbers = {name: float(n) for name, n in self.validate(self.task).items()}
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

    def state_dict(self) -> dict[str, Any]:
        """Return what the training needs to go on; the weights and optimisers are not copied."""
        return {
            "task": self.task.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "losses": [self.losses.sums, self.losses.counts],
            **{name: getattr(self, name) for name in PROGRESS},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned, in a trainer that was made the same way.

        Raises
        ------
        InputError
            If the weights or the optimisers do not fit the task.
        """
        try:
            self.task.load_state_dict(state["task"])
            for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
                optimiser.load_state_dict(saved)
                _lay_out_alike(optimiser)
        except (RuntimeError, ValueError) as error:
            raise InputError(f"the saved state is of another task: {error}") from error
        self.losses.sums, self.losses.counts = state["losses"]
        for name in PROGRESS:
            setattr(self, name, state[name])

    def _ticks(self, steps: int | None, minutes: float | None) -> Iterator[None]:
        """Yield before every update, until `stopped` says why there is no other."""
        last = math.inf if steps is None else steps
        longest = math.inf if minutes is None else 60 * minutes
        while True:
            if not self.stopped:
                late = self.seconds >= longest
                self.stopped = "steps" if self.step >= last else "minutes" if late else ""
            if self.world > 1:
                self._agree()
            if self.stopped:
                return
            yield

    def _agree(self) -> None:
        """Stop all processes at the same step."""
        choice = REASONS.index(self.stopped if self.stopped in REASONS else "event")
        chosen = agreed(choice)
        self.stopped = self.stopped if chosen == choice else REASONS[chosen]

    def _call(self, event: str) -> None:
        for function in self.events[event]:
            function(self)


def _makers(
    optimiser: MakeOptimiser | Mapping[str, MakeOptimiser], names: list[str]
) -> list[MakeOptimiser]:
    """Return a maker a player, in their order."""
    if not isinstance(optimiser, Mapping):
        return [optimiser] * len(names)
    if optimiser.keys() != set(names):
        raise InputError(f"optimisers are for {sorted(optimiser)}, the players are {sorted(names)}")
    return [optimiser[name] for name in names]


def _times(factor: int, loss: Callable[[Any], Tensor], batch: Any) -> Tensor:
    return factor * loss(batch)


def _lay_out_alike(optimiser: torch.optim.Optimizer) -> None:
    """Give an optimiser's tensors their parameters' order in memory, as fused kernels need it."""
    for parameter, state in optimiser.state.items():
        for name, value in state.items():
            alike = isinstance(value, Tensor) and value.shape == parameter.shape
            if alike and value.stride() != parameter.stride():
                state[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
