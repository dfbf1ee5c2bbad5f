"""Opening, closing and ending rounds; closing freezes the decision file."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.permissions import Actor
from marketplace.assessments.queries import get_latest_score
from marketplace.audit.services import record_act
from marketplace.db import changed_rows, lock_rows
from marketplace.errors import InvalidInputError, NotAllowedError
from marketplace.events import RoundClosed, record_event
from marketplace.funding import queries
from marketplace.funding.errors import (
    IllegalMoveError,
    LinkageRuleFailedError,
    RoundBelowMinimumError,
    RoundNotOpenError,
    ScoreAloneError,
    SoftCommitmentsLeftError,
)
from marketplace.funding.models import (
    BASES,
    CLOSING_RULES,
    READINGS,
    REFUSAL_REASONS,
    RULE_KINDS,
    DecisionFile,
    FundingRefusal,
    LinkageRule,
    Round,
)
from marketplace.funding.services.commitments import release_all
from marketplace.funding.services.evaluation import evaluate_round
from marketplace.funding.states import check_round_move
from marketplace.notifications.services import notify
from marketplace.projects.models import Project
from marketplace.projects.services import move_project

FUNDABLE_STATES = ("published", "in_funding")


def open_round(
    session: orm.Session,
    *,
    actor: Actor,
    project: Project,
    title_zh: str,
    title_en: str,
    target_minor: int,
    minimum_minor: int,
    cap_minor: int,
    loan_cap_minor: int,
    ticket_minimum_minor: int,
    deadline: date,
    now: datetime,
    investor_limit_minor: int | None = None,
    pre_money_minor: int = 0,
    closing_rule: str = "minimum",
    as_draft: bool = False,
) -> Round:
    """Open a round of a published project, or keep it as a draft that the team alone sees; the team alone may."""
    if project.organisation_id != actor.organisation_id:
        raise NotAllowedError()
    if project.state not in FUNDABLE_STATES:
        raise RoundNotOpenError("A round is opened for a published project.", state=project.state)
    errors: dict[str, str] = {}
    if not title_zh.strip() and not title_en.strip():
        errors["title_zh"] = "Give the round a title in one language at least."
    if not 0 < target_minor <= cap_minor:
        errors["cap"] = "The cap is at least the target."
    if not 0 <= minimum_minor <= target_minor:
        errors["minimum"] = "The minimum is at most the target."
    if not 0 < ticket_minimum_minor <= max(cap_minor, loan_cap_minor):
        errors["ticket_minimum"] = "The smallest ticket is above zero and at most the cap."
    if investor_limit_minor is not None and investor_limit_minor < ticket_minimum_minor:
        errors["investor_limit"] = "The limit of one investor is at least the smallest ticket."
    if clock.end_of_day(deadline) <= now:
        errors["deadline"] = "The deadline lies in the past."
    if closing_rule not in CLOSING_RULES:
        errors["closing_rule"] = "Choose one of the closing rules."
    if errors:
        raise InvalidInputError(errors=errors)
    round_ = Round(
        project_id=project.id, title_zh=title_zh.strip() or title_en.strip(), currency=project.currency,
        title_en=title_en.strip() or title_zh.strip(), target_minor=target_minor, minimum_minor=minimum_minor,
        cap_minor=cap_minor, loan_cap_minor=loan_cap_minor, ticket_minimum_minor=ticket_minimum_minor,
        investor_limit_minor=investor_limit_minor, pre_money_minor=pre_money_minor, closing_rule=closing_rule,
        deadline=deadline, state="draft" if as_draft else "open", created_at=now,
    )  # fmt: skip
    session.add(round_)
    session.flush()  # the audit line names the round
    if as_draft:
        _record(session, actor, round_, "drafted", now)
    else:
        _announce(session, actor, round_, project, now)
    return round_


def launch_round(session: orm.Session, *, actor: Actor, round_: Round, now: datetime) -> Round:
    """Open a round that was kept as a draft, its linkage rules with it."""
    project = round_.project
    if project.organisation_id != actor.organisation_id:
        raise NotAllowedError()
    check_round_move(round_.state, "open")
    if project.state not in FUNDABLE_STATES:
        raise RoundNotOpenError("A round is opened for a published project.", state=project.state)
    if clock.end_of_day(round_.deadline) <= now:
        raise RoundNotOpenError("The deadline of this draft lies in the past; make a new round.")
    _move(session, round_, "open", now)
    _announce(session, actor, round_, project, now)
    return round_


def _announce(session: orm.Session, actor: Actor, round_: Round, project: Project, now: datetime) -> None:
    if project.state == "published":
        move_project(session, actor=actor, project=project, state="in_funding", reason=round_.public_id, now=now)
    _record(session, actor, round_, "opened", now)


def add_linkage_rule(
    session: orm.Session,
    *,
    actor: Actor,
    round_: Round,
    kind: str,
    threshold: str,
    reading: str,
    base: str,
    binding: bool,
    now: datetime,
    document_number: str = "",
    source: str = "",
    valid_from: date | None = None,
    scheme_rule_id: int | None = None,
) -> LinkageRule:
    """Set a rule for a round that is drafted or open: by the team, or by a guidance fund that is in it."""
    in_it = any(item.organisation_id == actor.organisation_id for item in round_.commitments)
    if round_.project.organisation_id != actor.organisation_id and not (
        actor.organisation_kind == "guidance_fund" and in_it
    ):
        raise NotAllowedError()
    if round_.state not in ("draft", "open"):
        raise RoundNotOpenError(state=round_.state)
    errors: dict[str, str] = {}
    for name, word, words in (("kind", kind, RULE_KINDS), ("reading", reading, READINGS), ("base", base, BASES)):
        if word not in words:
            errors[name] = "Choose one from the list."
    if not _is_threshold(threshold, share=kind == "guidance_share_max"):
        errors["threshold"] = "Enter a ratio such as 1.5, or a share between 0 and 1."
    if errors:
        raise InvalidInputError(errors=errors)
    rule = LinkageRule(
        round_id=round_.id, kind=kind, threshold=threshold, reading=reading, base=base, binding=binding,
        document_number=document_number, source=source, valid_from=valid_from, scheme_rule_id=scheme_rule_id,
    )  # fmt: skip
    session.add(rule)
    session.flush()  # a second rule of the same kind is refused by the unique index here
    _record(session, actor, round_, "linkage_rule_added", now, rule=rule.public_id, kind=kind, threshold=threshold)
    return rule


def _is_threshold(text: str, *, share: bool) -> bool:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return False
    return value.is_finite() and 0 < value <= (1 if share else 1000) and len(text) <= 12


def close_round(session: orm.Session, *, actor: Actor, round_: Round, now: datetime) -> DecisionFile:
    """Close a round that reached its minimum under every binding rule, and freeze what was known."""
    if round_.project.organisation_id != actor.organisation_id:
        raise NotAllowedError()
    session.execute(lock_rows(session, sa.select(Round.id).where(Round.id == round_.id)))
    check_round_move(round_.state, "closed")
    live = [item for item in round_.commitments if item.state != "released"]
    if any(item.state == "soft" for item in live):
        raise SoftCommitmentsLeftError(commitments=[item.public_id for item in live if item.state == "soft"])
    firm = sum(item.amount_minor for item in live if not item.is_loan)
    needed = round_.target_minor if round_.closing_rule == "all_or_nothing" else round_.minimum_minor
    if firm < needed or not live:
        raise RoundBelowMinimumError(firm_minor=firm, needed_minor=needed, missing_minor=needed - firm)
    evaluations = evaluate_round(round_)
    for rule, evaluation in evaluations:
        if rule.binding and not evaluation.holds:
            raise LinkageRuleFailedError(
                rule=rule.public_id, kind=rule.kind, reading=rule.reading, missing_minor=evaluation.missing_minor
            )
    decision = _freeze(session, round_, now)
    _move(session, round_, "closed", now)
    round_.closed_at = now
    move_project(session, actor=None, project=round_.project, state="funded", reason=round_.public_id, now=now)
    _record(session, actor, round_, "closed", now, decision_file=decision.public_id)
    record_event(session, RoundClosed(round_id=round_.id))
    notify(
        session, organisation_ids=[item.organisation_id for item in live], kind="round_closed", now=now,
        parameters={"title_zh": round_.title_zh, "title_en": round_.title_en}, url=f"/rounds/{round_.public_id}",
        dedupe_key=f"round_closed:{round_.public_id}",
    )  # fmt: skip
    return decision


def _freeze(session: orm.Session, round_: Round, now: datetime) -> DecisionFile:
    score = get_latest_score(session, project_id=round_.project_id)
    project = round_.project
    trl_assessed, mrl_assessed = project.levels_on(clock.day_in_zone(now))
    content: dict[str, Any] = {
        "round": round_.public_id,
        "frozen_at": now.isoformat(),
        "project": {
            "id": project.public_id, "trl_claimed": project.trl_claimed, "trl_assessed": trl_assessed,
            "mrl_claimed": project.mrl_claimed, "mrl_assessed": mrl_assessed, "target_trl": project.target_trl,
            "total_budget_minor": project.total_budget_minor,
        },
        "score": score.public_id if score is not None else None,
        "score_result": score.content if score is not None else None,
        "commitments": [
            {"id": item.public_id, "organisation": item.organisation.public_id, "instrument": item.instrument,
             "amount_minor": item.amount_minor, "state": item.state, "link_cause": item.link_cause,
             "conditions": item.conditions}
            for item in round_.commitments
        ],
        "linkage": [
            {"rule": rule.public_id, "kind": rule.kind, "reading": rule.reading, "threshold": rule.threshold,
             "document_number": rule.document_number, "value": str(evaluation.value), "holds": evaluation.holds,
             "missing_minor": evaluation.missing_minor, "binding": rule.binding}
            for rule, evaluation in evaluate_round(round_)
        ],
        "refusals": [
            {"reason": refusal.reason, "at": refusal.recorded_at.isoformat()}
            for refusal in queries.list_refusals(session, round_id=round_.id)
        ],
    }  # fmt: skip
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    decision = DecisionFile(
        round_id=round_.id, content=content, sha256=hashlib.sha256(canonical.encode()).hexdigest(), frozen_at=now
    )
    session.add(decision)
    session.flush()  # the audit line names the file
    return decision


def fail_round(
    session: orm.Session, *, actor: Actor, round_: Round, state: str, reason: str, now: datetime
) -> Round:  # fmt: skip
    """End a round that was not reached (failed) or is given up (withdrawn); every commitment is released."""
    if round_.project.organisation_id != actor.organisation_id and actor.organisation_kind != "operator":
        raise NotAllowedError()
    if state not in ("failed", "withdrawn"):
        raise InvalidInputError("Choose one from the list.", field="state")
    if not reason.strip():
        raise InvalidInputError("Give the reason.", field="reason")
    check_round_move(round_.state, state)
    was_open = round_.state == "open"
    release_all(session, actor=actor, round_=round_, now=now)
    _move(session, round_, state, now)
    round_.state_reason = reason.strip()
    if was_open and round_.project.state == "in_funding":
        move_project(session, actor=None, project=round_.project, state="published", reason=reason.strip(), now=now)
    _record(session, actor, round_, state, now, reason=reason)
    return round_


def refuse_round(
    session: orm.Session, *, actor: Actor, round_: Round, reason: str, note: str, now: datetime
) -> FundingRefusal:
    """A funder says no with a reason code; the team is told the code, not the note."""
    if not actor.is_funder:
        raise NotAllowedError()
    if reason not in REFUSAL_REASONS:
        raise InvalidInputError("Choose one of the reasons.", field="reason")
    if reason == "risk_too_high" and not note.strip():
        raise ScoreAloneError(field="note")
    refusal = FundingRefusal(
        round_id=round_.id, organisation_id=actor.organisation_id, reason=reason, note=note[:2000], recorded_at=now
    )
    session.add(refusal)
    session.flush()  # the notice names the refusal
    _record(session, actor, round_, "refused", now, reason=reason)
    notify(
        session, organisation_ids=[round_.project.organisation_id], kind="round_refused", now=now,
        parameters={"reason": reason}, url=f"/rounds/{round_.public_id}",
        dedupe_key=f"round_refused:{refusal.public_id}",
    )  # fmt: skip
    return refusal


def _move(session: orm.Session, round_: Round, after: str, now: datetime) -> None:
    moved = changed_rows(
        session,
        sa.update(Round)
        .where(Round.id == round_.id, Round.state == round_.state)
        .values(state=after)
        .execution_options(synchronize_session=False),
    )
    session.refresh(round_, ["state", "committed_minor", "committed_loan_minor"])
    if moved != 1:
        raise IllegalMoveError(before=round_.state, after=after)


def _record(session: orm.Session, actor: Any, round_: Round, action: str, now: datetime, **details: Any) -> None:
    record_act(
        session, actor=actor, action=f"round.{action}", subject_kind="round", subject_id=round_.public_id, now=now,
        details=details,
    )  # fmt: skip
