"""``python -m risk evaluate``: measures with bootstrap intervals of a model file, or of both pipelines on a task."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from risk.commands.outcomes import CELLS, MEASURE
from risk.commands.reading import read_payload
from risk.errors import InvalidParameterError, RiskError
from risk.scoring.tasks import list_tasks, load_task

NAME = "evaluate"
SUMMARY = (
    "Outcomes and a trained model file to AUC, Brier, log loss, calibration error and reliability; or data files and "
    "--task to the same for champion and challenger on rows held out."
)
ACCEPTS_CSV = True

INPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Outcomes to evaluate on; the target column is 0, 1 or absent",
    **CELLS,
}
_NAMES = (
    ("roc_auc", "area under the ROC curve"),
    ("brier", "Brier score"),
    ("brier_constant", "Brier score of these rows' own base rate"),
    ("log_loss", "mean negative log likelihood"),
    ("ece", "expected calibration error"),
)
_MEASURES: dict[str, Any] = {
    "required": [
        "n",
        "events",
        "base_rate",
        "roc_auc",
        "brier",
        "brier_constant",
        "log_loss",
        "ece",
        "reliability",
    ],
    "properties": {
        "n": {"type": "integer", "minimum": 1, "description": "rows with an outcome (--model)"},
        "events": {"type": "integer", "minimum": 1, "description": "of them with the event (--model)"},
        "base_rate": {"type": "number", "description": "share of events (--model)"},
        "left_out_without_target": {"type": "integer", "minimum": 0, "description": "rows without one (--model)"},
        **{
            name: {**MEASURE, "description": f"{text}, with 95 % bootstrap interval (--model)"} for name, text in _NAMES
        },
        "reliability": {
            "type": "array",
            "description": "bins of equal count: n, mean predicted, observed share (--model)",
            "items": {"type": "object", "required": ["n", "predicted", "observed"]},
        },
        "model_digest": {"type": "string", "description": "SHA-256 of the model file (--model)"},
    },
}
_TASKS: dict[str, Any] = {
    "required": ["tasks", "summary", "shortfalls"],
    "properties": {
        "tasks": {
            "type": "array",
            "description": "report of each task: both kinds on folds and by time, which is champion and why (--task)",
            "items": {
                "type": "object",
                "required": [
                    *("task", "n", "events", "champion", "reason"),
                    *("results", "differences", "yardsticks", "reference"),
                ],
            },
        },
        "summary": {
            "type": "array",
            "items": {"type": "string"},
            "description": "one line for each kind and split (--task)",
        },
        "shortfalls": {
            "type": "array",
            "items": {"type": "string"},
            "description": "where the champion is worse than the constant or the specification allows (--task)",
        },
    },
}
OUTPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Measures of a model on these rows, or with --task the reports of the tasks",
    "type": "object",
    "additionalProperties": False,
    "properties": {**_MEASURES["properties"], **_TASKS["properties"]},
    "anyOf": [{"required": _MEASURES["required"]}, {"required": _TASKS["required"]}],
}
EXAMPLE: list[dict[str, Any]] = [
    {"trl_start": 3 + index % 4, "planned_months": 12 + index % 5 * 4, "failed": int(index % 3 == 0)}
    for index in range(12)
]
EXAMPLE_ARGUMENTS: tuple[str, ...] = ("--target", "failed", "--model", "model.skops")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the sub-command."""
    parser.add_argument("--target", metavar="COLUMN", help="outcome column, 0 or 1 (with --model)")
    parser.add_argument("--model", metavar="FILE", help="a model file written by train")
    parser.add_argument("--digest", metavar="SHA256", help="refuse the file if its SHA-256 differs")
    parser.add_argument(
        "--task",
        action="append",
        default=[],
        choices=("all", *list_tasks()),
        help="instead of --target and --model: the input is the task's data file, or the folder of all of them",
    )
    parser.add_argument(
        "--repeats",
        type=int,
        metavar="N",
        help="dealings of the rows in cross-validation, 5 or above 5,000 rows 2 (--task)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of folds and bootstrap, 0 to 2147483647")


def read(arguments: argparse.Namespace) -> Any:
    """Return the rows, or with ``--task`` the rows of each task's file by its name."""
    names = _names_of(arguments)
    if not names:
        return read_payload(arguments.input, INPUT_SCHEMA, accepts_csv=True)
    folder = Path(arguments.input)
    if len(names) > 1 and not folder.is_dir():
        raise RiskError("Several tasks need the folder of their data files.", code="invalid_arguments", field="input")
    files = {name: folder / load_task(name).file if folder.is_dir() else arguments.input for name in names}
    return {name: read_payload(str(file), INPUT_SCHEMA, accepts_csv=True) for name, file in files.items()}


def run(arguments: argparse.Namespace, payload: Any) -> dict[str, Any]:
    """Return the measures of the model on the rows that have an outcome, or the report of each task."""
    from risk.scoring.evaluation import check_seed

    check_seed(arguments.seed)
    if _names_of(arguments):
        return _run_tasks(arguments, payload)
    if arguments.target is None or arguments.model is None:
        raise RiskError(
            "Either --task, or both --target and --model, are needed.", code="invalid_arguments", field="arguments"
        )
    import hashlib

    from risk.scoring.evaluation import evaluate_predictions
    from risk.scoring.model_files import load_document
    from risk.scoring.predictions import predict
    from risk.scoring.training import outcomes_of

    document = load_document(arguments.model, digest=arguments.digest, kind="trained_pipeline")
    kept, outcomes, left_out = outcomes_of(payload, arguments.target)
    measures = evaluate_predictions(outcomes, predict(document, kept), seed=arguments.seed)
    digest = hashlib.sha256(Path(arguments.model).read_bytes()).hexdigest()
    return {**measures, "left_out_without_target": left_out, "model_digest": digest}


def _run_tasks(arguments: argparse.Namespace, payload: dict[str, Any]) -> dict[str, Any]:
    if arguments.repeats is not None and arguments.repeats < 1:
        raise InvalidParameterError("repeats", arguments.repeats, "a whole number from 1")
    from risk.scoring.task_cells import check_task_cells
    from risk.scoring.task_evaluation import evaluate_task, tell

    # every file is looked at before the first is fitted, which takes minutes
    frames = {name: check_task_cells(load_task(name), rows) for name, rows in payload.items()}
    reports = [
        evaluate_task(load_task(name), frame, repeats=arguments.repeats, seed=arguments.seed)
        for name, frame in frames.items()
    ]
    return {
        "summary": [line for report in reports for line in tell(report)],
        "shortfalls": [text for report in reports for text in report["shortfalls"]],
        "tasks": reports,
    }


def _names_of(arguments: argparse.Namespace) -> list[str]:
    return list(list_tasks()) if "all" in arguments.task else list(dict.fromkeys(arguments.task))
