"""The Run: a folder that holds all that is needed to trust, repeat, resume and apply a result."""

import contextlib
import os
import shlex
import shutil
import time
from collections.abc import Sequence
from datetime import datetime
from inspect import signature
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.read import read
from pearlite.errors import InputError, Refused
from pearlite.folders import RECORD, chosen_folder, new_folder, read_json, write_json, write_text
from pearlite.provenance import fingerprint, hardware, plain, sha256, versions

if TYPE_CHECKING:
    from pandas import DataFrame
    from torch import nn

FORMAT = 1
TEST, PAGE = "test.json", "report.html"
_KEYS = {"format", "task", "status", "options", "seed", "inputs", "results", "failures", "seconds"}


class Stopped(KeyboardInterrupt):
    """The user stopped a run; the message is the command that takes it up again."""


class Run:
    """A result with its history, in a folder.

    Inside a ``with`` block the run is at work: leaving the block marks it done, Ctrl-C marks it
    stopped, and an error before the first finished result takes the folder away again.

    Attributes
    ----------
    path : Path
        The folder.
    record : dict
        What run.json says: task, status, options, seed, inputs with their SHA-256, versions,
        hardware, wall and CPU seconds, command, results and failures by name.
    """

    def __init__(self, path: Path, record: dict[str, Any]) -> None:
        self.path = path
        self.record = record
        self._started: tuple[float, float] | None = None
        self._made_here = False
        self._was_there = False

    @classmethod
    def create(
        cls,
        task: str,
        options: dict[str, Any],
        seed: int,
        inputs: "Sequence[Path | NDArray[Any] | DataFrame]",
        out: str | Path | None = None,
        command: str | None = None,
    ) -> "Run":
        """Make the folder of a new run.

        Parameters
        ----------
        task
            Name of the recipe, such as ``"denoise"``.
        options
            Every option of the fit, as plain values.
        seed
            The one source of randomness.
        inputs
            Files, folders, arrays or tables; their SHA-256 is taken here.
        out
            The folder; ``None`` makes ``runs/TASK-YYYYmmdd-HHMMSS`` in the current one.
        command
            What was typed to get here; ``None`` writes the Python call.

        Raises
        ------
        InputError
            If `out` already holds something, or the folder cannot be made.
        """
        record = {
            "format": FORMAT,
            "task": task,
            "status": "running",
            "created": datetime.now().astimezone().isoformat(timespec="seconds"),
            "command": command or _python_call(task, inputs, options, seed),
            "options": plain(options),
            "seed": seed,
            "inputs": [fingerprint(source) for source in inputs],
            "versions": versions(),
            "hardware": hardware(),
            "seconds": {"wall": 0.0, "cpu": 0.0},
            "results": {},
            "failures": {},
        }
        was_there = out is not None and Path(out).is_dir()
        path = new_folder(Path("runs"), task) if out is None else chosen_folder(out)
        run = cls(path, record)
        run._made_here, run._was_there = True, was_there
        return run

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """Read a run's folder again.

        Raises
        ------
        InputError
            If the folder is missing, is no run, or its run.json is damaged.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise InputError(
                f"{folder} is not a folder; give the folder of a run, such as runs/denoise-…"
            )
        if not (folder / RECORD).is_file():
            raise InputError(
                f"{folder} is not a run: it holds no {RECORD}; give the folder of a run."
            )
        record = read_json(folder / RECORD)
        if not isinstance(record, dict) or not record.keys() >= _KEYS:
            raise InputError(f"{folder / RECORD} is not the record of a run; make the run again.")
        if record["format"] != FORMAT:
            raise InputError(
                f"{folder / RECORD} has format {record['format']!r}, this pearlite reads {FORMAT}; "
                "use the version that wrote it."
            )
        return cls(folder, record)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}: {self.task}, {self.status}, {len(self.results)} results)"

    @property
    def task(self) -> str:
        """Name of the recipe."""
        return self.record["task"]

    @property
    def status(self) -> str:
        """``"running"``, ``"done"`` or ``"stopped"``."""
        return self.record["status"]

    @property
    def options(self) -> dict[str, Any]:
        """Every option of the fit."""
        return self.record["options"]

    @property
    def seed(self) -> int:
        """The one source of randomness."""
        return self.record["seed"]

    @property
    def page(self) -> Path:
        """Path of report.html."""
        return self.path / PAGE

    @property
    def inputs(self) -> list[Path]:
        """Where the inputs lie; an array or table that was given is kept inside the run."""
        return [self.path / entry["path"] for entry in self.record["inputs"]]

    @property
    def results(self) -> dict[str, Path]:
        """The finished results: name → file or folder inside the run."""
        return {name: self._inside(entry["file"]) for name, entry in self.record["results"].items()}

    @property
    def failures(self) -> dict[str, str]:
        """The inputs that gave no result: name → why, in a sentence."""
        return {name: entry["error"] for name, entry in self.record["failures"].items()}

    @property
    def exit_code(self) -> int:
        """0 when every input gave a result, else 2 (an input is wrong) or 3 (refused)."""
        return min((entry["exit_code"] for entry in self.record["failures"].values()), default=0)

    @property
    def test(self) -> dict[str, Any]:
        """What was measured, as test.json says it."""
        return self.read_json(TEST)

    @property
    def result(self) -> Any:
        """The result's array or table, read when asked; for several results a dict by name.

        Raises
        ------
        InputError
            If nothing is finished yet, or the file is gone.
        """
        if not self.results:
            raise InputError(f"{self.path} holds no finished result (it is {self.status}).")
        values = {name: _value(path) for name, path in self.results.items()}
        return next(iter(values.values())) if len(self.record["inputs"]) == 1 else values

    @property
    def model(self) -> "nn.Module":
        """The network that this run has learned, in evaluation mode, read from its folder.

        Raises
        ------
        InputError
            If the run's task gives no network to be called.
        """
        if not hasattr(recipe := self._recipe(), "model"):
            raise InputError(f"a {self.task} run gives no network; use its apply")
        return recipe.model(self)

    def check_inputs(self) -> None:
        """Make sure that the inputs are still those with which the run began.

        Raises
        ------
        InputError
            If one is gone or has changed.
        """
        for path, entry in zip(self.inputs, self.record["inputs"], strict=True):
            if not path.exists():
                raise InputError(f"the input {path} is gone; bring it back to resume.")
            if path.parent != self.path and sha256(path) != entry["sha256"]:
                raise InputError(f"the input {path} has changed; make a new run instead.")

    def apply(self, new: Any, out: str | Path | None = None, **options: Any) -> Any:
        """Use what this run has learned on new data.

        Parameters
        ----------
        new
            An array or a table, or a path, a folder, or a list of either kind.
        out
            Where files go; ``None`` means ``applied/`` inside the run. Unused for arrays and
            tables.
        **options
            What the recipe's own ``apply`` takes.

        Returns
        -------
        array, DataFrame or Path, or a list of them
            Arrays for arrays, tables for tables, paths of the written files for paths.

        Raises
        ------
        InputError
            If the recipe takes no such option.
        """
        return self._recipes("apply", options)(self, new, out, **options)

    def resume(self, **options: Any) -> "Run":
        """Go on where the run stopped: finished results stay, the others are made."""
        return self._recipes("resume", options)(self, **options)

    def report(self) -> Path:
        """Write report.html again from what the folder holds."""
        return self._recipe().report(self)

    def summary(self) -> list[tuple[str, ...]]:
        """Return a table, its head first, of what the run brought."""
        return self._recipe().summary(self)

    def __enter__(self) -> "Run":
        self._started = (time.monotonic(), _cpu_seconds())
        self.record["status"] = "running"
        try:
            self._save()
        except BaseException:
            self._discard_if_empty()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._close("stopped")
            raise Stopped(f"pearlite {self.task} --resume {shlex.quote(str(self.path))}") from error
        if error is None:
            self._close("done")
        elif not self._discard_if_empty():
            with contextlib.suppress(OSError, InputError):  # must not hide what went wrong
                self._close("stopped")

    def finish(self, name: str, file: str, **facts: Any) -> None:
        """Record that the result `name` is complete in `file`, relative to the run's folder."""
        self.record["failures"].pop(name, None)
        self.record["results"][name] = {"file": file, **facts}
        self._save()

    def fail(self, name: str, error: InputError | Refused) -> None:
        """Record that the input `name` gives no result, and why."""
        code = 2 if isinstance(error, InputError) else 3
        self.record["failures"][name] = {"error": str(error), "exit_code": code}
        self._save()

    def write_text(self, name: str, text: str) -> Path:
        """Write a file of the run, whole or not at all."""
        return write_text(self.path / name, text)

    def write_json(self, name: str, value: Any) -> Path:
        """Write a JSON file of the run, whole or not at all."""
        return write_json(self.path / name, value)

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the run.

        Raises
        ------
        InputError
            If it is missing or damaged.
        """
        return read_json(self.path / name)

    def _save(self) -> None:
        self.write_json(RECORD, self.record)

    def _close(self, status: str) -> None:
        if self._started is not None:
            wall, cpu = self._started
            self.record["seconds"]["wall"] += time.monotonic() - wall
            self.record["seconds"]["cpu"] += _cpu_seconds() - cpu
            self._started = None
        self.record["status"] = status
        self.record["hardware"] = hardware()
        self._save()

    def _discard_if_empty(self) -> bool:
        """Take the folder away if this process made it and no result is finished."""
        if not self._made_here or self.record["results"]:
            return False
        shutil.rmtree(self.path, ignore_errors=True)
        if self._was_there:
            self.path.mkdir()
        elif self.path.parent == Path("runs"):
            with contextlib.suppress(OSError):  # other runs are in it
                self.path.parent.rmdir()
        return True

    def _inside(self, file: str) -> Path:
        target = self.path / file
        if not target.resolve().is_relative_to(self.path.resolve()):
            raise InputError(f"{self.path / RECORD} names {file!r}, which is outside the run.")
        return target

    def _recipes(self, verb: str, options: dict[str, Any]) -> Any:
        """Return the recipe's function `verb`, if it takes the options."""
        function = getattr(self._recipe(), verb)
        known = signature(function).parameters
        if surplus := [name for name in options if name not in known]:
            raise InputError(f"{verb} of a {self.task} run takes no {surplus[0]!r}; leave it out.")
        return function

    def _recipe(self) -> Any:
        from pearlite.recipes import recipe  # the one look upstairs: a run knows its recipe by name

        return recipe(self.task)


def _value(path: Path) -> Any:
    """Read a result: the table in a CSV file, a text, else an image's array."""
    if path.suffix == ".txt":
        return path.read_text(encoding="utf-8")
    if path.suffix != ".csv":
        return read(path).array
    import pandas

    return pandas.read_csv(path, keep_default_na=False, na_values=[""])


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _python_call(
    task: str,
    inputs: "Sequence[Path | NDArray[Any] | DataFrame]",
    options: dict[str, Any],
    seed: int,
) -> str:
    sources = [_said(source) for source in inputs]
    data = sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"
    given = {name: value for name, value in options.items() if value not in (None, False, (), [])}
    settings = ", ".join(f"{name}={value!r}" for name, value in {**given, "seed": seed}.items())
    return f"pl.fit({task!r}, {data}, {settings})"


def _said(source: "Path | NDArray[Any] | DataFrame") -> str:
    if isinstance(source, Path):
        return repr(str(source))
    return "array" if isinstance(source, np.ndarray) else "table"
