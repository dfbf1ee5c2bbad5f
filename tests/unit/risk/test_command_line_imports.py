"""What importing the core loads, and the public API pinned name by name."""

import subprocess
import sys
from pathlib import Path

import pytest

import risk

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("numpy", "scipy", "pandas", "sklearn", "skops", "joblib", "jsonschema")
COMMANDS = ("risk.commands.score", "risk.commands.train", "risk.commands.evaluate")
PUBLIC = [
    "CalibratedBoostingClassifier",
    "EVIDENCE_TYPES",
    "INSTRUMENTS",
    "InvalidParameterError",
    "MaturityRiskClassifier",
    "RiskError",
    "RiskModel",
    "assess_eligibility",
    "build_score_pipeline",
    "check_calibration",
    "check_stability",
    "compare",
    "evaluate_predictions",
    "evaluate_task",
    "fit_prior_model",
    "get_level",
    "get_table_version",
    "in_pilot_band",
    "list_figures",
    "list_gaps",
    "list_levels",
    "load_model",
    "observed_against_predicted",
    "predict_frame",
    "project_level",
    "reached_level",
    "recompute",
    "retrain",
    "save_model",
    "score_frame",
    "score_projects",
    "train",
]


@pytest.mark.parametrize(
    "module",
    ["risk", "risk.errors", "risk.maturity", "risk.tables", "risk.commands", "risk.__main__", *COMMANDS],
)
def test_light_modules_load_nothing_heavy(module):
    program = (
        f"import sys, importlib; importlib.import_module({module!r}); "
        f"print(','.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_the_light_functions_work_without_numpy():
    program = (
        "import sys; sys.modules['numpy'] = None\n"
        "from datetime import date\n"
        "import risk\n"
        "assert risk.reached_level(['trl-1-principle', 'trl-1-relevance']) == 1\n"
        "assert risk.assess_eligibility('grant', trl=3, mrl=None, as_of=date(2026, 1, 1)).answer == 'open'\n"
        "assert sum(1 for _ in risk.list_figures()) > 50\n"
        "print(risk.get_table_version())\n"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("20")


def test_the_public_names_are_these_and_each_loads():
    assert risk.__all__ == PUBLIC
    for name in PUBLIC:
        assert getattr(risk, name) is not None
        assert name in dir(risk)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'guess'"):
        _ = risk.guess
