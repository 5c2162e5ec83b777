"""The page of a table's run: pictures first, then numbers, then caveats."""

from datetime import datetime
from typing import Any

from pearlite.card import model_card
from pearlite.data.split import Split
from pearlite.judge.audit.finding import Audit, Finding, Inflation
from pearlite.judge.interval import Interval
from pearlite.judge.looks import SPLIT
from pearlite.judge.scores import CLASSES
from pearlite.recipes.repeat import repeat_section
from pearlite.recipes.tabular.pictures import (
    first_pictures,
    importance_pictures,
    more_data_picture,
)
from pearlite.run import TEST, Run
from pearlite.see import page
from pearlite.see.html import Html, tag
from pearlite.see.numbers import ends, interval, number, percent

AUDIT, EXPLAINED = "audit.json", "explained.json"
MADE = (
    "Each learner predicted rows that it had not been fitted to, split as the test part is; those "
    "whose mixture did best there were blended (non-negative least squares) and fitted to all "
    "rows but the test part."
)
LOAD = """
import pearlite as pl

run = pl.load({path!r})
run.apply("new.csv")  # or a DataFrame
"""


def html(run: Run) -> str:
    """Return the page of `run`, made from its folder."""
    test = run.read_json(TEST)
    explained = run.read_json(EXPLAINED) if (run.path / EXPLAINED).exists() else None
    title = f"{test['target']}, predicted"
    sections = [page.section("", first_pictures(test, run.result)), _numbers(test)]
    if explained:
        if explained["importance"]["names"]:
            pictures = importance_pictures(test, explained)
            sections.append(page.section("What it leans on", pictures))
        if explained["more_data"]:
            sections.append(_more_data(explained["more_data"]))
    found = _audit(run.read_json(AUDIT))
    sections += [_members(test), *found.sections(), _caveats(run, test, found)]
    return page.page(title, _subtitle(run, test), *sections, repeat_section(run))


