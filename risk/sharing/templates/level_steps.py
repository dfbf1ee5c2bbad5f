"""Tables by assessed level: a loan's rate, a premium or a first-loss share that falls as the technology matures.

A table says what holds at which level. The level assessed when the terms are written picks the value they start with;
every higher row becomes a step on the milestone that proves its level, so that the simulation sees it and the
settlement applies it when the milestone has passed, never by a claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from risk.errors import InvalidParameterError
from risk.maturity import check_level

_DECIMALS = 12
# a digit on either side of the point: "1." and ".5" are slips of the pen
_SHARE = re.compile(rf"[0-9]+(\.[0-9]{{1,{_DECIMALS}}})?")


@dataclass(frozen=True, slots=True)
class LevelStep:
    """A value that holds once a milestone has passed, from a day on; `value` is decimal text as a fraction."""

    trl: int
    milestone: str
    since: date
    value: str


@dataclass(frozen=True, slots=True)
class LevelTerms:
    """What a table gives at a level.

    Attributes
    ----------
    value : str
        What holds at the assessed level, as a fraction (``"0.045"`` is 4.5 %).
    steps : tuple of LevelStep
        What holds later, lowest level first.
    unreachable : tuple of int
        Levels of the table that no milestone of the project proves; they can never take effect.
    """

    value: str
    steps: tuple[LevelStep, ...]
    unreachable: tuple[int, ...]


def apply_level_table(
    rows: Iterable[Mapping[str, Any]], *, trl: int | None, milestones: Mapping[str, tuple[int | None, date]]
) -> LevelTerms:
    """Split a table into the value at the assessed level and the steps to come.

    Parameters
    ----------
    rows : iterable of mapping
        ``trl`` (1 to 9, rising) and ``value`` (decimal text from 0 to 1, falling) of each row.
    trl : int or None
        The assessed level; a claimed one opens nothing and must not be passed.
    milestones : mapping
        By id, the level that a milestone proves (None where it proves none) and its planned day.

    Raises
    ------
    InvalidParameterError
        ``bad_level_table`` for a table that is empty, does not rise in level or does not fall in value;
        ``level_not_assessed`` without a level; ``level_below_table`` below its first row.

    Examples
    --------
    >>> table = [{"trl": 5, "value": "0.05"}, {"trl": 7, "value": "0.036"}]
    >>> found = apply_level_table(table, trl=6, milestones={"M3": (7, date(2028, 9, 20))})
    >>> found.value, found.steps[0].milestone, found.steps[0].value
    ('0.05', 'M3', '0.036')
    """
    table = _read(rows)
    if trl is None:
        raise InvalidParameterError("trl", None, "the assessed level of the project", code="level_not_assessed")
    check_level("trl", trl)
    held = [row for row in table if row[0] <= trl]
    if not held:
        raise InvalidParameterError("trl", trl, f"at least {table[0][0]}, the table's first level",
                                    code="level_below_table")  # fmt: skip
    steps, unreachable = [], []
    for level, value in table:
        if level <= trl:
            continue
        proofs = sorted((day, name) for name, (target, day) in milestones.items() if target and target >= level)
        if proofs:
            steps.append(LevelStep(level, proofs[0][1], proofs[0][0], value))
        else:
            unreachable.append(level)
    return LevelTerms(held[-1][1], tuple(steps), tuple(unreachable))


def loan_steps(terms: LevelTerms) -> list[dict[str, Any]]:
    """The steps as the ``step_down`` of a loan in a template: a lower yearly rate from a day on."""
    return [{"milestone": step.milestone, "from": step.since.isoformat(), "rate": step.value} for step in terms.steps]


def share_steps(terms: LevelTerms) -> list[dict[str, str]]:
    """The steps as ``share_steps`` of a pool, insurer or guarantee: a smaller share once a milestone has passed."""
    # One milestone may prove several levels: the highest of them decides.
    shares = {step.milestone: step.value for step in terms.steps}
    return [{"milestone": milestone, "share": value} for milestone, value in shares.items()]


def _read(rows: Iterable[Mapping[str, Any]]) -> list[tuple[int, str]]:
    table: list[tuple[int, str]] = []
    for number, row in enumerate(rows):
        field = f"level_table[{number}]"
        if not isinstance(row, Mapping) or set(row) != {"trl", "value"}:
            raise InvalidParameterError(field, row, "an object with trl and value", code="bad_level_table")
        level = check_level("trl", row["trl"], field=f"{field}.trl")
        value = _read_share(row["value"], f"{field}.value")
        if table and level <= table[-1][0]:
            raise InvalidParameterError(f"{field}.trl", level, "above the row before", code="bad_level_table")
        if table and value >= Decimal(table[-1][1]):
            raise InvalidParameterError(f"{field}.value", row["value"], "below the row before", code="bad_level_table")
        table.append((level, row["value"]))
    if not table:
        raise InvalidParameterError("level_table", [], "at least one row", code="bad_level_table")
    return table


def _read_share(value: object, field: str) -> Decimal:
    allowed = f"decimal text from 0 to 1 with at most {_DECIMALS} decimals"
    if not isinstance(value, str) or _SHARE.fullmatch(value) is None or not Decimal(value) <= 1:
        raise InvalidParameterError(field, value, allowed, code="bad_level_table")
    return Decimal(value)
