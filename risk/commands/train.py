"""``python -m risk train``: outcomes to a fitted model file and a training report; ``--own`` retrains the score."""

from __future__ import annotations

import argparse
from typing import Any

from risk.commands.outcomes import CELLS, MEASURE, OWN_ROWS
from risk.commands.reading import read_payload
from risk.errors import RiskError
from risk.scoring.tasks import list_tasks, load_task

NAME = "train"
SUMMARY = "Outcomes (CSV or JSON rows) to a fitted model file and a training report."
ACCEPTS_CSV = True

INPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Outcomes to learn from; the target column is 0, 1 or absent",
    **CELLS,
}
COLUMN_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "When each column is known (--schema)",
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["known_at"],
        "properties": {"known_at": {"enum": ["decision", "outcome", "identifier"]}},
    },
}
OUTPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Training report",
    "type": "object",
    "additionalProperties": False,
    "required": ["model", "digest", "n", "events", "leaks", "waivers", "data_digest", "table_version"],
    "anyOf": [{"required": ["target", "features", "ignored"]}, {"required": ["version", "state", "measures"]}],
    "properties": {
        "model": {"type": "string", "description": "the file written"},
        "digest": {"type": "string", "description": "its SHA-256"},
        "target": {"type": "string"},
        "kind": {"enum": ["logistic", "boosting"]},
        "n": {"type": "integer", "minimum": 20},
        "events": {"type": "integer", "minimum": 1},
        "left_out_without_target": {"type": "integer", "minimum": 0},
        "features": {"type": "array", "items": {"type": "string"}},
        "ignored": {"type": "object", "description": "column to reason"},
        "leaks": {
            "type": "array",
            "items": {"type": "object", "required": ["code", "column", "auc", "limit"]},
        },
        "waivers": {"type": "object", "description": "code to reason"},
        "coefficients": {
            "type": "array",
            "items": {"type": "object", "required": ["name", "log_odds", "posterior_sd", "at_bound"]},
        },
        "cross_validation": {
            "type": ["object", "null"],
            "properties": dict.fromkeys(("roc_auc", "brier", "brier_constant", "log_loss", "ece"), MEASURE),
        },
        "intervals": {
            "type": "object",
            "required": ["source", "median_width_80", "median_width_95"],
            "description": "what the intervals rest on, and their median width over the rows of the fit",
        },
        "data_digest": {"type": "string"},
        "table_version": {"type": "string", "description": "version of the evidence tables behind the priors"},
        "version": {"type": "string", "description": "name of the score model (--own)"},
        "state": {"enum": ["prior_only", "supported", "validated"], "description": "what its scores say (--own)"},
        "measures": {"type": "object", "description": "of the score model on own rows held out (--own)"},
        "measures_prior": {"type": "object", "description": "of the model without own outcomes on them (--own)"},
        "by_time": {"type": ["object", "null"], "description": "of a fit on the earlier on the later ones (--own)"},
        "comparison": {
            "type": ["object", "null"],
            "description": "champion and challenger on own outcomes alone, by one standard error (--own)",
        },
        "unknown_share": {"type": "object", "description": "share of rows where an input is not known (--own)"},
        "libraries": {"type": "object", "description": "versions of the libraries (--own)"},
    },
}
EXAMPLE: list[dict[str, Any]] = [
    {
        "id": f"project-{index}",
        "trl_start": 3 + index % 4,
        "planned_months": 12 + index % 7 * 4,
        "failed": int(index * 7 % 11 < 3),
    }
    for index in range(24)
]
NOTES: tuple[str, ...] = (
    "In a market, `flask risk retrain` does what `--own` does with the outcomes recorded there, in one act: it\n"
    "trains, writes the model file into the instance's folder and registers it as a candidate; two people then\n"
    "promote it or do not. The same outcomes and tables a second time answer `already registered`; too few outcomes\n"
    "are refused and nothing is stored. `--waive CODE=REASON` is as above. The worker does the same once a month.",
    "With `--own`, `comparison` tells which pipeline the rule of [score_model.md](score_model.md) would choose on own\n"
    "outcomes alone. The score model stays the estimator: a stored score is computed again from a coefficient vector.",
)
EXAMPLE_ARGUMENTS: tuple[str, ...] = ("--target", "failed", "--out", "model.skops")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the sub-command."""
    parser.add_argument("--target", metavar="COLUMN", help="outcome column, 0 or 1")
    parser.add_argument("--task", choices=list_tasks(), help="a task file that says target, rows and group")
    parser.add_argument("--kind", choices=("logistic", "boosting"), default="logistic", help="champion or challenger")
    parser.add_argument(
        "--own", action="store_true", help="the rows are outcomes of the market's own pilots: retrain the score model"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="model file to write")
    parser.add_argument("--features", metavar="A,B,...", help="columns to learn from; else those known at the decision")
    parser.add_argument("--schema", metavar="FILE", help='JSON: {"column": {"known_at": "decision"}}')
    parser.add_argument("--group", metavar="COLUMN", help="rows of one group stay together in cross-validation")
    parser.add_argument(
        "--waive",
        action="append",
        default=[],
        metavar="CODE=REASON",
        help="let a named guard pass, with the reason",
    )


def read(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows; those of own pilots have columns of known types."""
    return read_payload(arguments.input, OWN_ROWS if arguments.own else INPUT_SCHEMA, accepts_csv=True)