def rows(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first: one line a metric, the model beside the baselines."""
    return _scores(run.read_json(TEST))


def card(run: Run) -> str:
    """Return the model card, as Markdown."""
    test = run.read_json(TEST)
    found = _audit(run.read_json(AUDIT))
    members = ", ".join(f"{name} {share:.0%}" for name, share in test["members"].items())
    return model_card(
        f"{test['target']}, predicted",
        about=f"Predicts {test['target']} from {test['columns']} columns of a table.",
        network=f"a blend: {members}",
        data=run.record["inputs"],
        split=Split.load(run.path / SPLIT),
        seed=run.seed,
        metrics={
            own["title"]: Interval(own["value"], *ends(own))
            for own in test["metrics"].values()
            if own["value"] is not None
        },
        baselines={
            name: {m["title"]: m["value"] for m in other.values() if m["value"] is not None}
            for name, other in test["baselines"].items()
        },
        limits=_limits(run, test, found),
        load=LOAD.format(path=str(run.path)),
        looks=test["looks"],
    )


def _numbers(test: dict[str, Any]) -> Html:
    own = test["metrics"][test["metric"]]
    beside = ", ".join(
        f"{name} {number(other[test['metric']]['value'])}"
        for name, other in test["baselines"].items()
    )
    cards = [
        (
            own["title"].capitalize(),
            number(own["value"]),
            f"95 % interval {interval(own)}; {beside}",
        )
    ]
    if coverage := test.get("coverage"):
        cards.append(
            (
                f"{percent(coverage['nominal'])} intervals hold",
                percent(coverage["value"]),
                f"of the withheld truths (95 % interval {percent(coverage['low'])} to "
                f"{percent(coverage['high'])}); they are {number(coverage['width'])} wide on "
                "average",
            )
        )
    looked = "looked at once" if test["looks"] == 1 else f"looked at {test['looks']} times"
    groups = f"in {own['units']} of {test['groups']:,} groups; " if test["groups"] else ""
    cards.append(("Withheld rows", f"{test['rows']['test']:,}", f"{groups}{looked}"))
    outside = percent(test["outside_domain"])
    cards.append(
        ("Outside the domain", outside, "of the withheld rows are unlike those trained on")
    )
    head, *lines = _scores(test)
    verdicts = [
        page.verdict(found["verdict"], found["sentence"]) for found in test["compared"].values()
    ]
    return page.section("In numbers", page.tiles(cards), page.table(lines, head), *verdicts)


def _scores(test: dict[str, Any]) -> list[tuple[str, ...]]:
    others = test["baselines"]
    lines = [
        (
            own["title"],
            number(own["value"]),
            interval(own),
            *(number(other[name]["value"]) for other in others.values()),
        )
        for name, own in test["metrics"].items()
    ]
    if coverage := test.get("coverage"):
        title = f"coverage of {percent(coverage['nominal'])} intervals"
        blank = ("" for _ in others)
        lines.append((title, number(coverage["value"]), interval(coverage), *blank))
    return [("on the test part", "model", "95 % interval", *others), *lines]


def _more_data(curve: dict[str, Any]) -> Html:
    words = tag(
        "div",
        tag("p", curve["sentence"]),
        tag(
            "p",
            "Measured with the quick portfolio on the validation part, after training on parts of "
            "the training part.",
            class_="subtitle",
        ),
    )
    return page.section("Would more rows help?", page.side_by_side(more_data_picture(curve), words))


def _members(test: dict[str, Any]) -> Html:
    lines = [(name, percent(share)) for name, share in test["members"].items()]
    table = page.table(lines, ("member", "share"))
    return page.section("The model", tag("p", MADE), page.details("Members of the blend", table))


def _caveats(run: Run, test: dict[str, Any], found: Audit) -> Html:
    return page.section("To keep in mind", page.notes(_limits(run, test, found)))


def _limits(run: Run, test: dict[str, Any], found: Audit) -> list[str]:
    """Return sentences on what the scores hold for, and for what they do not."""
    sentences = []
    if found.grave:
        sentences.append(
            f"--force was given although an honest test is not possible: {found.grave[0].what}"
        )
    if test["stopped"]:
        why = {"minutes": "the time was up", "interrupt": "it was stopped"}[test["stopped"]]
        sentences.append(f"Not every learner of the portfolio was tried: {why}.")
    sentences += [test["split"], test["looks_sentence"], *test["notes"]]
    own = test["metrics"][test["metric"]]
    if own["note"]:
        sentences.append(own["note"])
    if test["goal"] not in CLASSES:
        sentences.append(
            "Intervals were calibrated once, on rows that the models had not seen, split as the "
            "test part is; they hold on average, not for every kind of row."
        )
    sentences.append(
        "Rows unlike the training part are marked outside_domain; predictions for them are guesses."
    )
    return sentences


def _subtitle(run: Run, test: dict[str, Any]) -> str:
    when = datetime.fromisoformat(run.record["created"]).strftime("%d %B %Y, %H:%M")
    count = sum(test["rows"].values())
    size = f"{count:,} rows, {test['columns']} input column{'s' * (test['columns'] > 1)}"
    return " · ".join(["pearlite tabular", when, run.inputs[0].name, size])


def _audit(facts: dict[str, Any]) -> Audit:
    """Return the audit that wrote its facts into the run."""
    findings = tuple(
        Finding(
            kind=known["kind"],
            grave=known["grave"],
            what=known["what"],
            where=tuple(known["where"]),
            count=known["count"],
            inflation=_inflation(known["inflation"]),
            declare=known["declare"],
        )
        for known in facts["findings"]
    )
    overview = tuple(tuple(row) for row in facts["overview"])
    return Audit(facts["subject"], facts["size"], findings, overview)


def _inflation(known: dict[str, Any] | None) -> Inflation | None:
    if known is None:
        return None
    intervals: dict[str, Any] = {
        name: Interval(*(known[name][end] for end in ("value", "low", "high")))
        for name in ("as_is", "honest")
    }
    return Inflation(**{**known, **intervals})
