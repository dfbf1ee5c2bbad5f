"""Taking places in a round: the last room once, limits, instruments, roles, and what rivals may see."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace import clock
from marketplace.errors import MarketplaceError
from marketplace.funding import queries
from marketplace.funding.errors import IllegalMoveError
from marketplace.funding.models import Commitment
from marketplace.funding.services import harden_commitment, make_commitment, release_commitment
from marketplace.jobs.services import run_due_jobs
from marketplace.money import Money
from tests.conftest import table_counts

MILLION = 100_000_000


def text_of(response: Any) -> str:
    return response.get_data(as_text=True)


@pytest.fixture
def market(make: Any, projects: Any, deals: Any) -> dict[str, Any]:
    """A round of 11 million of equity and 5 million of loans, of a project assessed at TRL 6 and MRL 5."""
    team = make.member("project_team")
    project = projects.published(team)
    projects.levels(project, 6, 5)
    return {
        "team": team, "project": project, "round": deals.round(team, project),
        "angel": make.member("angel"), "fund": make.member("venture_fund"), "bank": make.member("bank"),
        "guidance": make.member("guidance_fund"), "regulator": make.member("regulator"),
        "viewer": make.member("venture_fund", "viewer"),
        "unverified": make.member("angel", verification_state="pending"),
    }  # fmt: skip


def run_at_once(tasks: list[Any]) -> list[Any]:
    """Run all, released by one barrier; results are values or the errors themselves."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Any) -> Any:
        barrier.wait()
        try:
            return task()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def test_fifty_funders_at_once_take_exactly_the_room_there_is(
    make: Any, market: Any, deals: Any, database: Any
) -> None:
    """Cap 11 million, tickets of 1 million: eleven get in, thirty-nine are told that the round is full."""
    funders = [make.member("angel").actor for _ in range(50)]

    def commit(actor: Any) -> Any:
        with database.transaction() as session:
            round_ = queries.find_round(session, round_id=market["round"].id)
            assert round_ is not None
            made = make_commitment(
                session, actor=actor, round_=round_, instrument="equity", amount=Money(MILLION, "CNY"), now=clock.now()
            )
            return made.public_id

    results = run_at_once([lambda actor=actor: commit(actor) for actor in funders])
    taken = [result for result in results if isinstance(result, str)]
    refused = [result for result in results if isinstance(result, MarketplaceError)]
    assert len(taken) + len(refused) == 50, [result for result in results if not isinstance(result, str)][:3]
    assert len(taken) == 11
    assert {error.code for error in refused} == {"round_full"}
    round_ = deals.reload_round(market["round"])
    live = [item for item in round_.commitments if item.state != "released"]
    assert round_.committed_minor == sum(item.amount_minor for item in live) == 11 * MILLION


def test_harden_and_release_at_once_have_one_winner(market: Any, deals: Any, database: Any) -> None:
    commitment = deals.commit(market["angel"], market["round"], 3 * MILLION)
    actor = market["angel"].actor

    def act(service: Any) -> Any:
        with database.transaction() as session:
            held = queries.get_commitment(session, actor=actor, public_id=commitment.public_id)
            return service(session, actor=actor, commitment=held, now=clock.now()).state

    results = run_at_once([lambda: act(harden_commitment), lambda: act(release_commitment)] * 3)
    won = [result for result in results if isinstance(result, str)]
    assert len(won) == 1, results
    assert all(result.code in ("funding_state",) for result in results if isinstance(result, MarketplaceError))
    round_ = deals.reload_round(market["round"])
    assert round_.commitments[0].state == won[0]
    assert round_.committed_minor == (3 * MILLION if won[0] == "hard" else 0)


def test_a_release_that_lost_gives_no_room_back_though_a_firm_commitment_may_be_released(
    market: Any, deals: Any, database: Any
) -> None:
    """The same race step by step: the state that was read is no longer the one in the database."""
    commitment = deals.commit(market["angel"], market["round"], 3 * MILLION)
    with pytest.raises(IllegalMoveError), database.transaction() as session:
        held = queries.get_commitment(session, actor=market["angel"].actor, public_id=commitment.public_id)
        hardened = sa.update(Commitment).where(Commitment.id == held.id).values(state="hard")
        session.execute(hardened.execution_options(synchronize_session=False))
        release_commitment(session, actor=market["angel"].actor, commitment=held, now=clock.now())


