"""Every SELECT of insurance; `visible_quotes`, `visible_policies` and the like are the scopes of all doors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.insurance.errors import InsuranceNotFoundError
from marketplace.insurance.models import (
    Assignment,
    Claim,
    ClaimPayment,
    CoinsuranceLine,
    CoinsurancePanel,
    InsuranceProduct,
    Policy,
    Quote,
    QuoteRequest,
)
from marketplace.payments.models import BankLine, PaymentIntent

OVERSEERS = ("operator", "regulator")
# Quotes that still wait for something.
OPEN_QUOTES = ("draft", "priced", "referred", "offered")


def visible_products(actor: Any) -> sa.Select[InsuranceProduct]:
    """Filed products are read by everybody who is signed in; only their insurer files a new version."""
    del actor  # a filed product is public
    return sa.select(InsuranceProduct).options(orm.joinedload(InsuranceProduct.insurer))


def list_products(session: orm.Session, *, actor: Any, insurer_id: int | None = None) -> Sequence[InsuranceProduct]:
    """Products, the newest version first."""
    statement = visible_products(actor).order_by(InsuranceProduct.valid_from.desc(), InsuranceProduct.id.desc())
    if insurer_id is not None:
        statement = statement.where(InsuranceProduct.insurer_organisation_id == insurer_id)
    return session.scalars(statement).all()


def get_product(session: orm.Session, *, actor: Any, public_id: str) -> InsuranceProduct:
    found = session.scalar(visible_products(actor).where(InsuranceProduct.public_id == public_id))
    if found is None:
        raise InsuranceNotFoundError()
    return found


def find_product_version(session: orm.Session, *, insurer_id: int, code: str, version: str) -> InsuranceProduct | None:
    return session.scalar(
        sa.select(InsuranceProduct).where(
            InsuranceProduct.insurer_organisation_id == insurer_id,
            InsuranceProduct.code == code,
            InsuranceProduct.version == version,
        )
    )


def find_current_product(session: orm.Session, *, insurer_id: int, currency: str, on: date) -> InsuranceProduct | None:
    """The newest version of an insurer that is valid on a day."""
    return session.scalar(
        sa.select(InsuranceProduct)
        .where(
            InsuranceProduct.insurer_organisation_id == insurer_id,
            InsuranceProduct.currency == currency,
            InsuranceProduct.valid_from <= on,
            sa.or_(InsuranceProduct.valid_to.is_(None), InsuranceProduct.valid_to >= on),
        )
        .order_by(InsuranceProduct.valid_from.desc(), InsuranceProduct.id.desc())
        .limit(1)
    )


def list_insurers(session: orm.Session, *, currency: str, on: date) -> Sequence[Organisation]:
    """Verified insurers with a product that is valid on a day."""
    offering = sa.select(InsuranceProduct.insurer_organisation_id).where(
        InsuranceProduct.currency == currency,
        InsuranceProduct.valid_from <= on,
        sa.or_(InsuranceProduct.valid_to.is_(None), InsuranceProduct.valid_to >= on),
    )
    return session.scalars(
        sa.select(Organisation)
        .where(Organisation.kind == "insurer", Organisation.verification_state == "verified")
        .where(Organisation.id.in_(offering))
        .order_by(Organisation.id)
    ).all()


def list_organisations(
    session: orm.Session, *, public_ids: Iterable[str], kind: str | None = None
) -> list[Organisation]:
    """Verified organisations by public id, in the order asked for; a missing one is left out."""
    wanted = list(public_ids)
    statement = sa.select(Organisation).where(
        Organisation.public_id.in_(wanted), Organisation.verification_state == "verified"
    )
    if kind is not None:
        statement = statement.where(Organisation.kind == kind)
    found = {row.public_id: row for row in session.scalars(statement)}
    return [found[public_id] for public_id in wanted if public_id in found]


def list_banks(session: orm.Session) -> Sequence[Organisation]:
    """Verified banks, to whom an indemnity can be assigned."""
    return session.scalars(
        sa.select(Organisation)
        .where(Organisation.kind == "bank", Organisation.verification_state == "verified")
        .order_by(Organisation.id)
    ).all()


def visible_requests(actor: Any) -> sa.Select[QuoteRequest]:
    """The applicant, the insurers that were asked, the named broker, and the overseers."""
    statement = sa.select(QuoteRequest)
    if actor.organisation_kind in OVERSEERS:
        return statement
    asked = sa.select(Quote.request_id).where(Quote.insurer_organisation_id == actor.organisation_id)
    return statement.where(
        sa.or_(
            QuoteRequest.organisation_id == actor.organisation_id,
            QuoteRequest.broker_organisation_id == actor.organisation_id,
            QuoteRequest.id.in_(asked),
        )
    )


def _with_project(statement: sa.Select[QuoteRequest]) -> sa.Select[QuoteRequest]:
    return statement.options(orm.joinedload(QuoteRequest.project), orm.joinedload(QuoteRequest.organisation))


def get_request(session: orm.Session, *, actor: Any, public_id: str) -> QuoteRequest:
    found = session.scalar(_with_project(visible_requests(actor)).where(QuoteRequest.public_id == public_id))
    if found is None:
        raise InsuranceNotFoundError()
    return found


def list_requests(
    session: orm.Session, *, actor: Any, project_id: int | None = None, after_id: int | None = None, limit: int = 100
) -> Sequence[QuoteRequest]:
    """Newest first."""
    statement = _with_project(visible_requests(actor)).order_by(QuoteRequest.id.desc()).limit(limit)
    if project_id is not None:
        statement = statement.where(QuoteRequest.project_id == project_id)
    if after_id is not None:
        statement = statement.where(QuoteRequest.id < after_id)
    return session.scalars(statement).all()


def count_requests(session: orm.Session, *, actor: Any) -> int:
    statement = visible_requests(actor).with_only_columns(QuoteRequest.id)
    return session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0


def visible_quotes(actor: Any) -> sa.Select[Quote]:
    """Sealed: an insurer sees its own; the applicant and the named broker all of a request once they say something.

    The operator and the regulator see all, so that refusals and adverse selection show.
    """
    statement = sa.select(Quote).join(Quote.request)
    if actor.organisation_kind in OVERSEERS:
        return statement
    said = Quote.state.not_in(("draft", "priced"))
    return statement.where(
        sa.or_(
            Quote.insurer_organisation_id == actor.organisation_id,
            sa.and_(
                said,
                sa.or_(
                    QuoteRequest.organisation_id == actor.organisation_id,
                    QuoteRequest.broker_organisation_id == actor.organisation_id,
                ),
            ),
        )
    )


def _followed(actor: Any) -> sa.Select[int]:
    """Quotes on whose standing panel the actor's organisation has a line."""
    return (
        sa.select(CoinsurancePanel.quote_id)
        .join(CoinsurancePanel.lines)
        .where(CoinsurancePanel.state == "standing", CoinsuranceLine.organisation_id == actor.organisation_id)
    )


