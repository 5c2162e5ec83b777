"""Parquet tables on a Dask cluster, by the libraries' own Dask support."""

import numpy as np
import pandas as pd
import pytest

from pearlite.errors import InputError
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.big_table import BigTable
from pearlite.recipes.tabular.classifier import TabularClassifier
from pearlite.recipes.tabular.cluster import fit_on_cluster
from pearlite.recipes.tabular.files import load
from pearlite.recipes.tabular.prepare import Settings
from pearlite.recipes.tabular.question import Question
from pearlite.recipes.tabular.regressor import TabularRegressor

ROWS = 4000
INPUTS = ("a", "b", "phase")


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(ROWS, 2)), columns=list("ab"))
    frame["phase"] = random.choice(["fcc", "bcc"], ROWS)
    frame["y"] = 3 * frame["a"] + frame["b"] ** 2 + 2 * (frame["phase"] == "fcc")
    frame["level"] = pd.cut(frame["y"], [-99, -1, 3, 99], labels=["low", "some", "high"]).astype(
        str
    )
    path = tmp_path_factory.mktemp("cluster") / "t.parquet"
    frame.to_parquet(path, row_group_size=700)
    return BigTable.open(path, Settings("y"))


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster

    made = LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=None
    )
    yield made
    made.close()


def fit(big, question, model, address, library):
    part = big.rule.split(big.sample)
    rows = [big.sample.iloc[places] for places in (part.train, part.validation, part.test)]
    notes = fit_on_cluster(
        big.table, big.rule, question, rows[0], rows[1], model, address, library=library, rounds=60
    )
    return rows[2], notes


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.filterwarnings("default::UserWarning", "default::ResourceWarning")
@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_workers_train_together(big, cluster, tmp_path, library):
    address = cluster.scheduler_address
    model = TabularRegressor()
    question = Question("y", INPUTS, Aim("regression", "mae"))
    test, notes = fit(big, question, model, address, library)
    assert np.abs(model.predict(test) - test["y"]).mean() < 0.4
    assert "on 2 Dask workers" in notes[0]
    assert f"{len(big.rule.split(big.sample).train):,} of 4,000 rows" in notes[0]
    loaded = load(model.save(tmp_path / "model"))
    assert np.array_equal(loaded.predict_interval(test), model.predict_interval(test))

    model = TabularClassifier(metric="log_loss")
    aim = Aim("multiclass", "log_loss", 3)
    question = Question("level", INPUTS, aim, ("high", "low", "some"))
    test, _ = fit(big, question, model, address, library)
    assert (model.predict(test) == test["level"]).mean() > 0.9


def test_an_address_where_nobody_answers_is_refused(big, monkeypatch):
    monkeypatch.setattr("pearlite.recipes.tabular.cluster.WAIT", 0.5)
    question = Question("y", INPUTS, Aim("regression", "mae"))
    with pytest.raises(InputError, match="no Dask scheduler answers at tcp"):
        fit(big, question, TabularRegressor(), "tcp://127.0.0.1:9", "lightgbm")
