"""The page of a language run: how it writes, then numbers, then caveats."""

from datetime import datetime
from typing import Any

from pearlite.folders import read_json
from pearlite.recipes.language.coloured import SAID, coloured
from pearlite.recipes.language.files import ATTENTION, SAMPLES, SURPRISE, history_of
from pearlite.recipes.language.samples import read_samples
from pearlite.recipes.language.tuned import BEFORE
from pearlite.recipes.repeat import repeat_section
from pearlite.run import TEST, Run
from pearlite.see import page
from pearlite.see.curves import training_section
from pearlite.see.figure import framed
from pearlite.see.html import Html, tag

LAST = 3  # samples that the page shows at once; the others are behind a click
_TITLES = {"bits_per_byte": "bits per byte", "perplexity": "perplexity, per token"}


def html(run: Run) -> str:
    """Return the page of `run`, made from its folder."""
    test = run.read_json(TEST)
    learned = (
        "Training and validation loss in nats a token; validation on windows that are spread over "
        f"its part. {test['diagnosis']}"
    )
    name = run.inputs[0].name if len(run.inputs) == 1 else f"{len(run.inputs)} files"
    causal = test["objective"] == "causal"
    sections = [
        _written(run, causal),
        _surprise(run, causal),
        _attention(run),
        _numbers(test),
        training_section(history_of(run), learned),
        _caveats(run, test),
    ]
    title = f"{name}, {'written on' if causal else 'filled in'}"
    return page.page(title, _subtitle(run, test), *filter(None, sections), repeat_section(run))


def rows(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first: one line a metric, the network beside counting."""
    return _scores(run.read_json(TEST))


def _written(run: Run, causal: bool) -> Html:
    samples = read_samples(run.path / SAMPLES)
    pictured = [
        tag("figure", tag("pre", text), tag("figcaption", title)) for title, text in samples
    ]
    newest, earlier = pictured[-LAST:], pictured[:-LAST]
    before = page.details("What it wrote while it learned", *earlier) if earlier else None
    title = "What it writes" if causal else "What it fills in"
    return page.section(title, page.side_by_side(*newest), before)


def _surprise(run: Run, causal: bool) -> Html:
    tokens = read_json(run.path / SURPRISE)
    said = (
        "The beginning of the withheld text"
        + ("" if causal else ", each token hidden in turn")
        + f". {SAID}"
    )
    return page.section("What surprises it", coloured(tokens), tag("p", said, class_="subtitle"))


def _attention(run: Run) -> Html | None:
    path = run.path / ATTENTION
    if not path.is_file():
        return None
    picture = framed(
        path.read_bytes(),
        "attention maps",
        "How much each token (row) takes from each (column) in the first tokens of the withheld "
        "text; brightest: half of it or more.",
    )
    return page.section("Where it looks", picture)


def _numbers(test: dict[str, Any]) -> Html:
    head, *lines = _scores(test)
    own = test["metrics"][test["metric"]]
    others = ", ".join(
        f"{name} {_number(known[test['metric']]['value'])}"
        for name, known in test["baselines"].items()
    )
    cards = [
        (
            _TITLES[test["metric"]].capitalize(),
            _number(own["value"]),
            f"95 % interval {_interval(own)}; {others}",
        ),
        (
            "Withheld",
            f"{test['measured']:,} tokens",
            f"of {test['tokens']['test']:,} were measured; looked at "
            + ("once" if test["looks"] == 1 else f"{test['looks']} times"),
        ),
        (
            "Network",
            f"{test['parameters']:,}",
            f"parameters; sees {test['context']:,} tokens of {test['vocabulary']:,} kinds",
        ),
        (
            "Learned in",
            f"{test['steps']:,} steps",
            f"{test['steps'] / test['epoch']:.2g} times through {test['tokens']['train']:,} tokens",
        ),
    ]
    if "right" in test:
        cards.append(("Right at once", f"{test['right']:.1%}", "of the hidden tokens"))
    verdicts = [
        page.verdict(found["verdict"], found["sentence"]) for found in test["compared"].values()
    ]
    return page.section("In numbers", page.tiles(cards), page.table(lines, head), *verdicts)


def _scores(test: dict[str, Any]) -> list[tuple[str, ...]]:
    lines = [
        (
            _TITLES[name],
            _number(own["value"]),
            _interval(own),
            *(_number(other[name]["value"]) for other in test["baselines"].values()),
        )
        for name, own in test["metrics"].items()
    ]
    return [("on the withheld text", "network", "95 % interval", *test["baselines"]), *lines]


def _caveats(run: Run, test: dict[str, Any]) -> Html:
    metric = test["metrics"][test["metric"]]
    worse = [
        f"The {name} is as good or better: fine-tuning brought nothing; keep that one."
        if name == BEFORE
        else f"The {name} is as good or better: counting {test['tokens']['train']:,} tokens beats "
        "this network; let it learn longer, or take the n-gram."
        for name, found in test["compared"].items()
        if found["verdict"] != "better"
    ]
    counted = []
    if "instructions" not in test:
        counted = [
            "The n-grams count the training part (Witten-Bell, order chosen on the validation)."
        ]
    if test["objective"] == "masked":
        counted += ["They see the true text to the left of a hidden token, none to the right."]
    said = [
        *worse,
        test["split"],
        test["looks_sentence"],
        *counted,
        *([metric["note"]] if metric["note"] else []),
        *test["notes"],
        "A network repeats what it has read, true or not, and may repeat it word for word.",
    ]
    return page.section("To keep in mind", page.notes(said))


def _subtitle(run: Run, test: dict[str, Any]) -> str:
    when = datetime.fromisoformat(run.record["created"]).strftime("%d %B %Y, %H:%M")
    size = f"{test['documents']:,} document{'s' * (test['documents'] > 1)}"
    parts = ["pearlite language", when, f"{test['model']}, {test['objective']}", size]
    return " · ".join([*parts, f"{test['characters']:,} characters"])


def _interval(known: dict[str, Any]) -> str:
    ends = [known["low"], known["high"]]
    return "not known" if None in ends else " to ".join(_number(end) for end in ends)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
