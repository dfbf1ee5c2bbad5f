"""Co-insurance: a lead shares its quote, each insurer answers, is paid and pays for itself alone."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest

from marketplace.errors import MarketplaceError, NotAllowedError, NotFoundError
from marketplace.insurance import queries, services
from marketplace.insurance.errors import (
    FollowerNotSignedError,
    OwnQuoteOpenError,
    PanelInvalidError,
    PanelStateError,
    PolicyStateError,
)
from marketplace.insurance.models import Policy
from marketplace.notifications.queries import list_notifications
from marketplace.payments.models import PaymentIntent
from tests.conftest import table_counts
from tests.factories import MOMENT
from tests.factories.insurance import YUAN, PanelFactory
from tests.functional.insurance.test_claims import ASSESSED, NOTIFIED, assess

# 45 %, 32 % and 23 % of 680,657; three per cent of the followers' parts go to the lead.
SHARES = (306_295_65, 217_810_24, 156_551_11)
FEES = (11_230_84, -6_534_31, -4_696_53)


@pytest.fixture
def panel(make: Any) -> PanelFactory:
    return PanelFactory(make)


def payments_of(panel: PanelFactory, policy: Policy) -> dict[int, PaymentIntent]:
    return {intent.payee_organisation_id: intent for intent in panel.reload(policy).premium_payments}


def test_premium_is_split_with_the_lead_fee_and_each_insurer_is_paid_its_own_part(panel: PanelFactory) -> None:
    quote = panel.shared()
    parts = [part for _line, part in services.list_premium_parts(*panel.read(quote))]
    assert tuple(part.share_minor for part in parts) == SHARES
    assert tuple(part.fee_minor for part in parts) == FEES
    assert sum(part.taken_minor for part in parts) == 680_657 * YUAN
    assert sum(part.subsidy_minor for part in parts) == 300_000 * YUAN
    intents = payments_of(panel, panel.bind(quote))
    assert [intents[member.organisation.id].amount_minor for member in panel.insurers] == [
        part.payable_minor for part in parts
    ]
    assert sum(intent.amount_minor for intent in intents.values()) == 380_657 * YUAN
    assert {intent.payer_organisation_id for intent in intents.values()} == {panel.team.organisation.id}


def test_policy_is_in_force_only_when_every_part_is_confirmed(panel: PanelFactory) -> None:
    policy = panel.bind(panel.shared())
    first, second, third = payments_of(panel, policy).values()
    for intent, day in ((third, date(2027, 1, 22)), (first, date(2027, 1, 11))):
        panel.pay(intent.id, panel.team, day)
        assert panel.reload(policy).state == "bound"
    with pytest.raises(PolicyStateError):
        panel.claim(panel.reload(policy), NOTIFIED)
    panel.pay(second.id, panel.team, date(2027, 1, 12))
    found = panel.reload(policy)
    assert (found.state, found.in_force_on) == ("in_force", date(2027, 1, 22)), "from the last day that was paid"


def test_parts_confirmed_at_once_start_the_cover_once(panel: PanelFactory) -> None:
    policy = panel.bind(panel.shared())
    lines = [panel.record(intent.id, panel.team, date(2027, 1, 11)) for intent in payments_of(panel, policy).values()]
    start = threading.Barrier(len(lines))

    def confirm(line_id: int) -> None:
        start.wait()
        panel.confirm(line_id)

    threads = [threading.Thread(target=confirm, args=(line_id,)) for line_id in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert panel.reload(policy).state == "in_force"


def test_cover_is_not_bound_before_every_follower_has_accepted(panel: PanelFactory) -> None:
    quote = panel.offered_by_lead()
    panel.propose(quote)
    panel.act(services.accept_quote, "quote", quote.public_id, panel.team)
    for member in (panel.second, panel.third):
        with pytest.raises(FollowerNotSignedError):
            panel.acknowledge(quote.public_id)
        with pytest.raises(FollowerNotSignedError):
            panel.act(services.bind_policy, "quote", quote.public_id, panel.team)
        panel.accept(quote, member)
    panel.acknowledge(quote.public_id)
    policy = panel.act(services.bind_policy, "quote", quote.public_id, panel.team)
    assert [row["share_bps"] for row in policy.content["coinsurance"]["lines"]] == [4500, 3200, 2300]
    assert policy.content["coinsurance"]["lead"] == panel.insurer.organisation.public_id


def test_nobody_accepts_for_another_and_an_editor_does_not_sign(panel: PanelFactory, make: Any) -> None:
    quote = panel.offered_by_lead()
    panel.propose(quote)
    line = panel.line_of(quote, panel.second)
    for member in (panel.third, panel.insurer, panel.team, make.member("insurer")):
        with pytest.raises(NotFoundError):
            panel.act(services.accept_line, "line", line.public_id, member)
    editor = make.member("insurer", "editor", organisation=panel.second.organisation)
    with pytest.raises(NotAllowedError):
        panel.act(services.accept_line, "line", line.public_id, editor)
    signatory = make.member("insurer", "signatory", organisation=panel.second.organisation)
    panel.act(services.accept_line, "line", line.public_id, signatory)
    with pytest.raises(PanelStateError):
        panel.act(services.accept_line, "line", line.public_id, signatory)
    with pytest.raises(PanelStateError):
        panel.act(services.decline_line, "line", line.public_id, signatory, reason="second thoughts")


def test_after_a_refusal_the_lead_shares_anew_and_the_refusal_stays_on_file(panel: PanelFactory) -> None:
    quote = panel.offered_by_lead()
    panel.propose(quote)
    panel.accept(quote, panel.second)
    line = panel.line_of(quote, panel.third)
    with pytest.raises(PanelInvalidError):
        panel.act(services.decline_line, "line", line.public_id, panel.third, reason=" ")
    panel.act(services.decline_line, "line", line.public_id, panel.third, reason="No capacity this year")
    panel.act(services.accept_quote, "quote", quote.public_id, panel.team)
    with pytest.raises(FollowerNotSignedError):
        panel.acknowledge(quote.public_id)
    fresh = panel.propose(quote, shares=(6800, 3200), followers=[panel.second])
    assert fresh.number == 2
    with panel.database.transaction("read") as session:
        assert queries.list_lines(session, actor=panel.third.actor) == []
        kinds = [row.kind for row in list_notifications(session, actor=panel.third.actor)]
        assert "panel.superseded" in kinds
    panel.accept(quote, panel.second)
    panel.acknowledge(quote.public_id)
    policy = panel.act(services.bind_policy, "quote", quote.public_id, panel.team)
    assert [share for _insurer, share in panel.reload(policy).shares] == [6800, 3200]


@pytest.mark.parametrize(("act", "values"), [
    (services.withdraw_quote, {"reason": "The reinsurer has stepped back."}), (services.revise_quote, {}),
])  # fmt: skip
def test_followers_are_told_when_the_lead_takes_its_quote_back(panel: PanelFactory, act: Any, values: Any) -> None:
    quote = panel.offered_by_lead()
    panel.propose(quote)
    panel.accept(quote, panel.second)
    panel.act(act, "quote", quote.public_id, panel.insurer, **values)
    with panel.database.transaction("read") as session:
        for follower in (panel.second, panel.third):
            kinds = [row.kind for row in list_notifications(session, actor=follower.actor)]
            assert kinds.count("panel.ended") == 1


def test_same_proposal_again_asks_nobody_twice(panel: PanelFactory) -> None:
    quote = panel.offered_by_lead()
    first = panel.propose(quote)
    before = table_counts(panel.database)
    assert panel.propose(quote).public_id == first.public_id
    assert table_counts(panel.database) == before


def test_complete_panel_and_the_quote_of_one_insurer_stay_as_they_were_accepted(panel: PanelFactory) -> None:
    quote = panel.shared()
    with pytest.raises(PanelStateError):
        panel.propose(quote, shares=(6000, 4000), followers=[panel.second])
    policy = panel.bind(quote)
    before = table_counts(panel.database)
    with pytest.raises(PanelStateError):
        panel.propose(quote)
    assert table_counts(panel.database) == before
    assert len(panel.reload(policy).shares) == 3
    alone = panel.offered(panel.request(panel.reload(policy).project))
    panel.act(services.accept_quote, "quote", alone.public_id, panel.team)
    with pytest.raises(PanelStateError):
        panel.propose(alone)


@pytest.mark.parametrize(
    ("shares", "field"),
    [
        ((4500, 3200, 2299), "lead_share"),
        ((4500, 3200, 2301), "lead_share"),
        ((0, 7000, 3000), "lead_share"),
        ((10_000, 0, 0), "lead_share"),
        ((-1000, 8000, 3000), "lead_share"),
        ((True, 6000, 3999), "lead_share"),
        ((4500, 5500, 0), "share_2"),
        ((4500, 10**18, 1), "share_1"),
        ((4500.0, 3200, 2300), "lead_share"),
    ],
)
def test_wrong_shares_are_refused_at_the_field_and_nothing_is_written(
    panel: PanelFactory, shares: tuple[Any, ...], field: str
) -> None:
    quote = panel.offered_by_lead()
    before = table_counts(panel.database)
    with pytest.raises(PanelInvalidError) as refused:
        panel.propose(quote, shares=shares)
    assert field in refused.value.errors
    assert table_counts(panel.database) == before


@pytest.mark.parametrize("fee", ["1", "-0.01", "NaN", "Infinity", "0.00001", "x", "1e9", "", "0.99999"])
def test_wrong_fee_is_refused(panel: PanelFactory, fee: str) -> None:
    with pytest.raises(PanelInvalidError) as refused:
        panel.propose(panel.offered_by_lead(), lead_fee=fee)
    assert "lead_fee" in refused.value.errors


def test_followers_are_verified_insurers_each_once(panel: PanelFactory, make: Any) -> None:
    quote = panel.offered_by_lead()
    pending = make.member("insurer", verification_state="pending")
    for wrong in (panel.bank, panel.team, pending, panel.insurer, panel.second):
        with pytest.raises(PanelInvalidError) as refused:
            panel.propose(quote, followers=[panel.second, wrong])
        assert set(refused.value.errors) == {"follower_2"}
    with pytest.raises(PanelInvalidError) as alone:
        panel.propose(quote, shares=(9000,), followers=[])
    assert set(alone.value.errors) == {"follower_1"}


def test_only_the_insurer_of_the_quote_shares_it(panel: PanelFactory) -> None:
    quote = panel.offered_by_lead()
    for member in (panel.team, panel.second):
        with pytest.raises(MarketplaceError) as refused:
            panel.propose(quote, member=member)
        assert isinstance(refused.value, NotAllowedError | NotFoundError)


def test_price_stays_sealed_to_a_follower_whose_own_quote_is_open(panel: PanelFactory) -> None:
    panel.product()
    panel.product(panel.second, code="rival")
    request = panel.request(panel.project(), [panel.insurer, panel.second])
    quote, own = panel.offered(request), panel.quote_of(request, panel.second)
    panel.propose(quote)
    line = panel.line_of(quote, panel.second)
    with panel.database.transaction("read") as session, pytest.raises(NotFoundError):
        queries.get_quote(session, actor=panel.second.actor, public_id=quote.public_id)
    with pytest.raises(OwnQuoteOpenError):
        panel.act(services.accept_line, "line", line.public_id, panel.second)
    panel.act(services.decline_quote, "quote", own, panel.second, reason="We follow.")
    panel.act(services.accept_line, "line", line.public_id, panel.second)
    with panel.database.transaction("read") as session:
        assert queries.get_quote(session, actor=panel.second.actor, public_id=quote.public_id).premium_minor
        assert [row.public_id for row in queries.list_quotes(session, actor=panel.second.actor)] == [own]


def test_line_is_not_accepted_after_the_last_day_of_the_quote(panel: PanelFactory) -> None:
    quote = panel.offered_by_lead()
    panel.propose(quote)
    line = panel.line_of(quote, panel.second)
    with pytest.raises(PanelStateError):
        panel.act(services.accept_line, "line", line.public_id, panel.second, MOMENT + timedelta(days=31))


def test_indemnity_is_owed_severally_and_paid_by_each_insurer_alone(panel: PanelFactory) -> None:
    policy = panel.in_force_with_panel()
    claim = panel.claim(policy, NOTIFIED)
    assess(panel, claim.public_id)
    panel.act(services.agree_claim, "claim", claim.public_id, panel.team, ASSESSED)
    with panel.database.transaction("read") as session:
        rows = queries.get_claim(session, actor=panel.third.actor, public_id=claim.public_id).payments
    owed = {
        member.organisation.id: sum(
            row.amount_minor for row in rows if row.insurer_organisation_id == member.organisation.id
        )
        for member in panel.insurers
    }
    assert list(owed.values()) == [1_680_750 * YUAN, 1_195_200 * YUAN, 859_050 * YUAN]
    to_bank = sum(row.amount_minor for row in rows if row.organisation_id == panel.bank.organisation.id)
    assert to_bank == 1_494_000 * YUAN
    assert sum(row.amount_minor for row in rows) == 3_735_000 * YUAN
    payers = {member.organisation.id: member for member in panel.insurers}
    for number, row in enumerate(rows, start=1):
        assert row.payment.payer_organisation_id == row.insurer_organisation_id
        panel.pay(row.payment_id, payers[row.insurer_organisation_id], date(2028, 10, 25))
        with panel.database.transaction("read") as session:
            state = queries.get_claim(session, actor=panel.team.actor, public_id=claim.public_id).state
        assert state == ("paid" if number == len(rows) else "agreed")


def test_policy_of_which_one_part_stays_unpaid_lapses(panel: PanelFactory) -> None:
    policy = panel.bind(panel.shared())
    first, second, third = payments_of(panel, policy).values()
    panel.pay(first.id, panel.team, date(2027, 1, 11))
    with panel.database.transaction() as session:
        assert services.expire_insurance(session, now=MOMENT + timedelta(days=800)) == 1
    found = panel.reload(policy)
    assert found.state == "lapsed"
    states = {intent.id: intent.state for intent in found.premium_payments}
    assert states == {first.id: "confirmed", second.id: "cancelled", third.id: "cancelled"}
