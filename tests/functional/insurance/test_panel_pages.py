"""The pages of a panel: proposed on the quote, answered by each follower, seen by its parties and nobody else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from marketplace.insurance import queries, services
from tests.conftest import table_counts
from tests.factories.insurance import PanelFactory
from tests.functional.insurance.test_claims import ASSESSED, NOTIFIED, assess


@pytest.fixture
def panel(make: Any) -> PanelFactory:
    return PanelFactory(make)


def form_of(panel: PanelFactory, **changes: Any) -> dict[str, Any]:
    form = {
        "lead_share": "45", "lead_fee": "3", "follower_1": panel.second.organisation.public_id, "share_1": "32",
        "follower_3": panel.third.organisation.public_id, "share_3": "23.00%",
    }  # fmt: skip
    return {**form, **changes}


def test_panel_is_proposed_accepted_and_bound_through_the_pages(panel: PanelFactory, new_browser: Any) -> None:
    quote = panel.offered_by_lead()
    page = f"/quotes/{quote.public_id}"
    lead, team = new_browser().sign_in(panel.insurer.user), new_browser().sign_in(panel.team.user)
    assert lead.submit(f"{page}/panel", form_of(panel), page=page).status_code == 302
    assert team.submit(f"{page}/accept", page=page).status_code == 302
    assert "shown_hash" not in team.get(page).get_data(as_text=True), (
        "nothing to bind while a follower has not accepted"
    )
    assert team.submit(f"{page}/bind", {"acknowledged": "1", "shown_hash": "x"}, page=page).status_code == 409
    for member in (panel.second, panel.third):
        follower = new_browser().sign_in(member.user)
        line = f"/coinsurance-lines/{panel.line_of(quote, member).public_id}"
        assert line in follower.get("/quotes").get_data(as_text=True)
        assert "680,657.00" in follower.get(f"{page}?lang=en").get_data(as_text=True)
        assert follower.submit(f"{line}/accept", page=line).status_code == 302
        assert follower.submit(f"{line}/accept", page=page).status_code == 409
    shown = team.get(f"/quote-requests/{panel.read(quote)[1].request.public_id}?lang=en").get_data(as_text=True)
    assert "45.00%" in shown
    panel.acknowledge(quote.public_id)
    policy = panel.act(services.bind_policy, "quote", quote.public_id, panel.team)
    shown = team.get(f"/policies/{policy.public_id}?lang=en").get_data(as_text=True)
    for text in ("32.00%", "306,295.65", "11,230.84", "1,280,000.00", "Several, not joint"):
        assert text in shown, text


def test_parties_of_the_panel_see_policy_and_claim_and_a_foreign_insurer_does_not(
    panel: PanelFactory, new_browser: Any, make: Any
) -> None:
    policy = panel.in_force_with_panel()
    claim = panel.claim(policy, NOTIFIED)
    assess(panel, claim.public_id)
    panel.act(services.agree_claim, "claim", claim.public_id, panel.team, ASSESSED)
    with panel.database.transaction("read") as session:
        quote_id = queries.get_policy(session, actor=panel.team.actor, public_id=policy.public_id).quote.public_id
    pages = (f"/policies/{policy.public_id}", f"/claims/{claim.public_id}", f"/quotes/{quote_id}")
    for member in (*panel.insurers, panel.team):
        party = new_browser().sign_in(member.user)
        for page in pages:
            for language in ("en", "zh"):
                assert party.get(f"{page}?lang={language}").status_code == 200
        assert policy.number in party.get("/policies").get_data(as_text=True)
        assert "859,050.00" in party.get(f"{pages[1]}?lang=en").get_data(as_text=True)
        assert party.submit(f"{pages[1]}/close", page=pages[1]).status_code in (403, 409)
    foreign = new_browser().sign_in(make.member("insurer").user)
    for page in pages:
        assert foreign.get(page).status_code == 404
    assert policy.number not in foreign.get("/policies").get_data(as_text=True)
    bank = new_browser().sign_in(panel.bank.user).get(f"{pages[0]}?lang=en").get_data(as_text=True)
    assert "/payments/pay_" not in bank, "an assignee sees the panel, not the payments of others"
    follower = new_browser().sign_in(panel.second.user).get(f"{pages[0]}?lang=en").get_data(as_text=True)
    assert follower.count("/payments/pay_") == 1, "an insurer sees its own payment only"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lead_share": "44.99"}, "lead_share"),
        ({"lead_share": ""}, "lead_share"),
        ({"lead_share": "45.001"}, "lead_share"),
        ({"lead_share": "1e30"}, "lead_share"),
        ({"lead_fee": "100"}, "lead_fee"),
        ({"lead_fee": "3.001"}, "lead_fee"),
        ({"lead_fee": "-3"}, "lead_fee"),
        ({"share_3": "0"}, "share_3"),
        ({"share_3": "-23"}, "share_3"),
        ({"share_3": "NaN"}, "share_3"),
        ({"share_3": "２３"}, "share_3"),
        ({"follower_3": "org_nobody"}, "follower_3"),
        ({"follower_3": ""}, "follower_3"),
        ({"follower_3": "bank"}, "follower_3"),
        ({"follower_3": "lead"}, "follower_3"),
        ({"follower_3": "second"}, "follower_3"),
    ],
)
def test_wrong_panel_is_refused_at_the_field_and_keeps_what_was_typed(
    panel: PanelFactory, new_browser: Any, changes: dict[str, str], field: str
) -> None:
    members = {"bank": panel.bank, "lead": panel.insurer, "second": panel.second}
    quote = panel.offered_by_lead()
    page = f"/quotes/{quote.public_id}"
    lead = new_browser().sign_in(panel.insurer.user)
    before = table_counts(panel.database)
    typed = {name: members[text].organisation.public_id if text in members else text for name, text in changes.items()}
    answer = lead.submit(f"{page}/panel", form_of(panel, **typed), page=page)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422, text[:2000]
    assert f'href="#field-{field}"' in text
    assert f'id="error-{field}"' in text
    assert 'value="32"' in text
    assert table_counts(panel.database) == before


def test_proposal_after_binding_is_a_conflict_with_what_was_typed(panel: PanelFactory, new_browser: Any) -> None:
    quote = panel.offered_by_lead()
    page = f"/quotes/{quote.public_id}"
    lead = new_browser().sign_in(panel.insurer.user)
    panel.bind(quote)
    before = table_counts(panel.database)
    answer = lead.submit(f"{page}/panel", form_of(panel), page="/quotes")
    assert answer.status_code == 409
    assert 'id="error-lead_share"' in answer.get_data(as_text=True)
    assert 'value="23.00%"' in answer.get_data(as_text=True)
    assert table_counts(panel.database) == before


def test_second_submit_of_a_proposal_or_an_answer_has_one_effect(panel: PanelFactory, new_browser: Any) -> None:
    quote = panel.offered_by_lead()
    page = f"/quotes/{quote.public_id}"
    lead = new_browser().sign_in(panel.insurer.user)
    for _ in range(2):
        assert lead.submit(f"{page}/panel", form_of(panel, form_key="once"), page=page).status_code == 302
    assert lead.submit(f"{page}/panel", form_of(panel), page=page).status_code == 302
    assert panel.read(quote)[0].number == 1
    line = f"/coinsurance-lines/{panel.line_of(quote, panel.second).public_id}"
    follower = new_browser().sign_in(panel.second.user)
    empty = follower.submit(f"{line}/decline", {"reason": " "}, page=line)
    assert empty.status_code == 422
    assert 'href="#field-reason"' in empty.get_data(as_text=True)
    for _ in range(2):
        answer = follower.submit(f"{line}/decline", {"reason": "full", "form_key": "no"}, page=line)
        assert answer.status_code == 302
    shown = lead.get(page).get_data(as_text=True)
    assert "full" in shown
    assert 'name="share_2" value="23"' in shown, "the lead types only what it changes"
    team = new_browser().sign_in(panel.team.user)
    assert "full" not in team.get(page).get_data(as_text=True), "why a follower declines is for the lead"


def test_line_is_its_insurers_own_and_the_price_is_sealed_to_a_rival(
    panel: PanelFactory, new_browser: Any, make: Any
) -> None:
    panel.product()
    panel.product(panel.second, code="rival")
    request = panel.request(panel.project(), [panel.insurer, panel.second])
    quote = panel.offered(request)
    panel.propose(quote)
    line = f"/coinsurance-lines/{panel.line_of(quote, panel.second).public_id}"
    rival = new_browser().sign_in(panel.second.user)
    for page in (line, "/quotes", f"/quote-requests/{request.public_id}"):
        text = rival.get(f"{page}?lang=en").get_data(as_text=True)
        assert "680,657" not in text
        assert "306,295" not in text
    assert rival.get(f"/quotes/{quote.public_id}").status_code == 404
    assert rival.submit(f"{line}/accept", page=line).status_code == 409
    for kind in ("insurer", "project_team", "bank"):
        assert new_browser().sign_in(make.member(kind).user).get(line).status_code in (403, 404)
    assert new_browser().sign_in(panel.insurer.user).get(line).status_code == 404
    overseer = new_browser().sign_in(make.member("regulator").user)
    assert "306,295.65" in overseer.get(f"{line}?lang=en").get_data(as_text=True)
    editor = make.member("insurer", "editor", organisation=panel.third.organisation)
    other = f"/coinsurance-lines/{panel.line_of(quote, panel.third).public_id}"
    assert new_browser().sign_in(editor.user).submit(f"{other}/accept", page=other).status_code == 403


def test_followers_read_their_notices(panel: PanelFactory, new_browser: Any) -> None:
    quote = panel.shared()
    policy = panel.bind(quote)
    for intent in panel.reload(policy).premium_payments:
        panel.pay(intent.id, panel.team, date(2027, 1, 10))
    for member, words in ((panel.second, "Waiting for its answer"), (panel.insurer, "Share accepted")):
        text = new_browser().sign_in(member.user).get("/inbox?lang=en").get_data(as_text=True)
        assert words in text
        assert "In force" in text
