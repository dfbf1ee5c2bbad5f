"""What agreements hear from insurance: a premium that was paid, a claim that was settled."""

from __future__ import annotations

from typing import Any

from sqlalchemy import orm

from marketplace.agreements import queries
from marketplace.agreements.handlers import record_fact, record_payment
from marketplace.agreements.models import Agreement
from marketplace.agreements.running import engine_for
from marketplace.events import AgreementActivated, ClaimSettled, PolicyBound
from marketplace.insurance.models import Claim, Policy
from marketplace.insurance.queries import find_claim, find_policy, list_policies_of_project
from marketplace.payments.models import PaymentIntent


def on_policy_bound(session: orm.Session, event: PolicyBound) -> None:
    """The premium is paid and cover begins: every active agreement of the project that names this insurer notes it."""
    policy = find_policy(session, policy_id=event.policy_id)
    if policy is not None:
        _note_premium(session, policy)


def on_agreement_activated(session: orm.Session, event: AgreementActivated) -> None:
    """A policy that was in force before the last signature counts from the first day of the agreement."""
    agreement = queries.find_agreement(session, agreement_id=event.agreement_id)
    if agreement is None or agreement.project_id is None:
        return
    for policy in list_policies_of_project(session, project_id=agreement.project_id):
        if policy.state == "in_force":
            _note_premium(session, policy)


def _note_premium(session: orm.Session, policy: Policy) -> None:
    for agreement, name in _covered(session, policy):
        record_fact(
            session,
            agreement=agreement,
            kind="premium_paid",
            decided_on=policy.in_force_on or policy.cover_from,
            event_id=f"premium-{policy.public_id}",
            body={"policy": name, "amount_minor": policy.premium_minor},
        )


def on_claim_settled(session: orm.Session, event: ClaimSettled) -> None:
    """A claim reaches an agreement only here, with the payments by which the insurer has settled it."""
    claim = find_claim(session, claim_id=event.claim_id)
    if claim is None:
        return
    policy = claim.policy
    intents = [session.get_one(PaymentIntent, row.payment_id) for row in claim.payments]
    for agreement, name in _covered(session, policy):
        party_of = {party.organisation_id: party.party for party in agreement.parties if party.organisation_id}
        settled_by = {party_of[intent.payee_organisation_id]: intent.id for intent in intents}
        recorded = record_fact(
            session,
            agreement=agreement,
            kind="insurance_recovery",
            decided_on=event.settled_on,
            event_id=f"claim-{claim.public_id}",
            body={
                "policy": name,
                "metrics": {"accepted_spend": _accepted(claim)},
                "paid_minor": event.amount_minor,
            },
            settled_by=settled_by,
        )
        if recorded is None:
            continue
        for intent in intents:
            rows = [
                row
                for row in queries.list_payments_of_intent(session, payment_id=intent.id)
                if row.event_id == recorded.id
            ]
            if rows:
                record_payment(session, agreement=agreement, rows=rows, intent=intent, paid_on=event.settled_on)


def _covered(session: orm.Session, policy: Policy) -> list[tuple[Agreement, str]]:
    """The active agreements of the project whose terms hold a policy of this insurer, with its name in the terms."""
    found = []
    for agreement in queries.list_active_agreements_of_project(session, project_id=policy.project_id):
        version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
        seats = {party.party: party.organisation_id for party in agreement.parties}
        for name, terms in engine_for(version).model.policies.items():
            if seats.get(terms.party) == policy.insurer_organisation_id:
                found.append((agreement, name))
    return found


def _accepted(claim: Claim) -> int:
    """The spend that the insurer has accepted, over all cost items."""
    items: list[dict[str, Any]] = claim.items
    return sum(item["accepted_minor"] for item in items)
