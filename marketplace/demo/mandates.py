"""Mandates of the funders of the demonstration market."""

from __future__ import annotations

import dataclasses
from typing import Any

from marketplace.dealflow.services import create_mandate
from marketplace.demo.deal_records import Mandate
from marketplace.demo.financing import noon
from marketplace.demo.market import Market

# Fields that the service takes as the record has them.
_LEFT_OUT = ("funder", "budget_remaining_minor", "exclusions")


def set_mandate(market: Market, record: Mandate) -> None:
    """The funder writes its mandate on the day from which it is valid."""
    with market.database.transaction() as session:
        create_mandate(
            session, actor=market.cast.actor(record.funder), now=noon(record.valid_from),
            budget_remaining_minor=record.budget_remaining_minor, **mandate_values(record),
        )  # fmt: skip


def mandate_values(record: Mandate) -> dict[str, Any]:
    """The record as the service reads it: lists for tuples, days as text, nothing that is absent."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.name in _LEFT_OUT or value is None:
            continue
        if isinstance(value, tuple):
            value = list(value)
        values[field.name] = value.isoformat() if hasattr(value, "isoformat") else value
    values["exclusions"] = [dataclasses.asdict(item) for item in record.exclusions]
    return values
