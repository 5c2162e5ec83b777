"""Train the decoder of AdaIN on EfficientNet-lite0 (pearlite/recipes/style/decoder.md).

    python -m benchmarks.style.decoder --data ../shared/data/micrographs --steps 1000

Pairs of parts of micrographs, one to give the content and one the style, are prepared as the
product prepares them: both are split into two or three phases by their greys, and every phase of
the content gets the greys of the style's; half of the contents are made label maps first. Images of
every set are held out, with everything of their specimen or series.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from benchmarks.denoise.refiner_patches import LANCZOS, PICTURES, SHARES, find_sources, split
from numpy.typing import NDArray
from torch import Tensor

from pearlite.errors import InputError
from pearlite.nets import weights
from pearlite.nets.pretrained import encoder
from pearlite.nets.stylist import LEVELS, Look, Stylist, adain, shares_of
from pearlite.recipes.style.classes import find_cuts
from pearlite.recipes.style.classes import split as split_greys
from pearlite.recipes.style.feed import common_zones, one_hot
from pearlite.recipes.style.greys import start
from pearlite.recipes.style.patches import Piece, distances, mean_distance, piece
from pearlite.task import Player, Task
from pearlite.train.moving import MovingWeights
from pearlite.train.optimisers import adam
from pearlite.train.schedule import cosine
from pearlite.train.state import State
from pearlite.train.trainer import Trainer

BATCH, SIDE = 4, 128  # pairs a step, pixels of a part
RATE = 2e-3
SMALLER = 1.0, 2.5  # least and greatest factor by which images are made smaller
FLATTEST = 4.0  # least standard deviation of a part, of 255
KINDS = ((1, 5), (2, 5), (4, 5))
PROJECTIONS, SAMPLES = 16, 2500
STYLE_LEVELS = LEVELS + 1  # levels whose means and deviations are compared
CONTENT, STATISTICS, PATCHES = 0.5, 0.3, 4.0  # weights of the losses
PHASES = (2, 3)
ZONES = 2 * PHASES[-1]
HELD_OUT_PAIRS = 24
IMAGES = 500  # that are kept in memory

Pair = tuple[Tensor, Tensor, Tensor, Tensor, Piece, Piece]
Images = list[NDArray[np.uint8]]


class Learn(Task):
    """Learn to give a content the look of a style."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.network = Stylist(encoder("lite0", generator=generator), generator=generator)

    def players(self) -> list[Player]:
        """Let the decoder alone learn."""
        return [Player("", list(self.network.decoder.parameters()), self.loss)]

    def loss(self, batch: list[Pair]) -> Tensor:
        """Distance of features from what AdaIN made of them, of statistics, and of patches."""
        return sum(self.losses(batch).values(), torch.zeros(()))

    def losses(self, batch: list[Pair]) -> dict[str, Tensor]:
        """Return the three losses."""
        begun, classes, styles, style_classes = (
            torch.cat(one) for one in list(zip(*batch, strict=True))[:4]
        )
        net = self.network
        with torch.no_grad():
            wanted = net.encode(styles, STYLE_LEVELS)
            look = Look.of(wanted, style_classes)
            targets = adain(net.encode(begun), classes, look)
        made = net(begun, classes, look)
        found = net.encode(made, STYLE_LEVELS)
        spread = [m.std((0, 2, 3), keepdim=True) + 0.1 for m in wanted]
        content = [
            ((f - t) / s).square().mean()
            for f, t, s in list(zip(found, targets, spread, strict=False))[1:]
        ]
        own = Look.of(found, classes)
        statistics = []
        for level, scale in enumerate(spread):
            present = shares_of(classes, found[level]).sum((2, 3))[..., None] > 1
            for one, other in (
                (own.means_BKC[level], look.means_BKC[level]),
                (own.deviations_BKC[level], look.deviations_BKC[level]),
            ):
                gap = ((one - other) / scale.flatten()).square()
                statistics.append((gap * present).sum() / present.expand_as(gap).sum())
        patches = []
        for image, (*_, shown, style) in zip(made.split(1), batch, strict=True):
            painted = Piece(image, shown.states_BCHW)
            for kind in KINDS:
                found_states = distances(
                    [painted],
                    [style],
                    kind,
                    projections=PROJECTIONS,
                    samples=SAMPLES,
                    generator=torch.Generator().manual_seed(int(torch.randint(2**31, ()))),
                )
                term = mean_distance(found_states)
                patches += [] if term is None else [term]
        return {
            "content": CONTENT * torch.stack(content).sum(),
            "statistics": STATISTICS * torch.stack(statistics).sum(),
            "patches": PATCHES * torch.stack(patches).mean(),
        }


def read_images(sources: dict, count: int, random: np.random.Generator) -> Images:
    """Read images of all sets by their shares, grey."""
    names = list(sources)
    shares = np.array([SHARES[name] for name in names])
    chosen = random.choice(len(names), size=count, p=shares / shares.sum())
    images = {}
    for name in chosen:
        listed = sources[names[name]]
        source = listed[random.integers(len(listed))]
        images[source.name] = source
    return [np.rint(source.grey()).astype(np.uint8) for source in images.values()]