def readable_quotes(actor: Any) -> sa.Select[Quote]:
    """What `visible_quotes` holds, and the quote of a panel for its followers.

    A follower whose own quote for the same cover is still open does not see the lead's: prices stay sealed.
    """
    if actor.organisation_kind in OVERSEERS:
        return visible_quotes(actor)
    own = orm.aliased(Quote)
    rival = sa.exists().where(
        own.request_id == Quote.request_id,
        own.insurer_organisation_id == actor.organisation_id,
        own.state.in_(OPEN_QUOTES),
        own.id != Quote.id,
    )
    listed = visible_quotes(actor).with_only_columns(Quote.id)
    followed = sa.and_(Quote.id.in_(_followed(actor)), ~rival)
    return sa.select(Quote).join(Quote.request).where(sa.or_(Quote.id.in_(listed), followed))


def has_open_quote(session: orm.Session, *, request_id: int, insurer_id: int) -> bool:
    """Whether an insurer still has an answer of its own to a request in play."""
    statement = sa.select(Quote.id).where(
        Quote.request_id == request_id, Quote.insurer_organisation_id == insurer_id, Quote.state.in_(OPEN_QUOTES)
    )
    return session.scalar(statement.limit(1)) is not None


def _lines(panel: Any) -> tuple[Any, Any]:
    """Options that load the lines of a panel with their insurers and payments."""
    lines = orm.selectinload(panel).selectinload(CoinsurancePanel.lines)
    return lines.joinedload(CoinsuranceLine.organisation), lines.joinedload(CoinsuranceLine.premium_payment)


def _whole(statement: sa.Select[Quote]) -> sa.Select[Quote]:
    return statement.options(
        *_lines(Quote.panel),
        orm.contains_eager(Quote.request).joinedload(QuoteRequest.project),
        orm.contains_eager(Quote.request).joinedload(QuoteRequest.organisation),
        orm.joinedload(Quote.insurer),
        orm.joinedload(Quote.product),
        orm.joinedload(Quote.score),
        orm.joinedload(Quote.disclosure),
    )


def get_quote(session: orm.Session, *, actor: Any, public_id: str) -> Quote:
    found = session.scalar(_whole(readable_quotes(actor)).where(Quote.public_id == public_id))
    if found is None:
        raise InsuranceNotFoundError()
    return found


