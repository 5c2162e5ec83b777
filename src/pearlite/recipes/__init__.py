"""The recipes by name; each is a package whose module ``runs`` speaks of run folders.

``runs`` has ``fit(data, *, out, seed, command, progress, **options) -> Run``,
``resume(run, **options) -> Run``, ``apply(run, new, out, **options)``, ``report(run) -> Path`` and
``summary(run)``, a table of strings; some also ``export(run, out) -> Path``. It is imported when it
is asked for.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from pearlite.errors import InputError
from pearlite.folders import is_pretrained
from pearlite.run import Run

TASKS = ("denoise", "language", "reconstruct", "segment", "style", "tabular", "text")


def recipe(task: str) -> Any:
    """Return the module of `task` that fits, resumes, applies and reports.

    Raises
    ------
    InputError
        If this pearlite has no such task.
    """
    if task not in TASKS:
        raise InputError(f"there is no task {task!r}; the tasks are: {', '.join(TASKS)}.")
    return import_module(f"pearlite.recipes.{task}.runs")


def fit(task: str, data: Any, **options: Any) -> Run:
    """Fit `task` to `data` and return the run's folder.

    Parameters
    ----------
    task
        One of `TASKS`.
    data
        A path, a folder, a list of paths, or an array.
    **options
        ``out``, ``seed``, ``quality`` … as on the command line, and the task's own.

    Returns
    -------
    Run
        The folder with the result, its test and its page.

    Raises
    ------
    InputError
        If the data or an option is wrong.
    Refused
        If the answer would not be honest; ``force=True`` goes on.
    """
    return recipe(task).fit(data, **options)


def load(path: str | Path) -> Any:
    """Return the run in the folder `path`, or the pretrained network of a Hugging Face folder.

    Returns
    -------
    Run or pearlite.recipes.language.pretrained.Pretrained
        Both have ``apply``, and those of language a ``model``.

    Raises
    ------
    InputError
        If it is neither, is damaged, or belongs to a task that this pearlite does not know.
    """
    if not is_pretrained(Path(path)):
        return open_run(path)
    from pearlite.recipes.language.pretrained import Pretrained

    return Pretrained(path)


def open_run(path: str | Path) -> Run:
    """Return the run in the folder `path`.

    Raises
    ------
    InputError
        If it is no run, is damaged, or belongs to a task that this pearlite does not know.
    """
    run = Run.open(path)
    if run.task not in TASKS:
        known = ", ".join(TASKS)
        raise InputError(f"{path} is a run of {run.task!r}; the tasks here are: {known}.")
    return run


def export(path: str | Path, out: str | Path) -> Path:
    """Write the network of the run in `path` into the folder `out`, for others to open.

    Raises
    ------
    InputError
        If the run's task does not do that, or the network cannot be written.
    """
    run = open_run(path)
    module = recipe(run.task)
    if not hasattr(module, "export"):
        raise InputError(
            f"a {run.task} run is not written for others by this command; docs/export.md says how "
            "to write a network as ONNX"
        )
    return module.export(run, out)
