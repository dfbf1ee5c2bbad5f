"""``python -m risk``: every example runs and fits its schema; bad input ends with exit 2 and one JSON object."""

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from risk import __main__ as command_line
from risk.commands import available_commands, load_command
from risk.scoring.model_files import save_model
from risk.scoring.prior_model import fit_prior_model

ROOT = Path(__file__).resolve().parents[3]
OWN = ("score", "train", "evaluate")


def run(capsys, *argv):
    code = command_line.main([str(part) for part in argv])
    out, err = capsys.readouterr()
    return code, out, err


def answer(capsys, *argv):
    code, out, err = run(capsys, *argv)
    assert (code, err) == (0, "")
    return json.loads(out)


def refused(capsys, *argv):
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    body = json.loads(err)
    assert set(body) == {"error"}
    assert {"code", "message", "field"} <= set(body["error"])
    assert body["error"]["message"].endswith(".")
    return body["error"]


def write(tmp_path, text, name="input.json"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture
def outcome_file(tmp_path):
    path = tmp_path / "outcomes.json"
    path.write_text(json.dumps(load_command("train").EXAMPLE))
    return path


@pytest.mark.parametrize("name", available_commands())
def test_schema_and_example_are_those_of_the_code(capsys, name):
    command = load_command(name)
    assert name == command.NAME
    schemas = answer(capsys, "schema", name)
    for part in ("input", "output"):
        jsonschema.Draft202012Validator.check_schema(schemas[part])
    jsonschema.validate(answer(capsys, "example", name), schemas["input"])


@pytest.mark.parametrize("name", [name for name in available_commands() if name not in ("train", "evaluate")])
def test_every_example_runs_and_the_answer_fits_the_schema(capsys, tmp_path, name):
    path = write(tmp_path, json.dumps(load_command(name).EXAMPLE))
    result = answer(capsys, name, path, *getattr(load_command(name), "EXAMPLE_ARGUMENTS", ()))
    jsonschema.validate(result, load_command(name).OUTPUT_SCHEMA)


def test_train_then_evaluate(capsys, tmp_path, outcome_file):
    model = tmp_path / "model.skops"
    report = answer(capsys, "train", outcome_file, "--target", "failed", "--out", model)
    jsonschema.validate(report, load_command("train").OUTPUT_SCHEMA)
    assert report["features"] == ["trl_start", "planned_months"]
    measures = answer(
        capsys, "evaluate", outcome_file, "--target", "failed", "--model", model, "--digest", report["digest"]
    )
    jsonschema.validate(measures, load_command("evaluate").OUTPUT_SCHEMA)
    assert measures["n"] == 24
    assert measures["events"] == 7
    assert measures["model_digest"] == report["digest"]
    assert sum(row["n"] for row in measures["reliability"]) == 24


def test_rows_without_a_target_are_left_out_and_counted(capsys, tmp_path, outcome_file):
    model = tmp_path / "model.skops"
    answer(capsys, "train", outcome_file, "--target", "failed", "--out", model)
    rows = [*json.loads(outcome_file.read_text()), {"trl_start": 4, "planned_months": 3}]
    measures = answer(
        capsys, "evaluate", write(tmp_path, json.dumps(rows), "more.json"), "--target", "failed", "--model", model
    )
    assert (measures["n"], measures["left_out_without_target"]) == (24, 1)


def test_csv_json_gzip_and_standard_input_score_alike(capsys, tmp_path, monkeypatch):
    text = "id,trl_start,trl_target,solids_handling,lead_organisation_size\na,5,7,yes,small\nb,6,8,,\n"
    rows = [
        {"id": "a", "trl_start": 5, "trl_target": 7, "solids_handling": True, "lead_organisation_size": "small"},
        {"id": "b", "trl_start": 6, "trl_target": 8},
    ]
    by_json = answer(capsys, "score", write(tmp_path, json.dumps(rows)))
    assert answer(capsys, "score", write(tmp_path, text, "rows.csv")) == by_json
    assert answer(capsys, "score", write(tmp_path, gzip.compress(text.encode()), "rows.csv.gz")) == by_json
    assert answer(capsys, "score", write(tmp_path, b"\xef\xbb\xbf" + text.encode(), "bom.csv")) == by_json
    for content in (text, json.dumps(rows)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
        assert answer(capsys, "score", "-") == by_json


def test_a_stored_model_needs_its_digest(capsys, tmp_path):
    path = tmp_path / "score.skops"
    digest = save_model(fit_prior_model(), path)
    example = write(tmp_path, json.dumps(load_command("score").EXAMPLE))
    assert answer(capsys, "score", example, "--model", path, "--digest", digest) == answer(capsys, "score", example)
    assert refused(capsys, "score", example, "--model", path)["field"] == "digest"
    assert refused(capsys, "score", example, "--model", path, "--digest", "0" * 64)["code"] == "model_file_altered"


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("", "empty_input", "input"),
        ("   ", "empty_input", "input"),
        ("[]", "empty_input", "input"),
        ("{", "invalid_json", "input"),
        ("[" * 100_000, "invalid_json", "input"),
        ("[" + "9" * 5000 + "]", "invalid_json", "input"),
        ('[{"trl_start": NaN}]', "not_a_number", "input"),
        ('[{"trl_start": Infinity}]', "not_a_number", "input"),
        ('[{"planned_months": 1e999}]', "not_a_number", "input"),
        ('[{"trl_start": 5, "trl_start": 6}]', "duplicate_key", "trl_start"),
        ('[{"trl_start": "5", "trl_target": 7}]', "wrong_type", "rows[0].trl_start"),
        ('[{"trl_start": 5.5, "trl_target": 7}]', "wrong_type", "rows[0].trl_start"),
        ('[{"trl_start": true, "trl_target": 7}]', "wrong_type", "rows[0].trl_start"),
        ('[{"trl_start": 0, "trl_target": 7}]', "out_of_range", "rows[0].trl_start"),
        ('[{"trl_start": 5, "trl_target": 10}]', "out_of_range", "rows[0].trl_target"),
        ('[{"trl_start": 5, "trl_target": 7}, {"trl_start": 5, "colour": 1}]', "unknown_column", "rows[1].colour"),
        ('[{"trl_start": 6, "trl_target": 5}]', "target_below_start", "rows[0].trl_target"),
        ('[{"trl_start": 6}]', "missing_column", "trl_target"),
        (
            '[{"trl_start": 6, "trl_target": 7, "lead_organisation_size": "huge"}]',
            "value_not_allowed",
            "rows[0].lead_organisation_size",
        ),
        ('{"trl_start": 5}', "wrong_type", "input"),
        ("[5]", "wrong_type", "rows[0]"),
        ("null", "wrong_type", "input"),
    ],
)
def test_bad_json_is_refused_by_name(capsys, tmp_path, text, code, field):
    error = refused(capsys, "score", write(tmp_path, text))
    assert (error["code"], error["field"]) == (code, field)


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("trl_start,trl_target\n", "empty_input", "input"),
        ("trl_start,trl_start\n5,6\n", "duplicate_key", "trl_start"),
        ("trl_start,\n5,6\n", "invalid_csv", "input"),
        ("trl_start,trl_target\n5\n", "ragged_row", "rows[0]"),
        ("trl_start,trl_target\n5,7\nfive,7\n", "wrong_type", "rows[1].trl_start"),
        ("trl_start,trl_target\nnan,7\n", "not_a_number", "rows[0].trl_start"),
        ("trl_start,trl_target\n1e999,7\n", "wrong_type", "rows[0].trl_start"),
        ('trl_start,trl_target\n"5,7\n', "invalid_csv", "input"),
        ("trl_start,trl_target,solids_handling\n5,7,perhaps\n", "wrong_type", "rows[0].solids_handling"),
        ("start,target\n5,7\n", "unknown_column", "rows[0].start"),
        (b"trl_start,trl_target\n\xff\xfe,7\n", "not_utf8", "input"),
        (b"trl_start,trl_target\n5\x00,7\n", "not_text", "input"),
    ],
)
def test_bad_csv_is_refused_by_name(capsys, tmp_path, text, code, field):
    error = refused(capsys, "score", write(tmp_path, text, "rows.csv"))
    assert (error["code"], error["field"]) == (code, field)


