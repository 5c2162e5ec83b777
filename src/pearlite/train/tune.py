"""Search for options by trying them: a thin layer on optuna, in memory and seeded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pearlite.errors import InputError


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`, whole where both are; `log` counts ratios, as for rates."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Search:
    """The best options, their error, and all trials: options and ``"error"``, None if it failed.

    The error was chosen, so it flatters: judge the final model on the test part.
    """

    best: dict[str, Any]
    error: float
    trials: list[dict[str, Any]]


def search(
    objective: Callable[[dict[str, Any]], float],
    space: Mapping[str, Between | Sequence[Any]],
    *,
    trials: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
) -> Search:
    """Look for the options with the smallest error (optuna's TPE, Bergstra et al., NeurIPS 2011).

    `InputError` if optuna is missing, there is no budget, or every trial failed.

    Parameters
    ----------
    objective
        Maps options to an error on the validation part, never on the test part. A trial that
        raises `InputError` (a loss that is not finite) or returns NaN failed; the search goes on.
    space
        What every option may be: `Between` two numbers, or one of a sequence of values.
    trials, minutes, seed
        The budget: of two, the one that ends first counts. A trial under way is completed.
    """
    if trials is minutes is None:
        raise InputError("a search needs an end: give trials or minutes")
    empty = [n for n, v in space.items() if not (v.low < v.high if isinstance(v, Between) else v)]
    if empty:
        raise InputError(f"no choice for {', '.join(empty)}: give low < high, or some values")
    try:
        import optuna
    except ImportError as error:
        raise InputError("search needs optuna: pip install 'pearlite[tune]'") from error

    def ask(trial: Any, name: str, values: Between | Sequence[Any]) -> Any:
        if not isinstance(values, Between):
            return values[trial.suggest_categorical(name, range(len(values)))]
        whole = isinstance(values.low, int) and isinstance(values.high, int)
        suggest = trial.suggest_int if whole else trial.suggest_float
        return suggest(name, values.low, values.high, log=values.log)

    tried: list[dict[str, Any]] = []

    def attempt(trial: Any) -> float:
        options = {name: ask(trial, name, values) for name, values in space.items()}
        tried.append({**options, "error": None})
        error = float(objective(options))
        tried[-1]["error"] = None if error != error else error
        return error

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    seconds = None if minutes is None else 60 * minutes
    study.optimize(attempt, n_trials=trials, timeout=seconds, catch=(InputError,))
    succeeded = [trial for trial in tried if trial["error"] is not None]
    if not succeeded:
        raise InputError(f"all {len(tried)} trials failed; run one by hand to see why")
    best = dict(min(succeeded, key=lambda trial: trial["error"]))
    return Search(best=best, error=best.pop("error"), trials=tried)
