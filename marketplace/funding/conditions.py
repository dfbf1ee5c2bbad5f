"""The condition that a commitment carries while its instrument is conditional at the project's level: plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from marketplace.assessments.services import describe_closure
from risk.maturity import Eligibility

Row = dict[str, Any]


def write_condition(
    answer: Eligibility, *, levels: tuple[int | None, int | None], user_public_id: str, now: datetime
) -> Row:
    """The row as it is recorded: what the table said on the day, at which levels, and who acknowledged it."""
    return {
        "code": answer.code, **describe_closure(answer), "source_status": answer.status,
        "valid_from": answer.valid_from.isoformat(), "opened_by": list(answer.opened_by), "trl": levels[0],
        "mrl": levels[1], "acknowledged_by": user_public_id, "acknowledged_at": now.isoformat(), "state": "open",
        "met_by": None, "met_at": None, "decided_by": None, "document_number": None, "document_on": None,
        "ground": None,
    }  # fmt: skip


def find_condition(rows: Sequence[Row], code: str) -> Row | None:
    """The condition with this code, if the commitment carries it."""
    return next((row for row in rows if row["code"] == code), None)


def list_open(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["state"] == "open"]


def meet(rows: Sequence[Row], codes: Sequence[str], **facts: Any) -> list[Row]:
    """New rows in which those with these codes are met; the others stay as they are."""
    return [{**row, "state": "met", **facts} if row["code"] in codes else row for row in rows]


def is_met(rows: Sequence[Row], code: str) -> bool:
    found = find_condition(rows, code)
    return found is not None and found["state"] == "met"
