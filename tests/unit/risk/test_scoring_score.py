"""The score: base rates, monotony, composition, unknown inputs, reasons, recomputation, refusals."""

import json
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import RiskError
from risk.scoring.features import COLUMNS, list_features
from risk.scoring.observed import observed_against_predicted
from risk.scoring.prior_model import DEFINITIONS, fit_prior_model
from risk.scoring.score import find_band, recompute, score_projects
from risk.tables import get_figure

FULL = {
    "trl_start": 5,
    "trl_target": 8,
    "mrl_start": 5,
    "planned_months": 30,
    "evidence_cover": 0.6,
    "scale_up_factor": 200,
    "new_process_steps": 3,
    "unproven_equipment_share": 0.4,
    "solids_handling": True,
    "recycle_streams": 2,
    "lead_organisation_size": "small",
}


# the levels are demanded, and the reference of a yes-or-no input is a share of pilots
CANNOT_BE_AT_REFERENCE = {"trl_start", "trl_target", "solids_handling"}


@pytest.fixture(scope="module")
def model():
    return fit_prior_model()


def optional(strategy):
    return st.none() | strategy


@st.composite
def projects(draw):
    start = draw(st.integers(1, 8))
    row = {"trl_start": start, "trl_target": draw(st.integers(start + 1, 9))}
    for key, feature in list_features().items():
        if key in row:
            continue
        if feature.type == "boolean":
            strategy = st.booleans()
        elif feature.type == "choice":
            strategy = st.sampled_from(feature.choices)
        elif feature.type == "integer":
            strategy = st.integers(int(feature.minimum), int(feature.maximum))
        else:
            strategy = st.floats(feature.minimum, feature.maximum, allow_nan=False)
        row[key] = draw(optional(strategy))
    return row


def one(row, **options):
    return score_projects([row], **options)[0]


@settings(max_examples=150, deadline=None)
@given(projects())
def test_lowering_the_start_level_never_lowers_the_probability(row):
    probabilities = [one({**row, "trl_start": level})["probability"] for level in range(1, row["trl_target"])]
    assert probabilities == sorted(probabilities, reverse=True)


@settings(max_examples=100, deadline=None)
@given(projects(), st.integers(1, 9))
def test_lowering_the_manufacturing_level_never_lowers_the_probability(row, level):
    assert one({**row, "mrl_start": level})["probability"] >= one({**row, "mrl_start": level + 1})["probability"]


@settings(max_examples=100, deadline=None)
@given(projects())
def test_raising_the_target_never_lowers_the_probability(row):
    start = row["trl_start"]
    probabilities = [one({**row, "trl_target": target})["probability"] for target in range(start + 1, 10)]
    assert probabilities == sorted(probabilities)


@settings(max_examples=100, deadline=None)
@given(projects())
def test_the_staircase_composes_to_the_probability(row):
    score = one(row)
    steps = score["staircase"]
    assert [step["from_level"] for step in steps] == list(range(row["trl_start"], row["trl_target"]))
    assert 1.0 - math.prod(1.0 - step["probability"] for step in steps) == pytest.approx(
        score["probability"], abs=len(steps) * 1e-6
    )
    for step in steps:
        assert 0.0 <= step["low"] <= step["probability"] <= step["high"] <= 1.0
        assert step["months_50"] < step["months_80"] < step["months_95"]


@settings(max_examples=100, deadline=None)
@given(projects())
def test_intervals_nest_around_the_probability_and_the_score_is_json(row):
    score = one(row)
    low_95, low_80, probability = score["interval_95"][0], score["interval_80"][0], score["probability"]
    high_80, high_95 = score["interval_80"][1], score["interval_95"][1]
    assert 0.0 <= low_95 <= low_80 <= probability <= high_80 <= high_95 <= 1.0
    assert json.loads(json.dumps(score, allow_nan=False)) == score


