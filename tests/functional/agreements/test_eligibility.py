"""Terms with an instrument that is closed at the assessed level are refused, at drafting and at each signature."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from marketplace.agreements.eligibility import list_answers, list_kinds
from marketplace.agreements.errors import InstrumentNotOpenError
from marketplace.agreements.services import drafting
from marketplace.clock import day_in_zone
from marketplace.projects.models import Project
from risk.sharing.scenario_a import parameters as scenario_a_parameters
from tests.conftest import table_counts
from tests.factories import MOMENT
from tests.factories import agreements as factory


def set_levels(scene: Any, project_id: int, trl: int | None, mrl: int | None, until: date | None = None) -> None:
    with scene.transaction() as session:
        project = session.get_one(Project, project_id)
        project.trl_assessed, project.mrl_assessed, project.levels_expire_on = trl, mrl, until


def project_id(scene: Any) -> int:
    with scene.transaction() as session:
        number = scene.agreement(session).project_id
        assert number is not None
        return int(number)


def test_a_level_that_fell_since_the_draft_stops_the_signature(make: Any, scene: factory.Scene) -> None:
    factory.add_simulation(scene)
    number = project_id(scene)
    set_levels(scene, number, 2, 1)
    before = table_counts(make.database)
    with pytest.raises(InstrumentNotOpenError) as caught:
        factory.sign(scene, "bank")
    assert caught.value.details["opens_en"]
    assert caught.value.details["instrument"] in ("equity", "loan", "pilot_failure_insurance")
    assert table_counts(make.database) == before
    set_levels(scene, number, 6, 5)
    factory.sign(scene, "bank")


def test_a_lapsed_level_closes_nothing_and_opens_nothing(scene: factory.Scene) -> None:
    terms = drafting.make_terms(scenario_a_parameters())
    assert list_kinds(terms) == ["equity", "loan", "pilot_failure_insurance"]
    today = day_in_zone(MOMENT)
    number = project_id(scene)
    set_levels(scene, number, 9, 10, today)
    with scene.transaction() as session:
        project = session.get_one(Project, number)
        assert {row.answer for row in list_answers(project, terms, on=today + timedelta(days=1))} == {"conditional"}
        assert list_answers(project, terms, on=today)[1].answer == "open"


def test_a_level_that_fell_stops_a_change_of_the_terms(make: Any, scene: factory.Scene) -> None:
    number = project_id(scene)
    changed = drafting.make_terms(scenario_a_parameters())
    changed["parties"][0]["name"]["en"] += " Ltd"

    def change() -> None:
        with scene.transaction() as session:
            drafting.change_terms(
                session, actor=scene.members["project"].actor, agreement=scene.agreement(session), terms=changed,
                based_on=1, note="", now=MOMENT,
            )  # fmt: skip

    set_levels(scene, number, 2, 1)
    before = table_counts(make.database)
    with pytest.raises(InstrumentNotOpenError):
        change()
    assert table_counts(make.database) == before
    set_levels(scene, number, 6, 5)
    change()


def test_closed_terms_are_not_drafted(make: Any, scene: factory.Scene) -> None:
    number = project_id(scene)
    set_levels(scene, number, 2, 1)
    members, terms = scene.members, drafting.make_terms(scenario_a_parameters())
    seats = [
        drafting.Seat(party["id"], members[party["id"]].organisation.id if party["id"] in members else None)
        for party in terms["parties"]
    ]
    before = table_counts(make.database)
    with pytest.raises(InstrumentNotOpenError), scene.transaction() as session:
        drafting.draft_agreement(
            session, actor=members["project"].actor, project=session.get_one(Project, number), terms=terms,
            seats=seats, title_zh="联合中试", title_en="Joint pilot", now=MOMENT,
        )  # fmt: skip
    assert table_counts(make.database) == before
