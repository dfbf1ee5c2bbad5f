"""Amendments: proposed, discussed, signed under the rule of the version before, in force on their day."""

from __future__ import annotations

import copy
import json
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.accounts.models import User
from marketplace.agreements import amendment_queries, bundle, queries
from marketplace.agreements.chain import digest_of
from marketplace.agreements.errors import (
    AgreementStateError,
    AmendmentDateError,
    AmendmentOpenError,
    AmendmentStateError,
    EventNotYoursError,
    PartiesDifferError,
    SimulationMissingError,
    TermsRefusedError,
    VersionChangedError,
    VersionSupersededError,
)
from marketplace.agreements.models import AmendmentComment, SimulationRun
from marketplace.agreements.services import amendments, signing, simulations, verification
from marketplace.agreements.services.statements import make_statement
from marketplace.agreements.statement_text import difference_digest
from marketplace.agreements.tasks import take_effect
from marketplace.errors import InvalidInputError
from marketplace.ledger.models import Entry, Posting
from marketplace.notifications.models import Notification
from risk.sharing.templates.scenario_a import scenario_a
from risk.simulation import scenario_a_drivers
from tests.conftest import table_counts
from tests.factories import MOMENT
from tests.factories import agreements as factory

STORY = scenario_a("success")["events"]
TODAY = date(2026, 11, 23)
LATER = date(2027, 3, 1)


def dearer(terms: dict[str, Any]) -> None:
    for item in terms["accruals"]:
        item["rate"]["value"] = "0.0375"


def majority(terms: dict[str, Any]) -> None:
    terms["amendment"] = {"always": ["project", "bank"], "share_of_commitments": "0.5"}


def make_terms(scene: factory.Scene, edit: Any, *, number: int | None = None) -> dict[str, Any]:
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        version = queries.get_version(session, agreement=agreement, number=number)
        terms = copy.deepcopy(queries.load_terms(version))
    edit(terms)
    return terms


def propose(scene: factory.Scene, edit: Any, *, on: date = LATER, party: str = "bank", **given: Any) -> str:
    terms = make_terms(scene, edit)
    with scene.transaction() as session:
        return amendments.propose_amendment(
            session, actor=scene.members[party].actor, agreement=scene.agreement(session), terms=terms,
            effective_on=on, reason="The preferred return is lowered.", now=MOMENT, **given,
        ).public_id  # fmt: skip


def amendment_of(scene: factory.Scene, session: Any, public_id: str) -> Any:
    return amendment_queries.get_amendment(session, agreement=scene.agreement(session), public_id=public_id)


def state_of(scene: factory.Scene, public_id: str) -> tuple[str, int | None]:
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        return amendment_of(scene, session, public_id).state, agreement.active_version_number


def sign_all(scene: factory.Scene, *, without: tuple[str, ...] = ()) -> None:
    factory.add_simulation(scene)
    for party in scene.members:
        if party not in without:
            factory.sign(scene, party)


def ledger(scene: factory.Scene) -> list[Any]:
    with scene.transaction() as session:
        rows = session.execute(
            sa.select(Entry.reference, Entry.kind, Entry.effective_on, Posting.account_id, Posting.amount_minor)
            .join(Posting, Posting.entry_id == Entry.id)
            .order_by(Posting.id)
        )
        return [tuple(row) for row in rows]


def play_start(scene: factory.Scene) -> None:
    """Run the story until the first drawdown has been paid."""
    place = next(index for index, event in enumerate(STORY) if event["kind"] == "drawdown_call") + 1
    factory.play(scene, STORY[:place])


