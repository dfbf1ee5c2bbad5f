"""Every SELECT of linkage; `visible_funds`, `_reports` and `_round_reports` are the scopes of all doors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.models import Organisation
from marketplace.agreements.models import Agreement, AgreementVersion
from marketplace.agreements.queries import load_terms
from marketplace.funding.models import Commitment, Round
from marketplace.insurance.models import Policy
from marketplace.ledger.models import Account, Entry, Posting
from marketplace.linkage.errors import FundNotFoundError, ReportNotFoundError
from marketplace.linkage.models import LinkageReport, RoundReport
from marketplace.linkage.periods import Period
from marketplace.money import Money
from marketplace.payments.models import BankLine, PaymentIntent
from marketplace.projects.models import Project

OVERSEERS = ("operator", "regulator", "auditor")
FUND_KIND = "guidance_fund"
# The account on which a call stands until it is paid; a confirmed drawdown credits it for the payer.
CALLED = "1110"
POLICY_STATES = ("bound", "in_force", "expired")
PREMIUM_PAID_STATES = ("in_force", "expired")


def visible_funds(actor: Any) -> sa.Select[Organisation]:
    """The guidance fund itself; the operator, the regulator and the auditor see every fund."""
    statement = sa.select(Organisation).where(Organisation.kind == FUND_KIND)
    if actor.organisation_kind in OVERSEERS:
        return statement
    return statement.where(Organisation.id == actor.organisation_id)


def visible_reports(actor: Any) -> sa.Select[LinkageReport]:
    """Frozen reports of the funds that the actor sees."""
    funds = visible_funds(actor).with_only_columns(Organisation.id)
    return sa.select(LinkageReport).where(LinkageReport.fund_organisation_id.in_(funds))


def visible_round_reports(actor: Any) -> sa.Select[RoundReport]:
    """One's own filings; overseers see all. A fund sees those of its rounds in its report."""
    statement = sa.select(RoundReport)
    if actor.organisation_kind in OVERSEERS:
        return statement
    return statement.where(RoundReport.reporter_organisation_id == actor.organisation_id)


def list_funds(session: orm.Session, *, actor: Any) -> Sequence[Organisation]:
    return session.scalars(visible_funds(actor).order_by(Organisation.id)).all()


def get_fund(session: orm.Session, *, actor: Any, public_id: str) -> Organisation:
    found = session.scalar(visible_funds(actor).where(Organisation.public_id == public_id))
    if found is None:
        raise FundNotFoundError(fund=public_id)
    return found


def find_fund_by_code(session: orm.Session, *, code: str) -> Organisation:
    """A guidance fund by credit code, public id or name, for the operator's shell."""
    found = session.scalars(
        sa.select(Organisation).where(
            Organisation.kind == FUND_KIND,
            sa.or_(
                Organisation.credit_code == code.upper(),
                Organisation.public_id == code,
                Organisation.name_zh == code,
                Organisation.name_en == code,
            ),
        )
    ).all()
    if len(found) != 1:
        raise FundNotFoundError(fund=code)
    return found[0]


def list_reports(
    session: orm.Session,
    *,
    actor: Any,
    fund_id: int | None = None,
    period: str | None = None,
    before_id: int | None = None,
    limit: int = 200,
) -> Sequence[LinkageReport]:
    """Frozen reports, newest first; `before_id` is the last id of the page before."""
    statement = visible_reports(actor).options(orm.joinedload(LinkageReport.fund))
    if fund_id is not None:
        statement = statement.where(LinkageReport.fund_organisation_id == fund_id)
    if period is not None:
        statement = statement.where(LinkageReport.period == period)
    if before_id is not None:
        statement = statement.where(LinkageReport.id < before_id)
    return session.scalars(statement.order_by(LinkageReport.id.desc()).limit(limit)).all()


def count_reports(session: orm.Session, *, actor: Any) -> int:
    statement = visible_reports(actor).with_only_columns(LinkageReport.id)
    return session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0


def get_report(session: orm.Session, *, actor: Any, public_id: str) -> LinkageReport:
    found = session.scalar(
        visible_reports(actor).options(orm.joinedload(LinkageReport.fund)).where(LinkageReport.public_id == public_id)
    )
    if found is None:
        raise ReportNotFoundError()
    return found


def find_last_report(session: orm.Session, *, fund_id: int, period: str) -> LinkageReport | None:
    return session.scalar(
        sa.select(LinkageReport)
        .where(LinkageReport.fund_organisation_id == fund_id, LinkageReport.period == period)
        .order_by(LinkageReport.number.desc())
        .limit(1)
    )


