"""From a closed round to the drafting form: what the round has settled is filled in and cannot drift."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any

from flask_babel import gettext as _

from marketplace.agreements.services.drafting import Commitment, RoundPlan, Seat
from marketplace.errors import InvalidInputError
from marketplace.funding.models import Round
from marketplace.money import Money, round_fraction
from marketplace.projects.models import Project

CALL_PARTS = (40, 30, 30)
CALL_DAYS = (14, 134, 254)


def values_from_round(round_: Round, project: Project) -> dict[str, str]:
    """The fields of the form: investors and bank with their amounts in three calls, and the investors' share."""
    live = [item for item in round_.commitments if item.state != "released"]
    start = round_.closed_at.date() if round_.closed_at else round_.deadline
    values = {"round": round_.public_id, "title_zh": round_.title_zh, "title_en": round_.title_en}
    milestones = [item.code for item in project.milestones]
    for number, days in enumerate(CALL_DAYS, start=1):
        values[f"call{number}_on"] = (start + timedelta(days=days)).isoformat()
        if 1 < number <= len(milestones) + 1:
            values[f"call{number}_milestone"] = milestones[number - 2]
    investors = [item for item in live if not item.is_loan]
    for number, item in enumerate(investors, start=1):
        values[f"investor{number}_organisation"] = item.organisation.public_id
        values |= _split(f"investor{number}", Money(item.amount_minor, round_.currency))
    loan = next((item for item in live if item.is_loan), None)
    if loan is not None:
        values["bank_organisation"] = loan.organisation.public_id
        values |= _split("bank", Money(loan.amount_minor, round_.currency))
    equity = sum(item.amount_minor for item in investors)
    if round_.pre_money_minor:
        values["investors_share"] = _percent(Fraction(equity, equity + round_.pre_money_minor))
    if project.pilot_centre is not None:
        values["centre_organisation"] = project.pilot_centre.public_id
    return values


def _percent(share: Fraction) -> str:
    """As the form takes a percentage: hundredths, rounded once."""
    hundredths = round_fraction(share * 10_000)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _split(prefix: str, whole: Money) -> dict[str, str]:
    parts = whole.allocate(CALL_PARTS)
    return {f"{prefix}_T{number}": f"{part.decimal():f}" for number, part in enumerate(parts, start=1)}


def plan_from_round(round_: Round, parameters: dict[str, Any], seats: list[Seat]) -> RoundPlan:
    """The plan that the drafting service compares with the round; a funder left out is named."""
    if round_.state != "closed":
        raise InvalidInputError(_("Close the round before its agreement is drafted."), field="round")
    party_of: Mapping[int | None, str] = {seat.organisation_id: seat.party for seat in seats}
    live = [item for item in round_.commitments if item.state != "released"]
    missing = [item.organisation for item in live if item.organisation_id not in party_of]
    if missing:
        names = ", ".join(item.name_zh for item in missing)
        message = _("These organisations have committed and are not among the parties: %(names)s.", names=names)
        raise InvalidInputError(message, field="investor1_organisation")
    commitments = [Commitment(party_of[item.organisation_id], item.organisation_id, item.amount_minor) for item in live]
    organisations = {seat.party: seat.organisation_id for seat in seats if seat.organisation_id is not None}
    return RoundPlan(round_.id, parameters, commitments, organisations)
