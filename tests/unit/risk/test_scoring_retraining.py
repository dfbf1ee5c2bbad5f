"""Retraining from own outcomes: what a row must be, what the fit does with them, and which state they earn."""

import json
from datetime import date, timedelta

import jsonschema
import numpy as np
import pytest
from pandas import DataFrame
from scipy.special import expit

from risk import __main__ as command_line
from risk.commands import load_command
from risk.errors import RiskError
from risk.scoring.model_files import load_model, save_model
from risk.scoring.own_outcomes import read_outcomes
from risk.scoring.prior_model import fit_prior_model
from risk.scoring.retraining import digest_outcomes, retrain, spells_of
from risk.scoring.score import recompute, score_projects

REFERENCE = {"trl_start": 6, "trl_target": 7}


def own_rows(n=60, *, intercept=0.0, seed=5):
    """Pilots whose failure follows the start level around log-odds of `intercept` at the reference project."""
    generator = np.random.default_rng(seed)
    rows = []
    for index in range(n):
        start = int(generator.integers(4, 8))
        failed = bool(generator.random() < expit(intercept - 0.4 * (start - 6)))
        months, plan = float(generator.integers(10, 40)), 20.0
        started = date(2027, 1, 1) + timedelta(days=11 * index)
        cost = int(generator.integers(80, 160)) * 100_000_00
        rows.append(
            {
                "id": f"PRJ{index}",
                "trl_start": start,
                "trl_target": start + 1,
                "planned_months": plan,
                "lead_organisation_size": "small",
                "started_on": started.isoformat(),
                "ended_on": started + timedelta(days=round(months * 30.44)),
                "completed": bool(index % 9),
                "target_reached": not failed,
                "trl_reached": start if failed else start + 1,
                "planned_cost_minor": 100 * 100_000_00,
                "cost_minor": cost,
                "loss_minor": cost // 2 if failed else 0,
            }
        )
    return rows


def changed(index, **cells):
    rows = own_rows()
    rows[index] = {**rows[index], **cells}
    return rows


def without(index, name):
    rows = own_rows()
    del rows[index][name]
    return rows


def refused(rows, **options):
    with pytest.raises(RiskError) as error:
        retrain(rows, **options)
    return error.value


@pytest.fixture(scope="module")
def retrained():
    return retrain(own_rows(intercept=1.5))


@pytest.mark.parametrize(
    ("rows", "code", "field"),
    [
        ([], "empty_input", "rows"),
        (changed(3, colour="red"), "unknown_column", "rows[3].colour"),
        (without(3, "target_reached"), "missing_column", "rows[3].target_reached"),
        (without(4, "trl_target"), "missing_column", "rows[4].trl_target"),
        (changed(5, trl_start=0), "level_out_of_range", "rows[5].trl_start"),
        (changed(5, trl_target=10), "level_out_of_range", "rows[5].trl_target"),
        (changed(5, mrl_start=11), "level_out_of_range", "rows[5].mrl_start"),
        (changed(6, trl_start=5, trl_target=4), "target_below_start", "rows[6].trl_target"),
        (changed(6, trl_start=5, trl_target=5), "nothing_to_gain", "rows[6].trl_target"),
        (changed(6, target_reached=True, trl_reached=1), "levels_contradict", "rows[6].trl_reached"),
        (changed(7, planned_months=float("nan")), "invalid_parameter", "rows[7].planned_months"),
        (changed(7, planned_months="two years"), "invalid_parameter", "rows[7].planned_months"),
        (changed(7, cost_minor=1.5), "invalid_parameter", "rows[7].cost_minor"),
        (changed(7, cost_minor="1000"), "invalid_parameter", "rows[7].cost_minor"),
        (changed(7, loss_minor=-1), "invalid_parameter", "rows[7].loss_minor"),
        (changed(7, cost_minor=5, loss_minor=6), "loss_above_cost", "rows[7].loss_minor"),
        (changed(8, target_reached="perhaps"), "invalid_parameter", "rows[8].target_reached"),
        (changed(8, ended_on="2026-12-31"), "dates_reversed", "rows[8].ended_on"),
        (changed(8, ended_on="31.12.2028"), "invalid_parameter", "rows[8].ended_on"),
        (changed(9, id="PRJ2"), "duplicated_rows", "rows[9].id"),
        (own_rows(19), "too_few_outcomes", "rows"),
        ([{**row, "target_reached": False, "trl_reached": None} for row in own_rows()], "one_class_only",
         "rows[0].target_reached"),
    ],
)  # fmt: skip
def test_an_outcome_that_cannot_be_is_refused_by_row_and_column(rows, code, field):
    error = refused(rows)
    assert (error.code, error.field) == (code, field)
    assert error.message.endswith(".")


