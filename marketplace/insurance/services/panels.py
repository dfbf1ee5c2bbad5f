"""Co-insurance: the lead insurer shares its quote, and each following insurer answers for its own share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import require_permission, require_verified
from marketplace.accounts.permissions import Actor, Permission
from marketplace.audit.services import record_act
from marketplace.db import changed_rows
from marketplace.insurance import queries
from marketplace.insurance.errors import NotAuthorisedError, OwnQuoteOpenError, PanelInvalidError, PanelStateError
from marketplace.insurance.models import Quote
from marketplace.insurance.panel_models import CoinsuranceLine, CoinsurancePanel
from marketplace.insurance.rules import WHOLE_BPS, PanelPart, split_premium
from marketplace.insurance.services.moves import lock_request
from marketplace.insurance.states import SHARED_STATES
from marketplace.money import Money
from marketplace.notifications.services import notify

REASON_LIMIT = 2000


def propose_panel(
    session: orm.Session,
    *,
    actor: Actor,
    quote: Quote,
    lead_share_bps: int,
    lead_fee: str,
    followers: Sequence[tuple[str, int]],
    now: datetime,
) -> CoinsurancePanel:
    """The lead shares its quote; a new proposal supersedes one that is not complete.

    `followers`: public id and basis points of each; an empty row ("", 0) is skipped, so that refusals name the rows as
    they were typed. Raises PanelStateError, or PanelInvalidError with the refusal of every field.
    """
    require_permission(actor, Permission.QUOTE_MAKE)
    require_verified(actor)
    if quote.insurer_organisation_id != actor.organisation_id:
        raise NotAuthorisedError()
    lock_request(session, quote)
    before = queries.find_panel(session, quote_id=quote.id)
    _check_open(quote, before)
    fee, shares = _check_proposal(session, quote, lead_share_bps=lead_share_bps, lead_fee=lead_fee, followers=followers)
    if before is not None:
        if _is_same(before, fee, shares):
            return before
        before.state = "superseded"
        session.flush()  # only one panel of a quote stands
    panel = CoinsurancePanel(
        quote_id=quote.id, number=before.number + 1 if before else 1, lead_fee=fee, proposed_by=actor.user_public_id,
        created_at=now, lines=[_make_line(quote, actor, row, now) for row in shares],
    )  # fmt: skip
    session.add(panel)
    session.flush()  # the audit line names the panel, and the page that follows shows it
    record_act(session, actor=actor, action="insurance.panel_proposed", subject_kind="quote", now=now,
               subject_id=quote.public_id, details={"panel": panel.public_id, "number": panel.number})  # fmt: skip
    for line in panel.lines[1:]:
        _notify(session, quote, [line.organisation_id], "asked", f"/coinsurance-lines/{line.public_id}", now)
    kept = {organisation_id for organisation_id, _share in shares}
    dropped = [line.organisation_id for line in before.lines if line.organisation_id not in kept] if before else []
    _notify(session, quote, dropped, "superseded", "/quotes", now)
    return panel


def _make_line(quote: Quote, actor: Actor, row: tuple[int, int], now: datetime) -> CoinsuranceLine:
    organisation_id, share_bps = row
    if organisation_id != quote.insurer_organisation_id:
        return CoinsuranceLine(organisation_id=organisation_id, share_bps=share_bps)
    # Whoever proposes the panel has taken its own share.
    return CoinsuranceLine(
        organisation_id=organisation_id, share_bps=share_bps, is_lead=True, state="accepted",
        decided_by=actor.user_public_id, decided_at=now,
    )  # fmt: skip


def _check_open(quote: Quote, before: CoinsurancePanel | None) -> None:
    if quote.state not in SHARED_STATES or quote.request.state != "open":
        raise PanelStateError(field="lead_share", state=quote.state)
    if before is not None and before.complete:
        raise PanelStateError(
            "Every insurer of this panel has accepted; only a new version of the quote can be shared in another way.",
            field="lead_share",
        )
    if before is None and (quote.state == "accepted" or quote.disclosure is not None):
        # The applicant took the quote of one insurer; whom it is insured by does not change behind its back.
        raise PanelStateError("The applicant has accepted this quote of one insurer already.", field="lead_share")


def _check_proposal(
    session: orm.Session, quote: Quote, *, lead_share_bps: int, lead_fee: str, followers: Sequence[tuple[str, int]]
) -> tuple[str, list[tuple[int, int]]]:
    """The fee and the shares by organisation, the lead first; raises with what is wrong at each field."""
    errors: dict[str, str] = {}
    shares = [(quote.insurer_organisation_id, lead_share_bps)]
    if not _is_share(lead_share_bps):
        errors["lead_share"] = "A share is above 0 and below 100 percent."
    known = {row.public_id: row for row in queries.list_organisations(
        session, public_ids=[public_id for public_id, _share in followers], kind="insurer")}  # fmt: skip
    assignees = {row["organisation"] for row in quote.request.assignments}
    for number, (public_id, share_bps) in enumerate(followers, start=1):
        if not public_id and not share_bps:
            continue
        found = known.get(public_id)
        if found is None:
            errors[f"follower_{number}"] = "Choose a verified insurer."
        elif found.id in (row[0] for row in shares):
            errors[f"follower_{number}"] = "Each insurer has one share of a panel."
        elif public_id in assignees:
            errors[f"follower_{number}"] = "The indemnity is assigned to this insurer, so it cannot pay a part of it."
        else:
            shares.append((found.id, share_bps))
        if not _is_share(share_bps):
            errors[f"share_{number}"] = "A share is above 0 and below 100 percent."
    if len(shares) == 1 and not errors:
        errors["follower_1"] = "Name at least one following insurer."
    if not errors and sum(share for _organisation, share in shares) != WHOLE_BPS:
        errors["lead_share"] = "The shares of all insurers add up to exactly 100 percent."
    fee = _read_fee(lead_fee)
    if fee is None:
        errors["lead_fee"] = "The lead fee is from 0 to below 100 percent of the followers' premium, with two decimals."
    if errors:
        raise PanelInvalidError(errors=errors)
    assert fee is not None, "a wrong fee is among the errors"
    assert quote.premium_minor is not None, "only a priced quote is shared"
    parts = split_premium(
        [share for _organisation, share in shares], premium=Money(quote.premium_minor, quote.request.currency),
        subsidy_minor=quote.subsidy_minor or 0, lead_fee=fee,
    )  # fmt: skip
    if any(part.payable_minor < 1 for part in parts):
        raise PanelInvalidError("With these shares and this fee an insurer would receive nothing.", field="lead_fee")
    return fee, shares


def _is_share(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < WHOLE_BPS


def _read_fee(text: str) -> str | None:
    try:
        fee = Decimal(text)
    except (InvalidOperation, TypeError):
        return None
    if not fee.is_finite() or not 0 <= fee < 1 or fee != fee.quantize(Decimal("0.0001")):
        return None
    return format(fee.quantize(Decimal("0.0001")).normalize(), "f")


def _is_same(panel: CoinsurancePanel, fee: str, shares: Sequence[tuple[int, int]]) -> bool:
    """The same proposal again asks nobody twice; one that was declined is asked anew."""
    standing = [(line.organisation_id, line.share_bps) for line in panel.lines]
    declined = any(line.state == "declined" for line in panel.lines)
    return not declined and (panel.lead_fee, standing) == (fee, list(shares))


def list_premium_parts(panel: CoinsurancePanel, quote: Quote) -> list[tuple[CoinsuranceLine, PanelPart]]:
    """Each line of a quote's panel with what its insurer takes of the premium."""
    assert quote.premium_minor is not None, "only a priced quote is shared"
    return panel.premium_parts(
        premium=Money(quote.premium_minor, quote.request.currency), subsidy_minor=quote.subsidy_minor or 0
    )