def test_the_page_refuses_the_last_room_twice_and_keeps_what_was_typed(
    new_browser: Any, market: Any, deals: Any, database: Any
) -> None:
    deals.commit(market["angel"], market["round"], 10 * MILLION)
    fund = new_browser().sign_in(market["fund"].user)
    page = f"/rounds/{market['round'].public_id}"
    before = table_counts(database)
    answer = fund.submit(f"{page}/commit?lang=en", {"instrument": "equity", "amount": "2,000,000"}, page=page)
    assert answer.status_code == 409
    assert "The round has less room left than this amount." in text_of(answer)
    assert 'value="2,000,000"' in text_of(answer)
    assert table_counts(database) == before
    assert fund.submit(f"{page}/commit", {"instrument": "equity", "amount": "1000000"}, page=page).status_code == 302
    assert deals.reload_round(market["round"]).committed_minor == 11 * MILLION


def test_a_released_place_can_be_taken_again(market: Any, deals: Any, database: Any) -> None:
    commitment = deals.commit(market["angel"], market["round"], 11 * MILLION)
    with database.transaction() as session:
        held = queries.get_commitment(session, actor=market["angel"].actor, public_id=commitment.public_id)
        release_commitment(session, actor=market["angel"].actor, commitment=held, now=clock.now())
    deals.commit(market["fund"], market["round"], 11 * MILLION)
    assert deals.reload_round(market["round"]).committed_minor == 11 * MILLION


def test_loans_and_equity_have_rooms_of_their_own(market: Any, deals: Any) -> None:
    deals.commit(market["angel"], market["round"], 11 * MILLION)
    deals.commit(market["bank"], market["round"], 5 * MILLION, "loan")
    round_ = deals.reload_round(market["round"])
    assert (round_.committed_minor, round_.committed_loan_minor) == (11 * MILLION, 5 * MILLION)


@pytest.mark.parametrize(
    ("who", "instrument", "amount", "code"),
    [
        ("angel", "equity", MILLION - 1, "ticket_out_of_range"),
        ("angel", "equity", 12 * MILLION, "round_full"),
        ("bank", "equity", MILLION, "instrument_not_for_kind"),
        ("angel", "loan", MILLION, "instrument_not_for_kind"),
        ("angel", "bonds", MILLION, "instrument_not_for_kind"),
        ("bank", "loan", 6 * MILLION, "round_full"),
        ("unverified", "equity", MILLION, "not_allowed"),
        ("team", "equity", MILLION, "not_allowed"),
    ],
)
def test_what_may_not_be_committed(
    market: Any, deals: Any, database: Any, who: str, instrument: str, amount: int, code: str
) -> None:
    before = table_counts(database)
    with pytest.raises(MarketplaceError) as caught:
        deals.commit(market[who], market["round"], amount, instrument)
    assert caught.value.code == code
    assert table_counts(database) == before
    assert deals.reload_round(market["round"]).committed_minor == 0


def test_the_limit_of_one_investor_and_another_currency(market: Any, deals: Any, projects: Any, database: Any) -> None:
    round_ = deals.round(market["team"], market["project"], investor_limit_minor=4 * MILLION)
    with pytest.raises(MarketplaceError) as caught:
        deals.commit(market["angel"], round_, 5 * MILLION)
    assert (caught.value.code, caught.value.details) == ("ticket_out_of_range", {"most_minor": 4 * MILLION})
    with database.transaction() as session, pytest.raises(MarketplaceError) as caught:
        found = queries.find_round(session, round_id=round_.id)
        make_commitment(
            session, actor=market["angel"].actor, round_=found, instrument="equity", amount=Money(MILLION, "USD"),
            now=clock.now(),
        )  # fmt: skip
    assert caught.value.code == "currency_mismatch"


def test_one_organisation_commits_once_with_one_instrument(market: Any, deals: Any) -> None:
    deals.commit(market["angel"], market["round"], MILLION)
    with pytest.raises(MarketplaceError) as caught:
        deals.commit(market["angel"], market["round"], MILLION)
    assert caught.value.code == "already_committed"


def test_the_assessed_level_closes_an_instrument_with_its_reason(
    make: Any, market: Any, deals: Any, projects: Any
) -> None:
    """At an assessed TRL of 3 no loan with a warrant is open, however far the claim goes."""
    projects.assessed(market["project"], market["team"], make.member("assessor"), trl=3, mrl=3)
    with pytest.raises(MarketplaceError) as caught:
        deals.commit(market["bank"], market["round"], MILLION, "warrant_loan")
    assert caught.value.code == "instrument_closed"
    assert caught.value.details["reason_en"]
    assert deals.reload_round(market["round"]).committed_loan_minor == 0


