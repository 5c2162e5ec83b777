"""What the guide answers with: a row of the field guide, filled in with what was seen."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pearlite.fieldguide.field_guide import FIELD_GUIDE, Row
from pearlite.provenance import plain
from pearlite.recipes import TASKS

HEAD = ("question", "answer")
_ALWAYS = ("guide", "audit", "lecture", "trace")  # commands that are no tasks


@dataclass(frozen=True)
class Seen:
    """What was seen in the data.

    Parameters
    ----------
    kind
        A row of `FIELD_GUIDE`.
    given
        What it is, in words with numbers.
    names
        What fills the templates of commands.
    notes
        What else was noticed and matters.
    parts
        For several sets of data: what each holds, by its path.
    """

    kind: str
    given: str
    names: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    parts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Guide:
    """What some data is, and what to do with it.

    Parameters
    ----------
    kind
        The row of the field guide.
    given
        What the data is.
    goal, task, model, why
        The question, the task's name, the model that is recommended for it, and the reason.
    assumes
        What has to hold.
    commands
        What to type; these work in this version.
    later
        What this version does not do yet; empty if it does what is recommended.
    others
        Other questions to the same data, with what answers them.
    notes
        What was noticed.
    parts
        For several sets of data: what each holds, by its path.
    """

    kind: str
    given: str
    goal: str
    task: str
    model: str
    why: str
    assumes: tuple[str, ...]
    commands: tuple[str, ...]
    later: str
    others: tuple[str, ...]
    notes: tuple[str, ...]
    parts: dict[str, str]

    def table(self) -> list[tuple[str, ...]]:
        """Return rows for the terminal, the head first."""
        if self.parts:
            return [("set", "what it is"), *self.parts.items(), *_rows("type", self.commands)]
        return [
            HEAD,
            ("what it is", self.given),
            *_rows("noticed", self.notes),
            ("question", self.goal),
            ("task", self.task),
            ("model", self.model),
            ("why", self.why),
            *_rows("it assumes", self.assumes),
            *_rows("type", self.commands),
            *_rows("not yet", (self.later,) if self.later else ()),
            *_rows("other questions", self.others),
        ]

    def facts(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return plain(self)


def answer(seen: Seen) -> Guide:
    """Return the row of the field guide that fits what was seen, filled in."""
    row = FIELD_GUIDE[seen.kind]
    commands, later = _commands(row, seen)
    return Guide(
        kind=seen.kind,
        given=seen.given,
        goal=row.goal,
        task=row.task,
        model=row.model,
        why=row.why,
        assumes=row.assumes,
        commands=commands,
        later=later,
        others=tuple(f"{other.when}: {other.model} ({_named(other.task)})" for other in row.others),
        notes=seen.notes,
        parts=seen.parts,
    )


def quoted(path: Path | str) -> str:
    """Return a path or a name as a shell takes it."""
    return shlex.quote(str(path))


def works(task: str) -> bool:
    """Tell whether this version has the command."""
    return task in TASKS or task in _ALWAYS


def _commands(row: Row, seen: Seen) -> tuple[tuple[str, ...], str]:
    if seen.parts:
        return tuple(row.command.format(data=quoted(path)) for path in seen.parts), ""
    typed = [_filled(template, seen.names) for template in row.today]
    wanted = _filled(row.command, seen.names)
    if works(row.task):
        typed.append("" if row.task == "tabular" and "target" not in seen.names else wanted)
    commands = dict.fromkeys(one for one in typed if one and works(one.split()[1]))
    return tuple(commands), "" if works(row.task) else f"{wanted} (not in this version)"


def _filled(template: str, names: dict[str, str]) -> str:
    """Fill a template; an option whose value is not known is left out.

    Empty where what is not known is no option's value.
    """
    words, kept = template.split(), []
    for word in words:
        if word.startswith("{") and word[1:-1] not in names:
            if not kept[-1].startswith("--"):
                return ""
            kept.pop()
            continue
        kept.append(word.format(**names))
    return " ".join(kept)


def _named(task: str) -> str:
    return f"pearlite {task}" if works(task) else f"pearlite {task}: not in this version"


def _rows(title: str, cells: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(title if number == 0 else "", cell) for number, cell in enumerate(cells)]
