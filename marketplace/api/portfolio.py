"""The portfolio of your organisation: what the page shows, as figures."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.assessments.portfolio import FailureCount, Portfolio, Share, build_portfolio
from marketplace.db import current_session
from marketplace.funding.queries import list_commitment_holdings
from marketplace.insurance.queries import list_policy_holdings
from marketplace.schemas import MoneySchema, StrictSchema, WholeNumber

blueprint = Blueprint("api_portfolio", __name__, url_prefix="/portfolio", description="Portfolio")


class PortfolioHoldingSchema(StrictSchema):
    """One project; `probability` is null where there is no score that you may read."""

    project_id = ma.fields.String()
    amounts = ma.fields.List(ma.fields.Nested(MoneySchema))
    score_id = ma.fields.String(allow_none=True)
    probability = ma.fields.String(allow_none=True)
    band = ma.fields.String(allow_none=True)


class CountRangeSchema(StrictSchema):
    """A range of the number of failures."""

    level = ma.fields.String()
    low = WholeNumber()
    high = WholeNumber()


class FailuresSchema(StrictSchema):
    """Expected failures among the scored projects. `ranges`: Poisson-binomial, projects independent; `wide_ranges`:
    every probability at the ends of its own 80 % interval."""

    projects = WholeNumber()
    expected = ma.fields.String()
    ranges = ma.fields.List(ma.fields.Nested(CountRangeSchema))
    wide_ranges = ma.fields.List(ma.fields.Nested(CountRangeSchema))


class PortfolioPartSchema(StrictSchema):
    """A part of the portfolio; an empty `key` is what is not known."""

    key = ma.fields.String()
    projects = WholeNumber()
    amounts = ma.fields.List(ma.fields.Nested(MoneySchema))


class PortfolioSchema(StrictSchema):
    """Holdings, expected failures and parts. `ended`: how many more are held whose pilots have ended."""

    holdings = ma.fields.List(ma.fields.Nested(PortfolioHoldingSchema))
    ended = WholeNumber()
    totals = ma.fields.List(ma.fields.Nested(MoneySchema))
    failures = ma.fields.Nested(FailuresSchema, allow_none=True)
    by_level = ma.fields.List(ma.fields.Nested(PortfolioPartSchema))
    by_band = ma.fields.List(ma.fields.Nested(PortfolioPartSchema))
    by_sector = ma.fields.List(ma.fields.Nested(PortfolioPartSchema))
    by_region = ma.fields.List(ma.fields.Nested(PortfolioPartSchema))


@blueprint.get("")
@blueprint.response(200, PortfolioSchema)
@requires(Permission.PORTFOLIO_READ)
def show() -> dict[str, Any]:
    """Your projects together: an insurer's limits, anybody else's commitments."""
    actor, today = current_actor(), clock.day_in_zone(clock.now())
    holdings = list_policy_holdings if actor.organisation_kind == "insurer" else list_commitment_holdings
    return _present(build_portfolio(current_session(), actor=actor, holdings=holdings, on=today))


def _present(portfolio: Portfolio) -> dict[str, Any]:
    return {
        "holdings": [
            {
                "project_id": line.project.public_id, "amounts": _amounts(line.amounts),
                "score_id": line.score.public_id if line.score else None,
                "probability": line.score.probability if line.score else None,
                "band": line.score.band if line.score else None,
            }
            for line in portfolio.lines
        ],
        "ended": portfolio.ended, "totals": _amounts(portfolio.totals),
        "failures": _failures(portfolio.failures),
        "by_level": _parts(portfolio.by_level), "by_band": _parts(portfolio.by_band),
        "by_sector": _parts(portfolio.by_sector), "by_region": _parts(portfolio.by_region),
    }  # fmt: skip


def _amounts(amounts: Any) -> list[dict[str, Any]]:
    return [{"amount_minor": amount, "currency": currency} for currency, amount in sorted(amounts.items())]


def _failures(failures: FailureCount | None) -> dict[str, Any] | None:
    if failures is None:
        return None
    ranges = {
        name: [{"level": str(level), "low": low, "high": high} for level, (low, high) in sorted(found.items())]
        for name, found in (("ranges", failures.ranges), ("wide_ranges", failures.wide_ranges))
    }
    return {"projects": failures.projects, "expected": f"{failures.expected:.6f}", **ranges}


def _parts(parts: tuple[Share, ...]) -> list[dict[str, Any]]:
    return [{"key": part.key, "projects": part.projects, "amounts": _amounts(part.amounts)} for part in parts]