def test_arguments_that_make_no_sense_are_refused_as_json(capsys, tmp_path):
    example = write(tmp_path, json.dumps(load_command("score").EXAMPLE))
    assert refused(capsys)["code"] == "invalid_arguments"
    assert refused(capsys, "guess")["code"] == "invalid_arguments"
    assert refused(capsys, "schema", "guess")["code"] == "invalid_arguments"
    assert refused(capsys, "score")["code"] == "invalid_arguments"
    assert refused(capsys, "score", example, "--colour", "red")["code"] == "invalid_arguments"
    assert refused(capsys, "score", example, "--definition", "luck")["code"] == "unknown_definition"
    assert refused(capsys, "score", tmp_path / "absent.json")["code"] == "input_not_readable"
    assert refused(capsys, "score", tmp_path)["code"] == "input_not_readable"
    assert refused(capsys, "score", write(tmp_path, b"no gzip", "rows.csv.gz"))["code"] == "input_not_readable"


def test_a_refused_training_writes_no_file(capsys, tmp_path, outcome_file):
    model = tmp_path / "model.skops"
    rows = [{**row, "hint": row["failed"]} for row in json.loads(outcome_file.read_text())]
    leaky = write(tmp_path, json.dumps(rows), "leaky.json")
    error = refused(capsys, "train", leaky, "--target", "failed", "--out", model)
    assert (error["code"], error["field"]) == ("leak_single_feature", "hint")
    assert not model.exists()
    waived = answer(
        capsys, "train", leaky, "--target", "failed", "--out", model, "--waive", "leak_single_feature=seen before"
    )
    assert waived["waivers"] == {"leak_single_feature": "seen before"}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--target", "failed", "--waive", "leak_missingness"], "waiver_without_reason"),
        (["--target", "failed", "--waive", "all=mine"], "unknown_waiver"),
        (["--target", "lost"], "unknown_column"),
        (["--target", "failed", "--features", "colour"], "unknown_column"),
    ],
)
def test_bad_training_options_are_refused(capsys, tmp_path, outcome_file, options, code):
    assert refused(capsys, "train", outcome_file, "--out", tmp_path / "m.skops", *options)["code"] == code


