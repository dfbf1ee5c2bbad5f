"""/api/v1/quotes: requests, sealed quotes, pricing and acceptance; binding is done on the page."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.insurance import queries, services
from marketplace.insurance.models import Quote, QuoteRequest
from marketplace.insurance.rules import without_score
from marketplace.insurance.schemas import (
    OfferSchema,
    QuoteListSchema,
    QuoteQuerySchema,
    QuoteSchema,
    ReasonSchema,
    RequestInputSchema,
    RequestListSchema,
    RequestSchema,
)
from marketplace.money import CurrencyMismatchError, Money
from marketplace.projects.queries import get_project
from marketplace.schemas import PageQuerySchema

blueprint = Blueprint("api_quotes", __name__, url_prefix="/quotes", description="Insurance: requests and quotes")


def _money(amount_minor: int | None, currency: str) -> dict[str, Any] | None:
    return None if amount_minor is None else Money(amount_minor, currency).as_dict()


def _present_request(found: QuoteRequest) -> dict[str, Any]:
    currency = found.currency
    return {
        "id": found.public_id, "project_id": found.project.public_id, "state": found.state,
        "schedule": [
            {"code": row["code"], "sum_insured": _money(row["sum_insured_minor"], currency)} for row in found.schedule
        ],
        "sum_insured": _money(found.sum_insured_minor, currency),
        "deductible": _money(found.deductible_minor, currency), "limit": _money(found.limit_minor, currency),
        "insurer_share": found.insurer_share, "cover_from": found.cover_from, "cover_to": found.cover_to,
        "target_by": found.target_by, "insured_event": found.insured_event, "premium_bearer": found.premium_bearer,
        "created_at": found.created_at,
    }  # fmt: skip


def _present_quote(quote: Quote) -> dict[str, Any]:
    currency = quote.request.currency
    policy = queries.find_policy_of_quote(current_session(), quote_id=quote.id)
    sees_score = queries.reads_probability(current_session(), actor=current_actor(), quote=quote)
    return {
        "id": quote.public_id, "request_id": quote.request.public_id, "project_id": quote.request.project.public_id,
        "insurer_id": quote.insurer.public_id, "version": quote.version, "state": quote.state,
        "state_reason": quote.state_reason, "product_id": quote.product.public_id if quote.product else None,
        "score_id": quote.score.public_id if quote.score and sees_score else None,
        "premium": _money(quote.premium_minor, currency), "subsidy": _money(quote.subsidy_minor, currency),
        "net_premium": _money(quote.net_premium_minor, currency),
        "trigger_probability": quote.trigger_probability if sees_score else None,
        "valid_until": quote.valid_until, "wording_hash": quote.wording_hash,
        "trail": quote.trail if quote.trail is None or sees_score else without_score(quote.trail),
        "conditions": quote.conditions,
        "premiums_by_level": [
            {
                "trl": row.trl, "factor": row.factor, "premium": _money(row.premium_minor, currency),
                "decision": row.decision, "priced": row.priced,
            }
            # Two premiums of one product give its probability away.
            for row in (services.premiums_by_level(quote) if sees_score else [])
        ],
        "policy_id": policy.public_id if policy else None,
    }  # fmt: skip


def _get(quote_id: str) -> Quote:
    return queries.get_quote(current_session(), actor=current_actor(), public_id=quote_id)


@blueprint.get("/requests")
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, RequestListSchema)
@requires(Permission.QUOTE_READ)
def list_requests(query: dict[str, Any]) -> Any:
    """Requests that the organisation made or was asked in, newest first."""
    session, actor, limit = current_session(), current_actor(), query["limit"]
    cursor = query["cursor"]
    after = queries.get_request(session, actor=actor, public_id=cursor).id if cursor else None
    rows = queries.list_requests(session, actor=actor, after_id=after, limit=limit + 1)
    return {
        "data": [_present_request(row) for row in rows[:limit]],
        "page": {
            "next_cursor": rows[limit - 1].public_id if len(rows) > limit else None,
            "total": queries.count_requests(session, actor=actor),
        },
    }


@blueprint.post("/requests")
@blueprint.arguments(RequestInputSchema)
@blueprint.response(201, RequestSchema)
@requires(Permission.QUOTE_REQUEST)
def create_request(values: dict[str, Any]) -> Any:
    """Ask several insurers for the same cover."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=values.pop("project_id"))
    made = services.request_quotes(
        session, actor=actor, project=project, now=clock.now(), **_read_input(values, project.currency)
    )
    return _present_request(queries.get_request(session, actor=actor, public_id=made.public_id))


