"""The audit of tables: each planted failure is named, and a clean table is left alone."""

import itertools
import json
import shlex
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pearlite.data.names import known_columns
from pearlite.errors import InputError
from pearlite.judge.audit import Audit, audit
from pearlite.judge.audit.tables import audit_table


def clean(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(10, 2, (rows, 4)), columns=["heat", "flow", "load", "dose"])
    frame["route"] = random.choice(["cast", "forged", "sintered"], rows)
    frame["strength"] = (
        frame["heat"] + np.sin(frame["flow"]) * frame["load"] / 3 + random.normal(0, 0.5, rows)
    )
    return frame


def classes(rows: int = 500, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(rows, 4)), columns=list("abcd"))
    sums = frame["a"] + frame["b"] * 2 + random.normal(0, 0.3, rows)
    return frame.assign(phase=np.where(sums > 0, "alpha", "beta"))


def kinds(found: Audit) -> list[str]:
    return [finding.kind for finding in found.findings]


def one(found: Audit, kind: str):
    chosen = [finding for finding in found.findings if finding.kind == kind]
    assert chosen, kinds(found)
    return chosen[0]


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=0, ignore_index=True)


def repeated(settings: tuple[float, ...] = (1.0, 3.0, 7.0, 28.0)) -> pd.DataFrame:
    """Return specimens, each measured at several ages."""
    base = clean(120)
    frame = pd.concat([base.assign(age=age) for age in settings], ignore_index=True)
    frame["strength"] += np.log(frame["age"]) * 0.3
    return shuffled(frame)


@pytest.mark.parametrize("seed", range(3))
def test_a_clean_regression_has_no_findings(seed: int) -> None:
    assert kinds(audit(clean(seed=seed), target="strength")) == []


@pytest.mark.parametrize("seed", range(3))
def test_clean_classes_have_no_findings(seed: int) -> None:
    assert kinds(audit(classes(seed=seed), target="phase")) == []


def test_a_questionnaire_whose_rows_repeat_by_chance_has_no_findings() -> None:
    random = np.random.default_rng(0)
    mood = random.normal(3, 1, (800, 1))
    answers = np.clip(np.round(mood + random.normal(0, 0.7, (800, 6))), 1, 5).astype(int)
    frame = pd.DataFrame(answers, columns=list("abcdef"))
    frame["score"] = frame["a"] + frame["b"] + random.normal(size=800)
    assert frame.duplicated(list("abcdef")).sum() > 50
    assert kinds(audit(frame, target="score")) == []


def test_copied_rows_are_named_with_their_origin() -> None:
    frame = clean()
    found = one(audit(pd.concat([frame, frame.iloc[:7]]), target="strength"), "exact duplicates")
    assert found.count == 7
    assert found.where[0] == "row 401 = row 1"
    assert "7 of them its strength too" in found.what


def test_rows_measured_twice_are_near_duplicates() -> None:
    frame = clean()
    again = frame.iloc[:9].copy()
    again[["heat", "flow", "load", "dose"]] *= 1 + 1e-5
    found = one(audit(pd.concat([frame, again]), target="strength"), "near duplicates")
    assert found.count == 9


def test_a_hidden_group_is_grave_and_its_inflation_is_measured() -> None:
    found = one(audit(repeated(), target="strength"), "hidden group")
    assert found.grave
    assert found.declare == '--group "all but age"'
    assert found.inflation is not None
    assert found.inflation.real
    assert found.inflation.honest.value > 1.2 * found.inflation.as_is.value
    assert "grouped by all but age" in found.inflation.sentence


def test_specimens_that_only_few_values_describe_are_found_by_their_varied_column() -> None:
    random = np.random.default_rng(0)
    base = pd.DataFrame(random.integers(0, 4, (90, 4)), columns=["a", "b", "c", "d"])
    own = random.normal(0, 2, 90)
    frame = pd.concat(
        [base.assign(age=age, y=base["a"] + own + np.log(age)) for age in (1.0, 3.0, 7.0, 28.0)]
    )
    found = one(audit(shuffled(frame), target="y"), "hidden group")
    assert found.declare == '--group "all but age"'
    assert found.grave