def test_rivals_see_the_room_but_not_each_other_until_they_are_in(new_browser: Any, market: Any, deals: Any) -> None:
    deals.commit(market["angel"], market["round"], 3_210_000_00)
    url = f"/rounds/{market['round'].public_id}?lang=en"
    name = market["angel"].organisation.name_en
    fund = new_browser().sign_in(market["fund"].user)
    assert name not in text_of(fund.get(url))
    sent = fund.get(f"/api/v1/rounds/{market['round'].public_id}").get_json()
    assert sent["commitments"] == []
    assert sent["sees_all_commitments"] is False
    for who in ("team", "angel", "regulator"):
        assert name in text_of(new_browser().sign_in(market[who].user).get(url))
    deals.commit(market["fund"], market["round"], MILLION)
    assert name in text_of(fund.get(url))
    listed = fund.get("/api/v1/rounds").get_json()
    assert len(listed["data"][0]["commitments"]) == 2


def test_wrong_roles_and_strangers_are_turned_away(new_browser: Any, market: Any, deals: Any, make: Any) -> None:
    commitment = deals.commit(market["angel"], market["round"], MILLION)
    page = f"/rounds/{market['round'].public_id}"
    form = {"instrument": "equity", "amount": "1000000"}
    for who in ("viewer", "team", "regulator"):
        browser = new_browser().sign_in(market[who].user)
        assert browser.submit(f"{page}/commit", form, page=page).status_code == 403, who
    fund = new_browser().sign_in(market["fund"].user)
    for act in ("harden", "release"):
        answer = fund.submit(f"/commitments/{commitment.public_id}/{act}", {}, page=page)
        assert answer.status_code == 404, act
    assert fund.submit(f"{page}/close", {}, page=page).status_code == 403
    stranger = new_browser().sign_in(make.member("project_team").user)
    assert stranger.submit(f"{page}/close", {}, page="/").status_code in (403, 404)
    unverified = new_browser().sign_in(market["unverified"].user)
    assert unverified.get(page).status_code == 404
    assert deals.reload_round(market["round"]).state == "open"


def test_two_submits_of_one_form_are_one_commitment(new_browser: Any, market: Any, deals: Any) -> None:
    fund = new_browser().sign_in(market["fund"].user)
    page = f"/rounds/{market['round'].public_id}"
    form = {"instrument": "equity", "amount": "1000000", "form_key": "once"}
    answers = [fund.submit(f"{page}/commit", form, page=page) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert len(deals.reload_round(market["round"]).commitments) == 1


def test_no_place_after_the_deadline(make: Any, market: Any, deals: Any, database: Any) -> None:
    from datetime import UTC, date, datetime

    round_ = deals.round(market["team"], market["project"], deadline=date(2026, 12, 31))
    late, early = datetime(2026, 12, 31, 16, 0, tzinfo=UTC), datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    actor = market["angel"].actor
    for moment, allowed in ((late, False), (early, True)):
        with database.transaction() as session:
            found = queries.find_round(session, round_id=round_.id)
            assert found is not None
            values = {"instrument": "equity", "amount": Money(MILLION, "CNY"), "now": moment}
            if allowed:
                assert make_commitment(session, actor=actor, round_=found, **values).state == "soft"
            else:
                with pytest.raises(MarketplaceError) as caught:
                    make_commitment(session, actor=actor, round_=found, **values)
                assert caught.value.code == "round_not_open"


def test_a_commitment_moves_the_budget_of_its_mandate_and_gives_it_back(
    app: Any, make: Any, market: Any, deals: Any, database: Any
) -> None:
    bank = market["bank"]
    other = deals.mandate(bank, instruments=["warrant_loan"])
    lending = deals.mandate(bank, instruments=["loan"])
    commitment = deals.commit(bank, market["round"], 5 * MILLION, "loan")
    assert deals.reload(lending).budget_remaining_minor == 15 * MILLION
    assert deals.reload(other).budget_remaining_minor == 20 * MILLION
    run_due_jobs(app.database)
    with database.transaction() as session:
        held = queries.get_commitment(session, actor=bank.actor, public_id=commitment.public_id)
        release_commitment(session, actor=bank.actor, commitment=held, now=clock.now())
    assert deals.reload(lending).budget_remaining_minor == 20 * MILLION
    named = deals.commit(bank, market["round"], MILLION, "loan", mandate_id=other.id)
    assert named.mandate_id == other.id
    assert deals.reload(other).budget_remaining_minor == 19 * MILLION
