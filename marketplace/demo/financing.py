"""Scheme rules and rounds of the demonstration market, in every state, through the services."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import orm

from marketplace.clock import DEFAULT_ZONE
from marketplace.demo.deal_records import Round as RoundRecord
from marketplace.demo.deal_records import Scheme
from marketplace.demo.people import Cast
from marketplace.demo.records import Content
from marketplace.funding.models import Commitment, Round
from marketplace.funding.queries import find_round, get_commitment
from marketplace.funding.services import (
    add_linkage_rule,
    ask_open,
    close_round,
    fail_round,
    harden_commitment,
    make_commitment,
    meet_condition,
    open_round,
    release_commitment,
)
from marketplace.money import Money
from marketplace.projects.models import Project
from marketplace.schemes.models import SchemeRule
from marketplace.schemes.services import record_rule

FIRM_STATES = ("hard", "called", "paid", "defaulted")


def noon(day: date, hour: int = 12) -> datetime:
    """A working hour of a day in the market's zone."""
    return datetime.combine(day, time(hour), ZoneInfo(DEFAULT_ZONE))


def record_schemes(session: orm.Session, *, content: Content, cast: Cast, now: datetime) -> dict[str, SchemeRule]:
    """The rules of the schemes as the operator keeps them."""
    operator = cast.first_of("operator")
    return {record.code: _record_scheme(session, record, operator, now) for record in content.schemes}


def _record_scheme(session: orm.Session, record: Scheme, operator: Any, now: datetime) -> SchemeRule:
    return record_rule(
        session, actor=operator, now=now, code=record.code, kind=record.kind, document_number=record.document_number,
        title_zh=record.title_zh, title_en=record.title_en, text_zh=record.text_zh, text_en=record.text_en,
        source=record.source, status=record.status, valid_from=record.valid_from, valid_to=record.valid_to,
        parameters=record.parameters,
    )  # fmt: skip


def open_recorded_round(
    session: orm.Session, *, record: RoundRecord, project: Project, cast: Cast, schemes: dict[str, SchemeRule]
) -> Round:
    """Open a round with its linkage rules, as its team did on the day of the record."""
    team = next(
        cast.actor(code)
        for code, organisation in cast.organisations.items()
        if organisation.id == project.organisation_id
    )
    now = noon(record.opened_on)
    opened = open_round(
        session, actor=team, project=project, title_zh=record.title_zh, title_en=record.title_en,
        target_minor=record.target_minor, minimum_minor=record.minimum_minor, cap_minor=record.cap_minor,
        loan_cap_minor=record.loan_cap_minor, ticket_minimum_minor=record.ticket_minimum_minor,
        deadline=record.deadline_on, now=now, investor_limit_minor=record.investor_limit_minor or None,
        pre_money_minor=record.pre_money_minor, closing_rule=record.closing_rule, as_draft=record.state == "draft",
    )  # fmt: skip
    round_ = find_round(session, round_id=opened.id)
    assert round_ is not None
    for rule in record.rules:
        scheme = schemes.get(rule.scheme)
        add_linkage_rule(
            session, actor=team, round_=round_, kind=rule.kind, threshold=rule.threshold, reading=rule.reading,
            base=rule.base, binding=rule.binding, now=now, scheme_rule_id=scheme.id if scheme else None,
            document_number=scheme.document_number if scheme else "", source=scheme.source if scheme else "",
            valid_from=scheme.valid_from if scheme else None,
        )  # fmt: skip
    return round_


def fill_round(session: orm.Session, *, record: RoundRecord, round_id: int, cast: Cast) -> list[Commitment]:
    """Every commitment of the record, made firm or released as it was."""
    made = []
    for wanted in sorted(record.commitments, key=lambda item: item.committed_on):
        round_ = find_round(session, round_id=round_id)
        assert round_ is not None
        actor = cast.actor(wanted.investor)
        condition = ask_open(round_.project, wanted.instrument, noon(wanted.committed_on))
        commitment = make_commitment(
            session, actor=actor, round_=round_, instrument=wanted.instrument, now=noon(wanted.committed_on),
            amount=Money(wanted.amount_minor, round_.currency), link_cause="clause", link_evidence=record.code,
            acknowledged=condition.code if condition else None,
        )  # fmt: skip
        commitment = get_commitment(session, actor=actor, public_id=commitment.public_id)
        if wanted.state in FIRM_STATES and condition is not None:
            meet_condition(
                session, actor=actor, commitment=commitment, code=condition.code, now=noon(wanted.committed_on, 14),
                ground=f"演示虚构：{condition.opens_zh}", document_number=f"演示凭证 {record.code}",
                document_on=wanted.committed_on,
            )  # fmt: skip
        if wanted.state in FIRM_STATES:
            harden_commitment(session, actor=actor, commitment=commitment, now=noon(wanted.committed_on, 15))
        elif wanted.state == "released":
            release_commitment(session, actor=actor, commitment=commitment, now=noon(wanted.committed_on, 15))
        made.append(commitment)
    return made


def end_round(session: orm.Session, *, record: RoundRecord, round_id: int, cast: Cast) -> Round:
    """Close, fail or withdraw the round as the record says."""
    session.expire_all()
    round_ = find_round(session, round_id=round_id)
    assert round_ is not None
    team = next(
        cast.actor(code)
        for code, organisation in cast.organisations.items()
        if organisation.id == round_.project.organisation_id
    )
    day = record.closed_on or record.deadline_on
    if record.state == "closed":
        close_round(session, actor=team, round_=round_, now=noon(day, 17))
    elif record.state in ("failed", "withdrawn"):
        fail_round(
            session, actor=team, round_=round_, state=record.state, reason=record.reason_en or record.state,
            now=noon(day, 17),
        )  # fmt: skip
    return round_