def test_a_column_schema_is_read_and_checked(capsys, tmp_path, outcome_file):
    schema = write(tmp_path, '{"planned_months": {"known_at": "outcome"}}', "schema.json")
    report = answer(
        capsys, "train", outcome_file, "--target", "failed", "--out", tmp_path / "m.skops", "--schema", schema
    )
    assert report["features"] == ["trl_start"]
    bad = write(tmp_path, '{"planned_months": {"known_at": "later"}}', "bad.json")
    error = refused(capsys, "train", outcome_file, "--target", "failed", "--out", tmp_path / "m.skops", "--schema", bad)
    assert (error["code"], error["field"]) == ("value_not_allowed", "planned_months.known_at")


def test_evaluating_with_a_score_model_or_no_model_is_refused(capsys, tmp_path, outcome_file):
    score_model = tmp_path / "score.skops"
    save_model(fit_prior_model(), score_model)
    options = ["evaluate", outcome_file, "--target", "failed", "--model"]
    assert refused(capsys, *options, score_model)["code"] == "model_file_other_kind"
    assert refused(capsys, *options, tmp_path / "none.skops")["code"] == "model_file_missing"
    assert refused(capsys, *options, outcome_file)["code"] == "model_file_unreadable"


def test_the_process_exits_with_2_and_utf_8_even_under_another_locale(tmp_path):
    path = write(tmp_path, '[{"id": "中试", "trl_start": 5, "trl_target": 7}]')
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    good = subprocess.run(
        [sys.executable, "-m", "risk", "score", str(path)], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert good.returncode == 0
    assert json.loads(good.stdout.decode("utf-8"))[0]["id"] == "中试"
    bad = subprocess.run(
        [sys.executable, "-m", "risk", "score", "-"],
        cwd=ROOT,
        env=environment,
        input=b"[",
        capture_output=True,
        check=False,
    )
    assert bad.returncode == 2
    assert bad.stdout == b""
    assert json.loads(bad.stderr)["error"]["code"] == "invalid_json"


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    path = write(tmp_path, json.dumps([{"trl_start": 5, "trl_target": 7}] * 200))
    process = subprocess.Popen(
        [sys.executable, "-m", "risk", "score", str(path)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 0


def test_the_document_is_that_of_the_schemas():
    from risk.commands.document import render

    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == render(), (
        "run: python -m risk.commands.document > docs/cli.md"
    )
