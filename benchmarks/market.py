"""A throw-away application on SQLite with one member and a key."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from marketplace import clock
from marketplace.accounts.models import Membership, Organisation, User
from marketplace.accounts.services import create_api_key
from marketplace.accounts.signin.actor import make_actor
from marketplace.app import Marketplace, create_app
from marketplace.config import Settings
from marketplace.db import Base


@contextmanager
def running_app() -> Iterator[Marketplace]:
    """The application with its schema, removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            Settings(
                environment="test", instance_path=Path(folder), database_url=f"sqlite:///{folder}/bench.sqlite3",
                secret_key="bench", password_salt="bench", totp_secret="x" * 43, rate_limits_enabled=False,
            )
        )  # fmt: skip
        Base.metadata.create_all(app.database.engine)
        yield app
        app.database.engine.dispose()


def make_headers(app: Marketplace) -> dict[str, str]:
    """A bearer key of the owner of a verified project team."""
    now = clock.now()
    with app.database.transaction() as session:
        organisation = Organisation(
            kind="project_team", name_zh="测", name_en="Bench", credit_code="91BENCH00000000001",
            region_code="310000", verification_state="verified", verified_at=now, created_at=now,
        )  # fmt: skip
        user = User(email="bench@test.example", name_zh="测", name_en="Bench", fs_uniquifier="bench", confirmed_at=now)
        session.add_all([organisation, user])
        session.flush()
        membership = Membership(user_id=user.id, organisation_id=organisation.id, role="owner", created_at=now)
        membership.user, membership.organisation = user, organisation
        session.add(membership)
        session.flush()
        actor: Any = make_actor(membership)
        _key, secret = create_api_key(session, actor=actor, name="bench", scopes=["read", "write"], days=30, now=now)
    return {"Authorization": f"Bearer {secret}"}
