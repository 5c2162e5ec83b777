"""The learners of a portfolio: each learns, answers in the right shape, and is what was saved."""

import itertools
import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.members import KINDS, member_class, threads_for
from pearlite.recipes.tabular.members.histogram import HistogramBoosting

SMALL = {
    "extra_trees": {"trees": 30},
    "random_forest": {"trees": 30},
    "histogram": {"rounds": 40, "rate": 0.2},
    "lightgbm": {"rounds": 60, "rate": 0.2},
    "xgboost": {"rounds": 60, "rate": 0.2},
    "linear": {},
    "gaussian_process": {},
    "mlp": {"networks": 2, "width": 32, "epochs": 30},
}
AIMS = {
    "absolute": Aim("regression", "mae"),
    "squares": Aim("regression", "rmse"),
    "quantiles": Aim("quantiles", "pinball", levels=(0.1, 0.5, 0.9)),
    "binary": Aim("binary", "log_loss", 2),
    "multiclass": Aim("multiclass", "log_loss", 3),
}


def table(aim: Aim, count: int = 240) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    x = random.normal(size=(count, 3))
    y = 2 * x[:, 0] - x[:, 1] + 0.3 * random.normal(size=count)
    if aim.of_classes:
        y = np.digitize(y, np.quantile(y, np.arange(1, aim.classes) / aim.classes))
    return x, y


def fitted(kind: str, aim: Aim, x, y, weight=None, seconds=math.inf, **options):
    member = member_class(kind)(**{**SMALL[kind], **options})
    return member.fit(x, y, weight, aim, seed=3, threads=1, seconds=seconds)


