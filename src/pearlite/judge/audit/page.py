"""The page of an audit: what was found, what it costs, what to declare."""

from typing import TYPE_CHECKING

from pearlite.see import page as pages
from pearlite.see.html import Html, join, tag

if TYPE_CHECKING:
    from pearlite.judge.audit.finding import Audit, Finding


def page(audit: "Audit") -> str:
    """Return the whole document."""
    return pages.page(
        f"Audit of {audit.subject}", f"pearlite audit · {audit.size}", *sections(audit)
    )


def sections(audit: "Audit") -> list[Html]:
    """Return the parts: verdict with the findings, then the overview."""
    state = "failed" if audit.grave else "passed"
    parts = [pages.verdict(state, audit.verdict)]
    if audit.findings:
        head = ("finding", "what", "inflation, measured", "declare")
        parts.append(pages.table([_row(finding) for finding in audit.findings], head))
    shown = [pages.section("Can it be tested honestly?", *parts)]
    if audit.overview:
        head, *rows = audit.overview
        shown.append(pages.section("What there is", pages.table(rows, head)))
    return shown


def _row(finding: "Finding") -> tuple[Html | str, ...]:
    where = ", ".join(finding.where) + (" …" if finding.count > len(finding.where) else "")
    what = join(finding.what, tag("br"), tag("small", where)) if where else finding.what
    kind = tag("strong" if finding.grave else "span", finding.kind, style="overflow-wrap:normal")
    inflation = finding.inflation
    measured = (
        join(
            inflation.sentence,
            tag("br"),
            tag(
                "small",
                f"95 % intervals {inflation.as_is.low:.3g} to {inflation.as_is.high:.3g} and "
                f"{inflation.honest.low:.3g} to {inflation.honest.high:.3g}",
            ),
        )
        if inflation
        else ""
    )
    return (kind, what, measured, pages.code(finding.declare) if finding.declare else "")
