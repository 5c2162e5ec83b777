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

from pearlite.card import model_card
from pearlite.data.batch import moved
from pearlite.data.leaks import check_split
from pearlite.data.split import Split, split
from pearlite.data.stream import Stream, in_order
from pearlite.export import to_onnx
from pearlite.judge.classes import accuracy
from pearlite.judge.interval import Interval
from pearlite.nets import weights
from pearlite.nets.classifier import CNNClassifier
from pearlite.provenance import fingerprint
from pearlite.task import Task
from pearlite.train import losses
from pearlite.train.distribute import joined, replicate
from pearlite.train.history import write_history
from pearlite.train.optimisers import adam
from pearlite.train.schedule import cosine
from pearlite.train.state import State
from pearlite.train.trainer import Event, Trainer
from pearlite.train.validate import mean_loss


class Digits(Task):
    """x: images (B, 1, 8, 8) between 0 and 1; y: digits (B,), int64."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.net = CNNClassifier(1, 10, widths=(32, 64), dropout=0.3, generator=generator)

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


def main(arguments: Sequence[str] | None = None, also: Sequence[Event] = ()) -> None:
    """Train, save, test; `also` is called after every step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/digits"))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--no-shift", action="store_true")
    parser.add_argument("--save-seconds", type=float, default=60.0)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--export", action="store_true", help="write ONNX and a model card too")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)

    digits = load_digits()
    images = torch.from_numpy(digits.images.astype(np.float32) / 16)[:, None]
    labels = torch.from_numpy(digits.target)
    parts = split(len(labels), stratify=digits.target, seed=0)
    check_split(parts, digits.images)

    with joined() as device:
        task = replicate(Digits().to(device))
        data = {name: (images[part], labels[part]) for name, part in parts.parts.items()}
        stream = Stream(
            data["train"],
            batch=64,
            augment=None if chosen.no_shift else shift,
            workers=chosen.workers,
            device=device,
        )
        steps = chosen.epochs * stream.epoch
        rates = cosine(steps=steps, warm_up=20)
        trainer = Trainer(
            task,
            optimiser=adam(1e-2),
            validate=mean_loss(moved(in_order(data["validation"]), device)),
            every=stream.epoch,
            state=State(chosen.out / "state", seconds=chosen.save_seconds),
            events={
                "start": [rates],
                "step": [rates, *also],
                "validate": [write_history(chosen.out / "history.csv")],
            },
            progress="Learning digits",
        )
        trainer.fit(stream, steps=steps, resume=chosen.resume)
        if trainer.rank == 0:
            weights.save(task, chosen.out / "model.safetensors")
            images, labels = data["test"]
            with torch.inference_mode():
                answers = task(images.to(device)).argmax(1)
            found = accuracy(labels, answers.cpu())
            print(
                f"right: {found.value:.1%} ({found.low:.1%} to {found.high:.1%}) of unseen digits"
            )
            if chosen.export:
                export(task.cpu(), images[:2], parts, found, chosen.out)


def export(task: Task, example: Tensor, parts: Split, found: Interval, out: Path) -> None:
    """Write the network as ONNX, and what others should know of it."""
    to_onnx(task, example, out / "model.onnx")
    digits = load_digits()
    commonest = np.bincount(digits.target[parts.train]).argmax()
    card = model_card(
        "Handwritten digits",
        about="Names the digit in a grey image of 8 x 8 pixels with values from 0 to 1.",
        network=task,
        data=[fingerprint(digits.images)],
        split=parts,
        seed=0,
        metrics={"accuracy": found},
        baselines={
            "commonest digit": {"accuracy": float(np.mean(digits.target[parts.test] == commonest))}
        },
        limits=["The same people wrote the digits of all three parts."],
        load='weights.load(Digits(), Path("model.safetensors"))',
    )
    (out / "card.md").write_text(card)


if __name__ == "__main__":
    main()