@settings(max_examples=100, deadline=None)
@given(projects())
def test_a_stored_score_is_recomputed_from_snapshot_and_vector(row):
    score = json.loads(json.dumps(one(row)))
    assert recompute(score, fit_prior_model().coefficients_hex()) == score["probability"]


@settings(max_examples=60, deadline=None)
@given(projects(), st.sampled_from([key for key in list_features() if key not in CANNOT_BE_AT_REFERENCE]))
def test_an_unknown_input_widens_the_interval_around_the_same_reference(row, key):
    known = one({**row, key: list_features()[key].reference})
    unknown = one({**row, key: None})
    assert unknown["probability"] == known["probability"]
    assert unknown["interval_80"][0] <= known["interval_80"][0]
    assert unknown["interval_80"][1] >= known["interval_80"][1]
    assert unknown["interval_95"][1] - unknown["interval_95"][0] > known["interval_95"][1] - known["interval_95"][0]
    assert key in unknown["unknown"]
    assert key not in known["unknown"]


@settings(max_examples=60, deadline=None)
@given(projects())
def test_drivers_add_up_to_the_log_odds_against_the_reference_project(row):
    score = one(row)
    intercept = float.fromhex(fit_prior_model().coefficients_hex()["intercept:target_level_not_reached"])
    log_odds = intercept + math.fsum(driver["log_odds"] for driver in score["drivers"])
    # a driver is rounded to 6 decimals, so is the probability
    assert 1.0 / (1.0 + math.exp(-log_odds)) == pytest.approx(score["probability"], abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(projects())
def test_what_would_lower_the_risk_does_so_when_done(row):
    score = one(row)
    after = [change["probability_after"] for change in score["lower_most"]]
    assert after == sorted(after)
    for change in score["lower_most"]:
        assert change["from"] == row[change["feature"]]
        assert one({**row, change["feature"]: change["to"]})["probability"] == change["probability_after"]
        assert change["probability_after"] < score["probability"]


def test_the_reference_pilot_lies_in_the_range_of_the_pilot_base_rate():
    figure = get_figure("base_rates", "pilot_target_level_not_reached")
    score = one({"trl_start": 6, "trl_target": 7})
    assert figure["low"] < score["probability"] < figure["high"]
    assert score["reference_class"]["status"] == "judgement"
    assert score["reference_class"]["n"] is None


def test_the_slope_on_the_start_level_agrees_with_the_pooled_slope(model):
    pooled = get_figure("coefficients", "pooled_trl_slope")
    index = COLUMNS.index("trl_start")
    assert model.classifier.coef_[0, index] == pytest.approx(pooled.value, abs=0.06)
    deviation = math.sqrt(model.classifier.posterior_covariance_[index + 1, index + 1])
    assert deviation == pytest.approx(pooled["standard_error"], abs=0.03)


@pytest.mark.parametrize(
    ("start", "target", "low", "high"), [(1, 3, 0.25, 0.5), (2, 4, 0.22, 0.42), (3, 5, 0.15, 0.35)]
)
def test_laboratory_projects_score_near_the_observed_rate(start, target, low, high):
    assert low < one({"trl_start": start, "trl_target": target})["probability"] < high


@pytest.mark.parametrize("definition", DEFINITIONS[1:])
def test_another_definition_has_its_own_base_rate(definition):
    figure = get_figure("base_rates", definition)
    score = one({"trl_start": figure["trl_start"], "trl_target": figure["trl_target"]}, definition=definition)
    assert score["probability"] == pytest.approx(figure.value, abs=1e-6)
    assert score["reference_class"]["base_rate"] == figure.value
    assert score["definition"] == definition
    assert score["staircase"] == []


def test_a_base_rate_from_few_projects_widens_the_interval():
    # the typical project of the same class, counted on 15 awards against 24,357
    few, many = (
        one({"trl_start": 6, "trl_target": 8}, definition=definition) for definition in ("terminated", "no_next_stage")
    )

    def width(score):
        low, high = score["interval_80"]
        return math.log(high / (1 - high)) - math.log(low / (1 - low))

    assert width(few) > width(many) + 0.2


def test_the_reference_class_of_a_low_level_counts_its_projects():
    reference = one({"trl_start": 3, "trl_target": 5})["reference_class"]
    assert (reference["n"], reference["events"]) == (50, 10)
    assert reference["base_rate"] == 0.2
    assert "NASA" in reference["source"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"trl_target": 7}, "trl_start_missing"),
        ({"trl_start": 5}, "trl_target_missing"),
        ({"trl_start": 7, "trl_target": 7}, "nothing_to_gain"),
    ],
)
def test_without_start_or_target_there_is_no_number(row, reason, model):
    score = one(row)
    assert score["state"] == "not_enough_data"
    assert score["reason"] == reason
    assert score["probability"] is None
    assert score["interval_80"] is None
    assert score["grade"] is None
    assert recompute(score, model.coefficients_hex()) is None


