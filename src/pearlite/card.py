"""The model card: what travels with weights, so that others know what they hold.

After Mitchell et al., Model Cards for Model Reporting, FAT* 2019 (arXiv 1810.03993).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pearlite.data.split import Split
from pearlite.errors import InputError
from pearlite.judge.interval import Interval
from pearlite.provenance import versions

if TYPE_CHECKING:
    from torch import nn


def model_card(
    name: str,
    *,
    about: str,
    network: "nn.Module | str",
    data: Sequence[Mapping[str, Any]],
    split: Split | None,
    seed: int,
    metrics: Mapping[str, Interval],
    baselines: Mapping[str, Mapping[str, float]],
    limits: Sequence[str],
    load: str,
    looks: int = 1,
) -> str:
    """Write the card of a trained model as Markdown.

    Parameters
    ----------
    name
        The card's title.
    about
        What goes in, what comes out, and what it is for, in a sentence or two.
    network
        Counted, not kept; of a model that is no network a few words on what it is.
    data
        What it learned from, each with its SHA-256, as from `pearlite.provenance.fingerprint`.
    split
        Which samples trained, chose and tested; None where nothing was withheld.
    seed
        The seed of the training.
    metrics
        Measured on the test part, with units in their names: ``"error (nm)"``.
    baselines
        The same metrics for what a reader would compare with: ``{"mean": {"error (nm)": 3.1}}``.
    limits
        Sentences: where it fails, or was not tried.
    load
        Python that loads it.
    looks
        How often the test part was looked at.

    Returns
    -------
    str
        The card, ends with a line feed.

    Raises
    ------
    InputError
        If metrics come without a baseline or without a test part, or there are no limits.
    """
    if metrics and not (split is not None and len(split.test)):
        raise InputError("a card's metrics come from a test part; give the split that withheld it")
    for metric in metrics:
        if not any(metric in values for values in baselines.values()):
            raise InputError(
                f"{metric!r} has no baseline; give what the simplest method reaches, "
                "such as the mean of the training part"
            )
    if isinstance(limits, str):
        raise InputError("limits is one text; give a list of sentences")
    if not limits:
        raise InputError("a card without limits is not honest; say where the model was not tried")
    used = versions()
    facts = [
        ("model", network) if isinstance(network, str) else ("network", _counted(network)),
        ("seed", str(seed)),
        ("made with", f"pearlite {used['pearlite']}, torch {used['torch']}"),
    ]
    sections = [
        f"# {name}\n\n{about}",
        _table(("", ""), facts),
        _data(data, split),
        _numbers(metrics, baselines, split, looks),
        "## Limits\n\n" + "\n".join(f"- {limit}" for limit in limits),
        f"## Load it\n\n```python\n{load.strip()}\n```",
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def _counted(network: "nn.Module") -> str:
    weights = list(network.parameters())
    count, size = sum(w.numel() for w in weights), sum(w.nbytes for w in weights)
    return f"{type(network).__name__}, {count:,} parameters, {size:,} bytes"


def _data(data: Sequence[Mapping[str, Any]], split: Split | None) -> str:
    """Return what it learned from, and how that was divided."""
    rows = [(_source(entry), f"`{entry['sha256']}`") for entry in data]
    text = "## Data\n\n" + _table(("data", "SHA-256"), rows)
    if split is None:
        return text + "\n\nNothing was withheld."
    return f"{text}\n\nSplit: {split.why}\n\nSHA-256 of the split: `{split.hash}`"


def _source(entry: Mapping[str, Any]) -> str:
    if entry.get("path"):
        return Path(entry["path"]).name
    return f"array {' × '.join(map(str, entry['shape']))}, {entry['dtype']}"


def _numbers(
    metrics: Mapping[str, Interval],
    baselines: Mapping[str, Mapping[str, float]],
    split: Split | None,
    looks: int,
) -> str:
    """Return the metrics, each with its interval and its baselines."""
    if not metrics or split is None:
        return ""
    rows = []
    for metric, own in metrics.items():
        others = [f"{v[metric]:.4g}" if metric in v else "–" for v in baselines.values()]
        rows.append([metric, f"{own.value:.4g}", f"{own.low:.4g} to {own.high:.4g}", *others])
    times = "once" if looks == 1 else f"{looks} times"
    return (
        f"## How good it is\n\nOn the {len(split.test):,} samples of the test part, "
        f"looked at {times}.\n\n" + _table(("metric", "value", "95 % interval", *baselines), rows)
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; a bar in a cell stays part of it."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
