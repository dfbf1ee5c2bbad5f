"""Training: which columns are used, the guards, what is refused, and that missing values are no signal."""

import numpy as np
import pytest
from scipy.special import expit

from risk.errors import RiskError
from risk.scoring.predictions import predict
from risk.scoring.training import train


def outcomes(n=200, seed=2):
    """Made-up rows that fill the interface; they say nothing about real projects."""
    generator = np.random.default_rng(seed)
    rows = []
    for index in range(n):
        start = int(generator.integers(2, 8))
        failed = bool(generator.random() < expit(0.6 - 0.5 * (start - 4)))
        rows.append(
            {
                "id": f"p{index}",
                "trl_start": start,
                "planned_months": float(generator.integers(6, 60)),
                "sector": str(generator.choice(["chemicals", "medicine"])),
                "actual_months": 40.0 if failed else 20.0,
                "failed": int(failed),
            }
        )
    return rows


def refused(rows, **options):
    with pytest.raises(RiskError) as error:
        train(rows, **{"target": "failed", **options})
    return error.value


def test_only_columns_known_at_the_decision_are_features_and_the_others_are_listed():
    document, report = train(outcomes(), target="failed")
    assert report["features"] == ["trl_start", "planned_months", "sector"]
    assert report["ignored"] == {"id": "names the row", "actual_months": "known only after the outcome"}
    assert report["n"] == 200
    assert document["kind"] == "trained_pipeline"


def test_the_level_keeps_its_sign_even_against_the_data():
    rows = [{**row, "failed": 1 - row["failed"]} for row in outcomes()]
    _, report = train(rows, target="failed")
    level = next(item for item in report["coefficients"] if item["name"] == "number__trl_start")
    assert level["log_odds"] == 0.0
    assert level["at_bound"]


def test_predictions_fall_with_the_level_and_repeat():
    document, _ = train(outcomes(), target="failed")
    again, _ = train(outcomes(), target="failed")
    rows = [{"trl_start": level, "planned_months": 24.0, "sector": "medicine"} for level in range(1, 10)]
    found = predict(document, rows)
    assert list(found) == sorted(found, reverse=True)
    assert np.array_equal(found, predict(again, rows))


def test_a_missing_value_counts_as_the_middle_and_is_no_signal():
    rows = outcomes()
    document, _ = train(rows, target="failed")
    middle = float(np.median([row["planned_months"] for row in rows]))
    known = predict(document, [{"trl_start": 4, "planned_months": middle, "sector": "medicine"}])
    unknown = predict(document, [{"trl_start": 4, "planned_months": None, "sector": "medicine"}])
    assert unknown == pytest.approx(known, abs=1e-12)


def test_rows_without_outcome_are_left_out_and_counted():
    rows = outcomes()
    extra = [{**rows[0], "id": "x1", "failed": None}, {key: rows[1][key] for key in ("trl_start", "sector")}]
    _, report = train([*rows, *extra], target="failed")
    assert report["left_out_without_target"] == 2
    assert report["n"] == 200


def test_a_column_known_only_afterwards_is_refused_unless_waived():
    asked = ["trl_start", "actual_months"]
    error = refused(outcomes(), features=asked)
    assert (error.code, error.field) == ("known_after_outcome", "actual_months")
    waivers = {"known_after_outcome": "to show the leak", "leak_single_feature": "to show the leak"}
    _, report = train(outcomes(), target="failed", features=asked, waivers=waivers)
    assert report["waivers"] == waivers
    assert report["cross_validation"]["roc_auc"]["value"] == 1.0


def test_a_column_that_knows_the_outcome_alone_stops_training():
    rows = [{**row, "hint": row["failed"] * 10 + index % 3} for index, row in enumerate(outcomes())]
    error = refused(rows)
    assert (error.code, error.field) == ("leak_single_feature", "hint")
    assert error.details["leaks"][0]["auc"] == 1.0


def test_a_text_column_that_knows_the_outcome_stops_training():
    rows = [{**row, "note": "closed" if row["failed"] else "delivered"} for row in outcomes()]
    assert refused(rows).field == "note"


def test_missingness_that_knows_the_outcome_stops_training():
    generator = np.random.default_rng(1)
    rows = [{**row, "abstract": None if row["failed"] else float(generator.random())} for row in outcomes()]
    error = refused(rows)
    assert (error.code, error.field) == ("leak_missingness", "abstract")


def test_a_waived_leak_is_in_the_report_with_its_reason():
    rows = [{**row, "hint": row["failed"]} for row in outcomes()]
    _, report = train(rows, target="failed", waivers={"leak_single_feature": "known to the assessor"})
    assert report["waivers"] == {"leak_single_feature": "known to the assessor"}
    assert report["leaks"][0]["column"] == "hint"
    assert "hint" not in report["features"]


