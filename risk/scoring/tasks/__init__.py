"""Task files: which outcome of a data file is predicted, from which rows, grouped and split by what."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from risk.errors import InvalidParameterError, RiskError

_FOLDER = Path(__file__).resolve().parent
_EXPRESSION = re.compile(r"^(\w+) (==|>=|<=|>|<) (-?\d+(?:\.\d+)?)$")


@dataclass(frozen=True, slots=True)
class Expression:
    """One comparison of a column with a number, such as ``slip_months_next_year > 6``."""

    column: str
    operator: str
    number: float


@dataclass(frozen=True, slots=True)
class MonthsColumn:
    """A column that the file implies: months from a day of a year, such as 30 September before the report, to a date.

    Attributes
    ----------
    name : str
        The column that is added.
    year_column, until_column : str
        Columns of the file with a year and with an ISO date.
    year_offset, month, day : int
        The day counted from: `year_column` plus `year_offset`, month and day.
    """

    name: str
    year_column: str
    year_offset: int
    month: int
    day: int
    until_column: str


@dataclass(frozen=True, slots=True)
class Task:
    """One prediction task.

    Attributes
    ----------
    name, title_en, title_zh, file : str
        Its name, what it predicts in words, and the data file it reads.
    target : Expression
        What counts as the event; unknown where its column is unknown.
    where : tuple of Expression
        Conditions that a row has to meet.
    group, time, cut : str
        Column whose rows stay together, column of the time of decision, and where later rows begin.
    derived : tuple of MonthsColumn
        Columns known at the decision that the file implies and does not hold.
    after_the_fact : tuple of str
        Columns that the data's own description calls known only afterwards; the leak guard stops on them in training.
    reference : mapping
        Results of the specification on other rows: ``n``, ``events``, ``brier_constant`` and, by kind of pipeline,
        ``roc_auc``, ``brier`` and ``ece``.
    """

    name: str
    title_en: str
    title_zh: str
    file: str
    target: Expression
    where: tuple[Expression, ...]
    group: str
    time: str
    cut: str
    derived: tuple[MonthsColumn, ...]
    after_the_fact: tuple[str, ...]
    reference: Mapping[str, Any]


def list_tasks() -> tuple[str, ...]:
    """Return the names of the task files, in their order in the specification."""
    return ("nasa_target_missed", "gmpp_slip", "gmpp_cost_growth", "sbir_next_stage")


@cache
def load_task(name: str) -> Task:
    """Return the task called `name`; raises :class:`InvalidParameterError` (``unknown_task``)."""
    if name not in list_tasks():
        raise InvalidParameterError("task", name, "one of " + ", ".join(list_tasks()), code="unknown_task")
    with open(_FOLDER / f"{name}.toml", "rb") as stream:
        row = tomllib.load(stream)
    return Task(
        name=name,
        title_en=row["title_en"],
        title_zh=row["title_zh"],
        file=row["file"],
        target=parse_expression(row["target"]),
        where=tuple(parse_expression(text) for text in row["where"]),
        group=row["group"],
        time=row["time"],
        cut=row["cut"],
        derived=tuple(MonthsColumn(**column) for column in row.get("derived", ())),
        after_the_fact=tuple(row["after_the_fact"]),
        reference=row["reference"],
    )


def parse_expression(text: str) -> Expression:
    """Return the parsed comparison; raises :class:`RiskError` (``invalid_expression``).

    Examples
    --------
    >>> parse_expression("cost_growth_next_year > 0.05")
    Expression(column='cost_growth_next_year', operator='>', number=0.05)
    """
    match = _EXPRESSION.match(text.strip())
    if match is None:
        raise RiskError(
            f"{text!r} is not a comparison of a column with a number, such as slip_months > 6.",
            code="invalid_expression",
            field="target",
        )
    return Expression(match[1], match[2], float(match[3]))