@pytest.mark.parametrize("aim", AIMS.values(), ids=AIMS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_member_beats_the_best_constant_and_is_what_was_saved(
    kind: str, aim: Aim, tmp_path: Path
) -> None:
    x, y = table(aim)
    member = fitted(kind, aim, x[:160], y[:160])
    answer = member.predict(x[160:])
    assert answer.shape == (80, aim.outputs)
    truth = y[160:]
    if aim.of_classes:
        np.testing.assert_allclose(answer.sum(axis=1), 1)
        assert (answer.argmax(axis=1) == truth).mean() > 0.7
    elif aim.levels:
        assert (np.diff(answer, axis=1) >= 0).all()
        assert 0.35 < ((truth > answer[:, 0]) & (truth < answer[:, 2])).mean() < 1
    else:
        assert np.abs(answer[:, 0] - truth).mean() < 0.6 * np.abs(y[:160].mean() - truth).mean()
    facts = member.save(tmp_path / "m")
    (file,) = tmp_path.iterdir()
    assert file.suffix in (".safetensors", ".txt", ".json")
    again = member_class(kind).load(tmp_path / "m", facts)
    np.testing.assert_array_equal(again.predict(x[160:]), answer)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_refused(kind: str, tmp_path: Path) -> None:
    x, y = table(AIMS["squares"])
    facts = fitted(kind, AIMS["squares"], x, y).save(tmp_path / "m")
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(InputError, match="not a complete"):
        member_class(kind).load(tmp_path / "m", facts)
    file.unlink()
    with pytest.raises(InputError, match="not a complete"):
        member_class(kind).load(tmp_path / "m", facts)


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides_everything(kind: str) -> None:
    x, y = table(AIMS["squares"])
    one, two = (fitted(kind, AIMS["squares"], x, y).predict(x) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_great_weight_are_followed(kind: str) -> None:
    x = np.repeat(np.linspace(-1, 1, 60), 2)[:, None]
    y = np.tile([0.0, 1.0], 60)
    for heavy in (0, 1):
        weight = np.where(y == heavy, 50.0, 1.0)
        answer = fitted(kind, AIMS["squares"], x, y, weight).predict(x)
        assert abs(answer.mean() - heavy) < 0.35


@pytest.mark.parametrize("kind", ["extra_trees", "random_forest"])
@pytest.mark.parametrize("goal", ["squares", "binary", "multiclass"])
def test_a_forest_says_what_scikit_learn_says(kind: str, goal: str) -> None:
    from sklearn import ensemble

    x, y = table(AIMS[goal])
    x[::7, 1] = np.nan
    name = {"extra_trees": "ExtraTrees", "random_forest": "RandomForest"}[kind]
    name += "Classifier" if AIMS[goal].of_classes else "Regressor"
    theirs = getattr(ensemble, name)(0, max_features=1.0, random_state=3, warm_start=True)
    theirs.set_params(n_estimators=25).fit(x, y)
    theirs.set_params(n_estimators=30).fit(x, y)
    wanted = theirs.predict_proba(x) if AIMS[goal].of_classes else theirs.predict(x)[:, None]
    np.testing.assert_allclose(fitted(kind, AIMS[goal], x, y).predict(x), wanted, rtol=1e-12)


@pytest.mark.parametrize("goal", ["squares", "binary", "multiclass"])
def test_histogram_boosting_says_what_scikit_learn_says(goal: str) -> None:
    from sklearn import ensemble

    x, y = table(AIMS[goal])
    x[::7, 1] = np.nan
    member = fitted("histogram", AIMS[goal], x, y)
    assert isinstance(member, HistogramBoosting)
    name = "Classifier" if AIMS[goal].of_classes else "Regressor"
    make = getattr(ensemble, f"HistGradientBoosting{name}")
    theirs = make(**member.options, random_state=3).fit(x, y)
    wanted = theirs.predict_proba(x) if AIMS[goal].of_classes else theirs.predict(x)[:, None]
    np.testing.assert_allclose(member.predict(x), wanted, rtol=1e-9)


@pytest.mark.parametrize("kind", ["extra_trees", "random_forest", "lightgbm", "xgboost"])
def test_a_member_out_of_time_makes_do_with_fewer_trees(kind: str, tmp_path: Path) -> None:
    x, y = table(AIMS["squares"])
    sizes = []
    for number, seconds in enumerate((math.inf, 0.0)):
        many = {"trees": 200} if "trees" in SMALL[kind] else {"rounds": 200}
        member = fitted(kind, AIMS["squares"], x, y, seconds=seconds, **many)
        assert np.isfinite(member.predict(x)).all()
        member.save(tmp_path / f"m{number}")
    sizes = [file.stat().st_size for file in sorted(tmp_path.iterdir())]
    assert sizes[1] < 0.3 * sizes[0]


def test_a_gaussian_process_finds_the_curvature_of_a_feature() -> None:
    random = np.random.default_rng(0)
    age = np.exp(random.uniform(0, 6, 150))
    noise = random.normal(size=(150, 1))
    x, y = np.column_stack([age, noise]), np.log(age)
    member = fitted("gaussian_process", AIMS["squares"], x[:100], y[:100], smooth=True)
    assert np.abs(member.predict(x[100:])[:, 0] - y[100:]).max() < 0.15


@pytest.mark.parametrize("aim", AIMS.values(), ids=AIMS)
@pytest.mark.parametrize("kind", ["lightgbm", "xgboost", "extra_trees"])
def test_what_lack_of_time_cut_is_told(kind: str, aim: Aim) -> None:
    x, y = table(aim)
    assert fitted(kind, aim, x, y).effort == 1
    short = fitted(kind, aim, x, y, seconds=0)
    assert 0 < short.effort < 1
    assert np.isfinite(short.predict(x)).all()


def test_every_quantile_has_its_part_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: float(next(ticks)))
    monkeypatch.setattr("pearlite.recipes.tabular.members.lightgbm.time", clock)
    x, y = table(AIMS["quantiles"])
    member = fitted("lightgbm", AIMS["quantiles"], x, y, seconds=30, rounds=10**6)
    counts = [booster.current_iteration() for booster in member.boosters]
    assert counts == pytest.approx([10, 10, 10], abs=1)


def test_small_tables_get_one_thread() -> None:
    x, y = table(AIMS["squares"])
    light, extreme = (
        member_class(kind)(rounds=5).fit(
            x, y, None, AIMS["squares"], seed=0, threads=2, seconds=math.inf
        )
        for kind in ("lightgbm", "xgboost")
    )
    assert light.boosters[0].params["num_threads"] == 1
    extreme.predict(x)
    assert json.loads(extreme.booster.save_config())["learner"]["generic_param"]["nthread"] == "1"
    assert [threads_for(rows, 4) for rows in (1, 9_999, 10_000, 10**6)] == [1, 1, 2, 4]
