"""Where attention looks, in two tasks whose answer can stand in one place only.

Mirror: say a row of letters backwards; where to look depends on the place. Look up: pairs such as
"c5", then the question "c"; where to look depends on what is there.

Axes: B rows, T places that look, S places that are looked at, D features.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from pearlite.lecture import run
from pearlite.lecture.page import Page, Picture, Section
from pearlite.lecture.training import trained
from pearlite.nets.block import Blocks
from pearlite.nets.dense import Dense
from pearlite.nets.embedding import Embedding
from pearlite.see import page
from pearlite.see.style import INK, MAP, SOFT, VERMILION, panels, styled
from pearlite.seeds import derived_seed
from pearlite.task import Task
from pearlite.train.losses import cross_entropy
from pearlite.train.optimisers import adam

LETTERS = "abcdefghij"
LENGTH = 10  # letters in a row to mirror
KEYS, VALUES = 6, 8  # of the pairs
WIDTH, BATCH, RATE, WARM_UP = 64, 64, 5e-3, 20
TEST = 1000  # rows that training does not see


@dataclass(frozen=True)
class Rows:
    """Rows of tokens, what shall be said, and where it stands.

    Attributes
    ----------
    tokens_BS, answers_BT, places_BT : Tensor
        int64. The last T of the S tokens are to be answered; the answer to each stands at its
        place among the S.
    """

    tokens_BS: Tensor
    answers_BT: Tensor
    places_BT: Tensor


class Reader(Task):
    """One block with one head of attention; cross-entropy of what it says."""

    def __init__(
        self, vocabulary: int, classes: int, context: int, asked: int, positions: str, seed: int
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.asked = asked
        self.embed = Embedding(
            vocabulary, WIDTH, context=context, positions=positions, generator=generator
        )
        self.blocks = Blocks(1, WIDTH, heads=1, generator=generator)
        self.head = Dense(WIDTH, classes, generator=generator)

    def f(self, x: Tensor) -> Tensor:
        """Map tokens ``(B, S)`` to logits of the answers, ``(B, K, T)``."""
        return self.head(self.blocks(self.embed(x)))[:, -self.asked :].mT

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Mean negative logarithm of the right answer's probability."""
        return cross_entropy(y_hat, y)

    def attention(self, tokens_BS: Tensor) -> Tensor:
        """How much each place that answers takes from each place: ``(B, T, S)``."""
        return self.look.attention.attention_map(self.seen(tokens_BS))[:, 0, -self.asked :]

    @property
    def look(self) -> Any:
        """The block's part that attends."""
        return self.blocks.blocks[0].get_submodule("look")

    def seen(self, tokens_BS: Tensor) -> Tensor:
        """Return what the attention is given, ``(B, S, D)``."""
        return self.look.norm(self.embed(tokens_BS))


@dataclass(frozen=True)
class Exercise:
    """A task whose attention is known."""

    title: str
    rows: Callable[[int, int], Rows]
    reader: Callable[[int], Reader]
    words: Callable[[int], str]
    steps: int


def mirror(count: int, seed: int) -> Rows:
    """Draw rows of letters; each place says the letter that stands opposite."""
    generator = torch.Generator().manual_seed(seed)
    tokens_BS = torch.randint(len(LETTERS), (count, LENGTH), generator=generator)
    places_BT = torch.arange(LENGTH).flip(0).expand(count, -1)
    return Rows(tokens_BS, tokens_BS.flip(1), places_BT)


def look_up(count: int, seed: int) -> Rows:
    """Draw pairs of all keys with values, then all keys alone, both in random order."""
    generator = torch.Generator().manual_seed(seed)
    keys_BT = torch.rand(count, KEYS, generator=generator).argsort(1)
    values_BT = torch.randint(VALUES, (count, KEYS), generator=generator)
    places_BT = torch.rand(count, KEYS, generator=generator).argsort(1)
    asked_BT = KEYS * VALUES + keys_BT.gather(1, places_BT)
    tokens_BS = torch.cat([keys_BT * VALUES + values_BT, asked_BT], dim=1)
    return Rows(tokens_BS, values_BT.gather(1, places_BT), places_BT)


def pair_or_key(token: int) -> str:
    """Write a token of `look_up` for people."""
    key, value = divmod(token, VALUES)
    return f"{LETTERS[key]}{value}" if key < KEYS else f"{LETTERS[token - KEYS * VALUES]}?"


EXERCISES = {
    "mirror": Exercise(
        "Mirror: say it backwards",
        mirror,
        lambda seed: Reader(len(LETTERS), len(LETTERS), LENGTH, LENGTH, "learned", seed),
        lambda token: LETTERS[token],
        300,
    ),
    "look_up": Exercise(
        "Look up: find the pair",
        look_up,
        # "rotary" leaves positions to the attention, which here has none either
        lambda seed: Reader(KEYS * (VALUES + 1), VALUES, 2 * KEYS, KEYS, "rotary", seed),
        pair_or_key,
        500,
    ),
}