def test_no_grade_without_own_outcomes_but_a_band_in_words():
    score = one(FULL)
    assert score["state"] == "prior_only"
    assert score["own_outcomes"] == 0
    assert score["grade"] is None
    assert score["band"] in {"elevated", "high", "very_high"}
    assert score["band_zh"]


@pytest.mark.parametrize(
    ("probability", "grade", "band"),
    [
        (0.0, "A", "low"),
        (0.0999, "A", "low"),
        (0.1, "B", "moderate"),
        (0.2, "C", "elevated"),
        (0.35, "D", "high"),
        (0.5, "E", "very_high"),
        (1.0, "E", "very_high"),
    ],
)
def test_cut_points_belong_to_the_worse_band(probability, grade, band):
    found = find_band(probability)
    assert (found["grade"], found["band"]) == (grade, band)


def test_slip_quantiles_follow_the_planned_duration():
    short, long = one({**FULL, "planned_months": 10}), one({**FULL, "planned_months": 40})
    for quantile in ("50", "80", "95"):
        assert long["slip"]["quantiles_months"][quantile] == pytest.approx(
            4 * short["slip"]["quantiles_months"][quantile], abs=0.3
        )
    assert one({"trl_start": 5, "trl_target": 7})["slip"]["quantiles_months"] is None


def test_a_score_keeps_id_versions_and_its_inputs(model):
    score = one({**FULL, "id": "p-1"})
    assert score["id"] == "p-1"
    assert score["model_version"] == model.version
    assert score["coefficients_digest"] == model.digest
    assert score["features"] == {**FULL, "planned_months": 30.0, "scale_up_factor": 200.0}
    assert score["unknown"] == []
    assert score["horizon_months"] == 30.0


def test_a_changed_snapshot_or_another_vector_is_refused(model):
    score = one(FULL)
    vector = model.coefficients_hex()
    with pytest.raises(RiskError) as error:
        recompute({**score, "features": {**score["features"], "trl_start": 7}}, vector)
    assert error.value.code == "features_mismatch"
    with pytest.raises(RiskError) as error:
        recompute(score, {**vector, "trl_start": (0.0).hex()})
    assert error.value.code == "coefficients_mismatch"