def test_many_failures_raise_the_score_and_narrow_its_interval(retrained):
    model, report = retrained
    before, after = score_projects([REFERENCE])[0], score_projects([REFERENCE], model=model)[0]
    assert report["events"] / report["n"] > 0.6
    assert after["probability"] > before["probability"] + 0.1

    def width(score):
        low, high = score["interval_80"]
        return np.log(high / (1 - high)) - np.log(low / (1 - low))

    assert width(after) < width(before)
    assert (after["own_outcomes"], after["state"]) == (60, "supported")
    assert after["grade"] is not None
    assert before["grade"] is None
    vector = model.coefficients_hex()
    assert recompute(json.loads(json.dumps(after)), vector) == after["probability"]


def test_the_new_model_beats_the_old_one_on_rows_held_out(retrained):
    _, report = retrained
    assert report["measures"]["log_loss"]["value"] < report["measures_prior"]["log_loss"]["value"]
    assert report["by_time"]["n"] == 18
    json.dumps(report, allow_nan=False)


def test_the_signs_hold_after_retraining_against_the_data():
    rows = [{**row, "target_reached": row["trl_start"] < 6, "trl_reached": None} for row in own_rows()]
    model, _ = retrain(rows, waivers={"leak_single_feature": "made so for this test"})
    scores = score_projects([{"trl_start": level, "trl_target": 9} for level in range(1, 9)], model=model)
    probabilities = [score["probability"] for score in scores]
    assert probabilities == sorted(probabilities, reverse=True)


def test_the_leak_guard_stops_retraining_and_a_waiver_is_in_the_report():
    rows = [{**row, "evidence_cover": 0.9 if row["target_reached"] else 0.2} for row in own_rows()]
    error = refused(rows)
    assert (error.code, error.field) == ("leak_single_feature", "evidence_cover")
    model, report = retrain(rows, waivers={"leak_single_feature": "assessed before the start"})
    assert report["waivers"] == {"leak_single_feature": "assessed before the start"}
    assert model.metadata["report"]["leaks"][0]["column"] == "evidence_cover"
    assert refused(rows, waivers={"leak_single_feature": " "}).code == "waiver_without_reason"


def test_states_follow_the_rules():
    rows = own_rows(40, intercept=0.0)
    few = [
        {**row, "target_reached": index >= 4, "trl_reached": None, "loss_minor": 0} for index, row in enumerate(rows)
    ]
    model, _ = retrain(few)
    assert model.state == "prior_only"
    good, report = retrain(own_rows(160, intercept=-0.6, seed=4))
    assert good.state == "validated"
    assert report["by_time"]["calibrated_in_the_large"]
    # the later third ends differently: outcomes there contradict a fit on the earlier ones
    turned = [
        {**row, "target_reached": index < 110, "trl_reached": None, "loss_minor": 0}
        for index, row in enumerate(own_rows(160))
    ]
    turned[120] = {**turned[120], "target_reached": True}
    assert retrain(turned)[0].state == "supported"