def test_amendment_signed_by_all_takes_effect_on_its_day_and_leaves_entries_before(active: factory.Scene) -> None:
    play_start(active)
    name = propose(active, dearer)
    sign_all(active)
    assert state_of(active, name) == ("signed", 1)
    before = ledger(active)
    report = {"id": "report", "kind": "interest_due", "effective_on": "2027-06-20", "body": {"instrument": "loan"}}
    factory.record(active, "bank", report)
    assert state_of(active, name) == ("in_force", 2)
    assert ledger(active)[: len(before)] == before
    with active.transaction() as session:
        agreement = active.agreement(session)
        rows = queries.list_events(session, agreement_id=agreement.id)
        versions = {row.number: row.terms_hash for row in queries.list_versions(session, agreement_id=agreement.id)}
        assert [(row.kind, row.effective_on) for row in rows[-2:]] == [
            ("amendment", LATER), ("interest_due", date(2027, 6, 20)),
        ]  # fmt: skip
        assert {row.version_hash for row in rows[:-2]} == {versions[1]}
        assert {row.version_hash for row in rows[-2:]} == {versions[2]}
        assert verification.verify_agreement(session, agreement=agreement).problem is None
        statement = make_statement(session, agreement=agreement, party=queries.get_party(agreement, "angel"))
        assert statement["terms_hash"] == versions[2]


def test_the_job_brings_a_due_amendment_into_force_where_no_event_comes(active: factory.Scene) -> None:
    name = propose(active, dearer, on=TODAY + timedelta(days=3))
    sign_all(active)
    with active.transaction() as session:
        take_effect(session, now=MOMENT)
    assert state_of(active, name)[0] == "signed"
    with active.transaction() as session:
        take_effect(session, now=MOMENT + timedelta(days=3))
    assert state_of(active, name) == ("in_force", 2)
    with active.transaction() as session:
        kinds = set(session.scalars(sa.select(Notification.kind)))
    assert {"agreement_amendment_proposed", "agreement_amendment_signed", "agreement_amendment_in_force"} <= kinds


def test_signed_after_its_day_it_takes_effect_with_the_last_signature(active: factory.Scene) -> None:
    name = propose(active, dearer, on=TODAY)
    sign_all(active, without=("angel",))
    assert state_of(active, name) == ("signing", 1)
    factory.sign(active, "angel", now=MOMENT)
    assert state_of(active, name) == ("in_force", 2)


def test_the_rule_of_the_version_before_says_who_signs(active: factory.Scene) -> None:
    first = propose(active, majority, on=TODAY)
    factory.add_simulation(active)
    for party in ("project", "bank", "industrial"):
        factory.sign(active, party)
    # The first version has no rule: everybody signs, also the change of the rule itself.
    assert state_of(active, first) == ("signing", 1)
    for party in active.members:
        if party not in ("project", "bank", "industrial"):
            factory.sign(active, party)
    assert state_of(active, first) == ("in_force", 2)
    second = propose(active, dearer, on=TODAY)
    factory.add_simulation(active)
    for party in ("bank", "industrial"):
        factory.sign(active, party)
    assert state_of(active, second) == ("signing", 2)
    factory.sign(active, "project")
    assert state_of(active, second) == ("in_force", 3)
    with active.transaction() as session:
        agreement = active.agreement(session)
        content = verification.export_bundle(session, agreement=agreement, now=MOMENT)
    assert bundle.find_problem(json.loads(json.dumps(content))) is None
    kept = [item for item in content["signatures"] if (item["version"], item["party"]) != (3, "bank")]
    assert bundle.find_problem({**content, "signatures": kept}) == {
        "where": "signatures", "position": "bank", "reason": "this party has not signed the active version",
    }  # fmt: skip
    shortened = {**content, "events": content["events"][:-1], "head": content["events"][-2]["hash"]}
    problem = bundle.find_problem(shortened)
    assert problem is not None
    assert problem["where"] == "settlement"