def accept_line(session: orm.Session, *, actor: Actor, line: CoinsuranceLine, now: datetime) -> CoinsuranceLine:
    """A following insurer takes its share by its own signatory; nobody accepts for another.

    Raises NotAuthorisedError, OwnQuoteOpenError or PanelStateError.
    """
    require_permission(actor, Permission.AGREEMENT_SIGN)
    quote = _check_follower(session, actor, line)
    if quote.valid_until is None or now >= clock.end_of_day(quote.valid_until):
        raise PanelStateError("The quote of the lead is no longer valid.", state=quote.state)
    if queries.has_open_quote(session, request_id=quote.request_id, insurer_id=actor.organisation_id):
        raise OwnQuoteOpenError()
    _answer(session, actor=actor, line=line, quote=quote, after="accepted", reason="", now=now)
    panel = queries.find_panel(session, quote_id=quote.id)
    if panel is not None and panel.complete:
        # An applicant does not know of a quote before it is offered.
        told = [] if quote.state == "priced" else [quote.request.organisation_id]
        _notify(session, quote, told, "complete", f"/quotes/{quote.public_id}", now)
    return line


def decline_line(
    session: orm.Session, *, actor: Actor, line: CoinsuranceLine, reason: str, now: datetime
) -> CoinsuranceLine:
    """A following insurer says no with a reason; the lead then shares its quote in another way."""
    require_permission(actor, Permission.QUOTE_MAKE)
    quote = _check_follower(session, actor, line)
    if not reason.strip():
        raise PanelInvalidError("Say why the share is declined.", field="reason")
    _answer(session, actor=actor, line=line, quote=quote, after="declined", reason=reason, now=now)
    return line


