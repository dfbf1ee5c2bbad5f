"""Cells of a task's data file that the task cannot be read from: no number in its outcome, no time, no group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from risk.scoring.columns import check_columns, check_frame, check_known, check_numeric, number_rows
from risk.scoring.task_evaluation import TARGET, select_rows
from risk.scoring.tasks import Task


def check_task_cells(task: Task, rows: Sequence[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a task's data file as a frame whose rows can be named, after looking at the task's columns.

    Parameters
    ----------
    task : Task
    rows : sequence of mapping, or DataFrame
        Content of the data file.

    Raises
    ------
    TrainingError
        ``empty_input``, ``unknown_column``, ``repeated_column``; ``wrong_type`` or ``not_a_number`` where outcome or a
        condition is no number; ``missing_time`` and ``missing_group`` where a row that is learned from has none;
        `field` is ``rows[i].column``.
    """
    frame = number_rows(rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows)))
    check_frame(frame)
    numbers = [task.target.column, *(condition.column for condition in task.where)]
    check_columns(frame, [*numbers, task.group, task.time])
    for name in numbers:
        check_numeric(frame, name)
    # rows that the task leaves aside may lack both: nothing is read from them
    selected = select_rows(task, frame)
    used = selected[selected[TARGET].notna()]
    check_known(used, task.time, "the split by time needs it", "missing_time")
    check_known(used, task.group, "rows of one group stay together", "missing_group")
    return frame
