"""The page of an alignment: what the model writes before and after, and all that is said of it."""

from datetime import datetime
from typing import Any

from matplotlib.figure import Figure

from pearlite.recipes.repeat import repeat_section
from pearlite.run import TEST, Run
from pearlite.see import page
from pearlite.see.curves import training_section
from pearlite.see.figure import framed, png
from pearlite.see.html import Html, tag
from pearlite.see.style import BLUE, SOFT, VERMILION, panels, styled

TITLES = {
    "reward": "reward",
    "truth": "true measure",
    "valid": "valid",
    "kl": "divergence from the start, nats an answer",
    "unique": "different answers",
    "distinct-1": "different tokens",
    "distinct-2": "different pairs of tokens",
    "distinct-3": "different triples of tokens",
}
LOST = 0.07  # of variety or validity, from which on the page warns
HEAD = ("of what it writes", "before", "95 % interval", "after", "95 % interval")


def html(run: Run) -> str:
    """Return the page of `run`, made from its folder."""
    test = run.read_json(TEST)
    sections = [_samples(test), _numbers(test), _curve(test), _judge(test), _caveats(test)]
    title = f"{run.inputs[0].name}, aligned"
    return page.page(title, _subtitle(run, test), *filter(None, sections), repeat_section(run))


def rows(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first: one line a measure, before and after."""
    return _rows(run.read_json(TEST))


def _samples(test: dict[str, Any]) -> Html:
    figures = [
        tag(
            "figure",
            tag("pre", "\n".join(map(_said, test[when]["samples"]))),
            tag("figcaption", when),
        )
        for when in ("before", "after")
    ]
    return page.section("What it writes", page.side_by_side(*figures))


def _said(sample: tuple[str, str]) -> str:
    prompt, answer = sample
    return f"{prompt} → {answer}" if prompt else answer


def _numbers(test: dict[str, Any]) -> Html:
    after, before = test["after"]["means"], test["before"]["means"]
    cards = [
        (
            TITLES[name].capitalize(),
            _number(after[name]["value"]),
            f"95 % interval {_interval(after[name])}; {_number(before[name]['value'])} before",
        )
        for name in ("truth", "reward")
        if name in after
    ]
    cards += [
        (
            "Divergence",
            f"{after['kl']['value']:.2f} nats",
            f"an answer; the budget is {test['budget']:g}",
        ),
        (
            "Different answers",
            f"{test['after']['variety']['unique']:.1%}",
            f"of {test['after']['answers']:,}; {test['before']['variety']['unique']:.1%} before",
        ),
    ]
    if accuracy := test["accuracy"]:
        cards.append(
            (
                "Right on pairs",
                f"{accuracy['value']:.1%}",
                f"of {accuracy['pairs']:,} withheld ones; 95 % interval {accuracy['low']:.1%} to "
                f"{accuracy['high']:.1%}",
            )
        )
    head, *lines = _rows(test)
    return page.section("In numbers", page.tiles(cards), page.table(lines, head))


def _rows(test: dict[str, Any]) -> list[tuple[str, ...]]:
    before, after = test["before"], test["after"]
    lines = [
        (
            TITLES[name],
            _number(before["means"][name]["value"]),
            _interval(before["means"][name]),
            _number(mean["value"]),
            _interval(mean),
        )
        for name, mean in after["means"].items()
    ]
    lines += [
        (TITLES[name], _number(before["variety"][name]), "", _number(share), "")
        for name, share in after["variety"].items()
    ]
    return [HEAD, *lines]


def _curve(test: dict[str, Any]) -> Html | None:
    history = [row for row in test["history"] if "reward" in row]
    if not history:
        return training_section(test["history"], "Loss of the pairs that choose, and divergence.")
    picture = framed(
        png(draw_price(history, test["budget"])),
        "reward and variety against the divergence",
        "Each point is what the model wrote in a round: what it gained, and what that cost. The "
        "weights of the last round within the budget were kept.",
    )
    return page.section("What the reward cost", picture)


@styled
def draw_price(history: list[dict[str, float]], budget: float) -> Figure:
    """Draw reward and share of different answers against the divergence from the start.

    Parameters
    ----------
    history
        Rows with ``kl``, ``reward`` and ``unique``.
    budget
        Marked by a line where the divergence has come near it.
    """
    figure, [(gain, variety)] = panels(1, 2)
    spent = [row["kl"] for row in history]
    for axes, name, colour in ((gain, "reward", BLUE), (variety, "unique", VERMILION)):
        axes.plot(spent, [row[name] for row in history], "o-", color=colour, markersize=3)
        axes.set_xlabel("divergence, nats an answer")
        axes.set_title("mean reward" if name == "reward" else "share of different answers")
        if max(spent) > budget / 2:
            axes.axvline(budget, color=SOFT, linestyle=":")
    return figure


def _judge(test: dict[str, Any]) -> Html | None:
    history = test.get("reward_history")
    if not history:
        return None
    return training_section(
        history, "The reward model: loss on the pairs it learned from, and on those that choose."
    )


def _caveats(test: dict[str, Any]) -> Html:
    said = [test["split"]] if test["split"] else []
    before, after = test["before"], test["after"]
    if test["forced"] and test["accuracy"] and test["accuracy"]["low"] <= 0.5:
        said.append("--force was given although the pairs teach nothing: expect no gain.")
    if test["stopped"] == "budget":
        said.append("Learning ended because the divergence exceeded its budget.")
    if test["kept"] == 0:
        said.append("Nothing was better than the start within the budget: it is unchanged.")
    if before["variety"]["unique"] - after["variety"]["unique"] > LOST:
        said.append("It repeats itself more than before: lower --budget, or judge repeats.")
    if "valid" in after["means"]:
        lost = before["means"]["valid"]["value"] - after["means"]["valid"]["value"]
        if lost > LOST:
            said.append("Fewer of its answers are valid than before: lower --budget.")
    if "truth" not in after["means"]:
        said.append(
            "No true measure was given: a higher reward may also mean that the model has found "
            "what the reward overlooks. Read the samples."
        )
    said.append(
        "A model learns what the pairs, or the function, reward, and nothing else that was meant."
    )
    return page.section("To keep in mind", page.notes(said))


def _subtitle(run: Run, test: dict[str, Any]) -> str:
    when = datetime.fromisoformat(run.record["created"]).strftime("%d %B %Y, %H:%M")
    learned = f"{test['pairs']:,} pairs" if test["learned_from"] == "pairs" else "a function"
    way = "policy optimisation" if test["method"] == "policy" else "direct preference optimisation"
    return " · ".join(["pearlite language", when, way, learned])


def _interval(known: dict[str, Any]) -> str:
    ends = [known["low"], known["high"]]
    return "not known" if None in ends else " to ".join(_number(end) for end in ends)


def _number(value: float) -> str:
    return f"{value:.3f}"
