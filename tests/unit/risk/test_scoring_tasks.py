"""Task files and the command that evaluates them, on rows made in the form of the data files."""

import json
import math
from datetime import date

import jsonschema
import numpy as np
import pytest
from pandas import DataFrame

from risk import __main__ as command_line
from risk.commands import load_command
from risk.errors import RiskError
from risk.scoring.columns import KNOWN_AT
from risk.scoring.evaluation import roc_auc, roc_auc_standard_error
from risk.scoring.pipelines import YARDSTICKS
from risk.scoring.task_evaluation import TARGET, evaluate_task, read_sample, select_rows, tell
from risk.scoring.tasks import list_tasks, load_task, parse_expression
from risk.scoring.training import train
from risk.tables import load_document


def year_pairs(n=160):
    """Rows in the form of the UK file: slips that follow the delivery confidence."""
    generator = np.random.default_rng(6)
    rows = []
    for index in range(n):
        confidence = int(generator.integers(1, 6))
        late = generator.random() < 0.1 + 0.12 * confidence
        rows.append(
            {
                "project_key": f"k{index // 3}",
                "report_year": 2014 + index % 5,
                "confidence_1green_5red": confidence,
                "planned_months": float(generator.integers(12, 200)),
                "end_date": f"{2015 + index % 7}-03-31" if index % 11 else None,
                "slip_months_next_year": (9.0 if late else 1.0) if index % 20 else None,
                "slip_valid": int(index % 16 != 1),
            }
        )
    return rows


def awards(n=120, *, leak=True):
    generator = np.random.default_rng(3)
    rows = []
    for index in range(n):
        went_on = int(index % 5 < 2)
        row = {
            "award_id": str(100_000 + index),
            "award_year": 1985 + index % 9,
            "firm_hash": f"f{index // 2}",
            "agency": ["energy", "health"][int(generator.integers(0, 2))],
            "firm_prior_phase1": int(generator.integers(0, 30)),
            "phase2_within_4y": went_on,
        }
        if leak:
            row["leak_abstract_present"] = int(generator.random() < (0.05 if went_on else 0.95))
        rows.append(row)
    return rows


@pytest.mark.parametrize("name", list_tasks())
def test_a_task_file_is_whole_and_its_columns_are_in_the_schema(name):
    task = load_task(name)
    known = {column for part in KNOWN_AT for column in load_document("outcome_columns")[part]}
    assert {task.target.column, task.group, task.time} <= known
    assert not set(task.after_the_fact) & set(load_document("outcome_columns")["decision"])
    for kind in ("logistic", "boosting"):
        assert set(task.reference[kind]) == {"roc_auc", "brier", "ece"}
    rate = task.reference["events"] / task.reference["n"]
    assert task.reference["brier_constant"] == pytest.approx(rate * (1 - rate), abs=0.001)


def test_an_unknown_task_and_a_bad_expression_are_refused():
    with pytest.raises(RiskError) as error:
        load_task("luck")
    assert error.value.code == "unknown_task"
    for text in ("slip", "slip > much", "__import__('os') > 1", "slip = 6", "a > 1 or b > 2"):
        with pytest.raises(RiskError) as error:
            parse_expression(text)
        assert error.value.code == "invalid_expression"


def test_rows_are_those_that_meet_the_conditions_and_unknown_outcomes_stay_unknown():
    rows = year_pairs()
    frame = select_rows(load_task("gmpp_slip"), rows)
    assert list(frame.index) == [index for index in range(160) if index % 16 != 1]
    for index, outcome in frame[TARGET].items():
        slip = rows[index]["slip_months_next_year"]
        assert np.isnan(outcome) if slip is None else outcome == float(slip > 6)
    sample, ignored = read_sample(load_task("gmpp_slip"), rows)
    assert sample.features == ["report_year", "confidence_1green_5red", "planned_months", "months_to_end"]
    # the report of 2016 shows the projects on 30 September 2015; the row ends in March 2017
    days = (date(2017, 3, 31) - date(2015, 9, 30)).days
    assert sample.frame["months_to_end"][0] == pytest.approx(days / 30.4375)
    assert frame["months_to_end"].isna().sum() == sum(rows[index]["end_date"] is None for index in frame.index)
    assert ignored["slip_months_next_year"] == "known only after the outcome"
    assert sample.groups[0] == "k0"
    # the first row has no outcome, the second no valid one
    assert sample.times[0] == "2016"


def test_a_file_without_the_column_of_the_task_is_refused():
    rows = [{key: value for key, value in row.items() if key != "slip_valid"} for row in year_pairs()]
    with pytest.raises(RiskError) as error:
        select_rows(load_task("gmpp_slip"), rows)
    assert (error.value.code, error.value.field) == ("unknown_column", "slip_valid")


@pytest.mark.parametrize(
    ("column", "value"), [("end_date", "soon"), ("end_date", "31/03/2017"), ("report_year", "MMXVI")]
)
def test_a_date_or_year_that_is_none_is_refused_by_row(column, value):
    rows = year_pairs()
    rows[7][column] = value
    with pytest.raises(RiskError) as error:
        select_rows(load_task("gmpp_slip"), rows)
    assert (error.value.code, error.value.field) == ("wrong_type", f"rows[7].{column}")