@pytest.mark.parametrize("levels", [(20, 20), (5, 5, 5), (2,) * 8])
def test_a_factorial_experiment_is_not_refused(levels: tuple[int, ...]) -> None:
    settings = np.array(list(itertools.product(*[np.linspace(0, 1, one) for one in levels])))
    frame = pd.DataFrame(settings).add_prefix("factor")
    effect = np.sin(6 * settings[:, 0]) * np.cos(7 * settings[:, 1]) * 4 + settings.sum(1)
    frame["yield"] = effect + np.random.default_rng(0).normal(0, 0.3, len(frame))
    assert not audit(shuffled(frame), target="yield").grave


def test_a_declared_hidden_group_is_no_finding() -> None:
    found = audit(repeated(), target="strength", group="all but age")
    assert not found.grave
    assert "hidden group" not in kinds(found)


def test_a_group_that_does_not_hold_specimens_together_is_too_small() -> None:
    frame = repeated().assign(operator=np.random.default_rng(0).choice(list("ABCDEFGH"), 480))
    found = one(audit(frame, target="strength", group="operator"), "hidden group")
    assert found.grave
    assert "another declared group" in found.what


def test_a_batch_column_that_was_not_declared_is_grave() -> None:
    frame = clean(600)
    random = np.random.default_rng(1)
    batch = random.integers(40, size=600)
    frame["strength"] += random.normal(0, 2, 40)[batch]
    frame["batch"] = [f"B{number}" for number in batch]
    found = one(audit(frame, target="strength"), "undeclared group")
    assert found.grave
    assert found.declare == "--group batch"


def batches() -> pd.DataFrame:
    frame, random = clean(400), np.random.default_rng(1)
    batch = random.integers(40, size=400)
    frame["strength"] += random.normal(0, 2, 40)[batch]
    frame["operator id"] = [f"B{number}" for number in batch]
    return frame


def test_what_lies_within_the_declared_group_is_not_asked_for() -> None:
    frame = batches()
    frame["plate"] = frame["operator id"] + np.resize(["a", "b", "c"], len(frame))
    assert not audit(frame, target="strength", group="operator id").grave


def test_rows_without_a_target_leave_groups_and_row_numbers_as_they_are() -> None:
    frame = batches()
    frame.loc[300, "strength"] = 90.0
    frame.loc[frame.index[:120:2], "strength"] = np.nan
    by_name = audit(frame, target="strength", group="operator id")
    labels = pd.factorize(frame["operator id"])[0]
    assert not by_name.grave
    assert one(by_name, "label noise").where == ("row 301",)
    by_label = audit_table(frame, target="strength", group=labels)
    assert by_label.facts() == by_name.facts()


def windows(stride: int = 1) -> pd.DataFrame:
    series = np.cumsum(np.random.default_rng(0).normal(size=2000))
    cut = np.lib.stride_tricks.sliding_window_view(series, 13)[::stride][:400]
    return pd.DataFrame(cut[:, :12], columns=[f"t{n}" for n in range(12)]).assign(next=cut[:, 12])


def drifting() -> pd.DataFrame:
    frame = clean(400)
    frame["measured on"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(400), unit="D")
    frame["strength"] += np.arange(400) / 80
    return frame


def leaking(name: str) -> pd.DataFrame:
    frame = clean()
    return frame.assign(**{name: 145 * frame["strength"] + np.resize([0.01, -0.01], len(frame))})


def copied() -> pd.DataFrame:
    frame = clean(150)
    frame["strength"] += np.random.default_rng(1).normal(0, 3, 150)
    return pd.concat([frame] * 3, ignore_index=True)


def own_split() -> pd.DataFrame:
    frame = clean().assign(**{"the part": ["train"] * 300 + ["test"] * 100})
    return pd.concat([frame, frame.iloc[:5].assign(**{"the part": "test"})], ignore_index=True)


