"""Use cases of linkage: filing what was paid into a round, and freezing a fund's report."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import Permission
from marketplace.audit.services import record_act
from marketplace.funding.models import Round
from marketplace.linkage import queries
from marketplace.linkage.definitions import VERSION
from marketplace.linkage.document import canonical_text, hash_figures, hash_text, report_document
from marketplace.linkage.errors import (
    EvidenceError,
    FutureDateError,
    InvestorNotInRoundError,
    NotSignatoryError,
    ReporterNotInRoundError,
    ReportUnchangedError,
    RoundNotClosedError,
)
from marketplace.linkage.models import EVIDENCE_KINDS, LinkageReport, RoundReport
from marketplace.linkage.periods import Period
from marketplace.linkage.report import compute_report
from marketplace.money import Money


def record_round_report(
    session: orm.Session,
    *,
    actor: Any,
    round_: Round,
    investor: Organisation,
    amount: Money,
    paid_on: date,
    filed_on: date,
    evidence: str,
    now: datetime,
) -> RoundReport:
    """File what one investor had paid into a closed round; the same filing again is the same row.

    `round_` comes with its commitments. Raises RoundNotClosedError, ReporterNotInRoundError,
    InvestorNotInRoundError, EvidenceError or FutureDateError.
    """
    if round_.state != "closed":
        raise RoundNotClosedError(state=round_.state)
    inside = {item.organisation_id for item in round_.commitments if item.state != "released"}
    if actor.organisation_id not in inside:
        raise ReporterNotInRoundError()
    if investor.id not in inside:
        raise InvestorNotInRoundError(field="investor")
    if evidence not in EVIDENCE_KINDS:
        raise EvidenceError(field="evidence")
    today = clock.day_in_zone(now)
    for field, day in (("paid_on", paid_on), ("filed_on", filed_on)):
        if day > today:
            raise FutureDateError(field=field)
    known = queries.find_same_filing(
        session, round_id=round_.id, reporter_id=actor.organisation_id, investor_id=investor.id, amount=amount,
        paid_on=paid_on, filed_on=filed_on, evidence=evidence,
    )  # fmt: skip
    if known is not None:
        return known
    filing = RoundReport(
        round_id=round_.id, reporter_organisation_id=actor.organisation_id, investor_organisation_id=investor.id,
        amount_minor=amount.amount_minor, currency=amount.currency, paid_on=paid_on, filed_on=filed_on,
        evidence=evidence, recorded_by=actor.user_public_id, recorded_at=now,
    )  # fmt: skip
    session.add(filing)
    session.flush()  # the audit line names the filing
    record_act(
        session, actor=actor, action="linkage.reported", subject_kind="round", subject_id=round_.public_id, now=now,
        details={"filing": filing.public_id, "investor": investor.public_id, **amount.as_dict()},
    )  # fmt: skip
    return filing


def freeze_report(
    session: orm.Session, *, actor: Any, fund: Organisation, period: Period, now: datetime
) -> LinkageReport:
    """Freeze the report as it stands under the fund's signatory; the ones before are kept.

    Raises NotSignatoryError, or ReportUnchangedError where the last frozen one says the same.
    """
    if actor.organisation_id != fund.id or not actor.can(Permission.LINKAGE_SIGN):
        raise NotSignatoryError()
    report = compute_report(session, fund=fund, period=period, today=clock.day_in_zone(now))
    document = report_document(report)
    figures = hash_figures(document)
    last = queries.find_last_report(session, fund_id=fund.id, period=period.name)
    if last is not None and last.figures_sha256 == figures:
        raise ReportUnchangedError(report=last.public_id)
    signed = {
        **document,
        "number": last.number + 1 if last else 1,
        "restates": last.public_id if last else None,
        "restates_sha256": last.sha256 if last else None,
        "signed_by": {"id": actor.user_public_id, "name": actor.user_name},
        "frozen_at": now.isoformat(timespec="seconds"),
    }
    text = canonical_text(signed)
    frozen = LinkageReport(
        fund_organisation_id=fund.id, period=period.name, number=signed["number"], content=text,
        sha256=hash_text(text), figures_sha256=figures, definitions_version=VERSION,
        signed_by=actor.user_public_id, signed_by_name=actor.user_name, frozen_at=now,
    )  # fmt: skip
    session.add(frozen)
    session.flush()  # the page and the audit line name the report
    record_act(
        session, actor=actor, action="linkage.frozen", subject_kind="linkage_report", subject_id=frozen.public_id,
        now=now, details={"period": period.name, "number": frozen.number, "sha256": frozen.sha256},
    )  # fmt: skip
    return frozen
