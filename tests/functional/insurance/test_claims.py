"""Claims: the panel's finding, adjusted spend, exact indemnity, split by assignment, paid by two people."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from marketplace.errors import NotAllowedError
from marketplace.events import ClaimSettled
from marketplace.insurance import queries, services
from marketplace.insurance.errors import (
    ClaimInvalidError,
    ClaimOutsidePeriodError,
    ClaimStateError,
    CoverExhaustedError,
    DoubleRecoveryError,
    PolicyStateError,
    UnknownCostItemError,
)
from marketplace.insurance.services import Adjustment
from tests.conftest import table_counts
from tests.factories.insurance import YUAN

NOTIFIED = datetime(2028, 10, 2, 2, 0, tzinfo=UTC)
ASSESSED = datetime(2028, 10, 20, 2, 0, tzinfo=UTC)
ACCEPTED = {"materials": 2_280_000, "personnel": 2_700_000, "centre_fees": 2_800_000, "testing": 620_000}


def assess(market: Any, claim_id: str, *, registered: bool = True, **changes: Any) -> Any:
    if registered:
        market.act(services.register_claim, "claim", claim_id, market.insurer, NOTIFIED)
    values: dict[str, Any] = {
        "determination": "insured_event", "determined_on": date(2028, 10, 20), "panel_document": "Panel 3/2028",
        "adjustments": {code: Adjustment(amount * YUAN) for code, amount in ACCEPTED.items()},
    }  # fmt: skip
    return market.act(services.assess_claim, "claim", claim_id, market.insurer, ASSESSED, **{**values, **changes})


def test_hard_failure_of_scenario_a_pays_the_bank_and_the_insured(market: Any, database: Any) -> None:
    heard: list[ClaimSettled] = []
    database.handlers = {**database.handlers, ClaimSettled: (lambda _session, event: heard.append(event),)}
    policy = market.in_force()
    claim = market.claim(policy, NOTIFIED)
    assessed = assess(market, claim.public_id)
    assert assessed.steps["accepted_minor"] == 8_400_000 * YUAN
    assert assessed.indemnity_minor == 3_735_000 * YUAN
    market.act(services.agree_claim, "claim", claim.public_id, market.team, ASSESSED)
    with database.transaction("read") as session:
        agreed = queries.get_claim(session, actor=market.bank.actor, public_id=claim.public_id)
        parts = {row.organisation_id: row for row in agreed.payments}
    assert parts[market.bank.organisation.id].amount_minor == 1_494_000 * YUAN
    assert parts[market.team.organisation.id].amount_minor == 2_241_000 * YUAN
    assert {row.payment.due_on for row in parts.values()} == {date(2028, 10, 30)}
    assert {row.payment.payer_organisation_id for row in parts.values()} == {market.insurer.organisation.id}
    first, second = (row.payment_id for row in agreed.payments)
    market.pay(first, market.insurer, date(2028, 10, 25))
    assert heard == []
    with database.transaction("read") as session:
        assert queries.get_claim(session, actor=market.team.actor, public_id=claim.public_id).state == "agreed"
    market.pay(second, market.insurer, date(2028, 10, 26))
    assert heard == [
        ClaimSettled(claim_id=claim.id, policy_id=policy.id, amount_minor=3_735_000 * YUAN, currency="CNY",
                     settled_on=date(2028, 10, 26))
    ]  # fmt: skip
    closed = market.act(services.close_claim, "claim", claim.public_id, market.insurer, ASSESSED)
    assert (closed.state, market.reload(policy).indemnified_minor) == ("closed", 3_735_000 * YUAN)


def test_disallowed_amounts_need_a_reason_and_lower_the_indemnity(market: Any) -> None:
    claim = market.claim(market.in_force(), NOTIFIED)
    rows = {code: Adjustment(amount * YUAN) for code, amount in ACCEPTED.items()}
    less = {**rows, "testing": Adjustment(600_000 * YUAN)}
    with pytest.raises(ClaimInvalidError) as refused:
        assess(market, claim.public_id, adjustments=less)
    assert refused.value.field == "reason_testing"
    less["testing"] = Adjustment(600_000 * YUAN, "No invoice for 20,000.")
    found = assess(market, claim.public_id, registered=False, adjustments=less)
    assert found.items[-1]["disallowed_minor"] == 20_000 * YUAN
    assert found.indemnity_minor == 3_725_000 * YUAN
    more = {**rows, "testing": Adjustment(620_001 * YUAN)}
    with pytest.raises(ClaimInvalidError):
        assess(market, claim.public_id, registered=False, adjustments=more)


def test_missed_milestone_without_an_insured_event_pays_nothing(market: Any) -> None:
    claim = market.claim(market.in_force(), NOTIFIED)
    found = assess(market, claim.public_id, determination="no_insured_event")
    assert found.indemnity_minor == 0
    with pytest.raises(ClaimStateError):
        market.act(services.agree_claim, "claim", claim.public_id, market.team, ASSESSED)
    refused = market.act(services.refuse_claim, "claim", claim.public_id, market.insurer, ASSESSED, reason="Yield 78")
    assert refused.state == "refused"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"event_on": date(2027, 1, 14)}, ClaimOutsidePeriodError),
        ({"event_on": date(2029, 1, 1)}, ClaimOutsidePeriodError),
        ({"event_on": date(2028, 10, 3)}, ClaimInvalidError),
        ({"spend": {"equipment": 1}}, UnknownCostItemError),
        ({"spend": {"testing": -1}}, ClaimInvalidError),
        ({"spend": {"testing": True}}, ClaimInvalidError),
        ({"spend": {"testing": 10**16}}, ClaimInvalidError),
        ({"spend": {"testing": 0}}, ClaimInvalidError),
        ({"spend": {}}, ClaimInvalidError),
        ({"description": "  "}, ClaimInvalidError),
    ],
)
def test_wrong_notice_is_refused_and_nothing_is_written(
    market: Any, database: Any, changes: dict[str, Any], error: type[Exception]
) -> None:
    policy = market.in_force()
    before = table_counts(database)
    with pytest.raises(error):
        market.claim(policy, NOTIFIED, **changes)
    assert table_counts(database) == before


def test_no_claim_before_the_premium_is_paid(market: Any) -> None:
    policy = market.bound()
    with pytest.raises(PolicyStateError):
        market.claim(policy, NOTIFIED)


def test_only_the_party_whose_act_it_is_may_do_it(market: Any) -> None:
    policy = market.in_force()
    with pytest.raises(NotAllowedError):
        market.act(
            services.notify_claim, "policy", policy.public_id, market.bank, NOTIFIED, event_on=date(2028, 9, 30),
            description="x", spend={"testing": 1},
        )  # fmt: skip


def test_limit_is_never_paid_twice(market: Any) -> None:
    policy = market.in_force()
    first, second = (market.claim(policy, NOTIFIED) for _ in range(2))
    assess(market, first.public_id)
    assess(market, second.public_id)
    market.act(services.agree_claim, "claim", first.public_id, market.team, ASSESSED)
    with pytest.raises(CoverExhaustedError):
        market.act(services.agree_claim, "claim", second.public_id, market.team, ASSESSED)
    again = assess(market, second.public_id, registered=False)
    # The schedule bounds both claims together: 9.3 m less 930,000, half of it is above the limit of 4 m.
    assert again.indemnity_minor == 4_000_000 * YUAN - 3_735_000 * YUAN
    market.act(services.agree_claim, "claim", second.public_id, market.team, ASSESSED)
    assert market.reload(policy).indemnified_minor == policy.limit_minor


def test_a_loss_belongs_to_one_cover_only(market: Any) -> None:
    policy = market.in_force()
    assess(market, market.claim(policy, NOTIFIED).public_id)
    quote = market.offered(market.request(policy.project, assignments=[]))
    market.act(services.accept_quote, "quote", quote.public_id, market.team)
    market.acknowledge(quote.public_id)
    other = market.act(services.bind_policy, "quote", quote.public_id, market.team)
    market.pay(other.premium_payment_id, market.team, date(2027, 1, 10))
    claim = market.claim(market.reload(other), NOTIFIED)
    with pytest.raises(DoubleRecoveryError):
        assess(market, claim.public_id)


def test_claim_walks_through_its_pages(market: Any, new_browser: Any) -> None:
    policy = market.in_force()
    claim = market.claim(policy, NOTIFIED)
    page = f"/claims/{claim.public_id}"
    insurer, team = new_browser().sign_in(market.insurer.user), new_browser().sign_in(market.team.user)
    assert insurer.submit(f"{page}/register", page=page).status_code == 302
    wrong = insurer.submit(f"{page}/assess", {"determination": "insured_event", "testing": "x"}, page=page)
    assert wrong.status_code == 422
    # The event of the example lies ahead of the server's own day, so a finding cannot be dated yet.
    early = {"determination": "insured_event", "determined_on": "2028-10-20", "panel_document": "P",
             **{code: str(amount) for code, amount in ACCEPTED.items()}}  # fmt: skip
    assert insurer.submit(f"{page}/assess", early, page=page).status_code == 422
    assess(market, claim.public_id, registered=False)
    shown = team.get(f"{page}?lang=en").get_data(as_text=True)
    assert "3,735,000.00" in shown
    assert "8,400,000.00" in shown
    assert team.submit(f"{page}/agree", page=page).status_code == 302
    assert team.submit(f"{page}/agree", page=f"/policies/{policy.public_id}").status_code == 409
    bank = new_browser().sign_in(market.bank.user)
    assert "1,494,000.00" in bank.get(page).get_data(as_text=True)
    assert bank.submit(f"{page}/refuse", {"reason": "no"}, page=page).status_code == 403


def test_deadlines_of_a_claim_are_counted_from_the_notice(market: Any) -> None:
    from marketplace.insurance.rules import list_deadlines

    claim = market.claim(market.in_force(), NOTIFIED)
    rows = {row.key: row for row in list_deadlines(claim, today=date(2028, 11, 2))}
    assert rows["assess"].due_on == date(2028, 11, 1)
    assert rows["assess"].late
    assert rows["interim"].due_on == date(2028, 12, 1)
    assert not rows["interim"].late
    agreed = assess(market, claim.public_id)
    market.act(services.agree_claim, "claim", claim.public_id, market.team, ASSESSED + timedelta(days=1))
    with market.database.transaction("read") as session:
        found = queries.get_claim(session, actor=market.team.actor, public_id=agreed.public_id)
        rows = {row.key: row for row in list_deadlines(found, today=date(2028, 11, 2))}
    assert rows["pay"].due_on == date(2028, 10, 31)
    assert rows["pay"].late
    assert not rows["assess"].late