def test_a_retrained_model_shows_its_own_outlook_and_survives_its_file(retrained, tmp_path):
    model, report = retrained
    digest = save_model(model, tmp_path / "m.skops")
    loaded = load_model(tmp_path / "m.skops", digest=digest)
    assert score_projects([REFERENCE], model=loaded) == score_projects([REFERENCE], model=model)
    assert loaded.metadata["report"]["data_digest"] == report["data_digest"]
    score = score_projects([{**REFERENCE, "planned_months": 20}], model=loaded)[0]
    assert score["slip"]["state"] == "supported"
    assert score["slip"]["own_n"] == sum(row["completed"] for row in own_rows())
    assert score["loss_given_failure"]["measure"] == "share_of_cost_lost"
    assert score["loss_given_failure"]["mean"] == 0.5
    assert score["staircase"][0]["state"] == "supported"
    prior = score_projects([{**REFERENCE, "planned_months": 20}])[0]
    assert {prior[part]["state"] for part in ("slip", "cost_growth", "loss_given_failure")} == {"prior_only"}
    assert fit_prior_model().metadata == {}


def test_the_order_of_rows_changes_nothing(retrained):
    model, report = retrain(own_rows(intercept=1.5)[::-1])
    assert model.coefficients_hex() == retrained[0].coefficients_hex()
    assert report["data_digest"] == retrained[1]["data_digest"]
    assert digest_outcomes(read_outcomes(own_rows(seed=6))) != report["data_digest"]


def test_months_are_shared_by_the_levels_gained_and_a_miss_is_censored():
    rows = own_rows(2)
    rows[0].update(trl_start=4, trl_target=6, target_reached=True, trl_reached=6, ended_on="2028-01-01")
    rows[1].update(target_reached=False, trl_reached=rows[1]["trl_start"])
    spells = spells_of(read_outcomes(rows))
    assert [(spell.level, spell.passed) for spell in spells] == [(4, True), (5, True), (rows[1]["trl_start"], False)]
    assert spells[0].months == spells[1].months == pytest.approx(6.0, abs=0.05)


def run(capsys, *argv):
    code = command_line.main([str(part) for part in argv])
    out, err = capsys.readouterr()
    return code, json.loads(out or err)


def test_the_command_retrains_and_scores_with_what_it_wrote(capsys, tmp_path):
    data, model = tmp_path / "own.json", tmp_path / "score.skops"
    data.write_text(json.dumps(own_rows(intercept=1.5), default=str))
    code, report = run(capsys, "train", data, "--own", "--out", model)
    assert code == 0
    jsonschema.validate(report, load_command("train").OUTPUT_SCHEMA)
    (tmp_path / "row.json").write_text(json.dumps([REFERENCE]))
    code, scores = run(capsys, "score", tmp_path / "row.json", "--model", model, "--digest", report["digest"])
    assert (code, scores[0]["state"], scores[0]["model_version"]) == (0, "supported", report["version"])


def test_outcomes_as_csv_train_the_same_model(capsys, tmp_path):
    rows = [{**row, "solids_handling": index % 2 == 0} for index, row in enumerate(own_rows(intercept=1.5))]
    (tmp_path / "own.json").write_text(json.dumps(rows, default=str))
    DataFrame(rows).to_csv(tmp_path / "own.csv", index=False)
    digests = set()
    for name in ("own.json", "own.csv"):
        code, report = run(capsys, "train", tmp_path / name, "--own", "--out", tmp_path / "m.skops")
        assert code == 0
        digests.add((report["data_digest"], report["version"]))
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("rows", "options", "code", "field"),
    [
        (changed(4, target_reached="perhaps"), [], "wrong_type", "rows[4].target_reached"),
        (changed(4, colour=1), [], "unknown_column", "rows[4].colour"),
        (changed(7, cost_minor=5, loss_minor=6), [], "loss_above_cost", "rows[7].loss_minor"),
        (own_rows(5), [], "too_few_outcomes", "rows"),
        (own_rows(), ["--target", "failed"], "invalid_arguments", "target"),
        (own_rows(), ["--kind", "boosting"], "invalid_arguments", "kind"),
        (own_rows(), ["--waive", "known_after_outcome=why not"], "unknown_waiver", "waive"),
    ],
)
def test_a_refused_retraining_writes_nothing(capsys, tmp_path, rows, options, code, field):
    data, model = tmp_path / "own.json", tmp_path / "score.skops"
    data.write_text(json.dumps(rows, default=str))
    exit_code, error = run(capsys, "train", data, "--own", "--out", model, *options)
    assert (exit_code, error["error"]["code"], error["error"]["field"]) == (2, code, field)
    assert not model.exists()
