"""``python -m risk evaluate``: outcomes and a model file in, measures with bootstrap intervals out."""

from __future__ import annotations

import argparse
from typing import Any

from risk.commands.outcomes import CELLS, MEASURE

NAME = "evaluate"
SUMMARY = "Outcomes and a trained model file to AUC, Brier, log loss, calibration error and reliability."
ACCEPTS_CSV = True

INPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Outcomes to evaluate on; the target column is 0, 1 or absent",
    **CELLS,
}
OUTPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Measures of a model on these rows",
    "type": "object",
    "additionalProperties": False,
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
        "n": {"type": "integer", "minimum": 1},
        "events": {"type": "integer", "minimum": 1},
        "base_rate": {"type": "number"},
        "left_out_without_target": {"type": "integer", "minimum": 0},
        **dict.fromkeys(("roc_auc", "brier", "brier_constant", "log_loss", "ece"), MEASURE),
        "reliability": {
            "type": "array",
            "items": {"type": "object", "required": ["n", "predicted", "observed"]},
        },
        "model_digest": {"type": "string"},
    },
}
EXAMPLE: list[dict[str, Any]] = [
    {"trl_start": 3 + index % 4, "planned_months": 12 + index % 5 * 4, "failed": int(index % 3 == 0)}
    for index in range(12)
]
EXAMPLE_ARGUMENTS: tuple[str, ...] = ("--target", "failed", "--model", "model.skops")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the sub-command."""
    parser.add_argument("--target", required=True, metavar="COLUMN", help="outcome column, 0 or 1")
    parser.add_argument("--model", required=True, metavar="FILE", help="a model file written by train")
    parser.add_argument("--digest", metavar="SHA256", help="refuse the file if its SHA-256 differs")
    parser.add_argument("--seed", type=int, default=0, help="seed of the bootstrap")


def run(arguments: argparse.Namespace, payload: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the measures of the model on the rows that have an outcome."""
    import hashlib
    from pathlib import Path

    from risk.scoring.evaluation import evaluate_predictions
    from risk.scoring.model_files import load_document
    from risk.scoring.training import outcomes_of, predict

    document = load_document(arguments.model, digest=arguments.digest, kind="trained_pipeline")
    kept, outcomes, left_out = outcomes_of(payload, arguments.target)
    measures = evaluate_predictions(outcomes, predict(document, kept), seed=arguments.seed)
    digest = hashlib.sha256(Path(arguments.model).read_bytes()).hexdigest()
    return {**measures, "left_out_without_target": left_out, "model_digest": digest}