def list_round_reports(session: orm.Session, *, actor: Any, limit: int = 200) -> Sequence[RoundReport]:
    """Filings that the actor may see, newest first."""
    return session.scalars(
        visible_round_reports(actor)
        .options(
            orm.joinedload(RoundReport.round),
            orm.joinedload(RoundReport.reporter),
            orm.joinedload(RoundReport.investor),
        )
        .order_by(RoundReport.id.desc())
        .limit(limit)
    ).all()


def list_reportable_rounds(session: orm.Session, *, organisation_id: int) -> Sequence[Round]:
    """Closed rounds that an organisation committed to: those it may report on."""
    own = sa.select(Commitment.round_id).where(
        Commitment.organisation_id == organisation_id, Commitment.state != "released"
    )
    return session.scalars(
        sa.select(Round).where(Round.state == "closed", Round.id.in_(own)).order_by(Round.id.desc())
    ).all()


def list_closing_years(session: orm.Session, *, actor: Any) -> list[int]:
    """The years in which rounds of the actor's funds closed, the latest first."""
    funds = visible_funds(actor).with_only_columns(Organisation.id)
    own = sa.select(Commitment.round_id).where(
        Commitment.organisation_id.in_(funds), Commitment.state.not_in(("released", "soft"))
    )
    closed = session.scalars(sa.select(Round.closed_at).where(Round.state == "closed", Round.id.in_(own)))
    return sorted({clock.day_in_zone(moment).year for moment in closed if moment is not None}, reverse=True)


def list_rounds_of_fund(session: orm.Session, *, fund_id: int, period: Period) -> Sequence[Round]:
    """Rounds that closed in the period and to which the fund committed, with what every investor committed."""
    own = sa.select(Commitment.round_id).where(
        Commitment.organisation_id == fund_id, Commitment.state.not_in(("released", "soft"))
    )
    return session.scalars(
        sa.select(Round)
        .where(
            Round.state == "closed",
            Round.id.in_(own),
            Round.closed_at >= _first_instant(period.first),
            Round.closed_at < clock.end_of_day(period.last),
        )
        .options(
            orm.joinedload(Round.project).selectinload(Project.budget_lines),
            orm.selectinload(Round.commitments).joinedload(Commitment.organisation),
        )
        .order_by(Round.closed_at, Round.id)
        .execution_options(populate_existing=True)
    ).all()


def _first_instant(day: date) -> Any:
    """A day begins where the day before it ends, in the zone of the market."""
    return clock.end_of_day(date.fromordinal(day.toordinal() - 1))


def list_claims_of_rounds(
    session: orm.Session, *, round_ids: Sequence[int], until: date | None
) -> Sequence[RoundReport]:
    """Every filing on these rounds, or those up to a day."""
    statement = (
        sa.select(RoundReport)
        .options(orm.joinedload(RoundReport.reporter), orm.joinedload(RoundReport.investor))
        .where(RoundReport.round_id.in_(list(round_ids)))
        .order_by(RoundReport.id)
    )
    return session.scalars(statement if until is None else statement.where(RoundReport.filed_on <= until)).all()


@dataclass(frozen=True)
class Drawdown:
    """One confirmed drawdown with its bank line and its ledger entry."""

    round_id: int
    agreement: str
    payment: str
    bank_line: str
    payer_id: int
    payer: str
    amount_minor: int
    currency: str
    paid_on: date
    entry: str | None
    entry_amount_minor: int

    @property
    def in_ledger(self) -> bool:
        """Whether the ledger has posted exactly what the bank confirms."""
        return self.entry is not None and self.entry_amount_minor == self.amount_minor


def list_drawdowns(session: orm.Session, *, round_ids: Sequence[int], until: date | None) -> list[Drawdown]:
    """What was drawn under the agreements of these rounds, confirmed by the bank, with the entry that booked it."""
    agreements = {
        agreement.book: agreement
        for agreement in session.scalars(sa.select(Agreement).where(Agreement.round_id.in_(list(round_ids))))
    }
    rows = session.execute(
        sa.select(PaymentIntent, BankLine, Organisation)
        .join(BankLine, BankLine.intent_id == PaymentIntent.id)
        .join(Organisation, Organisation.id == PaymentIntent.payer_organisation_id)
        .where(
            PaymentIntent.book.in_(list(agreements)),
            PaymentIntent.purpose == "drawdown",
            PaymentIntent.state == "confirmed",
            BankLine.state == "confirmed",
            BankLine.paid_on <= until if until is not None else sa.true(),
        )
        .order_by(PaymentIntent.id)
    ).all()
    references = {f"{intent.book}:paid-{intent.public_id}": intent for intent, _line, _payer in rows}
    posted = _posted_by_reference(session, references=list(references))
    found = []
    for intent, line, payer in rows:
        entry, amounts = posted.get(f"{intent.book}:paid-{intent.public_id}", (None, {}))
        agreement = agreements[intent.book]
        assert agreement.round_id is not None, "the agreements were found by their round"
        found.append(
            Drawdown(
                round_id=agreement.round_id,
                agreement=agreement.public_id,
                payment=intent.public_id,
                bank_line=line.public_id,
                payer_id=payer.id,
                payer=payer.public_id,
                amount_minor=line.amount_minor,
                currency=line.currency,
                paid_on=line.paid_on,
                entry=entry,
                entry_amount_minor=amounts.get(payer.public_id, 0),
            )
        )
    return found


