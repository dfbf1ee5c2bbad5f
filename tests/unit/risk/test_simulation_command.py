"""The commands ``price`` and ``simulate`` from outside: exact figures out, one error object for bad input."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from risk.commands import price as price_command
from risk.commands import simulate as simulate_command


def run_command(*arguments, payload):
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return subprocess.run(
        [sys.executable, "-m", "risk", *arguments, "-"], input=text, capture_output=True, text=True, check=False
    )


def test_price_command_prints_the_premium_of_the_worked_example():
    done = run_command("price", payload=price_command.EXAMPLE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["premium_minor"] == 68_065_700


def test_simulate_command_prints_every_party():
    done = run_command("simulate", "--scenarios", "200", "--seed", "3", payload=simulate_command.EXAMPLE)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["scenarios"], result["seed"]) == (200, 3)
    assert {"angel", "bank", "insurer", "pool", "founders"} <= set(result["parties"])


def changed(example, path, value):
    document = json.loads(json.dumps(example))
    target = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("command", "payload", "code"),
    [
        ("price", changed(price_command.EXAMPLE, ("product", "filing_number"), ""), "product_not_filed"),
        ("price", changed(price_command.EXAMPLE, ("request", "terms", "limit_minor"), 1), "deductible_above_limit"),
        ("simulate", changed(simulate_command.EXAMPLE, ("drivers", "end"), "2027-01-10"), "zero_horizon"),
        (
            "simulate",
            changed(simulate_command.EXAMPLE, ("drivers", "parameters", "pass:M1", "value"), "1.5"),
            "probability_out_of_range",
        ),
    ],
)
def test_refusal_ends_with_two_and_one_error_object(command, payload, code):
    done = run_command(command, payload=payload)
    assert done.returncode == 2
    assert not done.stdout
    error = json.loads(done.stderr)["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["field"]


@pytest.mark.parametrize("scenarios", ["1", "100000000"])
def test_impossible_size_is_refused_on_the_command_line(scenarios):
    done = run_command("simulate", "--scenarios", scenarios, payload=simulate_command.EXAMPLE)
    assert done.returncode == 2
    assert json.loads(done.stderr)["error"]["field"] == "scenarios"


@pytest.mark.parametrize("command", ["price", "simulate"])
def test_text_in_place_of_the_document_is_refused(command):
    done = run_command(command, payload='{"request": NaN}')
    assert done.returncode == 2
    assert "error" in json.loads(done.stderr)
