"""Terms with an instrument that is closed at the assessed level are refused, at drafting and at each signature."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from marketplace.agreements.eligibility import list_answers, list_conditions, list_kinds
from marketplace.agreements.errors import ConditionUnmetError, InstrumentNotOpenError
from marketplace.agreements.services import drafting
from marketplace.clock import day_in_zone
from marketplace.projects.models import Project
from marketplace.projects.queries import find_project
from risk.sharing.templates.scenario_a import parameters as scenario_a_parameters
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


def test_an_unmet_condition_stops_every_signature_until_its_funder_names_a_document(
    make: Any, scene: factory.Scene, new_browser: Any
) -> None:
    """At TRL 5 a loan needs a scheme or a full guarantee; the pool of these terms is neither."""
    factory.add_simulation(scene)
    set_levels(scene, project_id(scene), 5, 5)
    bank, team = scene.members["bank"], scene.members["project"]
    before = table_counts(make.database)
    with pytest.raises(ConditionUnmetError) as caught:
        factory.sign(scene, "angel")
    assert (caught.value.details["condition"], caught.value.details["party"]) == ("loan-trl-3-5", "bank")
    assert table_counts(make.database) == before
    page = f"/agreements/{scene.public_id}"
    lender, others = new_browser().sign_in(bank.user), new_browser().sign_in(team.user)
    for language, words in (("en", "this version cannot be signed"), ("zh_Hans_CN", "本版本不能签署")):
        assert words in others.get(f"{page}?lang={language}").get_data(as_text=True)
    evidence = {"instrument": "loan", "document_number": "备118", "document_on": "2026-11-20", "ground": "Scheme loan"}
    refused = others.submit(f"{page}/conditions", evidence, page=f"{page}/conditions")
    assert refused.status_code == 409, "who is paid by it does not decide it"
    wrong = lender.submit(f"{page}/conditions", {**evidence, "document_on": "x"}, page=f"{page}/conditions")
    assert wrong.status_code == 422
    assert 'id="error-document_on"' in wrong.get_data(as_text=True)
    assert table_counts(make.database) == before
    assert lender.submit(f"{page}/conditions", evidence, page=f"{page}/conditions").status_code == 302
    shown = lender.get(f"{page}/conditions?lang=en").get_data(as_text=True)
    assert "by a document that the party has named" in shown
    insurer = scene.members["insurer"]
    other = {**evidence, "instrument": "policy"}
    assert new_browser().sign_in(insurer.user).submit(f"{page}/conditions", other, page=page).status_code == 302
    factory.sign(scene, "angel")


def test_a_drawdown_that_waits_for_the_opening_milestone_is_a_condition_precedent(scene: factory.Scene) -> None:
    """At TRL 2 equity is conditional; every call waits for the milestone that proves TRL 4: no money moves before."""
    terms = drafting.make_terms(scenario_a_parameters())
    terms["instruments"] = [row for row in terms["instruments"] if row["kind"] == "equity"]
    terms["policies"] = []
    number = project_id(scene)
    set_levels(scene, number, 2, 2)
    day = day_in_zone(MOMENT)

    def met_by(session: Any) -> set[str | None]:
        rows = list_conditions(
            session, agreement=scene.agreement(session), project=find_project(session, project_id=number), terms=terms,
            on=day,
        )  # fmt: skip
        return {row.met_by for row in rows}

    with scene.transaction() as session:
        project = find_project(session, project_id=number)
        assert project is not None
        next(item for item in project.milestones if item.code == "M1").target_trl = 4
        for tranche in terms["tranches"]:
            tranche["conditions"] = ["M1"]
        session.flush()
        assert met_by(session) == {"precedent"}
        terms["tranches"][0]["conditions"] = []
        assert met_by(session) == {None}, "one call without the milestone is enough to refuse"
        terms["tranches"][0]["conditions"] = ["M2"]
        assert met_by(session) == {None}, "a milestone that proves no opening level does not count"


def test_terms_that_hold_a_pool_meet_the_condition_of_a_loan_in_the_pilot_band(scene: factory.Scene) -> None:
    terms = drafting.make_terms(scenario_a_parameters())
    number = project_id(scene)
    with scene.transaction() as session:
        agreement, project = scene.agreement(session), find_project(session, project_id=number)
        values = {"agreement": agreement, "project": project, "on": day_in_zone(MOMENT)}
        (row,) = list_conditions(session, terms=terms, **values)
        assert (row.instrument, row.answer.code, row.met_by) == ("loan", "loan-trl-6-7-mrl-5-10", "terms")
        terms["policies"] = []
        del terms["programs"]["recoveries"]["recover"]["pool"]
        (row,) = list_conditions(session, terms=terms, **values)
        assert row.met_by is None
