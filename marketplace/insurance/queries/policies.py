"""Policies and claims; `visible_policies` is the scope of all doors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.assessments.portfolio import Holding
from marketplace.insurance.errors import InsuranceNotFoundError
from marketplace.insurance.models import (
    Assignment,
    Claim,
    ClaimPayment,
    Policy,
)
from marketplace.insurance.panel_models import CoinsuranceLine, CoinsurancePanel
from marketplace.insurance.queries.panels import OVERSEERS, followed_quotes, panel_lines
from marketplace.money import Money
from marketplace.payments.models import BankLine, PaymentIntent


def visible_policies(actor: Any) -> sa.Select[Policy]:
    """The insured, the insurers, those to whom the indemnity is assigned, and the overseers."""
    statement = sa.select(Policy)
    if actor.organisation_kind in (*OVERSEERS, "auditor"):
        return statement
    assigned = sa.select(Assignment.policy_id).where(Assignment.organisation_id == actor.organisation_id)
    return statement.where(
        sa.or_(
            Policy.insured_organisation_id == actor.organisation_id,
            Policy.insurer_organisation_id == actor.organisation_id,
            Policy.quote_id.in_(followed_quotes(actor)),
            Policy.id.in_(assigned),
        )
    )


def _policy_loaded(statement: sa.Select[Policy]) -> sa.Select[Policy]:
    return statement.options(
        *panel_lines(Policy.panel),
        orm.joinedload(Policy.project),
        orm.joinedload(Policy.insurer),
        orm.joinedload(Policy.insured),
        orm.joinedload(Policy.premium_payment),
        orm.joinedload(Policy.quote),
        orm.selectinload(Policy.assignments).joinedload(Assignment.organisation),
        orm.selectinload(Policy.claims),
    )


def get_policy(session: orm.Session, *, actor: Any, public_id: str) -> Policy:
    found = session.scalar(_policy_loaded(visible_policies(actor)).where(Policy.public_id == public_id))
    if found is None:
        raise InsuranceNotFoundError()
    return found


def list_policies(session: orm.Session, *, actor: Any, project_id: int | None = None) -> Sequence[Policy]:
    statement = _policy_loaded(visible_policies(actor)).order_by(Policy.id.desc())
    if project_id is not None:
        statement = statement.where(Policy.project_id == project_id)
    return session.scalars(statement).all()


def list_policy_holdings(session: orm.Session, *, actor: Any) -> list[Holding]:
    """What the actor's organisation may still have to pay under policies that stand, for its portfolio.

    A co-insured limit is split by the shares of the panel, to the fen, as its premium is.
    """
    carried = sa.or_(
        Policy.insurer_organisation_id == actor.organisation_id, Policy.quote_id.in_(followed_quotes(actor))
    )
    rows = session.scalars(
        visible_policies(actor)
        .options(*panel_lines(Policy.panel), orm.joinedload(Policy.project))
        .where(carried, Policy.state.in_(("bound", "in_force")))
    ).unique()
    holdings = []
    for policy in rows:
        left = Money(policy.limit_minor - policy.indemnified_minor, policy.currency)
        parts = {policy.insurer_organisation_id: left}
        if policy.panel is not None:
            lines = policy.panel.lines
            split = left.allocate([line.share_bps for line in lines])
            parts = {line.organisation_id: part for line, part in zip(lines, split, strict=True)}
        own = parts[actor.organisation_id]
        holdings.append(Holding(policy.project, own.amount_minor, own.currency))
    return holdings


def list_policies_of_project(session: orm.Session, *, project_id: int) -> Sequence[Policy]:
    """Every policy of a project, oldest first; the caller has checked that the actor sees the project."""
    return session.scalars(
        _policy_loaded(sa.select(Policy)).where(Policy.project_id == project_id).order_by(Policy.id)
    ).all()


def find_policy(session: orm.Session, *, policy_id: int) -> Policy | None:
    """One policy by its database id, for handlers that act for the house."""
    return session.scalar(_policy_loaded(sa.select(Policy)).where(Policy.id == policy_id))


def find_policy_of_quote(session: orm.Session, *, quote_id: int) -> Policy | None:
    return session.scalar(sa.select(Policy).where(Policy.quote_id == quote_id))


def find_policy_of_payment(session: orm.Session, *, payment_id: int) -> Policy | None:
    """The policy of which a payment is the premium or a part of it."""
    part = (
        sa.select(CoinsurancePanel.quote_id)
        .join(CoinsurancePanel.lines)
        .where(CoinsuranceLine.premium_payment_id == payment_id)
    )
    return session.scalar(
        _policy_loaded(sa.select(Policy)).where(
            sa.or_(Policy.premium_payment_id == payment_id, Policy.quote_id.in_(part))
        )
    )


def count_unconfirmed(session: orm.Session, *, payment_ids: Sequence[int]) -> int:
    """How many of these payments are not confirmed, as the database has them now."""
    statement = sa.select(sa.func.count()).where(PaymentIntent.id.in_(payment_ids), PaymentIntent.state != "confirmed")
    return session.scalar(statement) or 0


def find_last_paid_day(session: orm.Session, *, payment_ids: Sequence[int]) -> date | None:
    """The latest day on which one of these payments was made, by its confirmed bank line."""
    return session.scalar(
        sa.select(sa.func.max(BankLine.paid_on)).where(
            BankLine.intent_id.in_(payment_ids), BankLine.state == "confirmed"
        )
    )


def list_ended_policies(session: orm.Session, *, today: date) -> Sequence[Policy]:
    """Policies in force whose period is over, and bound ones of whose premium no part waits for its confirmation."""
    parts = (
        sa.select(CoinsuranceLine.premium_payment_id)
        .join(CoinsuranceLine.panel)
        .where(CoinsurancePanel.quote_id == Policy.quote_id)
    )
    recorded = sa.exists().where(
        sa.or_(PaymentIntent.id == Policy.premium_payment_id, PaymentIntent.id.in_(parts)),
        PaymentIntent.state == "recorded",
    )
    return session.scalars(
        _policy_loaded(sa.select(Policy)).where(
            Policy.cover_to < today,
            sa.or_(Policy.state == "in_force", sa.and_(Policy.state == "bound", ~recorded)),
        )
    ).all()


def get_layer_terms(session: orm.Session, policy_id: int) -> dict[str, Any]:
    """What an agreement copies of a policy: parties, layer, assignments, premium and the hash of the wording."""
    policy = find_policy(session, policy_id=policy_id)
    if policy is None:
        raise InsuranceNotFoundError()
    return policy.layer_terms()


def _claim_loaded(statement: sa.Select[Claim]) -> sa.Select[Claim]:
    return statement.options(
        orm.joinedload(Claim.policy).joinedload(Policy.project),
        orm.joinedload(Claim.policy).joinedload(Policy.insurer),
        orm.joinedload(Claim.policy).joinedload(Policy.insured),
        orm.joinedload(Claim.policy).options(*panel_lines(Policy.panel)),
        orm.joinedload(Claim.policy).selectinload(Policy.assignments).joinedload(Assignment.organisation),
        orm.selectinload(Claim.payments).joinedload(ClaimPayment.organisation),
        orm.selectinload(Claim.payments).joinedload(ClaimPayment.insurer),
        orm.selectinload(Claim.payments).joinedload(ClaimPayment.payment),
    )


def visible_claims(actor: Any) -> sa.Select[Claim]:
    """Whoever sees the policy sees its claims."""
    return sa.select(Claim).where(Claim.policy_id.in_(visible_policies(actor).with_only_columns(Policy.id)))


def get_claim(session: orm.Session, *, actor: Any, public_id: str) -> Claim:
    found = session.scalar(_claim_loaded(visible_claims(actor)).where(Claim.public_id == public_id))
    if found is None:
        raise InsuranceNotFoundError()
    return found


def list_claims(session: orm.Session, *, actor: Any, limit: int = 200) -> Sequence[Claim]:
    return session.scalars(_claim_loaded(visible_claims(actor)).order_by(Claim.id.desc()).limit(limit)).all()


def list_standing_claims(session: orm.Session, *, policy_id: int) -> Sequence[Claim]:
    """Claims of a policy that were not refused."""
    return session.scalars(
        sa.select(Claim).where(Claim.policy_id == policy_id, Claim.state != "refused").order_by(Claim.id)
    ).all()


def list_items_claimed_elsewhere(session: orm.Session, *, project_id: int, policy_id: int) -> set[str]:
    """Cost items of a project on which another policy has accepted spend: a loss belongs to one cover only."""
    rows = session.scalars(
        sa.select(Claim)
        .join(Claim.policy)
        .where(Policy.project_id == project_id, Policy.id != policy_id, Claim.state != "refused")
    )
    return {row["code"] for claim in rows for row in claim.items if row.get("accepted_minor")}


def find_claim(session: orm.Session, *, claim_id: int) -> Claim | None:
    """One claim by its database id, for handlers of other domains."""
    return session.scalar(_claim_loaded(sa.select(Claim)).where(Claim.id == claim_id))


def find_claim_of_payment(session: orm.Session, *, payment_id: int) -> Claim | None:
    return session.scalar(
        _claim_loaded(sa.select(Claim)).where(
            Claim.id.in_(sa.select(ClaimPayment.claim_id).where(ClaimPayment.payment_id == payment_id))
        )
    )
