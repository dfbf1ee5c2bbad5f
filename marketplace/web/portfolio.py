"""The portfolio of a funder or an insurer: its projects by level and band, expected failures, concentration."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.assessments.counts import count_distribution
from marketplace.assessments.portfolio import HoldingsReader, Portfolio, Share, build_portfolio
from marketplace.db import current_session
from marketplace.funding.queries import list_commitment_holdings
from marketplace.insurance.queries import list_policy_holdings
from marketplace.money import Money
from marketplace.spreadsheets import csv_out
from marketplace.web.formatting import in_language, money_plain, number, percent
from marketplace.web.labels import label, state_label

blueprint = Blueprint("portfolio", __name__)


def choose_holdings(actor: Any) -> HoldingsReader:
    """An insurer holds the limits it carries, everybody else what it committed."""
    return list_policy_holdings if actor.organisation_kind == "insurer" else list_commitment_holdings


@blueprint.get("/portfolio")
@requires(Permission.PORTFOLIO_READ)
def show_portfolio() -> Any:
    """One's own projects together."""
    actor = current_actor()
    today = clock.day_in_zone(clock.now())
    portfolio = build_portfolio(current_session(), actor=actor, holdings=choose_holdings(actor), on=today)
    parts = {
        "level": _describe(portfolio.by_level, lambda key: f"TRL {key}"),
        "band": _describe(portfolio.by_band, lambda key: state_label("band", key)),
        "sector": _describe(portfolio.by_sector, lambda key: label("sector", key)),
        "region": _describe(portfolio.by_region, lambda key: label("region", key + "0000")),
    }
    return render_template(
        "portfolio/show.html", portfolio=portfolio, parts=parts, insurer=actor.organisation_kind == "insurer",
        chart=_chart(portfolio), now=clock.now(), today=today,
    )  # fmt: skip


@blueprint.get("/portfolio/export.csv")
@requires(Permission.PORTFOLIO_READ)
def export() -> Any:
    """The lines of the page, one project and currency a row."""
    actor = current_actor()
    today = clock.day_in_zone(clock.now())
    portfolio = build_portfolio(current_session(), actor=actor, holdings=choose_holdings(actor), on=today)
    header = [
        _("Id"), _("Title"), _("Sector"), _("Region"), _("State"), _("TRL claimed"), _("TRL assessed"),
        _("Held (major units)"), _("Currency"), _("Failure probability"), _("80%% interval, low") % {},
        _("80%% interval, high") % {}, _("Risk band"), _("Score state"), _("Computed (UTC)"),
    ]  # fmt: skip
    rows = []
    for line in portfolio.lines:
        content = line.score.content if line.score else None
        interval = (content or {}).get("interval_80") or [None, None]
        for currency, amount_minor in sorted(line.amounts.items()):
            rows.append([
                line.project.public_id, in_language(line.project.title_zh, line.project.title_en),
                label("sector", line.project.sector), line.project.region_code,
                state_label("project", line.project.state), line.project.trl_claimed, line.project.levels_on(today)[0],
                Money(amount_minor, currency).decimal(), currency, line.score.probability if line.score else None,
                *interval, state_label("band", line.score.band) if line.score and line.score.band else None,
                state_label("score", line.score.state) if line.score else None,
                line.score.computed_at.isoformat() if line.score else None,
            ])  # fmt: skip
    response = Response(csv_out.write_csv(rows, header), mimetype="text/csv")
    response.headers["Content-Type"] = csv_out.MEDIA_TYPE
    response.headers["Content-Disposition"] = 'attachment; filename="portfolio.csv"'
    return response


def _describe(parts: tuple[Share, ...], name_of: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": name_of(part.key) if part.key else _("not known"), "projects": part.projects,
            "amounts": [money_plain(amount, currency) for currency, amount in sorted(part.amounts.items())],
            "shares": [
                f"{percent(share, 1)} {currency}" if len(part.shares) > 1 else percent(share, 1)
                for currency, share in sorted(part.shares.items())
            ],
            "expected": None if part.expected is None else number(part.expected, 1),
        }
        for part in parts
    ]  # fmt: skip


def _chart(portfolio: Portfolio) -> dict[str, Any] | None:
    """The distribution of the number of failures, as bars and as a table."""
    known = [line.probability for line in portfolio.lines if line.probability is not None]
    if len(known) < 2 or portfolio.failures is None:
        return None
    masses = count_distribution(known)
    last = max(index for index, mass in enumerate(masses) if mass >= 0.0005)
    low, high = portfolio.failures.ranges[0.8]
    return {
        "title": _("Four times in five, %(low)s to %(high)s of %(count)s projects fail", low=low, high=high,
                   count=len(known)),
        "spec": {
            "kind": "bars", "format": "percent", "categories": [str(index) for index in range(last + 1)],
            "series": [{"name": _("Probability"), "values": [round(mass, 6) for mass in masses[: last + 1]]}],
        },
        "head": [_("Projects that fail"), _("Probability")],
        "rows": [[str(index), percent(mass, 1)] for index, mass in enumerate(masses[: last + 1])],
    }  # fmt: skip
