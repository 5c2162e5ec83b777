"""A worked example as a page: what is asked, pictures, a few plain sentences, the numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from pearlite.data.disk import replacing
from pearlite.folders import write_json, write_text
from pearlite.lecture import PAGES
from pearlite.see import page as parts
from pearlite.see.figure import framed, png
from pearlite.see.html import Html, join, tag


@dataclass(frozen=True)
class Picture:
    """A figure that is written as ``NAME.png`` and shown inside the page.

    Parameters
    ----------
    name
        Of the file, without its suffix; the page's first picture is called ``figure``.
    figure
        Made by `pearlite.see.style.panels`.
    alt
        What the figure shows, for those who cannot see it.
    caption
        What to look at.
    """

    name: str
    figure: Figure
    alt: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of a page under a heading: sentences, pictures, or what `pearlite.see.page` makes."""

    heading: str
    parts: Sequence[str | Picture | Html]


@dataclass
class Page:
    """One worked example.

    Parameters
    ----------
    name
        Its module in `pearlite.lecture`; the title comes from `PAGES`.
    question
        What the page finds out, in one sentence.
    sections
        In reading order. A plain string becomes a paragraph.
    numbers
        Everything that the page claims, measured in this run; goes to numbers.json.
    seed
        What the run was seeded with.
    """

    name: str
    question: str
    sections: Sequence[Section]
    numbers: dict[str, Any]
    seed: int = 0
    pictures: dict[str, bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.pictures = {
            part.name: png(part.figure)
            for section in self.sections
            for part in section.parts
            if isinstance(part, Picture)
        }

    @property
    def title(self) -> str:
        """The page's title in the lecture."""
        return PAGES[self.name]

    def write(self, folder: Path) -> "Page":
        """Write index.html, the pictures as PNG and numbers.json; return the page itself."""
        for name, content in self.pictures.items():
            with replacing(folder / f"{name}.png") as hidden:
                hidden.write_bytes(content)
        write_json(folder / "numbers.json", {"seed": self.seed, **self.numbers})
        write_text(folder / "index.html", self.html())
        return self

    def html(self) -> str:
        """Return the page, with its pictures inside."""
        sections = [
            parts.section(section.heading, *(self._shown(part) for part in section.parts))
            for section in self.sections
        ]
        command = parts.code(f"pearlite lecture {self.name} --seed {self.seed}")
        source = parts.code(f"src/pearlite/lecture/{self.name}.py")
        again = parts.section("", tag("p", "Made by ", command, "; its code is ", source, "."))
        return parts.page(self.title, self.question, *sections, again)

    def _shown(self, part: str | Picture | Html) -> Html:
        if isinstance(part, Picture):
            return framed(self.pictures[part.name], part.alt, part.caption)
        return part if isinstance(part, Html) else tag("p", part)


def write_index(pages: Sequence[Page], folder: Path) -> None:
    """Write the index.html of a folder that holds each page in a folder of its name."""
    sections = []
    for number, page in enumerate(pages, start=1):
        link = tag("a", page.title, href=f"{page.name}/index.html")
        first = next(iter(page.pictures.values()))
        shown = framed(first, page.title, page.question)
        sections.append(parts.section(join(f"{number}. ", link), shown))
    subtitle = "x → f(x; θ) → ŷ, L(ŷ, y), update θ: the worked examples, in order."
    write_text(folder / "index.html", parts.page("The lecture, run", subtitle, *sections))