def test_a_change_voids_the_signatures_and_the_difference_is_part_of_what_is_signed(active: factory.Scene) -> None:
    name = propose(active, dearer)
    with pytest.raises(SimulationMissingError):
        factory.sign(active, "bank")
    factory.add_simulation(active)
    factory.sign(active, "bank")
    terms = make_terms(active, majority)
    with active.transaction() as session:
        version = amendments.change_amendment(
            session, actor=active.members["angel"].actor, agreement=active.agreement(session),
            amendment=amendment_of(active, session, name), terms=terms, based_on=2, note="and a rule", now=MOMENT,
        )  # fmt: skip
        assert (version.number, version.base_number) == (3, 1)
    assert state_of(active, name) == ("negotiating", 1)
    factory.add_simulation(active)
    with active.transaction() as session:
        agreement, actor = active.agreement(session), active.members["bank"].actor
        for locale in ("en", "zh_Hans_CN"):
            shown = signing.prepare_signing(session, agreement=agreement, actor=actor, locale=locale)
            assert shown.simulation.result is not None
            assert difference_digest(shown.simulation.result) in shown.statement
            assert "2027-03-01" in shown.statement
            assert "-2,500.00" in shown.statement
            assert shown.digest == digest_of(shown.statement)
        with pytest.raises(VersionChangedError):
            amendments.change_amendment(
                session, actor=actor, agreement=agreement, amendment=amendment_of(active, session, name),
                terms=terms, based_on=2, note="late", now=MOMENT,
            )  # fmt: skip


def test_the_simulation_of_an_amendment_compares_both_versions_on_the_same_draws(active: factory.Scene) -> None:
    propose(active, dearer)
    with active.transaction() as session:
        run = simulations.request_simulation(
            session, agreement=active.agreement(session), actor=active.members["bank"].actor,
            drivers=scenario_a_drivers(), scenarios=1_000, seed=7, now=MOMENT,
        )  # fmt: skip
        number, task = run.id, simulations.read_task(session, simulation_id=run.id)
    data = simulations.compute(task)
    with active.transaction() as session:
        simulations.record_result(session, now=MOMENT, data=data, simulation_id=number)
        run = session.get_one(SimulationRun, number)
        assert run.result is not None
        found = run.result["difference"]["parties"]["angel"]["expected_profit"]
    # A lower preferred return of the angel leaves it less; the error of the change is far below that of the value.
    assert (
        found["change_minor"] == found["b_minor"] - found["a_minor"]
        or abs(found["change_minor"] - (found["b_minor"] - found["a_minor"])) <= 1
    )
    assert found["change_minor"] != 0
    error = data["result"]["parties"]["angel"]["expected_profit"]["standard_error_minor"]
    assert found["standard_error_minor"] < error


def test_what_cannot_be_carried_or_does_not_fit_is_refused_and_nothing_is_kept(active: factory.Scene) -> None:
    play_start(active)

    def move_call(terms: dict[str, Any]) -> None:
        first, second = terms["tranches"][0]["amounts"], terms["tranches"][1]["amounts"]
        name = next(iter(set(first) & set(second)))
        first[name] += 1
        second[name] -= 1

    def drop_party(terms: dict[str, Any]) -> None:
        terms["parties"].append({"id": "newcomer", "kind": "other", "name": {"zh": "新", "en": "New"}})

    def nothing(terms: dict[str, Any]) -> None:
        pass

    before = table_counts(active.factory.database)
    with pytest.raises(TermsRefusedError) as refused:
        propose(active, move_call)
    assert refused.value.details["rule"] == "tranche_called"
    assert refused.value.details["clause"] == "tranches[0].amounts"
    with pytest.raises(PartiesDifferError):
        propose(active, drop_party)
    with pytest.raises(InvalidInputError):
        propose(active, nothing)
    with pytest.raises(AmendmentDateError):
        propose(active, dearer, on=TODAY)
    assert table_counts(active.factory.database) == before