def test_the_standard_error_of_a_told_auc_is_that_of_hanley_and_mcneil():
    # the spread of the Mann-Whitney statistic under negative exponential scores, which the formula assumes
    generator = np.random.default_rng(5)
    auc, events, others = 0.75, 20, 60
    rate = auc / (1 - auc)
    drawn = [
        roc_auc(np.repeat([1.0, 0.0], [events, others]), scores)
        for scores in np.hstack(
            [generator.exponential(rate, (4_000, events)), generator.exponential(1.0, (4_000, others))]
        )
    ]
    assert np.mean(drawn) == pytest.approx(auc, abs=0.004)
    assert roc_auc_standard_error(auc, events, others) == pytest.approx(np.std(drawn), rel=0.05)


def test_a_yardstick_is_measured_and_never_trained():
    report = evaluate_task(load_task("gmpp_slip"), DataFrame(year_pairs()), repeats=1)
    assert {(row["kind"], row["split"]) for row in report["yardsticks"]} == {
        (kind, split) for kind in YARDSTICKS for split in ("repeated_folds", "by_time")
    }
    frame = DataFrame(year_pairs()).assign(late=lambda rows: rows["confidence_1green_5red"] > 3)
    with pytest.raises(RiskError) as error:
        train(frame.astype({"late": float}), target="late", kind=YARDSTICKS[0])
    assert (error.value.code, error.value.field) == ("unknown_kind", "kind")


def test_the_report_holds_both_kinds_on_both_splits_and_says_where_it_falls_short():
    report = evaluate_task(load_task("gmpp_slip"), DataFrame(year_pairs()), repeats=1)
    assert {(result["kind"], result["split"]) for result in report["results"]} == {
        (kind, split) for kind in ("logistic", "boosting") for split in ("repeated_folds", "by_time")
    }
    assert len(tell(report)) == 4 + 2 * len(YARDSTICKS)
    for result in report["results"]:
        for name in ("roc_auc", "brier", "log_loss", "ece"):
            measure = result["measures"][name]
            assert measure["low"] <= measure["value"] <= measure["high"]
    champion = [result for result in report["results"] if result["kind"] == report["champion"]]
    reference = report["reference"]
    counts = (reference["events"], reference["n"] - reference["events"])
    short = [
        result
        for result, told in ((result, reference[result["kind"]]["roc_auc"]) for result in champion)
        if result["measures"]["roc_auc"]["value"]
        < told - math.hypot(result["measures"]["roc_auc"]["standard_error"], roc_auc_standard_error(told, *counts))
    ]
    assert len([text for text in report["shortfalls"] if "AUC" in text]) == len(short)


def run(capsys, *argv):
    code = command_line.main([str(part) for part in argv])
    out, err = capsys.readouterr()
    return code, json.loads(out or err)


def test_the_command_reads_one_file_or_the_folder_of_all(capsys, tmp_path):
    DataFrame(year_pairs()).to_csv(tmp_path / "gmpp_year_pairs.csv.gz", index=False)
    code, one = run(capsys, "evaluate", tmp_path / "gmpp_year_pairs.csv.gz", "--task", "gmpp_slip", "--repeats", "1")
    assert code == 0
    jsonschema.validate(one, load_command("evaluate").OUTPUT_SCHEMA)
    code, folder = run(capsys, "evaluate", tmp_path, "--task", "gmpp_slip", "--repeats", "1")
    assert (code, folder) == (0, one)
    code, error = run(capsys, "evaluate", tmp_path, "--task", "all")
    assert (code, error["error"]["code"]) == (2, "input_not_readable")
    code, error = run(capsys, "evaluate", tmp_path / "gmpp_year_pairs.csv.gz", "--task", "all")
    assert (code, error["error"]["code"]) == (2, "invalid_arguments")
    code, error = run(capsys, "evaluate", tmp_path / "gmpp_year_pairs.csv.gz")
    assert (code, error["error"]["code"]) == (2, "invalid_arguments")


def test_training_a_task_stops_at_the_column_written_afterwards_unless_waived(capsys, tmp_path):
    data, model = tmp_path / "awards.csv", tmp_path / "m.skops"
    DataFrame(awards()).to_csv(data, index=False)
    asked = ["train", data, "--task", "sbir_next_stage", "--out", model]
    code, error = run(capsys, *asked)
    assert (code, error["error"]["code"], error["error"]["field"]) == (
        2,
        "leak_single_feature",
        "leak_abstract_present",
    )
    assert not model.exists()
    code, report = run(capsys, *asked, "--waive", "leak_single_feature=to show what it does")
    assert code == 0
    assert report["waivers"] == {"leak_single_feature": "to show what it does"}
    assert report["leaks"][0]["column"] == "leak_abstract_present"
    assert "leak_abstract_present" not in report["features"]
    assert report["cross_validation"]["grouped_by"] == "firm_hash"
    # in the evaluation of the task the data's own description leaves the column out
    _, ignored = read_sample(load_task("sbir_next_stage"), awards())
    assert ignored["leak_abstract_present"] == "known only after the outcome"


def test_the_function_names_a_text_outcome_as_the_command_does():
    rows = year_pairs()
    rows[8]["slip_months_next_year"] = "late"
    with pytest.raises(RiskError) as error:
        evaluate_task(load_task("gmpp_slip"), rows, repeats=1)
    assert (error.value.code, error.value.field) == ("wrong_type", "rows[8].slip_months_next_year")