def run(arguments: argparse.Namespace, payload: list[dict[str, Any]]) -> dict[str, Any]:
    """Train, write the model file and return the report."""
    waivers = dict(_split_waiver(text) for text in arguments.waive)
    if arguments.own:
        return _retrain(arguments, payload, waivers)
    features = None
    if arguments.features is not None:
        features = [name.strip() for name in arguments.features.split(",") if name.strip()]
    schema = None
    if arguments.schema is not None:
        entries = read_payload(arguments.schema, COLUMN_SCHEMA, accepts_csv=False)
        schema = {name: entry["known_at"] for name, entry in entries.items()}
    if (arguments.target is None) == (arguments.task is None):
        raise RiskError("Either --target or --task is needed.", code="invalid_arguments", field="target")
    from risk.scoring.model_files import save_document
    from risk.scoring.training import train

    rows: Any = payload
    target, group = arguments.target, arguments.group
    if arguments.task is not None:
        from risk.scoring.task_cells import check_task_cells
        from risk.scoring.task_evaluation import TARGET, select_rows

        task = load_task(arguments.task)
        rows, target, group = select_rows(task, check_task_cells(task, payload)), TARGET, group or task.group
        schema = {task.target.column: "outcome", **(schema or {})}
    document, report = train(
        rows, target=target, features=features, schema=schema, waivers=waivers, group=group, kind=arguments.kind
    )
    digest = save_document(document, arguments.out)
    return {"model": arguments.out, "digest": digest, **report}


def _retrain(arguments: argparse.Namespace, rows: list[dict[str, Any]], waivers: dict[str, str]) -> dict[str, Any]:
    for name in ("target", "task", "features", "schema", "group"):
        if getattr(arguments, name) is not None:
            raise RiskError(
                f"--own says what is learned; --{name} is not for it.", code="invalid_arguments", field=name
            )
    if arguments.kind != "logistic":
        raise RiskError("The score model is logistic.", code="invalid_arguments", field="kind")
    from risk.scoring.model_files import save_model
    from risk.scoring.retraining import retrain

    model, report = retrain(rows, waivers=waivers)
    digest = save_model(model, arguments.out)
    return {"model": arguments.out, "digest": digest, "version": model.version, **report}


def _split_waiver(text: str) -> tuple[str, str]:
    code, separator, reason = text.partition("=")
    if not separator:
        raise RiskError(
            "--waive needs CODE=REASON.", code="waiver_without_reason", field="waive", details={"value": text}
        )
    return code.strip(), reason.strip()