def _posted_by_reference(
    session: orm.Session, *, references: Sequence[str]
) -> dict[str, tuple[str, dict[str, int]]]:  # fmt: skip
    """By reference of a `call_paid` entry that stands: its id, and what it credits to each payer's call."""
    reversed_ = sa.select(Entry.reverses_entry_id).where(Entry.reverses_entry_id.is_not(None))
    rows = session.execute(
        sa.select(Entry.reference, Entry.public_id, Account.party, Posting.amount_minor)
        .join(Posting, Posting.entry_id == Entry.id)
        .join(Account, Account.id == Posting.account_id)
        .where(
            Entry.reference.in_(list(references)),
            Entry.kind == "call_paid",
            Entry.id.not_in(reversed_),
            Account.code == CALLED,
        )
    )
    found: dict[str, tuple[str, dict[str, int]]] = {}
    for reference, public_id, party, amount in rows:
        amounts = found.setdefault(reference, (public_id, {}))[1]
        amounts[party] = amounts.get(party, 0) - int(amount)
    return found


@dataclass(frozen=True)
class Contingent:
    """Public money that is promised under a condition: a premium subsidy, or room in a pool."""

    kind: str
    project_id: int
    source: str
    amount_minor: int
    currency: str
    confirmed: bool


@dataclass(frozen=True)
class Cover:
    """A policy of a project as the report counts it."""

    project_id: int
    policy: str
    sum_insured_minor: int
    currency: str
    confirmed: bool


def list_covers(session: orm.Session, *, project_ids: Sequence[int]) -> tuple[list[Cover], list[Contingent]]:
    """Sums insured and premium subsidies of the policies of these projects."""
    policies = session.scalars(
        sa.select(Policy)
        .where(Policy.project_id.in_(list(project_ids)), Policy.state.in_(POLICY_STATES))
        .order_by(Policy.id)
    ).all()
    covers, subsidies = [], []
    for policy in policies:
        confirmed = policy.state in PREMIUM_PAID_STATES
        total = sum(int(item["sum_insured_minor"]) for item in policy.schedule)
        covers.append(Cover(policy.project_id, policy.public_id, total, policy.currency, confirmed))
        if policy.subsidy_minor:
            subsidies.append(
                Contingent(
                    "subsidy", policy.project_id, policy.public_id, policy.subsidy_minor, policy.currency, confirmed
                )
            )
    return covers, subsidies


def list_agreement_terms(
    session: orm.Session, *, round_ids: Sequence[int]
) -> list[tuple[Agreement, dict[str, Any]]]:  # fmt: skip
    """Agreements of these rounds that are or were in force, each with the terms of its active version."""
    rows = session.execute(
        sa.select(Agreement, AgreementVersion)
        .join(
            AgreementVersion,
            sa.and_(
                AgreementVersion.agreement_id == Agreement.id,
                AgreementVersion.number == Agreement.active_version_number,
            ),
        )
        .where(
            Agreement.state.in_(("active", "completed")),
            Agreement.round_id.in_(list(round_ids)),
        )
        .order_by(Agreement.id)
    )
    return [(agreement, load_terms(version)) for agreement, version in rows]


def find_same_filing(
    session: orm.Session,
    *,
    round_id: int,
    reporter_id: int,
    investor_id: int,
    amount: Money,
    paid_on: date,
    filed_on: date,
    evidence: str,
) -> RoundReport | None:
    return session.scalars(
        sa.select(RoundReport).where(
            RoundReport.round_id == round_id,
            RoundReport.reporter_organisation_id == reporter_id,
            RoundReport.investor_organisation_id == investor_id,
            RoundReport.amount_minor == amount.amount_minor,
            RoundReport.currency == amount.currency,
            RoundReport.paid_on == paid_on,
            RoundReport.filed_on == filed_on,
            RoundReport.evidence == evidence,
        )
    ).first()