def test_one_amendment_at_a_time_withdrawn_only_by_who_proposed_it(active: factory.Scene) -> None:
    name = propose(active, dearer)
    with pytest.raises(AmendmentOpenError):
        propose(active, majority)
    for party, reason, error in (("angel", "no", EventNotYoursError), ("bank", " ", InvalidInputError)):
        with active.transaction() as session, pytest.raises(error):
            amendments.withdraw_amendment(
                session, actor=active.members[party].actor, agreement=active.agreement(session),
                amendment=amendment_of(active, session, name), reason=reason, now=MOMENT,
            )  # fmt: skip
    with active.transaction() as session:
        amendments.withdraw_amendment(
            session, actor=active.members["bank"].actor, agreement=active.agreement(session),
            amendment=amendment_of(active, session, name), reason="not needed", now=MOMENT,
        )  # fmt: skip
    assert state_of(active, name) == ("withdrawn", 1)
    factory.add_simulation(active)
    with pytest.raises(AgreementStateError):
        factory.sign(active, "bank")
    with active.transaction() as session, pytest.raises(AmendmentStateError):
        amendments.comment_on_amendment(
            session, actor=active.members["bank"].actor, agreement=active.agreement(session),
            amendment=amendment_of(active, session, name), text="late", now=MOMENT,
        )  # fmt: skip
    assert state_of(active, propose(active, majority))[0] == "negotiating"


def test_signed_terms_that_no_longer_carry_what_stands_lapse_and_the_old_ones_hold(active: factory.Scene) -> None:
    play_start(active)

    def less_in_the_second_call(terms: dict[str, Any]) -> None:
        second, third = terms["tranches"][1]["amounts"], terms["tranches"][2]["amounts"]
        name = next(iter(set(second) & set(third)))
        second[name] -= 100
        third[name] += 100

    name = propose(active, less_in_the_second_call, on=date(2027, 9, 1))
    sign_all(active)
    start = next(index for index, event in enumerate(STORY) if event["kind"] == "drawdown_call") + 1
    second = next(i for i, event in enumerate(STORY) if event["kind"] == "drawdown_call" and i >= start) + 1
    factory.play(active, STORY[start:second])
    late = {"id": "late", "kind": "interest_due", "effective_on": "2027-09-20", "body": {"instrument": "loan"}}
    factory.record(active, "bank", late)
    assert state_of(active, name) == ("lapsed", 1)
    with active.transaction() as session:
        agreement = active.agreement(session)
        assert verification.verify_agreement(session, agreement=agreement).problem is None


def test_an_event_for_superseded_terms_is_refused(active: factory.Scene) -> None:
    propose(active, dearer, on=TODAY)
    sign_all(active)
    before = table_counts(active.factory.database)
    with active.transaction() as session, pytest.raises(VersionSupersededError) as refused:
        from marketplace.agreements.services.events import record_agreement_event

        record_agreement_event(
            session, agreement=active.agreement(session), actor=active.members["bank"].actor, event_id="x",
            kind="interest_due", effective_on=date(2027, 3, 20), body={"instrument": "loan"}, now=MOMENT,
            version_number=1,
        )  # fmt: skip
    assert refused.value.code == "version_superseded"
    assert table_counts(active.factory.database) == before


def test_amendment_through_the_api(active: factory.Scene, call: Any) -> None:
    bank, angel, path = active.members["bank"], active.members["angel"], f"/{active.public_id}/amendments"
    body = {"terms": make_terms(active, dearer), "effective_on": "2027-03-01", "reason": "lower return"}
    made = call(bank, "POST", path, body)
    assert made.status_code == 201, made.data
    name = made.get_json()["id"]
    assert made.get_json() | {"proposed_at": ""} == {
        "id": name, "base_version": 1, "version": 2, "effective_on": "2027-03-01", "reason": "lower return",
        "state": "negotiating", "proposed_by": "bank", "proposed_at": "", "end_reason": "",
    }  # fmt: skip
    assert call(angel, "POST", path, body).get_json()["error"]["code"] == "amendment_open"
    said = call(angel, "POST", f"{path}/{name}/comments", {"text": "Why?", "clause": "accruals.preference-angel"})
    assert (said.status_code, said.get_json()["party"]) == (201, "angel")
    shown = call(angel, "GET", f"{path}/{name}").get_json()
    assert shown["difference"] is None
    assert set(shown["missing"]) == set(active.members)
    assert shown["comments"][0]["text"] == "Why?"
    changed = {row["clause"] for row in shown["redline"]["zh"]["clauses"] if row["change"] == "changed"}
    assert len([clause for clause in changed if clause.startswith("accruals")]) == 4
    again = {"terms": make_terms(active, majority), "based_on": 2, "note": "a rule"}
    assert call(angel, "POST", f"{path}/{name}/versions", again).get_json()["version"] == 3
    factory.add_simulation(active)
    assert call(bank, "GET", f"{path}/{name}").get_json()["difference"]["parties"]["bank"]
    stranger = active.factory.member("bank")
    assert call(stranger, "GET", f"{path}/{name}").status_code == 404
    assert call(angel, "POST", f"{path}/{name}/withdrawal", {"reason": "no"}).status_code == 403
    assert call(bank, "POST", f"{path}/{name}/withdrawal", {"reason": "no"}).get_json()["state"] == "withdrawn"
    assert [row["state"] for row in call(bank, "GET", path).get_json()["data"]] == ["withdrawn"]
    late = {
        "id": "i",
        "kind": "interest_due",
        "effective_on": "2027-03-20",
        "body": {"instrument": "loan"},
        "version": 2,
    }
    refused = call(bank, "POST", f"/{active.public_id}/events", late)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (409, "version_superseded")


