"""The parts of a report: one self-contained page that asks the network for nothing.

Style and behaviour live in ``page.css`` and ``page.js`` beside this file and are put inside the
page; those of a viewer of volumes only where there is one. Its Content-Security-Policy allows these
scripts, data URIs and no connection at all.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

from pearlite.see.html import Html, join, tag

_STATES = {
    "passed": "good",
    "failed": "bad",
    "cannot tell": "unsure",
    "better": "good",
    "worse": "bad",
    "tie": "unsure",
}

_PARTS = {'class="volume"': "volume_viewer"}  # what else a page needs, by markup that needs it


def page(title: str, subtitle: Any, *sections: Html) -> str:
    """Return the whole document.

    Parameters
    ----------
    title
        Heading and window title.
    subtitle
        One line under the heading.
    *sections
        Parts made by `section`, in reading order.
    """
    names = ["page", *(name for mark, name in _PARTS.items() if any(mark in s for s in sections))]
    style = "".join(_asset(f"{name}.css") for name in names)
    scripts = [_asset(f"{name}.js") for name in names]
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src {allowed}; base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(style)),
    )
    header = tag("header", tag("h1", title), tag("p", subtitle, class_="subtitle"))
    tags = (tag("script", Html(script)) for script in scripts)
    body = tag("body", tag("main", header, *sections), *tags)
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def section(title: str, *children: Any) -> Html:
    """Return a part of the page under a heading; an empty `title` gives none."""
    return tag("section", tag("h2", title) if title else None, *children)


def compare(before: str, after: str, shape: tuple[int, int], caption: Any, **options: Any) -> Html:
    """Return two pictures of the same thing with a divider to drag between them.

    Parameters
    ----------
    before, after
        Data URIs; `before` lies left of the divider.
    shape
        Height and width of both, in pixels.
    caption
        What to see.
    **options
        ``labels`` (two words, before and after) and ``exact`` (show pixels as squares).
    """
    left, right = options.get("labels", ("noisy", "denoised"))
    height, width = shape
    ratio = f"--ratio:{width / height:.4f};aspect-ratio:{width}/{height}"
    slider = tag(
        "input",
        type="range",
        min=0,
        max=100,
        step=1,
        value=50,
        aria_label=f"Divider: {left} on the left, {right} on the right",
    )
    frame = tag(
        "div",
        tag("img", src=after, alt=right, draggable="false"),
        tag("img", src=before, alt=left, draggable="false", class_="before"),
        tag("span", class_="divider", aria_hidden="true"),
        tag("span", left, class_="label left", aria_hidden="true"),
        tag("span", right, class_="label right", aria_hidden="true"),
        slider,
        class_="compare exact" if options.get("exact") else "compare",
        style=ratio,
    )
    return tag("figure", frame, tag("figcaption", caption))


def picture(
    uri: str, shape: tuple[int, int], alt: str, caption: Any, *, exact: bool = True
) -> Html:
    """Return one picture with its caption.

    Parameters
    ----------
    uri
        Data URI.
    shape
        Height and width in pixels.
    alt
        What the picture shows, for those who cannot see it.
    caption
        What to look at.
    exact
        Show pixels as squares, as a measurement wants it; a drawing is smoothed instead.
    """
    height, width = shape
    style = f"--ratio:{width / height:.4f};aspect-ratio:{width}/{height}"
    image = tag("img", src=uri, alt=alt, class_="exact" if exact else None)
    return tag("figure", tag("div", image, class_="frame", style=style), tag("figcaption", caption))


def side_by_side(*parts: Html) -> Html:
    """Return parts beside each other where there is room, else below each other."""
    return tag("div", *parts, class_="columns")


def tiles(facts: Iterable[tuple[str, Any, Any]]) -> Html:
    """Return large numbers: (what it is, the number, what to know about it) each."""
    cards = [
        tag("div", tag("dt", name), tag("dd", value), tag("p", note) if note else None)
        for name, value, note in facts
    ]
    return tag("dl", *cards, class_="tiles")


def badge(state: str) -> Html:
    """Return a state in its colour: passed, failed, cannot tell; or better, worse, tie."""
    return tag("strong", state, class_=f"badge {_STATES[state]}")


def verdict(state: str, sentence: Any) -> Html:
    """Return a badge with its reason."""
    return tag("p", badge(state), " ", sentence, class_="verdict")


def notes(sentences: Sequence[Any]) -> Html:
    """Return caveats as a list."""
    return tag("ul", *(tag("li", sentence) for sentence in sentences), class_="notes")


def table(rows: Iterable[Sequence[Any]], head: Sequence[Any] = ()) -> Html:
    """Return a table that scrolls sideways on a narrow screen; first cells name their row."""
    top = tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in head)))
    lines = [
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:]))
        for row in rows
    ]
    whole = tag("table", top if head else None, tag("tbody", *lines))
    return tag("div", whole, class_="scroll")


def code(text: str) -> Html:
    """Return a command or a hash in fixed-width type."""
    return tag("code", text)


def details(summary: str, *children: Any) -> Html:
    """Return a part that opens on a click."""
    return tag("details", tag("summary", summary), join(*children))


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _asset(name: str) -> str:
    return files("pearlite.see").joinpath(name).read_text(encoding="utf-8")
