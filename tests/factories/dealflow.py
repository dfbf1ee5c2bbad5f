"""Mandates and rounds, written through their services."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from marketplace.dealflow.models import Mandate
from marketplace.dealflow.queries import find_mandate
from marketplace.dealflow.services import create_mandate
from marketplace.funding.models import Commitment, Round
from marketplace.funding.queries import find_round, get_commitment
from marketplace.funding.services import ask_open, harden_commitment, make_commitment, meet_condition, open_round
from marketplace.money import Money
from marketplace.projects.models import Project
from marketplace.projects.queries import find_project
from risk.maturity import INSTRUMENTS
from tests.factories import MOMENT, Factory, Member

# Every refusal of the tests is far from these days, whatever the clock says.
FIRST, LAST = date(2026, 1, 1), date(2090, 12, 31)


def mandate_values(**changes: Any) -> dict[str, Any]:
    """A mandate that takes the project of `project_values`."""
    values: dict[str, Any] = {
        "name_zh": "精细化工中试", "name_en": "Fine chemicals pilots", "instruments": ["equity"],
        "sectors": ["chemicals"], "region_prefixes": ["37"], "trl_from": 5, "trl_to": 7, "mrl_from": 4, "mrl_to": 8,
        "ticket_min_minor": 200_000_000, "ticket_max_minor": 600_000_000, "round_size_max_minor": 3_000_000_000,
        "budget_minor": 2_000_000_000, "budget_from": FIRST.isoformat(), "budget_to": LAST.isoformat(),
        "valid_from": FIRST.isoformat(), "valid_to": LAST.isoformat(),
        "weights": {"ticket": "0.5", "level": "0.5"}, "visibility": "verified",
    }  # fmt: skip
    return {**values, **changes}


class DealFactory:
    """Mandates, rounds and commitments of one application."""

    def __init__(self, make: Factory) -> None:
        self.make = make
        self.database = make.database

    def mandate(self, funder: Member, *, now: datetime = MOMENT, **changes: Any) -> Mandate:
        with self.database.transaction() as session:
            return create_mandate(session, actor=funder.actor, now=now, **mandate_values(**changes))

    def reload(self, mandate: Mandate) -> Mandate:
        with self.database.transaction("read") as session:
            found = find_mandate(session, mandate_id=mandate.id)
            assert found is not None
            return found

    def round(self, team: Member, project: Project, **changes: Any) -> Round:
        """Target and cap of 11 million, smallest ticket of 1 million, loans of 5 million beside it."""
        values: dict[str, Any] = {
            "title_zh": "中试轮", "title_en": "Pilot round", "target_minor": 1_000_000_000,
            "minimum_minor": 600_000_000, "cap_minor": 1_100_000_000, "loan_cap_minor": 500_000_000,
            "ticket_minimum_minor": 100_000_000, "deadline": LAST,
        }  # fmt: skip
        with self.database.transaction() as session:
            found = find_project(session, project_id=project.id)
            assert found is not None
            return open_round(session, actor=team.actor, project=found, now=MOMENT, **{**values, **changes})

    def commit(
        self, funder: Member, round_: Round, amount_minor: int, instrument: str = "equity", *, firm: bool = False,
        **options: Any,
    ) -> Commitment:  # fmt: skip
        with self.database.transaction() as session:
            found = find_round(session, round_id=round_.id)
            assert found is not None
            condition = ask_open(found.project, instrument, MOMENT) if instrument in INSTRUMENTS else None
            options = {"acknowledged": condition.code if condition else None, **options}
            made = make_commitment(
                session, actor=funder.actor, round_=found, instrument=instrument, now=MOMENT,
                amount=Money(amount_minor, found.currency), **options,
            )  # fmt: skip
            if firm:
                held = get_commitment(session, actor=funder.actor, public_id=made.public_id)
                if condition:
                    meet_condition(
                        session, actor=funder.actor, commitment=held, code=condition.code, now=MOMENT,
                        ground="Filed with the pool", document_number="2026-118", document_on=FIRST,
                    )  # fmt: skip
                harden_commitment(session, actor=funder.actor, commitment=held, now=MOMENT)
            return made

    def reload_round(self, round_: Round) -> Round:
        with self.database.transaction("read") as session:
            found = find_round(session, round_id=round_.id)
            assert found is not None
            return found
