"""Cells, columns and indexes that nothing can be read from are refused by row and column, never by a raw error."""

import json
from datetime import date

import numpy as np
import pytest
from pandas import DataFrame, MultiIndex, Series, date_range

from risk import __main__ as command_line
from risk.errors import RiskError
from risk.scoring.columns import plain
from risk.scoring.frames import PilotColumns, score_frame
from risk.scoring.predictions import predict, predict_frame
from risk.scoring.prior_model import fit_prior_model
from risk.scoring.task_evaluation import evaluate_task
from risk.scoring.tasks import load_task
from risk.scoring.training import train
from risk.scoring.validation import Sample, repeated_folds


def rows(n=60, **changes):
    generator = np.random.default_rng(1)
    found = [
        {"trl_start": int(generator.integers(2, 8)), "planned_months": float(generator.integers(6, 60)),
         "sector": ["chemicals", "medicine"][index % 2], "firm": f"f{index // 2}", "failed": int(index % 5 < 2)}
        for index in range(n)
    ]  # fmt: skip
    for name, (row, value) in changes.items():
        found[row][name] = value
    return found


def refused(action, *arguments, **options):
    with pytest.raises(RiskError) as error:
        action(*arguments, **options)
    return error.value.code, error.value.field


@pytest.mark.parametrize("empty", [None, float("nan")])
def test_a_row_without_its_group_is_refused(empty):
    for given in (rows(firm=(7, empty)), DataFrame(rows(firm=(7, empty)))):
        assert refused(train, given, target="failed", group="firm") == ("missing_group", "rows[7].firm")
    # a row without an outcome is not learned from, and needs no group
    assert train([*rows(), {"trl_start": 5}], target="failed", group="firm")[1]["left_out_without_target"] == 1


@pytest.mark.parametrize(
    "index",
    [
        [f"project {number}" for number in range(60)],
        [0] * 60,
        date_range("2027-01-01", periods=60),
        MultiIndex.from_product([range(30), ["a", "b"]]),
        np.linspace(0.5, 30, 60),
    ],
)
def test_a_row_of_an_odd_index_is_named_by_its_place(index):
    frame = DataFrame(rows(trl_start=(11, 12)))
    frame.index = index
    assert refused(train, frame, target="failed") == ("level_out_of_range", "rows[11].trl_start")
    good = DataFrame(rows())
    digest = train(good, target="failed")[1]["data_digest"]
    good.index = index
    assert train(good, target="failed")[1]["data_digest"] == digest


def test_a_row_of_a_part_of_a_file_keeps_its_place_in_the_file():
    part = DataFrame(rows(trl_start=(11, 12))).iloc[5:]
    assert refused(train, part, target="failed") == ("level_out_of_range", "rows[11].trl_start")


@pytest.mark.parametrize("cell", [[1], {"a": 1}, (1, 2), {1}, np.array([1, 2])])
@pytest.mark.parametrize("name", ["trl_start", "sector", "firm", "failed", "note"])
def test_a_cell_that_is_no_single_value_is_refused(cell, name):
    given = rows(**{name: (3, cell)})
    assert refused(train, given, target="failed", group="firm") == ("wrong_type", f"rows[3].{name}")


def test_a_prediction_names_the_cell_that_it_cannot_read():
    document, _ = train(rows(), target="failed", schema={"sector": "decision"})
    for name, cell in (("trl_start", [5]), ("trl_start", "five"), ("sector", {"a": 1})):
        assert refused(predict, document, rows(5, **{name: (2, cell)})) == ("wrong_type", f"rows[2].{name}")
        frame = DataFrame(rows(5, **{name: (2, cell)}), index=list("abcde"))
        assert refused(predict_frame, document, frame, chunk_rows=2) == ("wrong_type", f"rows[2].{name}")


def repeated(frame, name):
    frame = frame.assign(again=frame[name])
    frame.columns = [*frame.columns[:-1], name]
    return frame


@pytest.mark.parametrize("name", ["trl_start", "failed", "sector"])
def test_a_column_that_is_there_twice_is_refused(name):
    assert refused(train, repeated(DataFrame(rows()), name), target="failed") == ("repeated_column", name)


def test_a_repeated_column_is_refused_where_it_would_be_read():
    document, _ = train(rows(), target="failed")
    frame = DataFrame(rows())
    assert refused(predict_frame, document, repeated(frame, "trl_start")) == ("repeated_column", "trl_start")
    assert predict_frame(document, repeated(frame, "firm")).probability.shape == (60,)
    pilots = DataFrame({"trl_start": [5, 6], "trl_target": [7, 8]})
    twice = repeated(pilots, "trl_target")
    assert refused(score_frame, fit_prior_model(), twice) == ("repeated_column", "trl_target")
    assert refused(PilotColumns().fit, twice) == ("repeated_column", "trl_target")


def test_a_column_without_a_text_for_a_name_is_refused():
    assert refused(train, DataFrame(rows()).assign(x=1).rename(columns={"x": 5}), target="failed") == (
        "invalid_column_name",
        "5",
    )


