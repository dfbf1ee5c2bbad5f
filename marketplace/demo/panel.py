"""Co-insurance of the demonstration market: a lead shares its quote, others follow, the policy is bound and paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from marketplace.demo import cover
from marketplace.demo.arrangement_records import Panel
from marketplace.demo.deal_records import QuoteRequest
from marketplace.demo.financing import noon
from marketplace.demo.market import Market
from marketplace.insurance import queries
from marketplace.insurance.models import Policy
from marketplace.insurance.services import panels, quoting

REASON = "Own capacity is small; we follow a lead insurer on this cover."


def insure_by_panels(market: Market) -> None:
    """Every panel of the content whose project asks for cover."""
    count = 0
    for record in market.content.arrangements.panel:
        for request in market.content.quote_requests:
            if request.project == record.project:
                insure_by_panel(market, record, request)
                count += 1
    market.say(f"{count} co-insurance panels")


def insure_by_panel(market: Market, record: Panel, request: QuoteRequest) -> Policy:
    """The lead offers, the others decline to quote alone and take a share each; every part of the premium is paid."""
    now = noon(market.today - timedelta(days=5))
    request_id = cover.ask_for_cover(market, request, code=record.project, now=now)
    lead_alone = replace(request, insurers=(record.lead,))
    cover.answer_request(market, request_id, record=lead_alone, now=now + timedelta(hours=1))
    followers = [share.insurer for share in record.shares if share.insurer != record.lead]
    for code in followers:
        _decline_own_quote(market, code, request_id, now + timedelta(hours=2))
    _propose(market, record, request_id, now + timedelta(hours=3))
    for code in followers:
        _accept_share(market, code, request_id, now + timedelta(hours=4))
    return cover.bind_best(market, request_id, record=request, now=now + timedelta(hours=5), insurer=record.lead)


def _decline_own_quote(market: Market, code: str, request_id: str, now: datetime) -> None:
    actor = market.cast.signatory(code)
    with market.database.transaction() as session:
        quote = cover.find_own_quote(session, actor, request_id)
        quoting.decline_quote(session, actor=actor, quote=quote, reason=REASON, now=now)


def _propose(market: Market, record: Panel, request_id: str, now: datetime) -> None:
    actor = market.cast.signatory(record.lead)
    shares = {share.insurer: share.share_bp for share in record.shares}
    lead_share = shares.pop(record.lead)
    with market.database.transaction() as session:
        panels.propose_panel(
            session, actor=actor, quote=cover.find_own_quote(session, actor, request_id), lead_share_bps=lead_share,
            lead_fee=record.lead_fee_of_follower_premium, now=now,
            followers=[(market.cast.organisations[code].public_id, share) for code, share in shares.items()],
        )  # fmt: skip


def _accept_share(market: Market, code: str, request_id: str, now: datetime) -> None:
    """By the follower's own signatory."""
    actor = market.cast.signatory(code)
    with market.database.transaction() as session:
        lines = queries.list_lines(session, actor=actor)
        line = next(row for row in lines if row.panel.quote.request.public_id == request_id)
        panels.accept_line(session, actor=actor, line=line, now=now)
