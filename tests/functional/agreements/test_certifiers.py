"""A second auditor at the table certifies nothing of a grant: it neither confirms nor refuses, and sees no button."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace.agreements import queries
from marketplace.agreements.errors import EventNotYoursError
from marketplace.agreements.services import proposals
from marketplace.agreements.services.drafting import make_terms
from tests.conftest import table_counts
from tests.factories import MOMENT
from tests.factories import agreements as factory
from tests.functional.agreements.test_fund_first import SEATS, form
from tests.worked_examples import fund_first_story as story


@pytest.fixture
def scene(make: Any) -> factory.Scene:
    """A grant that is drawn, with an auditor that its terms do not name beside the one that they do."""
    terms = make_terms(story.parameters(), template="fund_first")
    named = next(party for party in terms["parties"] if party["id"] == "auditor")
    terms["parties"].append(
        {**named, "id": "other", "name": {"zh": "另一会计师事务所", "en": "Another firm"}, "priority": 9}
    )
    made = factory.make_active(make, terms=terms, kinds={**SEATS, "other": "auditor"})
    factory.play(made, [*story.drawn("T1", "T2")])
    return made


def test_only_the_certifier_of_the_terms_decides_on_a_proposal(scene: factory.Scene, new_browser: Any) -> None:
    here = f"/agreements/{scene.public_id}"
    team = new_browser().sign_in(scene.members["project"].user)
    assert team.submit(f"{here}/events/new/conversion", form()).status_code == 302
    pages = {
        name: new_browser().sign_in(scene.members[name].user).get(f"{here}?lang=en").get_data(as_text=True)
        for name in ("auditor", "other")
    }
    for act in ("confirm", "refuse"):
        assert f"/{act}" in pages["auditor"].split('id="parties"')[0]
        assert f"/{act}" not in pages["other"]
    before = table_counts(scene.factory.database)
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        (waiting,) = queries.list_proposals(session, agreement_id=agreement.id, state="waiting")
        given: dict[str, Any] = {"agreement": agreement, "proposal": waiting, "now": MOMENT}
        for party in ("other", "guidance", "project"):
            actor = scene.members[party].actor
            with pytest.raises(EventNotYoursError):
                proposals.refuse_proposal(session, actor=actor, reason="no", **given)
            with pytest.raises(EventNotYoursError):
                proposals.confirm_proposal(session, actor=actor, **given)
    assert table_counts(scene.factory.database) == before
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        (waiting,) = queries.list_proposals(session, agreement_id=agreement.id, state="waiting")
        proposals.refuse_proposal(
            session,
            agreement=agreement,
            actor=scene.members["auditor"].actor,
            proposal=waiting,
            reason="no",
            now=MOMENT,
        )
        assert waiting.state == "refused"