def draw(images: Images, random: np.random.Generator) -> NDArray[np.float32]:
    """Cut a part from one of the images, made smaller and turned."""
    while True:
        image = images[random.integers(len(images))]
        side = SIDE * random.uniform(SMALLER[0], max(1.0, min(SMALLER[1], min(image.shape) / SIDE)))
        top, left = (random.uniform(0, max(length - side, 0)) for length in image.shape)
        box = (left, top, min(left + side, image.shape[1]), min(top + side, image.shape[0]))
        part = np.asarray(PIL.Image.fromarray(image).resize((SIDE, SIDE), LANCZOS, box), np.float32)
        if part.std() >= FLATTEST:
            return np.rot90(part, random.integers(4)).copy()


def pair(images: Images, random: np.random.Generator) -> Pair:
    """Prepare a content and a style as the product does."""
    while True:
        content, style = (draw(images, random) for _ in range(2))
        style = (style - style.mean()) / style.std()
        phases = int(random.choice(PHASES))
        try:
            classes, style_classes = (
                split_greys(one[None], find_cuts([one[None]], phases, "it"))
                for one in (content, style)
            )
        except InputError:
            continue
        flat = random.random() < 0.5
        pools = [style[None][:, style_classes == number] for number in range(phases)]
        given = classes.astype(np.float32) if flat else content
        begun = torch.from_numpy(start(given[None], classes, pools, random))
        shown = torch.from_numpy(style)[None]
        zones, (style_zones,) = common_zones(classes, [style_classes], phases)
        return (
            begun[None],
            one_hot(zones, ZONES),
            shown[None],
            one_hot(style_zones, ZONES),
            piece(begun, classes, KINDS),
            piece(shown, style_classes, KINDS),
        )


def batches(images: Images, seed: int) -> Callable[[int], list[Pair]]:
    """Make the stream of pairs."""

    def stream(step: int) -> list[Pair]:
        random = np.random.default_rng([seed, step])
        return [pair(images, random) for _ in range(BATCH)]

    return stream


def judged(held_out: list[Pair]) -> Callable[[Task], dict[str, float]]:
    """Make the mean losses on held-out pairs."""

    def validate(task: Task) -> dict[str, float]:
        assert isinstance(task, Learn)
        torch.manual_seed(0)
        rows = [task.losses(held_out[i : i + BATCH]) for i in range(0, len(held_out), BATCH)]
        means = {name: float(np.mean([float(row[name]) for row in rows])) for name in rows[0]}
        return {"val_loss": sum(means.values())} | means

    return validate


def main() -> None:
    parser = arguments()
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        sources = find_sources(options.data)
    except InputError as error:
        parser.error(str(error))
    sources.pop(PICTURES, None)
    taught, withheld = split(sources)
    random = np.random.default_rng(options.seed)
    images = read_images(taught, IMAGES, random)
    others = read_images(withheld, IMAGES // 5, random)
    held_out = [pair(others, random) for _ in range(HELD_OUT_PAIRS)]
    print(f"{len(images)} images to train with, {len(others)} held out", flush=True)
    task = Learn(options.seed)
    trainable = list(task.network.decoder.parameters())
    print(f"{sum(p.numel() for p in trainable)} weights", flush=True)
    moving, schedule = MovingWeights(task, 300), cosine(steps=options.steps)
    watch = judged(held_out)
    trainer = Trainer(
        task,
        optimiser=adam(RATE, clip=5.0),
        validate=lambda _: watch(moving.task),
        every=100,
        keep="last",
        seed=options.seed,
        state=State(options.state, also={"moving": moving}),
        events={
            "start": [schedule],
            "step": [moving.follow, schedule],
            "validate": [print_row],
            "end": [moving.settle],
        },
    )
    trainer.fit(batches(images, options.seed), steps=options.steps, resume=True)
    last = trainer.history[-1]
    about = {
        "made_by": "benchmarks/style/decoder.py",
        "data": json.dumps({name: len(found) for name, found in taught.items()}),
        "seed": str(options.seed),
        "steps": str(trainer.step),
        "cpu_minutes": f"{time.process_time() / 60:.1f}",
        "held_out": json.dumps({k: round(v, 4) for k, v in last.items()}),
    }
    weights.save(task.network.decoder, options.out, about)
    print(f"{options.out} written after {trainer.step} steps")


def print_row(trainer: Trainer) -> None:
    row = trainer.history[-1]
    said = "  ".join(f"{name} {value:.4f}" for name, value in row.items() if name != "step")
    print(f"step {row['step']:6.0f}  {said}", flush=True)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.style.decoder",
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
    parser.add_argument("--steps", type=int, default=1000, help="of training (%(default)s)")
    parser.add_argument(
        "--state", type=Path, default=Path("benchmarks/style/results/decoder"), help="to go on from"
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("decoder.safetensors"))
    return parser


if __name__ == "__main__":
    main()