@styled
def draw(folder: Path, seed: int = 0) -> Page:
    """Train a small transformer on each task, draw where it looks before and after; write it."""
    numbers: dict[str, Any] = {}
    maps: dict[str, list[Tensor]] = {}
    rows = {name: task.rows(TEST, derived_seed(seed, 0)) for name, task in EXERCISES.items()}
    for name, exercise in EXERCISES.items():
        reader, test = exercise.reader(seed), rows[name]
        before = judged(reader, test)
        maps[name] = [one_map(reader, test)]
        learn(reader, exercise, seed)
        maps[name].append(one_map(reader, test))
        numbers[name] = {
            "before": before,
            "after": judged(reader, test),
            "chance_attention": 1 / test.tokens_BS.shape[1],
            "chance_right": 1 / (1 + int(test.answers_BT.max())),
            "fused_kernel_differs_by": difference(reader, test),
        }
    sections = [
        Section("Two tasks", _explained(rows, maps, numbers)),
        Section(
            "The map is what the network does",
            [
                "In training the map is never written down: a fused kernel goes from queries, keys "
                "and values to the result at once. The maps above are softmax(Q Kᵀ / √D), computed "
                "in the open. Applied to the values they give what the kernel gives, to "
                f"{max(entry['fused_kernel_differs_by'] for entry in numbers.values()):.0e}.",
                "That a map is so easy to read is owed to these tasks: one block, one head, and an "
                "answer that stands in one place. In deep networks a token has already taken "
                "something from others before it is looked at, and a map says where was looked, "
                "not why.",
            ],
        ),
    ]
    question = (
        "Attention lets every token look at all others and take what it needs. Does it look "
        "where the answer is?"
    )
    return Page("attention", question, sections, numbers, seed).write(folder)


def learn(reader: Reader, exercise: Exercise, seed: int) -> None:
    """Train on rows that are drawn anew at every step."""

    def stream(step: int) -> tuple[Tensor, Tensor]:
        rows = exercise.rows(BATCH, derived_seed(seed, 1, step))
        return rows.tokens_BS, rows.answers_BT

    trained(reader, stream, exercise.steps, adam(RATE), warm_up=WARM_UP, seed=seed)


@torch.inference_mode()
def judged(reader: Reader, rows: Rows) -> dict[str, float]:
    """Share of right answers, and of the attention that is where the answer stands."""
    right = reader(rows.tokens_BS).argmax(1) == rows.answers_BT
    map_BTS = reader.attention(rows.tokens_BS)
    return {
        "right": float(right.double().mean()),
        "attention_on_the_answer": float(map_BTS.gather(2, rows.places_BT[..., None]).mean()),
    }


@torch.inference_mode()
def one_map(reader: Reader, rows: Rows) -> Tensor:
    """Attention in the first row, ``(T, S)``."""
    return reader.attention(rows.tokens_BS[:1])[0]


@torch.inference_mode()
def difference(reader: Reader, rows: Rows) -> float:
    """Largest difference between the fused kernel's result and the map applied to the values."""
    attention: Any = reader.look.attention
    seen_BSD = reader.seen(rows.tokens_BS)
    map_BSS = attention.attention_map(seen_BSD)[:, 0]
    openly_BSD = attention.out(map_BSS @ attention.value(seen_BSD))
    return float((attention(seen_BSD) - openly_BSD).abs().max())


def _explained(
    rows: dict[str, Rows], maps: dict[str, list[Tensor]], numbers: dict[str, Any]
) -> list[Any]:
    table = page.table(
        [
            (
                exercise.title,
                f"{numbers[name]['before']['right']:.1%}",
                f"{numbers[name]['after']['right']:.1%}",
                f"{numbers[name]['before']['attention_on_the_answer']:.1%}",
                f"{numbers[name]['after']['attention_on_the_answer']:.1%}",
            )
            for name, exercise in EXERCISES.items()
        ],
        ("", "right, before", "right, after", "attention there, before", "attention there, after"),
    )
    return [
        Picture(
            "figure",
            maps_figure(rows, maps),
            "Attention maps of both tasks before and after training; after it, the bright cells "
            "are those where the answer stands",
            "Each line is a token that answers; bright is where it looks. Orange frames: where the "
            "answer stands. One row of letters that was not trained on.",
        ),
        table,
        "Mirror: each place has to say the letter opposite, whatever it is. So attention must "
        "learn from the places, and its map is the same for every row: the other diagonal.",
        "Look up: each question has to find the pair with its letter, wherever it is. So attention "
        "must learn from what is there, and its map is another one in every row. The network is "
        "not told any places here.",
        f"Nobody said where to look. On {TEST:,} rows that were never seen, this much of the "
        "attention lies on the one place that holds the answer: "
        f"{numbers['mirror']['after']['attention_on_the_answer']:.1%} and "
        f"{numbers['look_up']['after']['attention_on_the_answer']:.1%}.",
    ]


def maps_figure(rows: dict[str, Rows], maps: dict[str, list[Tensor]]) -> Figure:
    """Draw a line of panels a task: the map before, and the map after training."""
    figure, axes = panels(2, 2, size=(9, 6.6), height_ratios=(LENGTH, KEYS * LENGTH / (2 * KEYS)))
    for line, (name, exercise) in zip(axes, EXERCISES.items(), strict=True):
        tokens_S, places_T = rows[name].tokens_BS[0], rows[name].places_BT[0]
        words = [exercise.words(int(token)) for token in tokens_S]
        for axis, map_TS, when in zip(line, maps[name], ("before", "after"), strict=True):
            _draw_map(axis, map_TS, places_T, words)
            axis.set_title(f"{exercise.title}, {when} training")
    return figure


def _draw_map(axis: Axes, map_TS: Tensor, places_T: Tensor, words: list[str]) -> None:
    axis.imshow(map_TS.numpy(), cmap=MAP, vmin=0, vmax=1, aspect="auto")
    for line, place in enumerate(places_T.tolist()):
        axis.add_patch(Rectangle((place - 0.5, line - 0.5), 1, 1, fill=False, ec=VERMILION, lw=1.6))
    axis.set_xticks(range(len(words)), words, fontsize=9.5, color=INK)
    axis.set_yticks(range(len(map_TS)), words[-len(map_TS) :], fontsize=9.5, color=INK)
    axis.set_xlabel("looked at", color=SOFT)
    axis.set_ylabel("looks", color=SOFT)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


if __name__ == "__main__":
    print(run("attention") / "index.html")