def _read_input(values: dict[str, Any], currency: str) -> dict[str, Any]:
    def minor(money: dict[str, Any], field: str) -> int:
        if money["currency"] != currency:
            raise CurrencyMismatchError(field=field, currencies=[currency, money["currency"]])
        return int(money["amount_minor"])

    insurers = queries.list_organisations(current_session(), public_ids=values.pop("insurer_ids"), kind="insurer")
    deductible, limit = values.pop("deductible"), values.pop("limit")
    return {
        **values,
        "insurers": insurers,
        "schedule": [
            {"code": row["code"], "sum_insured_minor": minor(row["sum_insured"], "schedule")}
            for row in values["schedule"]
        ],
        "deductible_minor": minor(deductible, "deductible"),
        "limit_minor": minor(limit, "limit"),
        "subsidies": [
            {"payer": row["payer"], "amount_minor": minor(row["amount"], "subsidies"), "source": row["payer"]}
            for row in values["subsidies"]
        ],
        "assignments": [
            {"organisation": row["organisation_id"], "share": row["share"]} for row in values["assignments"]
        ],
    }


@blueprint.get("/requests/<request_id>")
@blueprint.response(200, RequestSchema)
@requires(Permission.QUOTE_READ)
def show_request(request_id: str) -> Any:
    """One request."""
    return _present_request(queries.get_request(current_session(), actor=current_actor(), public_id=request_id))


@blueprint.get("")
@blueprint.arguments(QuoteQuerySchema, location="query")
@blueprint.response(200, QuoteListSchema)
@requires(Permission.QUOTE_READ)
def list_quotes(query: dict[str, Any]) -> Any:
    """An insurer's own quotes, or those that answer one's requests."""
    session, actor, limit = current_session(), current_actor(), query["limit"]
    request_id = None
    if query["request_id"]:
        request_id = queries.get_request(session, actor=actor, public_id=query["request_id"]).id
        rows = queries.list_quotes(session, actor=actor, request_id=request_id, state=query["state"], limit=limit)
        page = {"next_cursor": None, "total": len(rows)}
        return {"data": [_present_quote(row) for row in rows], "page": page}
    after = _get(query["cursor"]).id if query["cursor"] else None
    rows = queries.list_quotes(session, actor=actor, state=query["state"], after_id=after, limit=limit + 1)
    return {
        "data": [_present_quote(row) for row in rows[:limit]],
        "page": {
            "next_cursor": rows[limit - 1].public_id if len(rows) > limit else None,
            "total": queries.count_quotes(session, actor=actor, state=query["state"]),
        },
    }


@blueprint.get("/<quote_id>")
@blueprint.response(200, QuoteSchema)
@requires(Permission.QUOTE_READ)
def show_quote(quote_id: str) -> Any:
    """One quote with its trail."""
    return _present_quote(_get(quote_id))


@blueprint.post("/<quote_id>/price")
@blueprint.response(200, QuoteSchema)
@requires(Permission.QUOTE_MAKE)
def price_quote(quote_id: str) -> Any:
    """Price a draft from the project's latest score and your valid product."""
    services.price_quote(current_session(), actor=current_actor(), quote=_get(quote_id), now=clock.now())
    return _present_quote(_get(quote_id))


@blueprint.post("/<quote_id>/offer")
@blueprint.arguments(OfferSchema)
@blueprint.response(200, QuoteSchema)
@requires(Permission.QUOTE_MAKE)
def offer_quote(values: dict[str, Any], quote_id: str) -> Any:
    """Offer a priced quote, or a referred one on an underwriter's ground."""
    services.offer_quote(
        current_session(), actor=current_actor(), quote=_get(quote_id), ground=values["ground"],
        stated_value=values["stated_probability"], now=clock.now(),
    )  # fmt: skip
    return _present_quote(_get(quote_id))


@blueprint.post("/<quote_id>/decline")
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, QuoteSchema)
@requires(Permission.QUOTE_MAKE)
def decline_quote(values: dict[str, Any], quote_id: str) -> Any:
    """Decline with a reason."""
    services.decline_quote(
        current_session(), actor=current_actor(), quote=_get(quote_id), reason=values["reason"], now=clock.now()
    )
    return _present_quote(_get(quote_id))


@blueprint.post("/<quote_id>/accept")
@blueprint.response(200, QuoteSchema)
@requires(Permission.POLICY_BIND)
def accept_quote(quote_id: str) -> Any:
    """Accept one offered quote of a request; at most one can be."""
    services.accept_quote(current_session(), actor=current_actor(), quote=_get(quote_id), now=clock.now())
    return _present_quote(_get(quote_id))
