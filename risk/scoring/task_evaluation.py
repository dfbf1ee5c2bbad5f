"""The four tasks on their data files: both pipelines, both splits, against the constant and the specification."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from risk.scoring.columns import TrainingError, check_columns
from risk.scoring.evaluation import roc_auc_standard_error
from risk.scoring.selection import SplitResult, compare, measure_yardsticks
from risk.scoring.tasks import Expression, MonthsColumn, Task
from risk.scoring.training import prepare
from risk.scoring.validation import Sample

TARGET = "task_target"
"""Name of the column that holds a task's outcome."""

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_DAYS_OF_MONTH = 30.4375
_COMPARED = ("roc_auc", "brier", "log_loss", "ece")


def select_rows(task: Task, rows: Sequence[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """Return the rows that meet a task's conditions, their index kept, with its derived columns and the outcome.

    Raises
    ------
    TrainingError
        ``unknown_column`` where the file lacks a column of the task, ``wrong_type`` for a year or a date of a derived
        column that is none.

    Notes
    -----
    The outcome stands in the column :data:`TARGET`.
    """
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    sources = [name for column in task.derived for name in (column.year_column, column.until_column)]
    check_columns(frame, [task.target.column, *(item.column for item in task.where), task.group, task.time, *sources])
    frame = frame.assign(**{column.name: _months_until(frame, column) for column in task.derived})
    for condition in task.where:
        frame = frame[_compare(frame, condition)]
    outcome = _compare(frame, task.target).astype(np.float64).where(frame[task.target.column].notna())
    return frame.assign(**{TARGET: outcome})


def read_sample(task: Task, rows: Sequence[Mapping[str, Any]] | pd.DataFrame) -> tuple[Sample, dict[str, str]]:
    """Return the sample of a task with groups and times, and why each other column was left aside."""
    frame = select_rows(task, rows)
    schema = {**dict.fromkeys(task.after_the_fact, "outcome"), task.target.column: "outcome"}
    prepared = prepare(frame, target=TARGET, schema=schema, group=task.group)
    times = frame.loc[frame[TARGET].notna(), task.time].astype(str).to_numpy()
    sample = prepared.sample
    return Sample(sample.frame, sample.outcomes, sample.groups, task.group, times), prepared.ignored


def evaluate_task(
    task: Task, rows: Sequence[Mapping[str, Any]] | pd.DataFrame, *, repeats: int | None = None, seed: int = 0
) -> dict[str, Any]:
    """Return the measures of both pipelines on a task, and where they fall short.

    Parameters
    ----------
    task : Task
    rows : sequence of mapping, or DataFrame
        Content of the task's data file.
    repeats, seed : int
        As of :func:`risk.scoring.selection.compare`.

    Returns
    -------
    dict
        JSON-ready: ``task``, ``n``, ``events``, ``features``, ``ignored``, ``champion``, ``reason``, ``results`` (one
        for each kind and split), ``differences``, ``yardsticks``, ``reference`` and ``shortfalls``.
    """
    # late: that module selects the rows with the function above
    from risk.scoring.task_cells import check_task_cells

    sample, ignored = read_sample(task, check_task_cells(task, rows))
    comparison = compare(sample, cut=task.cut, repeats=repeats, seed=seed)
    shortfalls = [
        text
        for result in comparison.results
        if result.kind == comparison.champion
        for text in _shortfalls(task, result)
    ]
    yardsticks = measure_yardsticks(sample, cut=task.cut, seed=seed)
    return {
        "task": task.name,
        "title_en": task.title_en,
        "title_zh": task.title_zh,
        "n": int(sample.outcomes.size),
        "events": int(sample.outcomes.sum()),
        "grouped_by": task.group,
        "split_by_time": {"column": task.time, "from": task.cut},
        "features": sample.features,
        "ignored": ignored,
        "champion": comparison.champion,
        "reason": comparison.reason,
        "results": [asdict(result) for result in comparison.results],
        "differences": [asdict(difference) for difference in comparison.differences],
        "yardsticks": [asdict(yardstick) for yardstick in yardsticks],
        "reference": dict(task.reference),
        "shortfalls": shortfalls,
    }


def tell(report: Mapping[str, Any]) -> list[str]:
    """Return one line of text for each kind, yardsticks included, and split of a report of :func:`evaluate_task`."""
    lines = []
    for result in report["results"]:
        measures, constant = result["measures"], result["constant"]
        figures = ", ".join(
            f"{name} {measures[name]['value']:.3f} [{measures[name]['low']:.3f}, {measures[name]['high']:.3f}]"
            for name in _COMPARED
        )
        lines.append(
            f"{report['task']}, {result['kind']}, {result['split']} (n {measures['n']}, events {measures['events']}): "
            f"{figures}; constant brier {constant['brier']:.3f}"
        )
    for item in report["yardsticks"]:
        lines.append(
            f"{report['task']}, yardstick {item['kind']}, {item['split']}: roc_auc {item['roc_auc']:.3f}, "
            f"brier {item['brier']:.3f}"
        )
    return lines


def _shortfalls(task: Task, result: SplitResult) -> list[str]:
    found = []
    brier, auc = result.measures["brier"]["value"], result.measures["roc_auc"]
    limit = result.constant["brier"] + result.constant["brier_standard_error"]
    where = f"{task.name}, {result.kind}, {result.split}"
    if brier > limit:
        found.append(
            f"{where}: Brier {brier:.3f} is above the constant's plus its standard error, {limit:.3f} (the base rate "
            f"that was known when the fit was made has {result.constant['brier_earlier']:.3f})."
        )
    expected = task.reference[result.kind]["roc_auc"]
    n, events = task.reference["n"], task.reference["events"]
    # both are measured on a few dozen events, so that the error is that of their difference
    error = math.hypot(auc["standard_error"], roc_auc_standard_error(expected, events, n - events))
    if auc["value"] < expected - error:
        found.append(
            f"{where}: AUC {auc['value']:.3f} is more than one standard error of the difference ({error:.3f}) below "
            f"the {expected:.2f} that the specification measured on {n} other rows."
        )
    return found


def _months_until(frame: pd.DataFrame, column: MonthsColumn) -> pd.Series:
    """Return months from the day of `column` to its date; NaN where either is not known."""
    years = pd.to_numeric(frame[column.year_column], errors="coerce") + column.year_offset
    since = pd.to_datetime(
        pd.DataFrame({"year": years, "month": column.month, "day": column.day}, index=frame.index), errors="coerce"
    )
    until = pd.to_datetime(frame[column.until_column], errors="coerce", format="%Y-%m-%d")
    for name, read, wanted in ((column.year_column, since, "a year"), (column.until_column, until, "an ISO date")):
        wrong = read.isna() & frame[name].notna()
        if wrong.any():
            row = frame.index[wrong.to_numpy()][0]
            raise TrainingError(
                f"rows[{row}].{name} must be {wanted}; got {str(frame.loc[row, name])[:80]!r}.",
                code="wrong_type",
                field=f"rows[{row}].{name}",
                details={"column": name},
            )
    return (until - since).dt.days / _DAYS_OF_MONTH


def _compare(frame: pd.DataFrame, expression: Expression) -> pd.Series:
    return _OPERATORS[expression.operator](pd.to_numeric(frame[expression.column]), expression.number)
