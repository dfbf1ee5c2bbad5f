"""A following insurer reads the lead's trail; the probability in it opens by the team's consent, not by the lead's."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from marketplace import clock
from marketplace.accounts.services.keys import create_api_key
from marketplace.insurance import services
from marketplace.insurance.rules import without_score
from marketplace.projects.queries import find_project, list_consents
from marketplace.projects.services import grant_score_consent, revoke_score_consent
from tests.factories import MOMENT
from tests.factories.insurance import PanelFactory


@pytest.fixture
def panel(make: Any) -> PanelFactory:
    return PanelFactory(make)


def numbers_of_the_score(trail: dict[str, Any]) -> set[str]:
    """Every figure that tells the probability, as it would stand on a page or in a document."""
    premium = trail["premium"]
    return {trail["trigger_probability"], trail["trigger"]["factors"][0]["value"], str(premium["expected_loss"]),
            str(premium["technical"]), trail["rates"]["expected_loss_ratio"], str(trail["raw_score"]["premium_minor"]),
            trail["trigger"]["basis_risk"]["missed_and_not_paid"], str(premium["risk_load"])}  # fmt: skip


def set_consent(panel: PanelFactory, quote: Any, organisation: Any, *, given: bool) -> None:
    with panel.database.transaction() as session:
        project = find_project(session, project_id=quote.request.project_id)
        assert project is not None
        actor = panel.team.actor
        if given:
            grant_score_consent(session, actor=actor, project=project, organisation=organisation, now=MOMENT)
            return
        for row in list_consents(session, project_id=project.id):
            if row.organisation_id == organisation.id:
                revoke_score_consent(session, actor=actor, project=project, consent=row, now=MOMENT)


def read_by_api(panel: PanelFactory, client: Any, member: Any, quote: Any) -> dict[str, Any]:
    with panel.database.transaction() as session:
        _key, secret = create_api_key(
            session, actor=member.actor, name=secrets.token_hex(4), scopes=["read"], days=365, now=clock.now()
        )
    answer = client.get(f"/api/v1/quotes/{quote.public_id}", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return dict(answer.get_json())


def test_a_follower_sees_the_probability_only_by_the_teams_consent(panel: PanelFactory, new_browser: Any) -> None:
    quote = panel.shared()
    full, client = panel.read(quote)[1].trail, new_browser().client
    follower = new_browser().sign_in(panel.second.user)
    page = f"/quotes/{quote.public_id}?lang=en"

    set_consent(panel, panel.read(quote)[1], panel.second.organisation, given=False)
    shown = follower.get(page).get_data(as_text=True)
    assert "has not let your organisation read its scores" in shown
    assert "680,657.00" in shown
    for words in ("Expected loss", "Basis risk", "Technical premium</th>", "Premium if every missed", "Mean payment"):
        assert words not in shown, words
    body = read_by_api(panel, client, panel.second, quote)
    assert (body["trigger_probability"], body["score_id"], body["trail"]["score_left_out"]) == (None, None, True)
    assert body["premium"]["amount_minor"] == 680_657_00
    assert not {text for text in numbers_of_the_score(full) if text in str(body["trail"])}

    set_consent(panel, panel.read(quote)[1], panel.second.organisation, given=True)
    shown = follower.get(page).get_data(as_text=True)
    assert "has not let your organisation read its scores" not in shown
    assert "Technical premium</th>" in shown
    body = read_by_api(panel, client, panel.second, quote)
    assert (body["trail"], body["trigger_probability"]) == (full, full["trigger_probability"])


def test_lead_and_team_read_the_whole_trail_whatever_the_consent(panel: PanelFactory, new_browser: Any) -> None:
    quote = panel.shared()
    set_consent(panel, panel.read(quote)[1], panel.insurer.organisation, given=False)
    for member in (panel.insurer, panel.team):
        assert (
            read_by_api(panel, new_browser().client, member, quote)["trigger_probability"] == quote.trigger_probability
        )


def test_a_rule_that_rests_on_the_score_is_left_out_with_its_figure(panel: PanelFactory) -> None:
    rules = [{"effect": "refer", "field": "trigger_probability", "operator": "above", "value": "0.01",
              "reason_zh": "触发概率", "reason_en": "trigger"},
             {"effect": "refer", "field": "trl", "operator": "below", "value": "9",
              "reason_zh": "等级", "reason_en": "level"}]  # fmt: skip
    panel.product(rules=rules)
    request = panel.request(panel.project())
    quote = panel.act(services.price_quote, "quote", panel.quote_of(request), panel.insurer)
    assert [flag["field"] for flag in quote.trail["flags"]] == ["trigger_probability", "trl"]
    assert [flag["field"] for flag in without_score(quote.trail)["flags"]] == ["trl"]
