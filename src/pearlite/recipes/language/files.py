"""What lies where in the folder of a language run."""

from typing import TYPE_CHECKING

from pearlite.run import Run

if TYPE_CHECKING:
    from pearlite.train.history import Row

STATE = "state"
TOKENS, TRAINING = f"{STATE}/tokens", f"{STATE}/training"
CORPUS, HISTORY, SAMPLES = "corpus.json", "history.csv", "samples.txt"
TOKENISER = "tokenizer.json"
SURPRISE, ATTENTION = "surprise.json", "attention.png"


def history_of(run: Run) -> "list[Row]":
    """Return the rows of a run's training."""
    import pandas

    table = pandas.read_csv(run.path / HISTORY)
    rows = table.to_dict("records")
    return [{str(name): float(value) for name, value in row.items()} for row in rows]
