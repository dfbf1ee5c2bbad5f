"""A claim from its notice to its payment: the panel finds, the insurer adjusts, the insured agrees, money moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import require_permission, require_verified
from marketplace.accounts.permissions import Actor, Permission
from marketplace.audit.services import record_act
from marketplace.db import changed_rows, lock_rows
from marketplace.events import ClaimSettled, record_event
from marketplace.insurance import queries
from marketplace.insurance.errors import (
    ClaimInvalidError,
    ClaimOutsidePeriodError,
    ClaimStateError,
    CoverExhaustedError,
    DoubleRecoveryError,
    NotAuthorisedError,
    PolicyStateError,
    UnknownCostItemError,
    translate_error,
)
from marketplace.insurance.models import DETERMINATIONS, Claim, ClaimPayment, Policy, money_of
from marketplace.insurance.rules import PAY_DAYS, split_by_insurer
from marketplace.insurance.services.moves import move_claim
from marketplace.money import LIMIT_MINOR
from marketplace.notifications.services import notify
from marketplace.payments.services import create_intent
from risk.errors import RiskError

TEXT_LIMIT = 2000


@dataclass(frozen=True)
class Adjustment:
    """What the adjuster accepts of the spend claimed on one cost item, and why not the rest."""

    accepted_minor: int
    reason: str = ""


def notify_claim(
    session: orm.Session,
    *,
    actor: Actor,
    policy: Policy,
    event_on: date,
    description: str,
    spend: Mapping[str, int],
    now: datetime,
) -> Claim:
    """The insured reports an event and what was spent per cost item.

    Raises PolicyStateError, ClaimOutsidePeriodError, UnknownCostItemError or ClaimInvalidError.
    """
    require_permission(actor, Permission.QUOTE_REQUEST)
    if policy.insured_organisation_id != actor.organisation_id:
        raise NotAuthorisedError()
    if policy.in_force_on is None or policy.state not in ("in_force", "expired"):
        raise PolicyStateError("There is no cover before the premium is confirmed as paid.", state=policy.state)
    if not policy.in_force_on <= event_on <= policy.cover_to:
        raise ClaimOutsidePeriodError(
            field="event_on", cover_from=str(policy.in_force_on), cover_to=str(policy.cover_to)
        )
    if event_on > clock.day_in_zone(now):
        raise ClaimInvalidError("An event is reported after it has happened.", field="event_on")
    if not description.strip():
        raise ClaimInvalidError("Say what happened.", field="description")
    codes = [item["code"] for item in policy.schedule]
    for code, amount in spend.items():
        if code not in codes:
            raise UnknownCostItemError(field=code)
        if isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount <= LIMIT_MINOR:
            raise ClaimInvalidError("Enter the verified spend as an amount.", field=code)
    if sum(spend.values()) == 0:
        raise ClaimInvalidError(
            "Nothing was spent on the insured cost items, so there is nothing to claim.", field="items"
        )
    claim = Claim(
        policy=policy, payments=[], event_on=event_on, description=description.strip()[:TEXT_LIMIT], notified_at=now,
        items=[{"code": code, "claimed_minor": spend[code]} for code in codes if spend.get(code)],
    )  # fmt: skip
    session.add(claim)
    session.flush()  # the audit line names the claim
    _tell(session, actor=actor, claim=claim, to=[insurer for insurer, _share in policy.shares], now=now)
    return claim


def register_claim(session: orm.Session, *, actor: Actor, claim: Claim, now: datetime) -> Claim:
    """The insurer has opened its file."""
    _check_insurer(actor, claim)
    move_claim(session, claim, "registered", registered_at=now)
    _tell(session, actor=actor, claim=claim, to=[claim.policy.insured_organisation_id], now=now)
    return claim


def assess_claim(
    session: orm.Session,
    *,
    actor: Actor,
    claim: Claim,
    determination: str,
    determined_on: date,
    panel_document: str,
    adjustments: Mapping[str, Adjustment],
    now: datetime,
) -> Claim:
    """Record the panel's finding and the adjusted spend; the indemnity follows from the terms in exact integers.

    Raises ClaimInvalidError, DoubleRecoveryError, CoverExhaustedError or ClaimStateError.
    """
    _check_insurer(actor, claim)
    if claim.state not in ("registered", "assessing"):
        raise ClaimStateError(state=claim.state, wanted="assessing")
    if determination not in DETERMINATIONS:
        raise ClaimInvalidError("Say what the panel of the policy found.", field="determination")
    if not panel_document.strip():
        raise ClaimInvalidError("Name the document in which the panel found this.", field="panel_document")
    if not claim.event_on <= determined_on <= clock.day_in_zone(now):
        raise ClaimInvalidError("The finding is dated between the event and today.", field="determined_on")
    items = [_adjust(row, adjustments) for row in claim.items]
    steps, amount = None, 0
    if determination == "insured_event":
        steps = _compute_indemnity(session, claim, items)
        amount = int(steps["indemnity_minor"])
    move_claim(
        session, claim, "assessing", determination=determination, determined_on=determined_on, items=items,
        panel_document=panel_document.strip()[:200], steps=steps, indemnity_minor=amount, assessed_at=now,
    )  # fmt: skip
    _tell(session, actor=actor, claim=claim, to=[claim.policy.insured_organisation_id], now=now)
    return claim


def _check_insurer(actor: Actor, claim: Claim) -> None:
    require_permission(actor, Permission.QUOTE_MAKE)
    require_verified(actor)
    if claim.policy.insurer_organisation_id != actor.organisation_id:
        raise NotAuthorisedError()


def _adjust(row: dict[str, Any], adjustments: Mapping[str, Adjustment]) -> dict[str, Any]:
    code, claimed = row["code"], row["claimed_minor"]
    found = adjustments.get(code)
    if found is None:
        raise ClaimInvalidError("Say for every item what is accepted.", field=code)
    accepted = found.accepted_minor
    if isinstance(accepted, bool) or not isinstance(accepted, int) or not 0 <= accepted <= claimed:
        raise ClaimInvalidError("What is accepted lies between zero and what was claimed.", field=code)
    if accepted < claimed and not found.reason.strip():
        raise ClaimInvalidError("Give the reason for every amount that is not accepted.", field=f"reason_{code}")
    return {
        "code": code, "claimed_minor": claimed, "accepted_minor": accepted,
        "disallowed_minor": claimed - accepted, "reason": found.reason.strip()[:400],
    }  # fmt: skip


def _compute_indemnity(session: orm.Session, claim: Claim, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    from risk.pricing import apply_terms

    policy = claim.policy
    accepted = {row["code"]: row["accepted_minor"] for row in items if row["accepted_minor"]}
    elsewhere = queries.list_items_claimed_elsewhere(session, project_id=policy.project_id, policy_id=policy.id)
    doubled = sorted(set(accepted) & elsewhere)
    if doubled:
        raise DoubleRecoveryError(field=doubled[0], items=doubled)
    paid_before = 0
    for earlier in queries.list_standing_claims(session, policy_id=policy.id):
        if earlier.id == claim.id or earlier.agreed_at is None:
            continue
        paid_before += earlier.indemnity_minor or 0
        for row in earlier.items:
            accepted[row["code"]] = accepted.get(row["code"], 0) + row.get("accepted_minor", 0)
    try:
        return apply_terms(policy.schedule, accepted, policy.terms, paid_before_minor=paid_before)
    except RiskError as error:
        raise translate_error(error) from error


def agree_claim(session: orm.Session, *, actor: Actor, claim: Claim, now: datetime) -> Claim:
    """The insured agrees to the adjusted amount; it is split by assignment and becomes due within ten days."""
    require_permission(actor, Permission.POLICY_BIND)
    policy = claim.policy
    if policy.insured_organisation_id != actor.organisation_id:
        raise NotAuthorisedError()
    amount = claim.indemnity_minor
    if claim.state == "assessing" and (claim.determination != "insured_event" or not amount):
        raise ClaimStateError("Nothing is payable under this assessment.", state=claim.state)
    move_claim(session, claim, "agreed", agreed_at=now)
    assert amount is not None, "only an assessed claim can be agreed"
    _take_limit(session, policy, amount)
    _ask_payments(session, actor=actor, claim=claim, amount=amount, now=now)
    session.flush()  # the page that follows lists the payments
    _tell(session, actor=actor, claim=claim, to=[insurer for insurer, _share in policy.shares], now=now)
    return claim


def _ask_payments(session: orm.Session, *, actor: Actor, claim: Claim, amount: int, now: datetime) -> None:
    """Each insurer owes its own share and pays it to each who receives a part: several, not joint."""
    policy, parts = claim.policy, _split(claim, amount)
    rows = split_by_insurer(
        [money_of(policy, minor) for _organisation, _share, minor in parts],
        [share for _insurer, share in policy.shares],
    )
    for (organisation_id, share, _minor), row in zip(parts, rows, strict=True):
        for (insurer_id, _bps), minor in zip(policy.shares, row, strict=True):
            if not minor:
                continue
            intent = create_intent(
                session, purpose="indemnity", subject=f"claim:{claim.public_id}:{organisation_id}:{insurer_id}",
                payer_organisation_id=insurer_id, payee_organisation_id=organisation_id, now=now, actor=actor,
                amount=money_of(policy, minor), due_on=clock.day_in_zone(now) + timedelta(days=PAY_DAYS),
                direction="direct",
            )  # fmt: skip
            session.add(
                ClaimPayment(
                    claim_id=claim.id, organisation_id=organisation_id, insurer_organisation_id=insurer_id, share=share,
                    amount_minor=minor, payment_id=intent.id,
                )
            )  # fmt: skip


def _split(claim: Claim, amount: int) -> list[tuple[int, str, int]]:
    from risk.pricing import split_indemnity

    ids = {row.organisation.public_id: row.organisation_id for row in claim.policy.assignments}
    insured = claim.policy.insured.public_id
    rows = split_indemnity(
        amount,
        [{"party": row.organisation.public_id, "share": row.share} for row in claim.policy.assignments],
        insured=insured,
    )
    ids[insured] = claim.policy.insured_organisation_id
    return [(ids[row["party"]], row["share"], row["amount_minor"]) for row in rows if row["amount_minor"]]


def _take_limit(session: orm.Session, policy: Policy, amount: int) -> None:
    """The limit is scarce: one conditional update, late, so that it is never paid twice."""
    taken = Policy.indemnified_minor + amount
    moved = changed_rows(
        session,
        sa.update(Policy)
        .where(Policy.id == policy.id, taken <= Policy.limit_minor)
        .values(indemnified_minor=taken)
        .execution_options(synchronize_session=False),
    )
    session.refresh(policy, ["indemnified_minor"])
    if moved != 1:
        raise CoverExhaustedError(limit_minor=policy.limit_minor, taken_minor=policy.indemnified_minor)


def refuse_claim(session: orm.Session, *, actor: Actor, claim: Claim, reason: str, now: datetime) -> Claim:
    """Refuse with reasons; the claim stays on file."""
    _check_insurer(actor, claim)
    if not reason.strip():
        raise ClaimInvalidError("A refusal states its reasons.", field="reason")
    move_claim(session, claim, "refused", refused_at=now, reason=reason.strip()[:TEXT_LIMIT])
    _tell(session, actor=actor, claim=claim, to=[claim.policy.insured_organisation_id], now=now)
    return claim


def settle_part(session: orm.Session, *, claim: Claim, paid_on: date, now: datetime) -> None:
    """A part is confirmed as paid; with the last of them the claim is paid and the agreements are told."""
    # Two parts confirmed at once: the second waits for the row and then sees the first.
    session.execute(lock_rows(session, sa.select(Claim.id).where(Claim.id == claim.id)))
    if queries.count_unconfirmed(session, payment_ids=[row.payment_id for row in claim.payments]):
        return
    move_claim(session, claim, "paid", settled_on=paid_on)
    assert claim.indemnity_minor is not None, "a claim is agreed with its amount"
    _tell(session, actor=None, claim=claim, to=[claim.policy.insured_organisation_id], now=now)
    record_event(
        session,
        ClaimSettled(
            claim_id=claim.id, policy_id=claim.policy_id, amount_minor=claim.indemnity_minor,
            currency=claim.policy.currency, settled_on=paid_on,
        ),
    )  # fmt: skip


def close_claim(session: orm.Session, *, actor: Actor, claim: Claim, now: datetime) -> Claim:
    """The insurer closes its file after payment."""
    _check_insurer(actor, claim)
    move_claim(session, claim, "closed")
    _tell(session, actor=actor, claim=claim, to=[claim.policy.insured_organisation_id], now=now)
    return claim


def _tell(session: orm.Session, *, actor: Any, claim: Claim, to: list[int], now: datetime) -> None:
    record_act(session, actor=actor, action=f"insurance.claim_{claim.state}", subject_kind="claim", now=now,
               subject_id=claim.public_id, details={"indemnity_minor": claim.indemnity_minor})  # fmt: skip
    project = claim.policy.project
    notify(
        session, organisation_ids=to, kind=f"claim.{claim.state}", now=now, url=f"/claims/{claim.public_id}",
        parameters={"title_zh": project.title_zh, "title_en": project.title_en},
        dedupe_key=f"claim.{claim.state}:{claim.public_id}:{now.isoformat()}",
    )  # fmt: skip
