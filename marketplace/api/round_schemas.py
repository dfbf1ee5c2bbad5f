"""JSON of rounds and commitments: money as objects, ratios as decimal strings."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import marshmallow as ma

from marketplace import clock
from marketplace.funding.linkage_rules import Evaluation
from marketplace.funding.models import Commitment, LinkageRule, Round
from marketplace.funding.queries import sees_all_commitments
from marketplace.funding.services import evaluate_round
from marketplace.schemas import MoneySchema, PageSchema, StrictSchema


class ConditionSchema(StrictSchema):
    """The condition of a commitment: as the table said on the day, who acknowledged it, and by what it was met."""

    code = ma.fields.String()
    instrument = ma.fields.String()
    reason_zh = ma.fields.String()
    reason_en = ma.fields.String()
    opens_zh = ma.fields.String(allow_none=True)
    opens_en = ma.fields.String(allow_none=True)
    opened_by = ma.fields.List(ma.fields.String())
    source = ma.fields.String()
    source_status = ma.fields.String()
    valid_from = ma.fields.String()
    trl = ma.fields.Integer(allow_none=True)
    mrl = ma.fields.Integer(allow_none=True)
    acknowledged_by = ma.fields.String()
    acknowledged_at = ma.fields.String()
    state = ma.fields.String(metadata={"description": "open or met"})
    met_by = ma.fields.String(allow_none=True, metadata={"description": "level or evidence"})
    met_at = ma.fields.String(allow_none=True)
    decided_by = ma.fields.String(allow_none=True)
    document_number = ma.fields.String(allow_none=True)
    document_on = ma.fields.String(allow_none=True)
    ground = ma.fields.String(allow_none=True)


class CommitmentSchema(StrictSchema):
    """One organisation's part of a round; soft while one of its `conditions` is open."""

    id = ma.fields.String()
    organisation = ma.fields.String()
    organisation_kind = ma.fields.String()
    instrument = ma.fields.String()
    amount = ma.fields.Nested(MoneySchema)
    paid = ma.fields.Nested(MoneySchema)
    lead = ma.fields.Boolean()
    state = ma.fields.String()
    committed_at = ma.fields.AwareDateTime()
    hardened_at = ma.fields.AwareDateTime(allow_none=True)
    conditions = ma.fields.List(ma.fields.Nested(ConditionSchema))


class RuleSchema(StrictSchema):
    """A linkage rule with its arithmetic; `value` is null while nothing is asked."""

    id = ma.fields.String()
    kind = ma.fields.String()
    threshold = ma.fields.String()
    reading = ma.fields.String()
    base = ma.fields.String()
    binding = ma.fields.Boolean()
    document_number = ma.fields.String()
    value = ma.fields.String(allow_none=True)
    holds = ma.fields.Boolean()
    missing = ma.fields.Nested(MoneySchema)
    private = ma.fields.Nested(MoneySchema)
    guidance = ma.fields.Nested(MoneySchema)
    equity = ma.fields.Nested(MoneySchema)
    loan = ma.fields.Nested(MoneySchema)


class RoundSchema(StrictSchema):
    """A round; `commitments` holds what you may see of it."""

    id = ma.fields.String()
    project = ma.fields.String()
    title_zh = ma.fields.String()
    title_en = ma.fields.String()
    state = ma.fields.String()
    closing_rule = ma.fields.String()
    deadline = ma.fields.Date()
    deadline_at = ma.fields.AwareDateTime()
    target = ma.fields.Nested(MoneySchema)
    minimum = ma.fields.Nested(MoneySchema)
    cap = ma.fields.Nested(MoneySchema)
    loan_cap = ma.fields.Nested(MoneySchema)
    ticket_minimum = ma.fields.Nested(MoneySchema)
    investor_limit = ma.fields.Nested(MoneySchema, allow_none=True)
    committed = ma.fields.Nested(MoneySchema)
    committed_loan = ma.fields.Nested(MoneySchema)
    sees_all_commitments = ma.fields.Boolean()
    commitments = ma.fields.List(ma.fields.Nested(CommitmentSchema))
    linkage_rules = ma.fields.List(ma.fields.Nested(RuleSchema))


class RoundPageSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(RoundSchema))
    page = ma.fields.Nested(PageSchema)


def _money(amount_minor: int, currency: str) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": currency}


def _ratio(value: Fraction | None) -> str | None:
    """Six decimals, enough to compare with a threshold of twelve characters."""
    return None if value is None else f"{Decimal(value.numerator) / Decimal(value.denominator):.6f}"


def present_commitment(row: Commitment, currency: str) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "organisation": row.organisation.public_id,
        "organisation_kind": row.organisation_kind,
        "instrument": row.instrument,
        "amount": _money(row.amount_minor, currency),
        "paid": _money(row.paid_minor, currency),
        "lead": row.lead,
        "state": row.state,
        "committed_at": row.committed_at,
        "hardened_at": row.hardened_at,
        "conditions": row.conditions,
    }


def _present_rule(rule: LinkageRule, result: Evaluation, currency: str, whole: bool) -> dict[str, Any]:
    """The figures only for those who see all commitments: with one guidance fund they would give its bid away."""
    shown: dict[str, Any] = {
        "id": rule.public_id, "kind": rule.kind, "threshold": rule.threshold, "reading": rule.reading,
        "base": rule.base, "binding": rule.binding, "document_number": rule.document_number,
        "holds": result.holds,
    }  # fmt: skip
    if not whole:
        return shown
    return shown | {
        "value": _ratio(result.value), "missing": _money(result.missing_minor, currency),
        "private": _money(result.private_minor, currency), "guidance": _money(result.guidance_minor, currency),
        "equity": _money(result.equity_minor, currency), "loan": _money(result.loan_minor, currency),
    }  # fmt: skip


def present_round(round_: Round, actor: Any) -> dict[str, Any]:
    """The round as this actor may know it: rival bids are absent."""
    everything, currency = sees_all_commitments(actor, round_), round_.currency
    shown = [item for item in round_.commitments if everything or item.organisation_id == actor.organisation_id]
    limit = round_.investor_limit_minor
    return {
        "id": round_.public_id,
        "project": round_.project.public_id,
        "title_zh": round_.title_zh,
        "title_en": round_.title_en,
        "state": round_.state,
        "closing_rule": round_.closing_rule,
        "deadline": round_.deadline,
        "deadline_at": clock.end_of_day(round_.deadline),
        **{
            name: _money(getattr(round_, f"{name}_minor"), currency)
            for name in ("target", "minimum", "cap", "loan_cap", "ticket_minimum", "committed", "committed_loan")
        },
        "investor_limit": None if limit is None else _money(limit, currency),
        "sees_all_commitments": everything,
        "commitments": [present_commitment(item, currency) for item in shown],
        "linkage_rules": [_present_rule(rule, result, currency, everything) for rule, result in evaluate_round(round_)],
    }
