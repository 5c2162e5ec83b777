"""The page of a run on texts: who won, pictures, numbers, the words that decided, caveats."""

from datetime import datetime
from typing import Any

from pearlite.card import model_card
from pearlite.data.split import Split
from pearlite.judge.audit.finding import Audit, Finding
from pearlite.judge.interval import Interval
from pearlite.judge.looks import SPLIT
from pearlite.judge.scores import CLASSES
from pearlite.recipes.repeat import repeat_section
from pearlite.recipes.text.pictures import first_pictures
from pearlite.run import TEST, Run
from pearlite.see import page
from pearlite.see.coloured_text import coloured_text
from pearlite.see.html import Html, join, tag
from pearlite.see.numbers import ends, interval, number, percent

AUDIT, EXPLAINED = "audit.json", "explained.json"
LOAD = """
import pearlite as pl

run = pl.load({path!r})
run.apply(["a text", "another one"])  # or a table, or the path of one
"""
SHADES = (
    "Blue words speak for the answer, orange ones against it; the fuller, the more. {how} They say "
    "what this model used, not what makes it true."
)
HOW = {
    True: "A word's worth is that of its terms: coefficient times TF-IDF.",
    False: "A word's worth is by how much the answer falls when it is left out.",
}
SETS = {"binary": ("accuracy", "f1"), "multiclass": ("accuracy", "f1_macro"), "regression": ("r2",)}


def html(run: Run) -> str:
    """Return the page of `run`, made from its folder."""
    test = run.read_json(TEST)
    explained = run.read_json(EXPLAINED)
    found = _audit(run.read_json(AUDIT))
    sections = [
        page.section("", tag("p", test["sentence"]), first_pictures(test, run.result)),
        _numbers(test),
        _words(test, explained),
        *found.sections(),
        page.section("To keep in mind", page.notes(limits(test, found))),
    ]
    title = f"{test['target']}, predicted from text"
    return page.page(title, _subtitle(run, test), *sections, repeat_section(run))


def rows(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first: one line a model."""
    return _scores(run.read_json(TEST))


def card(run: Run) -> str:
    """Return the model card, as Markdown."""
    test = run.read_json(TEST)
    own = test["models"][test["chosen"]]
    others = {name: other for name, other in test["models"].items() if other is not own}
    return model_card(
        f"{test['target']}, predicted from text",
        about=f"Predicts {test['target']} from {', '.join(test['text'])}. {test['sentence']}",
        network=own["title"],
        data=run.record["inputs"],
        split=Split.load(run.path / SPLIT),
        seed=run.seed,
        metrics={
            score["title"]: Interval(score["value"], *ends(score))
            for score in own["metrics"].values()
            if score["value"] is not None
        },
        baselines={
            other["title"]: {
                score["title"]: score["value"]
                for score in other["metrics"].values()
                if score["value"] is not None
            }
            for other in others.values()
        },
        limits=limits(test, _audit(run.read_json(AUDIT))),
        load=LOAD.format(path=str(run.path)),
        looks=test["looks"],
    )


def limits(test: dict[str, Any], found: Audit) -> list[str]:
    """Return sentences on what the scores hold for, and for what they do not."""
    said = []
    if found.grave:
        said.append(f"--force was given although: {found.grave[0].what}")
    said += [test["split"], test["looks_sentence"], *test["notes"]]
    note = test["models"][test["chosen"]]["metrics"][test["metric"]]["note"]
    said += [note] if note else []
    said.append(
        "Every model learned from the training part; strengths, the end of learning, calibration "
        "and the model itself were chosen on the validation part, whose scores therefore flatter."
    )
    said.append("The scores hold for texts from the same sources.")
    return said


def _numbers(test: dict[str, Any]) -> Html:
    head, *lines = _scores(test)
    own = test["models"][test["chosen"]]["metrics"][test["metric"]]
    looked = "looked at once" if test["looks"] == 1 else f"looked at {test['looks']} times"
    cards = [
        (own["title"].capitalize(), number(own["value"]), f"95 % interval {interval(own)}"),
        ("Withheld texts", f"{test['rows']['test']:,}", looked),
    ]
    if coverage := test.get("coverage"):
        between = f"{percent(coverage['low'])} to {percent(coverage['high'])}"
        note = f"of the withheld truths (95 % interval {between})"
        cards.append(
            (f"{percent(coverage['nominal'])} intervals hold", percent(coverage["value"]), note)
        )
    verdicts = [
        page.verdict(other["compared"]["verdict"], other["compared"]["sentence"])
        for other in test["models"].values()
        if "compared" in other
    ]
    return page.section("In numbers", page.tiles(cards), page.table(lines, head), *verdicts)


def _scores(test: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a line a model: the metric in validation and test with its interval, two more."""
    title = test["models"][test["chosen"]]["metrics"][test["metric"]]["title"]
    further = [name for name in SETS[test["goal"]] if name != test["metric"]]
    named = [test["models"][test["chosen"]]["metrics"][name]["title"] for name in further]
    lines = [("on the test part", title, "95 % interval", *named, "in validation", "CPU s")]
    for name, model in test["models"].items():
        scores = model["metrics"]
        own = scores[test["metric"]]
        lines.append(
            (
                f"{model['title']} (chosen)" if name == test["chosen"] else model["title"],
                number(own["value"]),
                interval(own),
                *(f"{number(scores[f]['value'])} ({interval(scores[f])})" for f in further),
                number(model["validation"]),
                f"{model['seconds']:.0f}",
            )
        )
    return lines


def _words(test: dict[str, Any], explained: dict[str, Any]) -> Html:
    linear = test["chosen"] in ("words", "characters")
    shown = [_shown(one, test) for one in explained["texts"]]
    tables = [
        tag(
            "div",
            tag("h3", f"for {side}"),
            page.table(
                [(w["word"], f"{w['worth']:+.3g}", str(w["texts"])) for w in words],
                ("word", "worth, mean", "texts"),
            ),
        )
        for side, words in explained["strongest"].items()
        if words
    ]
    return page.section(
        "The words that decided",
        tag("p", SHADES.format(how=HOW[linear])),
        *shown,
        page.details(
            "The words that add most, over texts of the validation part", page.side_by_side(*tables)
        ),
    )


def _shown(one: dict[str, Any], test: dict[str, Any]) -> Html:
    sure = "" if one["share"] is None else f" with a probability of {percent(one['share'])}"
    value = one["prediction"] if test["goal"] in CLASSES else number(one["prediction"])
    truth = one["truth"] if test["goal"] in CLASSES else number(one["truth"])
    heading = f"{one['kind'].capitalize()}: {test['target']} {value}{sure}; in truth {truth}."
    text = coloured_text(one["text"] + (" …" if one["cut"] else ""), one["words"])
    return join(tag("p", tag("strong", heading)), text)


def _subtitle(run: Run, test: dict[str, Any]) -> str:
    when = datetime.fromisoformat(run.record["created"]).strftime("%d %B %Y, %H:%M")
    size = f"{sum(test['rows'].values()):,} texts"
    if test["unlabelled"]:
        size += f" and {test['unlabelled']:,} without a label"
    return " · ".join(["pearlite text", when, run.inputs[0].name, size])


def _audit(facts: dict[str, Any]) -> Audit:
    """Return the audit that wrote its facts into the run."""
    names = ("kind", "grave", "what", "count", "declare")
    findings = tuple(
        Finding(**{name: known[name] for name in names}, where=tuple(known["where"]))
        for known in facts["findings"]
    )
    overview = tuple(tuple(row) for row in facts["overview"])
    return Audit(facts["subject"], facts["size"], findings, overview)
