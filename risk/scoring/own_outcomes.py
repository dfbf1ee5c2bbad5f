"""Outcomes of the market's own pilots: each row checked, named by row and column where it cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from risk.errors import InvalidParameterError, RiskError
from risk.scoring.features import check_row, list_features
from risk.tables import get_default

DAYS_PER_MONTH = 365.25 / 12.0
_FACTS = ("started_on", "ended_on", "completed", "target_reached")
_AMOUNTS = ("planned_cost_minor", "cost_minor", "loss_minor")
_NAMES = ("id", *_FACTS, "trl_reached", *_AMOUNTS)


class OutcomeError(RiskError):
    """An outcome that cannot be, or outcomes that cannot be learned from."""

    code = "invalid_outcome"


@dataclass(frozen=True, slots=True)
class OwnOutcome:
    """How one pilot of the market ended.

    Attributes
    ----------
    id : str
        Names the pilot; no two rows share it.
    inputs : mapping
        The checked inputs of the score as they were known at the decision.
    started_on, ended_on : datetime.date
    completed : bool
        Whether it ran to its end; False where it was stopped.
    target_reached : bool
    trl_reached : int or None
        Level assessed at the end, 0 to 9.
    planned_cost_minor, cost_minor, loss_minor : int or None
        Planned cost, cost, and what of it was lost for good, in fen.
    """

    id: str
    inputs: Mapping[str, Any]
    started_on: date
    ended_on: date
    completed: bool
    target_reached: bool
    trl_reached: int | None
    planned_cost_minor: int | None
    cost_minor: int | None
    loss_minor: int | None

    @property
    def months(self) -> float:
        """Months from start to end, at least a day."""
        return max((self.ended_on - self.started_on).days, 1) / DAYS_PER_MONTH

    @property
    def failed(self) -> int:
        """1 where the target level was not reached, else 0."""
        return 0 if self.target_reached else 1


def read_outcomes(rows: Sequence[Mapping[str, Any]]) -> list[OwnOutcome]:
    """Return the checked outcomes of a file or a query.

    Parameters
    ----------
    rows : sequence of mapping
        One entry per pilot: ``id``, the inputs of the score (start and target level demanded, the others may be absent
        or None), ``started_on`` and ``ended_on`` (dates or ISO texts), ``completed`` and ``target_reached`` (true or
        false), ``trl_reached``, ``planned_cost_minor``, ``cost_minor``, ``loss_minor`` (whole numbers, may be absent).

    Raises
    ------
    OutcomeError
        ``empty_input``, ``missing_column``, ``unknown_column``, ``duplicated_rows``, ``dates_reversed``,
        ``loss_above_cost``, ``nothing_to_gain``, ``levels_contradict``, ``too_few_outcomes``, ``one_class_only``.
    RiskError
        ``level_out_of_range``, ``target_below_start`` or ``invalid_parameter``; `field` is ``rows[i].column`` always.
    """
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Sequence):
        raise InvalidParameterError("rows", type(rows).__name__, "a list of objects, one per pilot")
    if not rows:
        raise OutcomeError("There are no outcomes.", code="empty_input", field="rows")
    outcomes = [_read(row, f"rows[{index}]") for index, row in enumerate(rows)]
    seen: dict[str, int] = {}
    for index, outcome in enumerate(outcomes):
        if outcome.id in seen:
            raise OutcomeError(
                f"rows[{index}].id repeats that of rows[{seen[outcome.id]}]: {outcome.id!r}.",
                code="duplicated_rows",
                field=f"rows[{index}].id",
                details={"first": seen[outcome.id]},
            )
        seen[outcome.id] = index
    return outcomes


def check_enough(outcomes: Sequence[OwnOutcome]) -> None:
    """Raise ``too_few_outcomes`` or ``one_class_only`` where nothing can be fitted on the outcomes."""
    minimum = int(get_default("training_rules", "minimum_outcomes").value or 0)
    if len(outcomes) < minimum:
        raise OutcomeError(
            f"There are {len(outcomes)} outcomes; at least {minimum} are needed.",
            code="too_few_outcomes",
            field="rows",
            details={"n": len(outcomes), "minimum": minimum},
        )
    if len({outcome.failed for outcome in outcomes}) < 2:
        raise OutcomeError(
            "Every pilot ended alike; both reached and missed targets are needed.",
            code="one_class_only",
            field="rows[0].target_reached",
        )


def _read(row: Any, where: str) -> OwnOutcome:
    if not isinstance(row, Mapping):
        raise InvalidParameterError(where, row, "an object with one outcome")
    allowed = (*_NAMES, *list_features())
    for name in row:
        if name not in allowed:
            raise OutcomeError(
                f"{where} has the unknown column {name!r}.",
                code="unknown_column",
                field=f"{where}.{name}",
                details={"allowed": list(allowed)},
            )
    for name in ("id", "trl_start", "trl_target", *_FACTS):
        if row.get(name) in (None, ""):
            raise OutcomeError(f"{where} lacks {name}.", code="missing_column", field=f"{where}.{name}")
    inputs = check_row({name: row[name] for name in list_features() if name in row}, where=where)
    outcome = OwnOutcome(
        id=str(row["id"]),
        inputs=inputs,
        started_on=_read_date(row["started_on"], f"{where}.started_on"),
        ended_on=_read_date(row["ended_on"], f"{where}.ended_on"),
        completed=_read_flag(row["completed"], f"{where}.completed"),
        target_reached=_read_flag(row["target_reached"], f"{where}.target_reached"),
        trl_reached=_read_whole(row.get("trl_reached"), f"{where}.trl_reached", 9),
        planned_cost_minor=_read_whole(row.get("planned_cost_minor"), f"{where}.planned_cost_minor"),
        cost_minor=_read_whole(row.get("cost_minor"), f"{where}.cost_minor"),
        loss_minor=_read_whole(row.get("loss_minor"), f"{where}.loss_minor"),
    )
    _check_sense(outcome, where)
    return outcome


def _check_sense(outcome: OwnOutcome, where: str) -> None:
    target = outcome.inputs["trl_target"]
    checks = (
        (outcome.ended_on < outcome.started_on, "dates_reversed", "ended_on", "is before started_on"),
        (target == outcome.inputs["trl_start"], "nothing_to_gain", "trl_target", "is the start level"),
        (
            outcome.trl_reached is not None and (outcome.trl_reached >= target) != outcome.target_reached,
            "levels_contradict",
            "trl_reached",
            f"contradicts target_reached (target {target})",
        ),
        (
            outcome.loss_minor is not None and outcome.loss_minor > (outcome.cost_minor or 0),
            "loss_above_cost",
            "loss_minor",
            "is above cost_minor",
        ),
    )
    for wrong, code, column, sentence in checks:
        if wrong:
            raise OutcomeError(f"{where}.{column} {sentence}.", code=code, field=f"{where}.{column}")


def _read_date(value: Any, where: str) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise InvalidParameterError(where, value, "a date such as 2027-03-31") from error
    if type(value) is not date:
        raise InvalidParameterError(where, value, "a date such as 2027-03-31")
    return value


def _read_flag(value: Any, where: str) -> bool:
    if value in (0, 1) and isinstance(value, (bool, int)):
        return bool(value)
    raise InvalidParameterError(where, value, "true or false")


def _read_whole(value: Any, where: str, maximum: int | None = None) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0 or (maximum is not None and value > maximum):
        allowed = "a whole number from 0" + ("" if maximum is None else f" to {maximum}")
        raise InvalidParameterError(where, value, allowed)
    return value