@pytest.mark.parametrize(
    ("rows", "code", "field"),
    [
        ([], "empty_rows", "rows"),
        ({"trl_start": 5}, "invalid_parameter", "rows"),
        ([5], "invalid_parameter", "rows[0]"),
        ([FULL, {**FULL, "colour": "red"}], "unknown_column", "rows[1].colour"),
        ([{**FULL, "trl_start": 0}], "level_out_of_range", "rows[0].trl_start"),
        ([{**FULL, "trl_target": 10}], "level_out_of_range", "rows[0].trl_target"),
        ([{**FULL, "mrl_start": 11}], "level_out_of_range", "rows[0].mrl_start"),
        ([{**FULL, "trl_start": 5.5}], "level_out_of_range", "rows[0].trl_start"),
        ([{**FULL, "trl_start": "5"}], "level_out_of_range", "rows[0].trl_start"),
        ([{**FULL, "trl_start": True}], "level_out_of_range", "rows[0].trl_start"),
        ([{**FULL, "evidence_cover": float("nan")}], "invalid_parameter", "rows[0].evidence_cover"),
        ([{**FULL, "evidence_cover": 1.2}], "invalid_parameter", "rows[0].evidence_cover"),
        ([{**FULL, "planned_months": 0}], "invalid_parameter", "rows[0].planned_months"),
        ([{**FULL, "solids_handling": 1}], "invalid_parameter", "rows[0].solids_handling"),
        ([{**FULL, "lead_organisation_size": "huge"}], "invalid_parameter", "rows[0].lead_organisation_size"),
        ([{**FULL, "trl_start": 8, "trl_target": 6}], "target_below_start", "rows[0].trl_target"),
    ],
)
def test_bad_rows_are_refused_with_row_and_column(rows, code, field):
    with pytest.raises(RiskError) as error:
        score_projects(rows)
    assert error.value.code == code
    assert error.value.field == field


def test_numbers_of_other_exact_types_count_as_numbers():
    plain = one(FULL)
    other = one({**FULL, "trl_start": np.int64(5), "evidence_cover": Decimal("0.6"), "planned_months": np.float64(30)})
    assert other == plain
    assert type(other["features"]["trl_start"]) is int
    assert type(other["features"]["evidence_cover"]) is float


@pytest.mark.parametrize("value", [float("inf"), 10**400, Decimal("NaN"), Decimal("sNaN"), np.nan, 1j, "30"])
def test_numbers_that_are_none_are_refused(value):
    with pytest.raises(RiskError) as error:
        one({**FULL, "planned_months": value})
    assert error.value.field == "rows[0].planned_months"


def test_an_unknown_definition_names_those_that_exist():
    with pytest.raises(RiskError) as error:
        score_projects([FULL], definition="bankruptcy")
    assert error.value.code == "unknown_definition"
    assert "target_level_not_reached" in error.value.message


def test_observed_against_predicted_counts_by_level_and_says_what_was_left_out():
    rows = [
        {"trl_start": 3, "trl_target": 5, "failed": 1},
        {"trl_start": 3, "trl_target": 5, "failed": False},
        {"trl_start": 5, "trl_target": 7, "failed": 0},
        {"trl_start": 5, "trl_target": 7, "failed": None},
        {"trl_start": 5, "failed": 1},
        {"trl_start": 4, "trl_target": 4, "failed": 0},
    ]
    report = observed_against_predicted(rows)
    low = one({"trl_start": 3, "trl_target": 5})["probability"]
    pilot = one({"trl_start": 5, "trl_target": 7})["probability"]
    assert (report["n"], report["events"]) == (3, 1)
    assert report["left_out"] == {"outcome_unknown": 1, "trl_target_missing": 1, "nothing_to_gain": 1}
    assert report["base_rate"] == pytest.approx(1 / 3, abs=1e-6)
    assert report["brier"] == pytest.approx(((low - 1) ** 2 + low**2 + pilot**2) / 3, abs=1e-6)
    assert report["brier_constant"] == pytest.approx(2 / 9, abs=1e-6)
    assert report["by_level"] == [
        {"trl_start": 3, "n": 2, "events": 1, "observed": 0.5, "predicted": low},
        {"trl_start": 5, "n": 1, "events": 0, "observed": 0.0, "predicted": pilot},
    ]


def test_observed_against_predicted_refuses_odd_outcomes_and_none_at_all():
    with pytest.raises(RiskError) as error:
        observed_against_predicted([{"trl_start": 3, "trl_target": 5, "failed": 2}])
    assert error.value.field == "rows[0].failed"
    with pytest.raises(RiskError) as error:
        observed_against_predicted([{"trl_start": 3, "trl_target": 5}])
    assert error.value.code == "no_outcomes"