@pytest.mark.parametrize("chunk_rows", [0, -1, 2.5, True, "10"])
def test_a_chunk_has_at_least_a_row(chunk_rows):
    pilots = DataFrame({"trl_start": [5, 6], "trl_target": [7, 8]})
    assert refused(score_frame, fit_prior_model(), pilots, chunk_rows=chunk_rows) == ("invalid_parameter", "chunk_rows")
    document, _ = train(rows(), target="failed")
    assert refused(predict_frame, document, DataFrame(rows()), chunk_rows=chunk_rows)[1] == "chunk_rows"


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("planned_months", [20.0, [20.0]]),
        ("planned_months", [20.0, {"months": 20}]),
        ("planned_months", [20.0, date(2027, 1, 1)]),
        ("planned_months", [20.0, 20.0j]),
        ("trl_start", [5, (5,)]),
        ("solids_handling", [True, [True]]),
        ("lead_organisation_size", ["small", ["small"]]),
        ("lead_organisation_size", ["small", {"size": "small"}]),
        ("lead_organisation_size", ["small", 3]),
    ],
)
def test_a_score_of_a_cell_that_is_no_single_value_is_refused(name, cells):
    pilots = DataFrame({"trl_start": [5, 5], "trl_target": [7, 7]}).assign(**{name: Series(cells, dtype=object)})
    for index in ([0, 1], ["one", "one"]):
        pilots.index = index
        assert refused(score_frame, fit_prior_model(), pilots) == ("invalid_parameter", f"rows[1].{name}")


def test_an_unknown_text_stays_unknown_and_is_no_category_of_its_own():
    for cells in ([None, "a", float("nan"), "b"], ["a", None, 3, True]):
        frame = plain(DataFrame({"sector": Series(cells, dtype=object)}))
        assert list(frame["sector"].isna()) == list(Series(cells, dtype=object).isna())
        assert "nan" not in list(frame["sector"])
    given = [{**row, "sector": None if index % 3 else row["sector"]} for index, row in enumerate(rows(90))]
    _, report = train(given, target="failed", schema={"sector": "decision"})
    assert not [row["name"] for row in report["coefficients"] if row["name"].endswith("_nan")]


@pytest.mark.parametrize("seed", [-1, 2**31, 1.5, True])
def test_a_seed_out_of_range_is_refused(seed):
    sample = Sample(DataFrame(rows())[["trl_start"]], np.array([row["failed"] for row in rows()], dtype=float))
    assert refused(repeated_folds, sample, "logistic", seed=seed) == ("invalid_parameter", "seed")


def year_pairs(n=80, **changes):
    generator = np.random.default_rng(6)
    found = [
        {"project_key": f"k{index // 3}", "report_year": 2014 + index % 5,
         "confidence_1green_5red": int(generator.integers(1, 6)), "planned_months": float(generator.integers(12, 200)),
         "slip_months_next_year": 9.0 if generator.random() < 0.4 else 1.0, "slip_valid": int(index != 9),
         "end_date": f"{2020 + index % 5}-06-30"}
        for index in range(n)
    ]  # fmt: skip
    for name, (row, value) in changes.items():
        found[row][name] = value
    return found


BAD_TASK_CELLS = [
    ("slip_months_next_year", "late", "wrong_type"),
    ("slip_valid", "yes", "wrong_type"),
    ("report_year", None, "missing_time"),
    ("project_key", None, "missing_group"),
]


@pytest.mark.parametrize(("name", "cell", "code"), BAD_TASK_CELLS)
@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_a_task_names_the_cell_that_it_cannot_be_read_from(capsys, tmp_path, command, name, cell, code):
    file, model = tmp_path / "gmpp.json", tmp_path / "m.skops"
    file.write_text(json.dumps(year_pairs(**{name: (4, cell)})))
    asked = [command, str(file), "--task", "gmpp_slip", *(["--out", str(model)] if command == "train" else [])]
    assert command_line.main(asked) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert (json.loads(error)["error"]["code"], json.loads(error)["error"]["field"]) == (code, f"rows[4].{name}")
    assert not model.exists()


def test_a_row_that_the_task_leaves_aside_may_lack_its_time():
    from risk.scoring.task_cells import check_task_cells

    frame = check_task_cells(load_task("gmpp_slip"), year_pairs(report_year=(9, None), project_key=(9, None)))
    assert evaluate_task(load_task("gmpp_slip"), frame, repeats=1)["n"] == 79


def test_a_negative_seed_is_refused_before_anything_is_fitted(capsys, tmp_path):
    file = tmp_path / "gmpp.json"
    file.write_text(json.dumps(year_pairs()))
    for asked in (["--task", "gmpp_slip"], ["--target", "slip_valid", "--model", str(tmp_path / "absent")]):
        assert command_line.main(["evaluate", str(file), *asked, "--seed", "-1"]) == 2
        out, error = capsys.readouterr()
        assert out == ""
        assert json.loads(error)["error"]["field"] == "seed"