def test_noise_is_no_leak():
    generator = np.random.default_rng(8)
    rows = [{**row, "noise": float(generator.random())} for row in outcomes()]
    _, report = train(rows, target="failed")
    assert report["leaks"] == []


def test_an_own_schema_comes_before_the_built_in_list():
    rows = [{**row, "colour": index % 3} for index, row in enumerate(outcomes())]
    _, report = train(rows, target="failed", schema={"colour": "decision", "sector": "outcome"})
    assert report["features"] == ["trl_start", "planned_months", "colour"]


def test_groups_stay_together_in_cross_validation():
    rows = [{**row, "region": f"r{index % 10}"} for index, row in enumerate(outcomes())]
    _, report = train(rows, target="failed", group="region")
    assert report["cross_validation"]["grouped_by"] == "region"
    assert "region" not in report["features"]


@pytest.mark.parametrize(
    ("rows", "options", "code"),
    [
        ([], {}, "empty_input"),
        (outcomes(19), {}, "too_few_outcomes"),
        ([{**row, "failed": 1} for row in outcomes()], {}, "one_class_only"),
        ([{**row, "failed": row["failed"] + 1} for row in outcomes()], {}, "target_not_binary"),
        ([{**row, "failed": "yes"} for row in outcomes()], {}, "target_not_binary"),
        (outcomes(), {"target": "lost"}, "unknown_column"),
        (outcomes(), {"features": ["colour"]}, "unknown_column"),
        (outcomes(), {"features": ["failed"]}, "target_as_feature"),
        (outcomes(), {"waivers": {"everything": "because"}}, "unknown_waiver"),
        (outcomes(), {"waivers": {"leak_missingness": " "}}, "waiver_without_reason"),
        ([*outcomes(), outcomes()[0]], {}, "duplicated_rows"),
        ([{"id": row["id"], "failed": row["failed"]} for row in outcomes()], {}, "no_features"),
    ],
)
def test_files_that_cannot_be_learned_from_are_refused(rows, options, code):
    assert refused(rows, **options).code == code


def test_text_where_numbers_are_needed_is_refused_when_predicting():
    document, _ = train(outcomes(), target="failed")
    with pytest.raises(RiskError) as error:
        predict(document, [{"trl_start": "five", "planned_months": 3, "sector": "medicine"}])
    assert (error.value.code, error.value.field) == ("wrong_type", "rows[0].trl_start")
    with pytest.raises(RiskError) as error:
        predict(document, [{"trl_start": 5}])
    assert error.value.code == "unknown_column"


def changed(index, **cells):
    rows = outcomes()
    rows[index] = {**rows[index], **cells}
    return rows


@pytest.mark.parametrize(
    ("rows", "code", "field"),
    [
        (changed(7, trl_start=0), "level_out_of_range", "rows[7].trl_start"),
        (changed(3, trl_start=10), "level_out_of_range", "rows[3].trl_start"),
        (changed(3, mrl_start=11), "level_out_of_range", "rows[3].mrl_start"),
        (changed(4, trl_start=5, trl_target=4), "target_below_start", "rows[4].trl_target"),
        (changed(9, trl_start="five"), "wrong_type", "rows[9].trl_start"),
        (changed(9, planned_months="a year"), "wrong_type", "rows[9].planned_months"),
        (changed(2, planned_months=float("inf")), "not_a_number", "rows[2].planned_months"),
        (changed(5, start_date="2027-05-01", end_date="2026-05-01"), "dates_reversed", "rows[5].end_date"),
        (changed(5, failed="maybe"), "target_not_binary", "failed"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_by_row_and_column(rows, code, field):
    error = refused(rows)
    assert (error.code, error.field) == (code, field)
    assert error.message.endswith(".")


def test_rows_without_outcome_keep_their_place_in_errors():
    rows = [{**outcomes()[0], "failed": None}, *changed(7, trl_start=0)]
    assert refused(rows).field == "rows[8].trl_start"
    # a row without outcome is not learned from and cannot stop the others
    assert train(changed(7, trl_start=0, failed=None), target="failed")[1]["n"] == 199


def test_the_challenger_is_trained_by_the_same_guards():
    document, report = train(outcomes(), target="failed", kind="boosting")
    assert report["kind"] == "boosting"
    assert report["coefficients"] == []
    assert predict(document, outcomes()[:3]).shape == (3,)
    assert refused(outcomes(), kind="luck").code == "unknown_kind"