def test_amendment_on_the_pages(active: factory.Scene, browser: Any) -> None:
    bank = active.members["bank"]
    browser.sign_in(bank.user)
    page = f"/agreements/{active.public_id}"
    assert f"{page}/amendments/new" in browser.get(f"{page}?lang=en").get_data(as_text=True)
    terms = make_terms(active, dearer)
    before = table_counts(active.factory.database)
    empty = browser.submit(f"{page}/amendments/new", {"terms": json.dumps(terms), "effective_on": "2020-01-01",
                                                      "reason": "lower"})  # fmt: skip
    assert empty.status_code == 422
    assert "does not reach back" in empty.get_data(as_text=True)
    after = table_counts(active.factory.database)
    assert {key: after[key] for key in before if key.startswith("agreement")} == {
        key: before[key] for key in before if key.startswith("agreement")
    }
    made = browser.submit(f"{page}/amendments/new", {"terms": json.dumps(terms), "effective_on": "2027-03-01",
                                                     "reason": "lower"})  # fmt: skip
    assert made.status_code == 302, made.get_data(as_text=True)[:2000]
    here = made.headers["Location"]
    text = browser.get(here).get_data(as_text=True)
    assert "<del>" in text
    assert "<ins>" in text
    assert "Not simulated yet" in text
    said = browser.submit(f"{here}/comments", {"text": "A word on it", "clause": ""}, page=here)
    assert said.status_code == 302
    assert browser.submit(f"{here}/comments", {"text": "", "clause": ""}, page=here).status_code == 422
    factory.add_simulation(active)
    text = browser.get(here).get_data(as_text=True)
    assert "A word on it" in text
    assert "Digest of the difference" in text
    assert browser.get(f"{page}/sign").status_code == 200
    changed = {"terms": json.dumps(make_terms(active, majority)), "based_on": "2", "note": "a rule as well"}
    assert browser.get(f"{here}/change").status_code == 200
    assert browser.submit(f"{here}/change", changed, page=f"{here}/change").status_code == 302
    assert browser.submit(f"{here}/withdraw", {"reason": ""}, page=here).status_code == 422
    assert browser.submit(f"{here}/withdraw", {"reason": "enough"}, page=here).status_code == 302
    assert "enough" in browser.get(here).get_data(as_text=True)


def test_comments_are_append_only(active: factory.Scene) -> None:
    name = propose(active, dearer)
    with active.transaction() as session:
        comment = amendments.comment_on_amendment(
            session, actor=active.members["angel"].actor, agreement=active.agreement(session),
            amendment=amendment_of(active, session, name), text="first", now=MOMENT,
        )  # fmt: skip
        assert session.get_one(User, active.members["angel"].user.id).public_id == comment.user_public_id
    with pytest.raises(sa.exc.DBAPIError), active.transaction() as session:
        session.execute(sa.update(AmendmentComment).values(text="other"))
