"""The same training by every engine: so many epochs, in a folder; returns the last withheld loss.

Where an engine can, it validates after every epoch, writes a row of CSV with both losses, and keeps
the best weights in a file. What an engine lacks of these is written by hand in the shortest way.
The peers run as their documentation shows it, without progress bar or printed table.
"""

import csv
import math
from collections.abc import Callable
from pathlib import Path

import torch
from benchmarks.engine.problems import BATCH, RATE, STEPS_AN_EPOCH, Order, Problem
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from pearlite.nets.weights import save
from pearlite.task import Task
from pearlite.train.history import write_history
from pearlite.train.optimisers import adam
from pearlite.train.state import State
from pearlite.train.trainer import Event, Trainer
from pearlite.train.validate import mean_loss

Engine = Callable[[Problem, int, Path], float]


def bare(problem: Problem, epochs: int, folder: Path) -> float:
    """Run the loop of the tutorials, and nothing else."""
    net, criterion = problem.net(), problem.criterion()
    optimiser = torch.optim.Adam(net.parameters(), RATE)
    loader = problem.loader()
    for _ in range(epochs):
        for x, y in loader:
            optimiser.zero_grad()
            criterion(net(x), y).backward()
            optimiser.step()
    return problem.judge(net)


def bare_watched(problem: Problem, epochs: int, folder: Path) -> float:
    """Add validation, CSV and best weights by hand."""
    net, criterion = problem.net(), problem.criterion()
    optimiser = torch.optim.Adam(net.parameters(), RATE)
    loader, watch = problem.loader(), ByHand(folder)
    for _ in range(epochs):
        total = 0.0
        for x, y in loader:
            optimiser.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimiser.step()
            total += loss.item()
        watched = problem.judge(net)
        watch.row(total / STEPS_AN_EPOCH, watched)
        if watch.is_best(watched):
            torch.save(net.state_dict(), folder / "best.pt")
    return problem.judge(net)


def in_memory(problem: Problem, epochs: int, folder: Path) -> float:
    """Index tensors in the bare loop instead of asking a loader."""
    return _indexed(problem, epochs, fused=False)


def in_memory_fused(problem: Problem, epochs: int, folder: Path) -> float:
    """Use torch's fused Adam as well: about the least that a loop in Python costs."""
    return _indexed(problem, epochs, fused=True)


def _indexed(problem: Problem, epochs: int, fused: bool) -> float:
    net, criterion = problem.net(), problem.criterion()
    optimiser = torch.optim.Adam(net.parameters(), RATE, fused=fused)
    x_all, y_all = problem.train
    for epoch in range(epochs):
        for indices in torch.tensor(problem.orders[epoch]).split(BATCH):
            optimiser.zero_grad()
            criterion(net(x_all[indices]), y_all[indices]).backward()
            optimiser.step()
    return problem.judge(net)


def pearlite(problem: Problem, epochs: int, folder: Path) -> float:
    """Use Trainer, Stream and State, as a recipe does."""
    state = State(folder / "state")
    return _trainer(problem, epochs, folder, state=state)


def pearlite_at_once(problem: Problem, epochs: int, folder: Path) -> float:
    """Write the best weights at every improvement, as the peers do."""

    def keep_best(trainer: Trainer) -> None:
        if trainer.best_step == trainer.step:
            save(trainer.task, folder / "best.safetensors")

    return _trainer(problem, epochs, folder, keep_best)


def _trainer(
    problem: Problem, epochs: int, folder: Path, *events: Event, state: State | None = None
) -> float:
    class Bench(Task):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.criterion = problem.net(), problem.criterion()

        def f(self, x: Tensor) -> Tensor:
            return self.net(x)

        def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
            return self.criterion(y_hat, y)

    trainer = Trainer(
        Bench(),
        optimiser=adam(RATE),
        validate=mean_loss([problem.withheld]),
        every=STEPS_AN_EPOCH,
        state=state,
        events={"validate": [write_history(folder / "history.csv"), *events]},
    )
    trainer.fit(problem.stream(), steps=epochs * STEPS_AN_EPOCH)
    return trainer.history[-1]["val_loss"]


def fabric(problem: Problem, epochs: int, folder: Path) -> float:
    """Use Lightning Fabric, its CSV logger and its save; validate by hand."""
    from lightning.fabric import Fabric
    from lightning.fabric.loggers.csv_logs import CSVLogger

    logger = CSVLogger(folder, flush_logs_every_n_steps=1)
    engine = Fabric(accelerator="cpu", devices=1, loggers=logger)
    criterion = problem.criterion()
    plain = problem.net()
    net, optimiser = engine.setup(plain, torch.optim.Adam(plain.parameters(), RATE))
    loader = engine.setup_dataloaders(problem.loader())
    best = math.inf
    for epoch in range(epochs):
        total = 0.0
        for x, y in loader:
            optimiser.zero_grad()
            loss = criterion(net(x), y)
            engine.backward(loss)
            optimiser.step()
            total += loss.item()
        watched = problem.judge(net)
        engine.log_dict({"loss": total / STEPS_AN_EPOCH, "val_loss": watched}, step=epoch)
        if watched < best:
            best = watched
            engine.save(folder / "best.ckpt", {"net": net})
    return problem.judge(net)


