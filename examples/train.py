"""A whole training by hand: handwritten digits, a CNN with dropout, shifted images, exact resume.

    python examples/train.py [--out runs/digits] [--epochs 20] [--workers 2]
    torchrun --nproc-per-node 2 examples/train.py        # two processes, the same updates
    python examples/train.py --resume                    # after Ctrl-C, a crash, a power cut

Whatever happens on the way, the weights in the end are the same, bit for bit.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from pearlite.data.split import split
from pearlite.data.stream import Stream, in_order
from pearlite.nets import weights
from pearlite.nets.classifier import CNNClassifier
from pearlite.task import Task
from pearlite.train import losses
from pearlite.train.distribute import joined, replicate
from pearlite.train.history import write_history
from pearlite.train.optimisers import adam
from pearlite.train.state import State
from pearlite.train.trainer import Event, Trainer
from pearlite.train.validate import mean_loss


class Digits(Task):
    """x: images (B, 1, 8, 8) between 0 and 1; y: digits (B,), int64."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.net = CNNClassifier(1, 10, widths=(16, 32), dropout=0.3, generator=generator)

    def f(self, x: Tensor) -> Tensor:
        """Logits of the ten digits, (B, 10)."""
        return self.net(x)

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy of the right digit."""
        return losses.cross_entropy(y_hat, y)


def shift(sample: tuple[Tensor, Tensor], generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Move an image by a pixel at most along each axis."""
    image, digit = sample
    rows, columns = torch.randint(-1, 2, (2,), generator=generator).tolist()
    return image.roll((rows, columns), dims=(-2, -1)), digit


def main(arguments: Sequence[str] | None = None, **events: list[Event]) -> None:
    """Train, save, test; `events` are further ones for the trainer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/digits"))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--no-shift", action="store_true")
    parser.add_argument("--save-seconds", type=float, default=60.0)
    parser.add_argument("--resume", action="store_true")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)

    digits = load_digits()
    images = torch.from_numpy(digits.images.astype(np.float32) / 16)[:, None]
    labels = torch.from_numpy(digits.target)
    parts = split(len(labels), stratify=digits.target, seed=0)

    with joined() as device:
        task = replicate(Digits().to(device))
        data = {
            name: (images[part].to(device), labels[part].to(device))
            for name, part in parts.parts.items()
        }
        stream = Stream(
            data["train"],
            batch=64,
            augment=None if chosen.no_shift else shift,
            workers=chosen.workers,
        )
        trainer = Trainer(
            task,
            optimiser=adam(5e-3),
            validate=mean_loss(in_order(data["validation"])),
            every=stream.epoch,
            state=State(chosen.out / "state", seconds=chosen.save_seconds),
            events={"validate": [write_history(chosen.out / "history.csv")], **events},
            progress="Learning digits",
        )
        trainer.fit(stream, steps=chosen.epochs * stream.epoch, resume=chosen.resume)
        if trainer.rank == 0:
            weights.save(task, chosen.out / "model.safetensors")
            images, labels = data["test"]
            with torch.inference_mode():
                right = (task(images).argmax(1) == labels).float().mean()
            print(f"{100 * right:.1f} % of {len(labels)} digits of the test part read rightly")


if __name__ == "__main__":
    main()