@pytest.mark.parametrize(
    ("kind", "frame", "target"),
    [
        ("exact duplicates", copied, "strength"),
        ("hidden group", lambda: repeated().rename(columns={"age": 'age "d"'}), "strength"),
        ("undeclared group", batches, "strength"),
        ("leaking split", own_split, "strength"),
        ("target in disguise", lambda: leaking("in psi"), "strength"),
        ("target in disguise", lambda: leaking("$psi, rounded"), "strength"),
        ("time order", drifting, "strength"),
        ("overlapping windows", lambda: windows().assign(day=days(400)), "next"),
    ],
)
def test_what_a_grave_finding_asks_for_can_be_typed_and_ends_it(
    kind: str, frame: Callable[[], pd.DataFrame], target: str
) -> None:
    table = frame()
    found = one(audit(table, target=target), kind)
    assert found.grave
    option, named = shlex.split(found.declare)
    if option == "--drop":
        table, declared = table.drop(columns=known_columns(table, named)), {}
    else:
        declared: dict[str, Any] = {option[2:]: named}
    assert kind not in [one.kind for one in audit(table, target=target, **declared).grave]


def days(count: int) -> pd.DatetimeIndex:
    return pd.date_range("2025-01-01", periods=count)


def test_windows_of_one_declared_group_may_overlap() -> None:
    frame = windows().assign(series=np.repeat([f"series {n}" for n in range(4)], 100))
    assert "overlapping windows" in kinds(audit(frame, target="next", measure=False))
    rest = frame.groupby("series").head(88)
    found = audit(rest, target="next", group="series", measure=False)
    assert "overlapping windows" not in kinds(found)


def test_a_split_column_with_the_same_row_on_both_sides_is_named() -> None:
    frame = clean().assign(part=["train"] * 300 + ["test"] * 100)
    copies = frame.iloc[:5].assign(part="test")
    found = one(audit(pd.concat([frame, copies]), target="strength"), "leaking split")
    assert found.count == 10


def test_the_target_in_another_unit_is_grave() -> None:
    frame = clean()
    noise = np.random.default_rng(0).normal(0, 0.01, len(frame))
    found = one(
        audit(frame.assign(psi=145 * frame["strength"] + noise), target="strength"), DISGUISE
    )
    assert found.grave
    assert found.where == ("psi",)
    assert found.declare == "--drop psi"


def test_a_score_that_parts_the_classes_is_a_disguise() -> None:
    frame = classes()
    score = (frame["phase"] == "alpha") * 3.0 + np.random.default_rng(0).normal(0, 0.2, len(frame))
    assert one(audit(frame.assign(score=score), target="phase"), DISGUISE).where == ("score",)


def test_parts_that_sum_to_the_target_are_a_disguise() -> None:
    frame = clean()
    share = np.random.default_rng(0).uniform(0.2, 0.8, len(frame))
    frame["elastic"], frame["plastic"] = share * frame["strength"], (1 - share) * frame["strength"]
    assert set(one(audit(frame, target="strength"), DISGUISE).where) == {"elastic", "plastic"}


def test_a_product_that_is_the_target_is_a_disguise() -> None:
    frame = clean().drop(columns="strength")
    frame["power"] = frame["flow"].abs() * frame["load"].abs() ** 2
    frame[["flow", "load"]] = frame[["flow", "load"]].abs()
    assert set(one(audit(frame, target="power"), DISGUISE).where) == {"flow", "load"}


def test_a_column_that_decides_nearly_all_is_a_note() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(300, 4)), columns=list("abcd"))
    frame["y"] = frame["a"] * 10 + frame["b"] + random.normal(0, 0.1, 300)
    found = audit(frame, target="y")
    assert not found.grave
    assert one(found, DISGUISE).where == ("a",)


def test_a_running_number_is_an_identifier_though_shuffled() -> None:
    frame = clean().assign(specimen=np.random.default_rng(0).permutation(400) + 1000)
    assert one(audit(frame, target="strength"), "identifier").declare == "--drop specimen"


def test_drift_over_dates_is_time_order() -> None:
    frame = clean(600)
    frame["measured"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(600), unit="D")
    frame["strength"] += np.arange(600) / 100
    found = one(audit(shuffled(frame), target="strength"), "time order")
    assert found.grave
    assert found.declare == "--time measured"
    assert "time order" not in kinds(audit(frame, target="strength", time="measured"))