def accelerate(problem: Problem, epochs: int, folder: Path) -> float:
    """Use Hugging Face accelerate and its save; it has neither validation nor CSV."""
    from accelerate import Accelerator

    engine = Accelerator(cpu=True)
    criterion, plain = problem.criterion(), problem.net()
    net, optimiser, loader = engine.prepare(
        plain, torch.optim.Adam(plain.parameters(), RATE), problem.loader()
    )
    watch = ByHand(folder)
    for _ in range(epochs):
        total = 0.0
        for x, y in loader:
            optimiser.zero_grad()
            loss = criterion(net(x), y)
            engine.backward(loss)
            optimiser.step()
            total += loss.item()
        watched = problem.judge(net)
        watch.row(total / STEPS_AN_EPOCH, watched)
        if watch.is_best(watched):
            state = engine.get_state_dict(net)
            engine.save(state, folder / "best.safetensors", safe_serialization=True)
    engine.free_memory()
    return problem.judge(net)


def skorch(problem: Problem, epochs: int, folder: Path) -> float:
    """Use skorch, a fixed validation part and its Checkpoint; its history is a JSON file."""
    from skorch import NeuralNet
    from skorch.callbacks import Checkpoint
    from skorch.helper import predefined_split

    class WithOrder(NeuralNet):
        def get_iterator(self, dataset, training=False):
            if training:
                return super().get_iterator(dataset, training)
            return [problem.withheld]

    checkpoint = Checkpoint(
        monitor="valid_loss_best",
        dirname=str(folder),
        f_optimizer=None,
        f_criterion=None,
        f_history="history.json",
    )
    net = WithOrder(
        problem.net(),
        problem.criterion,
        optimizer=torch.optim.Adam,
        lr=RATE,
        batch_size=BATCH,
        max_epochs=epochs,
        iterator_train__sampler=Order(problem.orders),
        train_split=predefined_split(TensorDataset(*problem.withheld)),
        callbacks=[("checkpoint", checkpoint)],
        callbacks__print_log=None,
        verbose=0,
    )
    net.fit(TensorDataset(*problem.train), None)
    return problem.judge(net.module_)


def lightning(problem: Problem, epochs: int, folder: Path) -> float:
    """Use Lightning's Trainer with CSVLogger, self.log, validation and ModelCheckpoint."""
    import lightning
    from lightning.pytorch.callbacks import ModelCheckpoint
    from lightning.pytorch.loggers import CSVLogger

    best = ModelCheckpoint(folder, monitor="val_loss", save_top_k=1, save_weights_only=True)
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=epochs,
        logger=CSVLogger(folder),
        callbacks=[best],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module = _lightning_module(problem, logs=True)
    trainer.fit(module, problem.loader(), DataLoader([problem.withheld], batch_size=None))
    return problem.judge(module.net)


def lightning_barebones(problem: Problem, epochs: int, folder: Path) -> float:
    """Use Lightning's Trainer with everything off."""
    import lightning

    trainer = lightning.Trainer(accelerator="cpu", devices=1, max_epochs=epochs, barebones=True)
    module = _lightning_module(problem, logs=False)
    trainer.fit(module, problem.loader())
    return problem.judge(module.net)


def _lightning_module(problem: Problem, logs: bool):
    import lightning

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.criterion = problem.net(), problem.criterion()

        def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
            loss = self.criterion(self.net(batch[0]), batch[1])
            if logs:
                self.log("loss", loss, on_step=False, on_epoch=True)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), RATE)

    class Watched(Module):
        def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
            self.log("val_loss", self.criterion(self.net(batch[0]), batch[1]))

    return Watched() if logs else Module()


class ByHand:
    """What engines without a log leave to their users: rows of CSV, and which epoch is the best."""

    def __init__(self, folder: Path) -> None:
        self.path, self.best = folder / "history.csv", math.inf
        self.path.write_text("loss,val_loss\n", encoding="utf-8")

    def row(self, loss: float, watched: float) -> None:
        """Append an epoch's losses."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([loss, watched])

    def is_best(self, watched: float) -> bool:
        """Whether no epoch before was as good."""
        better, self.best = watched < self.best, min(watched, self.best)
        return better


ENGINES: dict[str, Engine] = {
    "bare": bare,
    "bare again": bare,
    "bare, watched": bare_watched,
    "bare, in memory": in_memory,
    "bare, in memory, fused Adam": in_memory_fused,
    "pearlite": pearlite,
    "pearlite, best at once": pearlite_at_once,
    "Fabric": fabric,
    "accelerate": accelerate,
    "skorch": skorch,
    "Lightning, barebones": lightning_barebones,
    "Lightning": lightning,
}
