"""A Parquet table on a Dask cluster, by the tree libraries' own Dask support.

Every row group becomes a matrix on a worker, which must see the files under the same path; the
training part must fit into the workers' memory together.

Axes: N rows.
"""

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.parquet import Parquet, Piece
from pearlite.data.part_rule import PartRule
from pearlite.errors import InputError
from pearlite.judge.scores import chosen
from pearlite.recipes.tabular.big import finish
from pearlite.recipes.tabular.buckets import Rows
from pearlite.recipes.tabular.features import Features, kinds_of
from pearlite.recipes.tabular.files import Model
from pearlite.recipes.tabular.growing import OPTIONS
from pearlite.recipes.tabular.members import Member
from pearlite.recipes.tabular.members.lightgbm import LightGBM, objectives_of
from pearlite.recipes.tabular.members.xgboost import XGBoost, objective_of
from pearlite.recipes.tabular.question import Question

if TYPE_CHECKING:
    import dask.array as da
    from distributed import Client

ROUNDS = 300
CUTS = 10  # numbers of trees that are compared on the validation rows
WAIT = 10  # seconds for the scheduler to answer
Library = Literal["lightgbm", "xgboost"]


def fit_on_cluster(
    table: Parquet,
    rule: PartRule,
    question: Question,
    sample: pd.DataFrame,
    validation: pd.DataFrame,
    model: Model,
    address: str,
    *,
    library: Library = "lightgbm",
    rounds: int = ROUNDS,
) -> tuple[str, ...]:
    """Fit an estimator to a table's training part; return what should be said of how it was done.

    Parameters
    ----------
    table, rule
        Where the rows are, and which of them train.
    question
        What is predicted from what.
    sample, validation
        Training rows, by which columns are understood; rows that decide how many trees to keep.
    model
        An estimator for the question's goal and metric; its seed counts.
    address
        Of the scheduler, such as ``"tcp://10.0.0.1:8786"``.
    library
        ``"lightgbm"``, whose workers must reach each other, or ``"xgboost"``.
    rounds
        Most trees.

    Raises
    ------
    InputError
        If no scheduler answers, it has no worker, or rows hold other things than the sample.
    """
    from distributed import Client

    inputs = sample.loc[:, list(question.inputs)]
    features = Features.learn(inputs, model.seed, kinds_of(inputs))
    try:
        client = Client(address, timeout=WAIT)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address}; start one with `dask scheduler`, or mend the "
            "address"
        ) from error
    with client:
        workers = len(client.scheduler_info()["workers"])
        if not workers:
            raise InputError(f"the Dask scheduler at {address} has no worker; start `dask worker`")
        rows = _matrices(client, table, rule, question, features)
        train = _lightgbm if library == "lightgbm" else _xgboost
        member = train(client, rows, question, rounds, model.seed)
    judged, known_N = question.rows(validation, features)
    kept, member = _best(member, judged, question, rounds)
    group = rule.labels(validation.loc[known_N]) if rule.group else None
    name = f"{'LightGBM' if library == 'lightgbm' else 'XGBoost'} on a cluster"
    finish(model, question, features, member, judged, group, name, library, [])
    said = f"{len(rows):,} of {table.rows:,} rows trained on {workers} Dask workers: {kept} trees."
    return (said,)


def _matrices(
    client: "Client", table: Parquet, rule: PartRule, question: Question, features: Features
) -> "da.Array":
    """Return the training rows, on the workers: features, target, weight."""
    import dask.array as da
    from dask.delayed import delayed

    lone = Parquet(table.source, table.schema, ())
    known = features.to_dict()
    parts = [
        client.submit(_read, piece, table=lone, rule=rule, question=question, known=known)
        for piece in table.pieces
    ]
    shapes = [client.submit(np.shape, part).result() for part in parts]
    filled = [
        da.from_delayed(delayed(part), shape, np.float32)
        for part, shape in zip(parts, shapes, strict=True)
        if shape[0]
    ]
    if not filled:
        raise InputError(f"no row of {table.source} with a target falls into the training part")
    return da.concatenate(filled)


def _read(
    piece: Piece, table: Parquet, rule: PartRule, question: Question, known: dict[str, Any]
) -> NDArray[np.float32]:
    """Return the training rows of a row group: features, target, weight."""
    features = Features.from_dict(known)
    needed = list({*question.columns, *rule.columns})
    made = [np.empty((0, len(features.names()) + 2), np.float32)]
    for frame in table.batches(needed, pieces=[piece]):
        rows = question.rows(frame.loc[rule.parts(frame) == 0], features)[0]
        made.append(np.column_stack([rows.x_NF, rows.y_N, rows.weight_N]).astype(np.float32))
    return np.concatenate(made)


def _lightgbm(
    client: "Client", rows: "da.Array", question: Question, rounds: int, seed: int
) -> LightGBM:
    import lightgbm

    kind = lightgbm.DaskLGBMClassifier if question.aim.of_classes else lightgbm.DaskLGBMRegressor
    made = LightGBM(rounds=rounds)
    made.binary = question.aim.goal == "binary"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of parameters that only one process has
        for objective in objectives_of(question.aim):
            objective.pop("num_class", None)
            fixed = {**OPTIONS, **objective, "tree_learner": "data", "random_state": seed % 2**31}
            learner = kind(client=client, n_estimators=rounds, **fixed)
            learner.fit(rows[:, :-2], rows[:, -2], sample_weight=rows[:, -1])
            made.boosters.append(learner.booster_)
    return made


def _xgboost(
    client: "Client", rows: "da.Array", question: Question, rounds: int, seed: int
) -> XGBoost:
    from xgboost import dask as distributed_trees

    data = distributed_trees.DaskDMatrix(client, rows[:, :-2], rows[:, -2], weight=rows[:, -1])
    made = XGBoost(rounds=rounds, rate=OPTIONS["learning_rate"], features=1.0, rows=1.0)
    fixed = {**made.options, **objective_of(question.aim), "seed": seed % 2**31}
    made.booster = distributed_trees.train(client, fixed, data, num_boost_round=rounds)["booster"]
    made.binary, made.quantiles = question.aim.goal == "binary", bool(question.aim.levels)
    return made


def _best(
    member: LightGBM | XGBoost, judged: Rows, question: Question, rounds: int
) -> tuple[int, Member]:
    """Return the number of trees that does best on rows that did not train, and these trees."""
    aim = question.aim
    metric = chosen(aim.goal, aim.metric, aim.levels or None)
    truth = judged.y_N.astype(np.int64) if aim.of_classes else judged.y_N
    found = []
    for count in np.unique(np.linspace(0, rounds, CUTS + 1)[1:].round().astype(int)).tolist():
        first = _first(member, count)
        answer = first.predict(judged.x_NF.astype(np.float64))
        score = metric(truth, answer if aim.outputs > 1 else answer[:, 0], judged.weight_N)
        found.append((score if metric.higher_is_better else -score, -count, first))
    _, count, first = max(found, key=lambda each: each[:2])
    return -count, first


def _first(member: LightGBM | XGBoost, count: int) -> LightGBM | XGBoost:
    """Return a member of only the first trees."""
    import lightgbm

    if isinstance(member, XGBoost):
        made = XGBoost(rounds=count)
        made.booster = member.booster[:count]
        made.binary, made.quantiles = member.binary, member.quantiles
        return made
    made = LightGBM(rounds=count)
    texts = [booster.model_to_string(num_iteration=count) for booster in member.boosters]
    made.boosters = [lightgbm.Booster(model_str=text) for text in texts]
    made.binary = member.binary
    return made