def list_quotes(
    session: orm.Session,
    *,
    actor: Any,
    request_id: int | None = None,
    state: str | None = None,
    after_id: int | None = None,
    limit: int = 100,
) -> Sequence[Quote]:
    """Newest first; the quotes of one request in the order in which the insurers were asked."""
    statement = _whole(visible_quotes(actor)).limit(limit)
    statement = statement.order_by(Quote.id.desc() if request_id is None else Quote.id)
    if request_id is not None:
        statement = statement.where(Quote.request_id == request_id)
    if state is not None:
        statement = statement.where(Quote.state == state)
    if after_id is not None:
        statement = statement.where(Quote.id < after_id)
    return session.scalars(statement).all()


def count_quotes(session: orm.Session, *, actor: Any, state: str | None = None) -> int:
    statement = visible_quotes(actor)
    if state is not None:
        statement = statement.where(Quote.state == state)
    rows = statement.with_only_columns(Quote.id).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0


def list_insurers_asked(session: orm.Session, *, request_id: int) -> Sequence[Organisation]:
    """Who was asked: the applicant may know that even before an answer."""
    asked = sa.select(Quote.insurer_organisation_id).where(Quote.request_id == request_id)
    return session.scalars(sa.select(Organisation).where(Organisation.id.in_(asked)).order_by(Organisation.id)).all()


def list_open_quotes(session: orm.Session, *, request_id: int) -> Sequence[Quote]:
    """The quotes of a request that still wait for something, for the house's own moves."""
    return session.scalars(sa.select(Quote).where(Quote.request_id == request_id, Quote.state.in_(OPEN_QUOTES))).all()


def find_accepted_quote(session: orm.Session, *, request_id: int) -> Quote | None:
    return session.scalar(
        sa.select(Quote).where(Quote.request_id == request_id, Quote.state.in_(("accepted", "bound")))
    )


def find_panel(session: orm.Session, *, quote_id: int) -> CoinsurancePanel | None:
    """The panel that stands on a quote, as the database has it now."""
    return session.scalar(
        sa.select(CoinsurancePanel)
        .options(orm.selectinload(CoinsurancePanel.lines).joinedload(CoinsuranceLine.organisation))
        .where(CoinsurancePanel.quote_id == quote_id, CoinsurancePanel.state == "standing")
        .execution_options(populate_existing=True)
    )


def list_followers(session: orm.Session, *, lead_id: int) -> Sequence[Organisation]:
    """Verified insurers that can be asked to follow a lead."""
    return session.scalars(
        sa.select(Organisation)
        .where(Organisation.kind == "insurer", Organisation.verification_state == "verified")
        .where(Organisation.id != lead_id)
        .order_by(Organisation.id)
    ).all()


def visible_lines(actor: Any) -> sa.Select[CoinsuranceLine]:
    """Followers' lines of standing panels: each insurer its own, the overseers all."""
    quote = orm.joinedload(CoinsuranceLine.panel).joinedload(CoinsurancePanel.quote)
    statement = (
        sa.select(CoinsuranceLine)
        .join(CoinsuranceLine.panel)
        .where(CoinsurancePanel.state == "standing", CoinsuranceLine.is_lead.is_(False))
        .options(
            orm.joinedload(CoinsuranceLine.organisation),
            quote.joinedload(Quote.insurer),
            quote.joinedload(Quote.request).joinedload(QuoteRequest.project),
            quote.joinedload(Quote.request).joinedload(QuoteRequest.organisation),
        )
    )
    if actor.organisation_kind in OVERSEERS:
        return statement
    return statement.where(CoinsuranceLine.organisation_id == actor.organisation_id)


def get_line(session: orm.Session, *, actor: Any, public_id: str) -> CoinsuranceLine:
    found = session.scalar(visible_lines(actor).where(CoinsuranceLine.public_id == public_id))
    if found is None:
        raise InsuranceNotFoundError()
    return found


def list_lines(session: orm.Session, *, actor: Any, limit: int = 100) -> Sequence[CoinsuranceLine]:
    """Newest first."""
    return session.scalars(visible_lines(actor).order_by(CoinsuranceLine.id.desc()).limit(limit)).all()


def list_lapsed_quotes(session: orm.Session, *, today: date) -> Sequence[Quote]:
    """Offered or accepted quotes whose last day is over."""
    return session.scalars(
        sa.select(Quote).where(Quote.state.in_(("offered", "accepted")), Quote.valid_until < today)
    ).all()


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
            Policy.quote_id.in_(_followed(actor)),
            Policy.id.in_(assigned),
        )
    )


def _policy_loaded(statement: sa.Select[Policy]) -> sa.Select[Policy]:
    return statement.options(
        *_lines(Policy.panel),
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
        orm.joinedload(Claim.policy).options(*_lines(Policy.panel)),
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
