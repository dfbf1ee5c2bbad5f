"""/api/v1/reports: live and frozen linkage reports, and filings of reporters."""

from __future__ import annotations

import json
from typing import Any

from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.funding.queries import get_round
from marketplace.linkage import queries, schemas, services
from marketplace.linkage.document import report_document
from marketplace.linkage.errors import InvestorNotInRoundError
from marketplace.linkage.periods import parse_period
from marketplace.linkage.report import compute_report
from marketplace.money import Money

blueprint = Blueprint("api_linkage", __name__, url_prefix="/reports", description="Co-investment linkage reports")


@blueprint.get("/linkage")
@blueprint.arguments(schemas.ReportQuerySchema, location="query")
@blueprint.response(200, schemas.ReportSchema)
@requires(Permission.LINKAGE_READ)
def show_live(query: dict[str, Any]) -> Any:
    """The report of a guidance fund as the rows say today."""
    session = current_session()
    fund = queries.get_fund(session, actor=current_actor(), public_id=query["fund"])
    today = clock.day_in_zone(clock.now())
    return report_document(compute_report(session, fund=fund, period=parse_period(query["period"]), today=today))


@blueprint.get("/linkage/frozen")
@blueprint.arguments(schemas.FrozenQuerySchema, location="query")
@blueprint.response(200, schemas.FrozenListSchema)
@requires(Permission.LINKAGE_READ)
def list_frozen(query: dict[str, Any]) -> Any:
    """Frozen reports, newest first."""
    session, actor = current_session(), current_actor()
    cursor, limit = query["cursor"], query["limit"]
    before = queries.get_report(session, actor=actor, public_id=cursor).id if cursor else None
    rows = queries.list_reports(session, actor=actor, before_id=before, limit=limit + 1)
    more = len(rows) > limit
    return {
        "data": rows[:limit],
        "page": {
            "next_cursor": rows[limit - 1].public_id if more else None,
            "total": queries.count_reports(session, actor=actor),
        },
    }


@blueprint.get("/linkage/frozen/<public_id>")
@blueprint.response(200, schemas.ReportSchema)
@requires(Permission.LINKAGE_READ)
def show_frozen(public_id: str) -> Any:
    """The figures of a frozen report; the bytes that were hashed are the file on its page."""
    return json.loads(queries.get_report(current_session(), actor=current_actor(), public_id=public_id).content)


@blueprint.post("/rounds/<public_id>/filings")
@blueprint.arguments(schemas.FilingSchema)
@blueprint.response(201, schemas.FiledSchema)
@requires(Permission.COMMITMENT_MAKE)
def file_report(values: dict[str, Any], public_id: str) -> Any:
    """File what one investor had paid into a closed round."""
    session, actor, now = current_session(), current_actor(), clock.now()
    round_ = get_round(session, actor=actor, public_id=public_id)
    investors = {item.organisation.public_id: item.organisation for item in round_.commitments}
    investor = investors.get(values["investor"])
    if investor is None:
        raise InvestorNotInRoundError(field="investor")
    return services.record_round_report(
        session,
        actor=actor,
        round_=round_,
        investor=investor,
        amount=Money(**values["amount"]),
        paid_on=values["paid_on"],
        filed_on=clock.day_in_zone(now),
        evidence=values["evidence"],
        now=now,
    )
