"""Recording events: by their deciders, once, whole or not at all; money moves by confirmed payments only."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest

from marketplace.agreements import queries
from marketplace.agreements.errors import (
    AgreementStateError,
    EventIdReusedError,
    EventNotYoursError,
    EventRefusedError,
    NotAPartyError,
)
from marketplace.agreements.services import proposals
from marketplace.agreements.services.verification import verify_agreement
from marketplace.errors import NotAllowedError
from marketplace.events import MilestoneDecided, record_event
from marketplace.ledger.queries import get_balance_minor
from marketplace.ledger.services import check_ledger
from marketplace.payments.queries import compute_supervised_cash
from marketplace.projects.models import Milestone
from risk.sharing.templates.scenario_a import scenario_a
from tests.conftest import table_counts
from tests.factories import agreements as factory

STORY = scenario_a("success")["events"]
M0 = STORY[1]
CALL = STORY[2]


def head(scene: factory.Scene) -> tuple[int, str | None]:
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        return agreement.event_count, agreement.head_hash


def balance(scene: factory.Scene, code: str, party: str = "") -> int:
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        return get_balance_minor(
            session, book=agreement.book, code=code, currency="CNY",
            party=queries.get_party(agreement, party).ledger_party if party else "",
        )  # fmt: skip


def decide(scene: factory.Scene, code: str, result: str, on: date) -> None:
    """The event that assessments leave when testing body and assessor have found the same."""
    with scene.transaction() as session:
        milestone = session.query(Milestone).filter_by(code=code).one()
        record_event(
            session,
            MilestoneDecided(project_id=scene.project.id, milestone_id=milestone.id, result=result, decided_on=on),
        )


def test_same_event_twice_is_one_event_and_one_entry(active: factory.Scene) -> None:
    factory.record_by_house(active, M0)
    first = factory.record(active, "project", CALL)
    before = table_counts(active.factory.database)
    again = factory.record(active, "project", CALL)
    assert (again.id, again.hash) == (first.id, first.hash)
    assert table_counts(active.factory.database) == before


@pytest.mark.parametrize("change", [{"effective_on": "2027-01-16"}, {"body": {"tranche": "T2"}}])
def test_same_id_with_other_content_is_refused_and_writes_nothing(active: factory.Scene, change: Any) -> None:
    factory.record_by_house(active, M0)
    factory.record(active, "project", CALL)
    before = table_counts(active.factory.database)
    with pytest.raises(EventIdReusedError):
        factory.record(active, "project", {**CALL, **change})
    assert table_counts(active.factory.database) == before


def test_event_that_the_terms_refuse_leaves_everything_as_it_was(active: factory.Scene) -> None:
    before, place = table_counts(active.factory.database), head(active)
    with pytest.raises(EventRefusedError) as caught:
        factory.record(active, "project", CALL)
    assert caught.value.details["rule"] == "condition_precedent_open"
    assert table_counts(active.factory.database) == before
    assert head(active) == place


@pytest.mark.parametrize(
    ("party", "kind", "body"),
    [
        ("bank", "drawdown_call", {"tranche": "T1"}),
        ("angel", "interest_due", {"instrument": "loan"}),
        ("project", "loss_event", {"kind": "default"}),
        ("project", "pool_compensation", {}),
        ("project", "write_off", {}),
        ("project", "milestone", {"milestone": "M0", "result": "pass"}),
        ("centre", "milestone", {"milestone": "M0", "result": "pass"}),
        ("insurer", "insurance_recovery", {"policy": "policy"}),
        ("project", "drawdown_paid", {"tranche": "T1", "instrument": "angel-equity"}),
        ("project", "exit", {"kind": "trade_sale", "proceeds_minor": 1}),
        ("project", "payment", {}),
    ],
)
def test_party_that_does_not_decide_is_refused(active: factory.Scene, party: str, kind: str, body: Any) -> None:
    with pytest.raises(EventNotYoursError):
        factory.record(active, party, {"id": "x-1", "kind": kind, "effective_on": "2027-01-15", "body": body})


def test_stranger_and_operator_record_nothing(active: factory.Scene) -> None:
    active.members["stranger"] = active.factory.member("project_team")
    with pytest.raises(NotAPartyError):
        factory.record(active, "stranger", CALL)
    active.members["operator"] = active.operator
    with pytest.raises(NotAllowedError):
        factory.record(active, "operator", CALL)


def test_called_money_is_on_the_supervised_account_until_its_tranche_is_whole(active: factory.Scene) -> None:
    factory.record_by_house(active, M0)
    factory.record(active, "project", CALL)
    assert balance(active, "1110", "angel") == 80_000_000
    with active.transaction() as session:
        agreement = active.agreement(session)
        calls = [row.payment_id for row in queries.list_payments(session, agreement_id=agreement.id, state="waiting")]
    for number, intent in enumerate(calls, start=1):
        factory.pay_intent(active, intent or 0)
        with active.transaction() as session:
            book = active.agreement(session).book
            assert compute_supervised_cash(session, book=book, currency="CNY") == balance_in(session, book)
            releases = queries.list_payments(session, agreement_id=active.agreement(session).id, state="held")
            assert len(releases) == (number if number < len(calls) else 0)
    assert balance(active, "1010") == 440_000_000
    factory.pay_all(active)
    assert balance(active, "1010") == 0
    assert balance(active, "1510") == 440_000_000


def balance_in(session: Any, book: str) -> int:
    return get_balance_minor(session, book=book, code="1010", currency="CNY")


def test_distribution_stays_payable_until_the_bank_line_is_confirmed(active: factory.Scene) -> None:
    factory.play(active, [event for event in STORY if event["effective_on"] < "2027-09-20"])
    due, paid = [event for event in STORY if event["effective_on"] == "2027-09-20"]
    factory.record(active, "bank", due)
    factory.record(active, "project", paid)
    assert balance(active, "2010", "bank") == -3_033_333
    with active.transaction() as session:
        assert verify_agreement(session, agreement=active.agreement(session)).problem is None
    factory.pay_all(active)
    assert balance(active, "2010", "bank") == 0
    assert balance(active, "1120") == 0


def test_decided_milestone_reaches_the_agreement_and_opens_the_call(active: factory.Scene) -> None:
    decide(active, "M0", "failed", date(2027, 1, 10))
    decide(active, "M0", "passed", date(2027, 1, 14))
    factory.record(active, "project", CALL)
    with active.transaction() as session:
        events = queries.list_events(session, agreement_id=active.agreement(session).id)
        assert [event.kind for event in events] == ["activate", "milestone", "milestone", "drawdown_call"]
        assert {event.actor_user for event in events[1:3]} == {""}


def test_decision_that_the_terms_refuse_is_told_and_undoes_nothing(active: factory.Scene) -> None:
    decide(active, "M0", "passed", date(2027, 1, 14))
    place = head(active)
    decide(active, "M0", "failed", date(2027, 2, 1))
    assert head(active) == place
    with active.transaction() as session:
        from marketplace.notifications.queries import list_notifications

        kinds = [row.kind for row in list_notifications(session, actor=active.members["bank"].actor)]
        assert "agreement_fact_refused" in kinds


def test_exit_waits_for_another_side(active: factory.Scene) -> None:
    factory.play(active, [event for event in STORY if event["kind"] not in ("exit", "close")])
    sale = next(event for event in STORY if event["kind"] == "exit")
    with active.transaction() as session:
        agreement = active.agreement(session)
        proposals.propose_event(
            session, agreement=agreement, actor=active.members["project"].actor, event_id=sale["id"], kind="exit",
            effective_on=date.fromisoformat(sale["effective_on"]), body=sale["body"], now=factory.MOMENT,
        )  # fmt: skip
    count = head(active)[0]
    with active.transaction() as session:
        agreement = active.agreement(session)
        proposal = queries.list_proposals(session, agreement_id=agreement.id)[0]
        for party in ("project", "centre"):
            with pytest.raises(EventNotYoursError):
                proposals.confirm_proposal(
                    session, agreement=agreement, actor=active.members[party].actor, proposal=proposal,
                    now=factory.MOMENT,
                )  # fmt: skip
        proposals.refuse_proposal(
            session, agreement=agreement, actor=active.members["angel"].actor, proposal=proposal, reason="too low",
            now=factory.MOMENT,
        )  # fmt: skip
    with active.transaction() as session:
        agreement = active.agreement(session)
        proposal = queries.list_proposals(session, agreement_id=agreement.id)[0]
        with pytest.raises(AgreementStateError):
            proposals.confirm_proposal(
                session, agreement=agreement, actor=active.members["industrial"].actor, proposal=proposal,
                now=factory.MOMENT,
            )  # fmt: skip
    assert head(active)[0] == count


def test_reversal_restores_the_ledger_and_withdraws_payments(active: factory.Scene) -> None:
    factory.record_by_house(active, M0)
    factory.record(active, "project", CALL)
    back = {"id": "back-1", "kind": "reversal", "effective_on": "2027-01-15", "body": {"target": CALL["id"]}}
    factory.agree(active, back)
    assert balance(active, "1110", "angel") == 0
    with active.transaction() as session:
        agreement = active.agreement(session)
        assert {row.state for row in queries.list_payments(session, agreement_id=agreement.id)} == {"cancelled"}
        assert verify_agreement(session, agreement=agreement).problem is None
    assert factory.pay_all(active) == 0


def test_money_that_has_moved_is_not_reversed(active: factory.Scene) -> None:
    factory.record_by_house(active, M0)
    factory.record(active, "project", CALL)
    factory.pay_all(active)
    with active.transaction() as session:
        last = [e for e in queries.list_events(session, agreement_id=active.agreement(session).id)
                if e.kind == "drawdown_paid"][-1]  # fmt: skip
    back = {"id": "back-1", "kind": "reversal", "effective_on": "2027-01-15", "body": {"target": last.event_id}}
    with pytest.raises(AgreementStateError):
        factory.agree(active, back)


def test_agreement_with_open_payments_is_not_closed(active: factory.Scene) -> None:
    story = scenario_a("failure_without_cover")["events"]
    factory.play(active, [event for event in story if event["kind"] not in ("exit", "write_off", "close")])
    for kind, party in (("exit", ""), ("write_off", "industrial")):
        event = next(item for item in story if item["kind"] == kind)
        if party:
            factory.record(active, party, event)
        else:
            factory.agree(active, event)
    close = next(item for item in story if item["kind"] == "close")
    with pytest.raises(AgreementStateError, match="open"):
        factory.agree(active, close)
    factory.pay_all(active)
    with active.transaction() as session:
        agreement = active.agreement(session)
        proposal = queries.find_proposal(session, agreement_id=agreement.id, event_id=close["id"])
        assert proposal is not None
        actor = active.members["industrial"].actor
        proposals.confirm_proposal(session, agreement=agreement, actor=actor, proposal=proposal, now=factory.MOMENT)
    with pytest.raises(AgreementStateError):
        factory.record(active, "project", {"id": "late", "kind": "drawdown_call", "effective_on": "2029-01-01",
                                           "body": {"tranche": "T1"}})  # fmt: skip


def test_crash_after_the_event_and_before_the_commit_leaves_nothing(active: factory.Scene) -> None:
    factory.record_by_house(active, M0)
    before, place = table_counts(active.factory.database), head(active)
    with pytest.raises(RuntimeError), active.transaction() as session:
        from marketplace.agreements.services.events import record_agreement_event

        record_agreement_event(
            session, agreement=active.agreement(session), actor=active.members["project"].actor,
            event_id=CALL["id"], kind=CALL["kind"], effective_on=date.fromisoformat(CALL["effective_on"]),
            body=CALL["body"], now=factory.MOMENT,
        )  # fmt: skip
        raise RuntimeError("the process dies here")
    assert table_counts(active.factory.database) == before
    assert head(active) == place
    with active.transaction() as session:
        assert check_ledger(session).sound
    factory.record(active, "project", CALL)


def test_two_writers_at_once_make_one_event(active: factory.Scene) -> None:
    factory.record_by_house(active, M0)
    results: list[Any] = []
    gate = threading.Barrier(4)

    def write(number: int) -> None:
        gate.wait()
        try:
            event = {**CALL, "id": f"call-{number}"}
            results.append(factory.record(active, "project", event).number)
        except EventRefusedError as error:
            results.append(error.details["rule"])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == ["3", "already_called", "already_called", "already_called"]
    with active.transaction() as session:
        assert check_ledger(session).sound
        assert verify_agreement(session, agreement=active.agreement(session)).problem is None


def test_each_party_gets_one_notice_of_an_event(active: factory.Scene) -> None:
    from marketplace.notifications.queries import list_notifications

    factory.record_by_house(active, M0)
    for _repeat in range(2):
        factory.record(active, "project", CALL)
    with active.transaction() as session:
        rows = list_notifications(session, actor=active.members["insurer"].actor)
        calls = [row for row in rows if row.kind == "agreement_event" and row.parameters["kind"] == "drawdown_call"]
        assert len(calls) == 1
