"""Conditions of a level for the pages: recorded rows and today's answers of the table in one shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from marketplace.web.assessments.words import NAMES
from risk.maturity import Eligibility


def readable(row: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded condition with its days and moments as such."""
    return {
        **row,
        "status_words": NAMES["source_status"][row["source_status"]],
        "valid_from": date.fromisoformat(row["valid_from"]),
        "acknowledged_at": datetime.fromisoformat(row["acknowledged_at"]),
        "met_at": datetime.fromisoformat(row["met_at"]) if row["met_at"] else None,
        "document_on": date.fromisoformat(row["document_on"]) if row["document_on"] else None,
    }


def readable_answer(answer: Eligibility) -> dict[str, Any]:
    """What the table says today."""
    return {**asdict(answer), "status_words": NAMES["source_status"][answer.status]}