def _check_follower(session: orm.Session, actor: Actor, line: CoinsuranceLine) -> Quote:
    require_verified(actor)
    if line.organisation_id != actor.organisation_id or line.is_lead:
        raise NotAuthorisedError()
    quote = line.panel.quote
    lock_request(session, quote)
    session.refresh(line.panel, ["state"])
    if line.panel.state != "standing" or quote.state not in SHARED_STATES or quote.request.state != "open":
        raise PanelStateError(state=quote.state)
    return quote


def _answer(
    session: orm.Session, *, actor: Actor, line: CoinsuranceLine, quote: Quote, after: str, reason: str, now: datetime
) -> None:
    moved = changed_rows(
        session,
        sa.update(CoinsuranceLine)
        .where(CoinsuranceLine.id == line.id, CoinsuranceLine.state == "asked")
        .values(state=after, reason=reason.strip()[:REASON_LIMIT], decided_by=actor.user_public_id, decided_at=now)
        .execution_options(synchronize_session=False),
    )
    session.refresh(line, ["state", "reason", "decided_by", "decided_at"])
    if moved != 1:
        raise PanelStateError("This share is answered already.", state=line.state)
    record_act(session, actor=actor, action=f"insurance.line_{after}", subject_kind="quote", now=now,
               subject_id=quote.public_id, details={"line": line.public_id, "share_bps": line.share_bps})  # fmt: skip
    _notify(session, quote, [quote.insurer_organisation_id], after, f"/quotes/{quote.public_id}", now)


def _notify(session: orm.Session, quote: Quote, to: list[int], word: str, url: str, now: datetime) -> None:
    project = quote.request.project
    notify(
        session, organisation_ids=to, kind=f"panel.{word}", now=now, url=url,
        parameters={"title_zh": project.title_zh, "title_en": project.title_en},
        dedupe_key=f"panel.{word}:{quote.public_id}:{now.isoformat()}",
    )  # fmt: skip


def tell_followers_of_the_end(session: orm.Session, *, quote: Quote, now: datetime) -> None:
    """The lead took its quote back or begins a new version: who was to follow it need not wait any more."""
    panel = queries.find_panel(session, quote_id=quote.id)
    if panel is not None:
        followers = [line.organisation_id for line in panel.lines if not line.is_lead]
        _notify(session, quote, followers, "ended", "/quotes", now)


def terms_of(panel: CoinsurancePanel) -> dict[str, Any]:
    """The panel as the disclosure and the policy freeze it: each insurer owes its own share and no other."""
    return {
        "liability": "several",
        "lead": next(line.organisation.public_id for line in panel.lines if line.is_lead),
        "lead_fee": panel.lead_fee,
        "lines": [{"insurer": line.organisation.public_id, "share_bps": line.share_bps} for line in panel.lines],
    }
