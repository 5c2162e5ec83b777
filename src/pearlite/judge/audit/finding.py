"""What an audit answers with: findings, how much each inflates a score, what to declare."""

from dataclasses import dataclass
from typing import Any

from pearlite.judge.interval import Interval
from pearlite.provenance import plain
from pearlite.see.html import Html

HEAD = ("finding", "what", "inflation, measured", "declare")


@dataclass(frozen=True)
class Inflation:
    """A score measured twice: as the data are, and with the finding taken care of.

    Parameters
    ----------
    metric
        What was measured: ``"mae"``, ``"accuracy"`` …
    as_is, honest
        The score and its 95 % interval, in the metric's unit.
    as_is_name, honest_name
        How each was made: ``"random split"``, ``"grouped by mix"``.
    real
        Whether the difference is larger than chance explains.
    """

    metric: str
    as_is: Interval
    honest: Interval
    as_is_name: str
    honest_name: str
    real: bool

    @property
    def sentence(self) -> str:
        """Both scores, such as ``"mae: random split 2.88, grouped by mix 4.18"``."""
        said = (
            f"{self.metric}: {self.as_is_name} {self.as_is.value:.3g}, "
            f"{self.honest_name} {self.honest.value:.3g}"
        )
        return said if self.real else f"{said}: a tie"


@dataclass(frozen=True)
class Finding:
    """One thing that an honest result has to know about the data.

    Parameters
    ----------
    kind
        A short name: ``"hidden group"``, ``"exact duplicates"``, ``"target in disguise"`` …
    grave
        True if an honest test is impossible until something is declared.
    what
        One sentence for people, with what was measured.
    where
        A few of the rows, columns or files concerned, named.
    count
        How many there are in all.
    inflation
        How much it changes a score; ``None`` where that was not, or cannot be, measured.
    declare
        The option to type, such as ``--group "all but Age"``; empty if nothing is to be declared.
    """

    kind: str
    grave: bool
    what: str
    where: tuple[str, ...] = ()
    count: int = 0
    inflation: Inflation | None = None
    declare: str = ""


@dataclass(frozen=True)
class Audit:
    """All findings about one set of data, the gravest first.

    Parameters
    ----------
    subject
        What was looked at: a file's name, ``"table"``, ``"images"``.
    size
        How large it is, in words: ``"1030 rows × 9 columns"``.
    findings
        In the order in which they should be read.
    overview
        A table, its head first, of what there is (columns or classes); empty if there is none.
    """

    subject: str
    size: str
    findings: tuple[Finding, ...]
    overview: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "findings", tuple(sorted(self.findings, key=lambda f: not f.grave))
        )

    @property
    def grave(self) -> tuple[Finding, ...]:
        """The findings that make an honest test impossible until declared."""
        return tuple(finding for finding in self.findings if finding.grave)

    @property
    def verdict(self) -> str:
        """One sentence: whether an honest test is possible as the data are."""
        if not self.findings:
            return "Nothing was found that would make a test dishonest."
        if self.grave:
            declared = list(dict.fromkeys(f.declare for f in self.grave if f.declare))
            asked = f": declare {declared[0]}" if declared else "; mend the data first"
            more = " Then audit again: more was found." if len(declared) > 1 else ""
            return f"An honest test is not possible as the data are{asked}.{more}"
        return "Nothing grave was found; read the notes."

    def table(self) -> list[tuple[str, ...]]:
        """Return rows for the terminal, the head first."""
        rows = [_row(finding) for finding in self.findings]
        return [HEAD, *(rows or [("nothing", self.verdict, "", "")])]

    def facts(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "subject": self.subject,
            "size": self.size,
            "verdict": self.verdict,
            "findings": [
                plain(finding)
                | {"sentence": finding.inflation.sentence if finding.inflation else None}
                for finding in self.findings
            ],
            "overview": plain(self.overview),
        }

    def sections(self) -> list[Html]:
        """Return the parts of a report page that show this audit."""
        from pearlite.judge.audit.page import sections

        return sections(self)

    def page(self) -> str:
        """Return a whole page of its own."""
        from pearlite.judge.audit.page import page

        return page(self)


def _row(finding: Finding) -> tuple[str, ...]:
    inflation = finding.inflation.sentence if finding.inflation else ""
    kind = f"{finding.kind} !" if finding.grave else finding.kind
    return (kind, finding.what, inflation, finding.declare)