@pytest.mark.parametrize("seed", range(4))
def test_dates_that_change_nothing_are_no_time_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(300, 4)), columns=list("abcd"))
    frame["day"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(random.integers(0, 300, 300), "D")
    frame["y"] = frame["a"] + frame["b"] ** 2 + random.normal(0, 0.3, 300)
    assert not audit(frame, target="y").grave


def test_neighbours_that_err_alike_are_named() -> None:
    frame = clean(600)
    frame["strength"] += np.repeat(np.random.default_rng(1).normal(0, 3, 60), 10)
    assert "alike neighbours" in kinds(audit(frame, target="strength"))
    assert "alike neighbours" not in kinds(audit(shuffled(frame), target="strength"))


def test_rare_classes_are_named() -> None:
    frame = classes()
    frame = frame.drop(index=frame.index[(frame["phase"] == "beta").to_numpy(bool)][8:])
    found = one(audit(frame, target="phase"), "class balance")
    assert found.where[0] == "beta (8)"
    assert not found.grave


def test_constant_and_mostly_missing_columns_are_named() -> None:
    frame = clean().assign(microscope="SEM-2", oxygen=np.nan)
    frame.loc[:50, "oxygen"] = np.arange(51.0)
    found = audit(frame, target="strength")
    assert one(found, "constant column").where == ("microscope",)
    assert one(found, "mostly missing").where == ("oxygen",)


def test_flipped_labels_are_found() -> None:
    frame = classes(1000)
    random = np.random.default_rng(3)
    wrong = random.random(1000) < 0.06
    frame.loc[wrong, "phase"] = frame.loc[wrong, "phase"].map({"alpha": "beta", "beta": "alpha"})
    found = one(audit(frame, target="phase"), "label noise")
    named = {int(name.split()[1]) - 1 for name in found.where}
    assert len(named & set(np.flatnonzero(wrong))) >= 4


def test_a_gross_number_in_the_target_is_named() -> None:
    frame = clean()
    frame.loc[17, "strength"] = 60.0
    found = audit(frame, target="strength")
    assert one(found, "label noise").where == ("row 18",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v: -999.0, "a code for missing"),
        (lambda v: -v, "below 0"),
        (lambda v: v * 1000, "a thousand"),
        (lambda v: v * 25.4, "inch and millimetre"),
        (lambda v: v + 273.15, "kelvin"),
    ],
)
def test_values_out_of_range_are_named(change, said: str) -> None:
    frame = clean()
    frame.loc[[3, 30, 300], "flow"] = change(frame.loc[[3, 30, 300], "flow"])
    found = one(audit(frame, target="strength"), "out of range")
    assert said in found.what
    assert found.where == ("row 4", "row 31", "row 301")


def test_heavy_tails_are_not_out_of_range() -> None:
    random = np.random.default_rng(0)
    frame = clean(2000).assign(size=np.exp(random.normal(0, 1.5, 2000)))
    frame["blank"] = np.where(random.random(2000) < 0.3, 0.0, random.normal(0, 1, 2000))
    assert "out of range" not in kinds(audit(frame, target="strength"))


def test_a_shuffled_target_scores_like_chance() -> None:
    frame = clean()
    frame["strength"] = np.random.default_rng(0).permutation(frame["strength"])
    assert kinds(audit(frame, target="strength")) == ["unpredictable target"]
    frame = classes()
    frame["phase"] = np.random.default_rng(0).permutation(frame["phase"])
    assert kinds(audit(frame, target="phase")) == ["unpredictable target"]


@pytest.mark.parametrize("stride", [1, 4])
def test_overlapping_windows_are_grave(stride: int) -> None:
    found = one(audit(shuffled(windows(stride)), target="next"), "overlapping windows")
    assert f"shifted by {stride}" in found.what
    series = np.cumsum(np.random.default_rng(0).normal(size=2000))
    apart = pd.DataFrame(series[:1989].reshape(-1, 13)).add_prefix("t")
    assert "overlapping windows" not in kinds(audit(apart, target="t12"))


