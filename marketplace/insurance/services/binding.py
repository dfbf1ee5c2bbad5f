"""From an offered quote to a policy in force: accept, acknowledge, bind, and the premium that is confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Actor, Permission
from marketplace.audit.services import record_act
from marketplace.db import lock_rows
from marketplace.events import PolicyBound, record_event
from marketplace.insurance import queries
from marketplace.insurance.errors import (
    AlreadyAcceptedError,
    AlreadyBoundError,
    DisclosureChangedError,
    DisclosureNotAcknowledgedError,
    FollowerNotSignedError,
    NotAuthorisedError,
    QuoteExpiredError,
    QuoteNotOfferedError,
    RequestStateError,
)
from marketplace.insurance.models import Assignment, DisclosureRecord, Policy, Quote
from marketplace.insurance.panel_models import CoinsurancePanel
from marketplace.insurance.rules import hash_content
from marketplace.insurance.services.moves import lock_request, move_policy, move_quote
from marketplace.insurance.services.panels import list_premium_parts, terms_of
from marketplace.insurance.services.quoting import wording_of
from marketplace.money import Money
from marketplace.notifications.services import notify
from marketplace.payments.models import PaymentIntent
from marketplace.payments.services import cancel_intent, create_intent


def accept_quote(session: orm.Session, *, actor: Actor, quote: Quote, now: datetime) -> Quote:
    """Take one offered quote; at most one of a request, whoever is first.

    Raises QuoteNotOfferedError, QuoteExpiredError, AlreadyAcceptedError, RequestStateError or NotAuthorisedError.
    """
    _check_applicant(actor, quote)
    request = lock_request(session, quote)
    if request.state != "open":
        raise RequestStateError(state=request.state)
    if quote.state in ("accepted", "bound"):
        raise AlreadyAcceptedError(quote=quote.public_id)
    if quote.state != "offered":
        raise QuoteNotOfferedError(state=quote.state)
    _check_valid(quote, now)
    other = queries.find_accepted_quote(session, request_id=request.id)
    if other is not None:
        raise AlreadyAcceptedError(quote=other.public_id)
    move_quote(session, quote, "accepted", accepted_at=now)
    _tell(session, actor=actor, quote=quote, action="accepted", now=now)
    return quote


def _check_applicant(actor: Actor, quote: Quote) -> None:
    require_permission(actor, Permission.POLICY_BIND)
    if quote.request.organisation_id != actor.organisation_id:
        raise NotAuthorisedError()


def _check_valid(quote: Quote, now: datetime) -> None:
    if quote.valid_until is None or now >= clock.end_of_day(quote.valid_until):
        raise QuoteExpiredError(valid_until=str(quote.valid_until))
    if clock.day_in_zone(now) > quote.request.cover_from:
        raise QuoteExpiredError("The cover of this quote would have begun already; ask for a new one.")


def disclosure_of(quote: Quote) -> dict[str, Any]:
    """Exactly what is shown before binding: exclusions and duties, the insured event, terms, premium, the panel."""
    product = quote.product
    assert product is not None, "only a priced quote is shown to an applicant"
    return {
        "product": {"name_zh": product.name_zh, "name_en": product.name_en, "version": product.version,
                    "filing_number": product.filing_number},
        "disclosures": product.disclosures,
        "wording_zh": product.wording_zh, "wording_en": product.wording_en, "wording_hash": quote.wording_hash,
        "insured_event": quote.request.insured_event,
        "earlier_failures": quote.request.earlier_failures,
        "premium_minor": quote.premium_minor, "subsidy_minor": quote.subsidy_minor,
        "trigger_probability": quote.trigger_probability,
        **({"conditions": quote.conditions} if quote.conditions else {}),
        **({} if quote.panel is None else {"coinsurance": terms_of(quote.panel)}),
    }  # fmt: skip


def acknowledge_disclosure(
    session: orm.Session, *, actor: Actor, quote: Quote, shown_hash: str, now: datetime
) -> DisclosureRecord:
    """Keep what was shown, its hash, when and to whom; raises when another text was shown.

    Of a shared quote only the complete panel is acknowledged, which cannot change any more.
    """
    _check_applicant(actor, quote)
    if quote.state not in ("offered", "accepted"):
        raise QuoteNotOfferedError(state=quote.state)
    _check_panel(quote.panel)
    content = disclosure_of(quote)
    digest = hash_content(content)
    if shown_hash != digest:
        raise DisclosureChangedError(field="shown_hash")
    if quote.disclosure is not None:
        return quote.disclosure
    record = DisclosureRecord(
        quote_id=quote.id, content=content, sha256=digest, acknowledged_by=actor.user_public_id,
        acknowledged_for=actor.organisation_public_id, acknowledged_at=now,
    )  # fmt: skip
    session.add(record)
    session.flush()  # binding asks for it, maybe in the same transaction
    quote.disclosure = record
    record_act(session, actor=actor, action="insurance.disclosure_acknowledged", subject_kind="quote", now=now,
               subject_id=quote.public_id, details={"sha256": digest})  # fmt: skip
    return record


def _check_panel(panel: CoinsurancePanel | None) -> None:
    if panel is not None and not panel.complete:
        waiting = [line.organisation.public_id for line in panel.lines if line.state != "accepted"]
        raise FollowerNotSignedError(followers=waiting)


def bind_policy(session: orm.Session, *, actor: Actor, quote: Quote, now: datetime) -> Policy:
    """Bind the accepted quote: a policy, not yet in force, and the premium that is to be paid to the insurer.

    A shared quote makes one premium for each insurer. Raises FollowerNotSignedError, DisclosureNotAcknowledgedError,
    DisclosureChangedError, QuoteExpiredError, AlreadyBoundError or QuoteNotOfferedError.
    """
    _check_applicant(actor, quote)
    request = lock_request(session, quote)
    if quote.state == "bound" or request.state == "bound":
        raise AlreadyBoundError()
    if quote.state != "accepted":
        raise QuoteNotOfferedError("Accept the quote first.", state=quote.state)
    panel = queries.find_panel(session, quote_id=quote.id)
    _check_panel(panel)
    if quote.disclosure is None:
        raise DisclosureNotAcknowledgedError()
    if quote.disclosure.sha256 != hash_content(disclosure_of(quote)):
        raise DisclosureChangedError()
    _check_valid(quote, now)
    move_quote(session, quote, "bound")
    request.state = "bound"
    for rival in queries.list_open_quotes(session, request_id=request.id):
        move_quote(session, rival, "superseded", state_reason="another quote was bound")
    policy = _make_policy(session, actor=actor, quote=quote, panel=panel, now=now)
    _tell(session, actor=actor, quote=quote, action="bound", now=now)
    return policy


def _make_policy(
    session: orm.Session, *, actor: Actor, quote: Quote, panel: CoinsurancePanel | None, now: datetime
) -> Policy:
    request = quote.request
    assert quote.premium_minor is not None, "an accepted quote has a price"
    assert quote.disclosure is not None, "binding has asked for it"
    content = {**wording_of(quote), "disclosures_hash": quote.disclosure.sha256}
    if panel is not None:
        content["coinsurance"] = terms_of(panel)
    intent = _ask_premium(session, actor=actor, quote=quote, panel=panel, now=now)
    policy = Policy(
        number=f"PF{clock.day_in_zone(now):%Y%m%d}-{quote.public_id[-8:].upper()}-{quote.id}", quote_id=quote.id,
        request_id=request.id, project_id=request.project_id, insurer_organisation_id=quote.insurer_organisation_id,
        insured_organisation_id=request.organisation_id, currency=request.currency,
        premium_minor=quote.premium_minor, subsidy_minor=quote.subsidy_minor or 0, limit_minor=request.limit_minor,
        content=content, wording_hash=hash_content(content), cover_from=request.cover_from, cover_to=request.cover_to,
        target_by=request.target_by, premium_payment_id=intent.id, bound_at=now,
    )  # fmt: skip
    session.add(policy)
    session.flush()  # the assignments name the policy
    ids = {row["organisation"]: row["share"] for row in request.assignments}
    for organisation in queries.list_organisations(session, public_ids=ids):
        session.add(Assignment(policy_id=policy.id, organisation_id=organisation.id,
                               share=ids[organisation.public_id]))  # fmt: skip
    session.flush()  # the page that follows shows them
    return policy


def _ask_premium(
    session: orm.Session, *, actor: Actor, quote: Quote, panel: CoinsurancePanel | None, now: datetime
) -> PaymentIntent:
    """The premium goes to the insurer, of a panel to each insurer its part; returns the payment to the lead."""
    request, net = quote.request, quote.net_premium_minor
    assert net is not None, "an accepted quote has a price"

    def ask(subject: str, insurer_id: int, amount_minor: int) -> PaymentIntent:
        return create_intent(
            session, purpose="premium", subject=subject, now=now, actor=actor,
            payer_organisation_id=request.organisation_id, payee_organisation_id=insurer_id,
            amount=Money(amount_minor, request.currency), due_on=request.cover_from, direction="direct",
        )  # fmt: skip

    subject = f"quote:{quote.public_id}"
    if panel is None:
        return ask(subject, quote.insurer_organisation_id, net)
    intents = []
    for line, part in list_premium_parts(panel, quote):
        intent = ask(f"{subject}:{line.public_id}", line.organisation_id, part.payable_minor)
        line.premium_payment_id = intent.id
        intents.append(intent)
    return intents[0]


def start_cover(session: orm.Session, *, policy: Policy, now: datetime) -> None:
    """With the last part of the premium confirmed the policy is in force, and those who waited for it are told."""
    # Two parts confirmed at once: the second waits for the row and then sees the first.
    session.execute(lock_rows(session, sa.select(Policy.id).where(Policy.id == policy.id)))
    payments = [intent.id for intent in policy.premium_payments]
    paid_on = queries.find_last_paid_day(session, payment_ids=payments)
    if paid_on is None or queries.count_unconfirmed(session, payment_ids=payments):
        return
    move_policy(session, policy, "in_force", in_force_on=max(paid_on, policy.cover_from))
    record_act(session, actor=None, action="insurance.policy_in_force", subject_kind="policy", now=now,
               subject_id=policy.public_id, details={"paid_on": paid_on.isoformat()})  # fmt: skip
    record_event(session, PolicyBound(policy_id=policy.id, project_id=policy.project_id))
    assigned = [row.organisation_id for row in policy.assignments]
    notify(
        session, kind="policy.in_force", now=now, url=f"/policies/{policy.public_id}",
        organisation_ids=[policy.insured_organisation_id, *(insurer for insurer, _share in policy.shares), *assigned],
        parameters={"title_zh": policy.project.title_zh, "title_en": policy.project.title_en},
        dedupe_key=f"policy.in_force:{policy.public_id}",
    )  # fmt: skip


def expire_insurance(session: orm.Session, *, now: datetime) -> int:
    """End what has run out: quotes past their day, policies past their period; unpaid ones lapse."""
    today = clock.day_in_zone(now)
    quotes = queries.list_lapsed_quotes(session, today=today)
    for quote in quotes:
        move_quote(session, quote, "expired", state_reason="past its last day")
    policies = queries.list_ended_policies(session, today=today)
    for policy in policies:
        lapsed = policy.state == "bound"
        move_policy(session, policy, "lapsed" if lapsed else "expired")
        for intent in policy.premium_payments if lapsed else ():
            if intent.state == "pending":
                cancel_intent(session, actor=None, intent=intent, now=now)
    return len(quotes) + len(policies)


def _tell(session: orm.Session, *, actor: Any, quote: Quote, action: str, now: datetime) -> None:
    record_act(session, actor=actor, action=f"insurance.quote_{action}", subject_kind="quote", now=now,
               subject_id=quote.public_id, details={"premium_minor": quote.premium_minor})  # fmt: skip
    project = quote.request.project
    notify(
        session, organisation_ids=[quote.insurer_organisation_id], kind=f"quote.{action}", now=now,
        parameters={"title_zh": project.title_zh, "title_en": project.title_en},
        url=f"/quotes/{quote.public_id}", dedupe_key=f"quote.{action}:{quote.public_id}",
    )  # fmt: skip
