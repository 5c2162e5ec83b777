"""pearlite and its peers behind one call: learn from some rows, answer for others."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.tabular.cases import Case
from lightgbm import LGBMClassifier, LGBMRegressor
from numpy.typing import ArrayLike
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from xgboost import XGBClassifier, XGBRegressor

from pearlite.recipes.tabular import TabularClassifier, TabularRegressor
from pearlite.recipes.tabular.features import Features

SHARE = 10  # times pearlite's own seconds that AutoGluon is given


@dataclass(frozen=True)
class Answer:
    """What a method said on the test rows; wall-clock and CPU seconds of learning and answering."""

    values: np.ndarray
    seconds: float
    cpu: float


class Watch:
    """Takes the time of this process."""

    def __init__(self) -> None:
        self.started = time.monotonic(), time.process_time()

    def stop(self, values: ArrayLike) -> Answer:
        """Return the answer with the time since the watch was made."""
        wall, cpu = self.started
        return Answer(np.asarray(values), time.monotonic() - wall, time.process_time() - cpu)


Method = Callable[[Case, np.ndarray, np.ndarray, int], Answer]


def pearlite(quality: str) -> Method:
    """Return pearlite at its defaults: raw columns in, groups declared where there are any."""

    def method(case: Case, train: np.ndarray, test: np.ndarray, seed: int) -> Answer:
        watch = Watch()
        kind = TabularClassifier if case.classes else TabularRegressor
        model = kind(quality=quality, metric=case.metric, seed=seed, threads=1)
        groups = None if case.group is None else case.group[train]
        model.fit(case.inputs.iloc[train], case.target[train], groups=groups)
        return watch.stop(model.predict(case.inputs.iloc[test]))

    return method


def tree(regressor: type, classifier: type, **options: object) -> Method:
    """Return a library's estimator at its defaults, on the features that pearlite makes."""

    def method(case: Case, train: np.ndarray, test: np.ndarray, seed: int) -> Answer:
        watch = Watch()
        x_train, x_test = _features(case, train, test)
        model = (classifier if case.classes else regressor)(random_state=seed, n_jobs=1, **options)
        model.fit(x_train, case.target[train])
        return watch.stop(model.predict(x_test))

    return method


def autogluon(python: Path, preset: str, seconds: float) -> Method:
    """Return AutoGluon in its own environment, one core, on the features that pearlite makes."""

    def method(case: Case, train: np.ndarray, test: np.ndarray, seed: int) -> Answer:
        x_train, x_test = (pd.DataFrame(x).add_prefix("x") for x in _features(case, train, test))
        x_train["target"] = case.target[train]
        with tempfile.TemporaryDirectory() as folder:
            x_train.to_parquet(Path(folder, "train.parquet"))
            x_test.to_parquet(Path(folder, "test.parquet"))
            metric = {"mae": "mean_absolute_error"}.get(case.metric, case.metric)
            asked = {"metric": metric, "preset": preset, "seconds": seconds}
            Path(folder, "asked.json").write_text(json.dumps(asked))
            program = Path(__file__).with_name("autogluon_peer.py")
            done = subprocess.run(
                [python, program, folder],
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise RuntimeError(f"AutoGluon failed:\n{done.stderr[-2000:]}")
            values = pd.read_parquet(Path(folder, "answer.parquet"))["answer"].to_numpy()
            used = json.loads(Path(folder, "used.json").read_text())
        return Answer(values.astype(case.target.dtype), **used)

    return method


TREES: dict[str, Method] = {
    "random forest": tree(RandomForestRegressor, RandomForestClassifier),
    "extra trees": tree(ExtraTreesRegressor, ExtraTreesClassifier),
    "XGBoost": tree(XGBRegressor, XGBClassifier),
    "LightGBM": tree(LGBMRegressor, LGBMClassifier, verbose=-1),
}


def _features(case: Case, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    learned = Features.learn(case.inputs.iloc[train])
    return tuple(learned.matrix(case.inputs.iloc[rows], "tree", "both") for rows in (train, test))