def test_a_stuck_sensor_and_a_repeated_time_are_named() -> None:
    frame = clean(300)
    frame["when"] = pd.date_range("2025-01-01", periods=300, freq="h")
    assert not {"stuck values", "repeated time"} & set(kinds(audit(frame, target="strength")))
    frame.loc[100:139, "flow"] = 9.5
    frame.loc[7, "when"] = frame.loc[6, "when"]
    found = audit(frame, target="strength")
    assert "40 at a time from row 101" in one(found, "stuck values").what
    assert one(found, "repeated time").where == ("row 8",)


def test_without_a_target_only_the_table_is_looked_at() -> None:
    found = audit(repeated().drop(columns="strength"))
    assert one(found, "hidden group").inflation is None
    assert kinds(audit(clean().drop(columns="strength"))) == []


def test_nothing_is_fitted_unless_measured() -> None:
    found = one(audit(repeated(), target="strength", measure=False), "hidden group")
    assert found.inflation is None
    assert found.grave


def test_the_same_seed_gives_the_same_audit() -> None:
    first, second = (audit(repeated(), target="strength", seed=3).facts() for _ in range(2))
    assert first == second


def test_the_audit_prints_saves_and_shows(tmp_path) -> None:
    path = tmp_path / "mixes.csv"
    repeated().to_csv(path, index=False)
    found = audit(path, target="strength")
    assert found.subject == "mixes.csv"
    assert found.table()[0][0] == "finding"
    assert audit(clean(), target="strength").table()[1][0] == "nothing"
    assert found.table()[1][0] == "hidden group !"
    assert json.loads(json.dumps(found.facts()))["findings"][0]["grave"] is True
    assert "--group" in found.verdict
    page = found.page()
    assert page.startswith("<!doctype html>")
    assert "all but age" in page
    assert "What there is" in page


def test_text_from_the_table_is_escaped_in_the_page() -> None:
    frame = clean().assign(**{"<script>": "x"})
    assert "<script>x" not in audit(frame, target="strength").page()
    assert "&lt;script&gt;" in audit(frame, target="strength").page()


def test_bad_input_is_one_sentence() -> None:
    with pytest.raises(InputError, match="strenth"):
        audit(clean(), target="strenth")
    with pytest.raises(InputError, match="group"):
        audit(clean(), target="strength", group="operator")
    with pytest.raises(InputError, match="time"):
        audit(clean(), target="strength", time="date")
    with pytest.raises(InputError, match="seed"):
        audit(clean(), seed=-1)
    with pytest.raises(InputError, match="cannot be the time"):
        audit(clean(), target="strength", time="strength")
    with pytest.raises(InputError, match="heat"):
        audit(clean().assign(heat=np.inf), target="strength")


@pytest.mark.parametrize("factor", [1e-300, 1e300])
def test_numbers_beyond_single_precision_are_audited(factor: float) -> None:
    frame = clean(100)
    frame[["heat", "strength"]] *= factor
    assert not audit(frame, target="strength").grave
    frame["again"] = frame["strength"] / 7
    assert one(audit(frame, target="strength"), DISGUISE).where == ("again",)


@pytest.mark.parametrize("rows", [3, 12, 40])
def test_few_rows_are_audited(rows: int) -> None:
    assert not audit(clean(rows), target="strength").grave


def test_missing_values_words_and_dates_are_audited() -> None:
    frame = clean(200)
    frame.loc[::7, "heat"] = np.nan
    frame.loc[::9, "route"] = None
    frame["day"] = pd.date_range("2025-01-01", periods=200).astype(str)
    frame["formula"] = np.resize(["NaCl", "Fe2O3", "TiO2", "SiO2"], 200)
    frame["remark"] = np.resize(["looked at twice by hand", "fine as it was", "new blade"], 200)
    assert not audit(frame, target="strength").grave


DISGUISE = "target in disguise"


@pytest.mark.parametrize("seed", range(3))
def test_one_copied_row_is_told_but_does_not_forbid_a_test(seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(300, 2)), columns=["a", "b"])
    frame["y"] = frame["a"] + frame["b"] ** 2 + 0.3 * random.normal(size=300)
    frame.loc[100, "b"] = -999.0
    frame.loc[298] = frame.loc[200]
    found = audit(frame, target="y", seed=seed)
    assert "exact duplicates" in [finding.kind for finding in found.findings]
    assert not found.grave
