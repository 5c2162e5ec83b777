"""Train the network that corrects denoised images (pearlite/recipes/denoise/refiner.md).

    python -m benchmarks.denoise.train_refiner --data ../shared/data/micrographs --minutes 45

Clean patches of micrographs get white noise of all strengths and are denoised by
`combine_patches`; the network learns what is missing. The patches are made once, in about a
quarter of an hour, and kept in `--cache`; an interrupted run goes on from there. Images of every
set are held out, with everything of their specimen or series, and the gain on them is reported.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from benchmarks.denoise.refiner_patches import (
    SHARES,
    SIDE,
    Sources,
    find_sources,
    patches,
    split,
)
from torch import Tensor

from pearlite.errors import InputError
from pearlite.nets import weights
from pearlite.nets.refiner import Refiner
from pearlite.task import Task
from pearlite.train.moving import MovingWeights
from pearlite.train.optimisers import adamw
from pearlite.train.precision import has_fast_bfloat16
from pearlite.train.schedule import cosine
from pearlite.train.trainer import Trainer

BATCH = 16
CROP = 64  # pixels, side of the parts that are trained with
RATE = 2e-3
FLOOR = 0.02  # of the noise's variance: errors below it count less and less
EDGE = 8  # pixels at the border of a patch that are not judged
HELD_OUT_EACH = 8  # patches a set


class Refine(Task):
    """Learn the clean patch from the noisy and the denoised one."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.network = Refiner(generator=torch.Generator().manual_seed(seed))

    def f(self, x: Tensor) -> Tensor:
        """Refine; x holds the noisy and the denoised patches, (B, 2, Y, X)."""
        return self.network(x[:, :1], x[:, 1:])

    def loss(self, batch: Tensor) -> Tensor:
        """Mean of the error left over the error before: every patch counts alike."""
        clean, x = batch[:, :1], batch[:, 1:]
        fast = has_fast_bfloat16(batch.device.type)
        with torch.autocast(batch.device.type, torch.bfloat16, enabled=fast):
            refined = self.f(x)
        before = mse(x[:, 1:], clean)
        return (mse(refined.float(), clean) / (before + FLOOR)).mean()


def mse(estimate: Tensor, clean: Tensor) -> Tensor:
    """Mean squared error of each patch, (B,)."""
    return (estimate - clean).square().mean((1, 2, 3))


def gains(network: Refiner, patches_N3SS: Tensor) -> Tensor:
    """Return how many dB the network improves each denoised patch by, (N,)."""
    inner = (..., slice(EDGE, -EDGE), slice(EDGE, -EDGE))
    clean, noisy, denoised = patches_N3SS.split(1, dim=1)
    with torch.inference_mode():
        refined = network(noisy, denoised)
    before, after = (mse(e[inner], clean[inner]) for e in (denoised, refined))
    return 10 * torch.log10(before / after)


def batches(patches_N3SS: Tensor, seed: int) -> Callable[[int], Tensor]:
    """Make the stream of random parts, turned and mirrored, (B, 3, `CROP`, `CROP`)."""

    def stream(step: int) -> Tensor:
        random = np.random.default_rng([seed, step])
        chosen = torch.from_numpy(random.integers(len(patches_N3SS), size=BATCH))
        top, left = random.integers(SIDE - CROP + 1, size=2)
        part = patches_N3SS[chosen, :, top : top + CROP, left : left + CROP]
        part = torch.rot90(part, int(random.integers(4)), (2, 3))
        return (part.flip(3) if random.integers(2) else part).contiguous()

    return stream


def main() -> None:
    parser = arguments()
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        train_sources, held_out_sources = split(find_sources(options.data))
    except InputError as error:
        parser.error(str(error))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    held_out = {
        name: patches({name: images}, HELD_OUT_EACH, options.seed + 1, options.cache).to(device)
        for name, images in held_out_sources.items()
    }
    taught = patches(train_sources, options.patches, options.seed, options.cache).to(device)
    print(f"{len(taught)} patches to train with, {HELD_OUT_EACH} a set held out", flush=True)

    task = Refine(options.seed).to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    trainer = train(task, taught, held_out, options.minutes, options.seed)
    by_set = gain_by_set(task, held_out)
    print("\n".join(f"{name:<24}{gain:6.2f} dB" for name, gain in by_set.items()))
    about = description(train_sources, by_set, trainer, options)
    weights.save(task.network, options.out, about)
    print(f"{options.out} written after {trainer.step} steps")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.denoise.train_refiner",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("../shared/data/micrographs"),
        help="folder with manifest.csv (file, source, set, licence, w, h) and the images "
        "(%(default)s)",
    )
    parser.add_argument("--minutes", type=float, default=45, help="of training (%(default)s)")
    parser.add_argument("--patches", type=int, default=1600, help="to train with (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of everything (%(default)s)")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path("benchmarks/denoise/results/patches"),
        help="folder where the patches are kept (%(default)s)",
    )
    parser.add_argument("--out", type=Path, default=Path("refiner.safetensors"))
    return parser


def train(
    task: Refine, taught: Tensor, held_out: dict[str, Tensor], minutes: float, seed: int
) -> Trainer:
    """Train, and leave the moving average of the weights in the task."""
    moving, schedule = MovingWeights(task), cosine(minutes=minutes)

    def validate(_: Task) -> dict[str, float]:
        return {"mse_dB": -mean_gain(gain_by_set(moving.task, held_out))}

    trainer = Trainer(
        task,
        optimiser=adamw(RATE, clip=1.0),
        validate=validate,
        every=200,
        keep="last",
        events={
            "start": [schedule],
            "step": [moving.follow, schedule],
            "validate": [print_row],
            "end": [moving.settle],
        },
    )
    trainer.fit(batches(taught, seed), minutes=minutes)
    return trainer


def print_row(trainer: Trainer) -> None:
    row = trainer.history[-1]
    print(
        f"step {row['step']:6.0f} {row['seconds']:6.0f} s  loss {row['loss']:.4f}  "
        f"held-out gain {-row['mse_dB']:.3f} dB",
        flush=True,
    )


def gain_by_set(task: Task, held_out: dict[str, Tensor]) -> dict[str, float]:
    """Mean gain on the held-out patches of each set, in dB."""
    assert isinstance(task, Refine)
    return {name: float(gains(task.network, some).mean()) for name, some in held_out.items()}


def mean_gain(by_set: dict[str, float]) -> float:
    """Mean over the sets, in their shares of the training."""
    return float(np.average(list(by_set.values()), weights=[SHARES[name] for name in by_set]))


def description(
    sources: Sources, by_set: dict[str, float], trainer: Trainer, options: argparse.Namespace
) -> dict[str, str]:
    """Return what the weights' file says about itself."""
    data = {
        name: {
            "images": len(images),
            "licence": ", ".join(sorted({source.licence for source in images})),
        }
        for name, images in sources.items()
    }
    return {
        "made_by": "benchmarks/denoise/train_refiner.py",
        "data": json.dumps(data),
        "seed": str(options.seed),
        "patches": str(options.patches),
        "steps": str(trainer.step),
        "minutes": f"{trainer.seconds / 60:.1f}",
        "held_out_gain_dB": f"{mean_gain(by_set):.3f}",
        "held_out_gain_dB_by_set": json.dumps({k: round(v, 3) for k, v in by_set.items()}),
    }


if __name__ == "__main__":
    main()
