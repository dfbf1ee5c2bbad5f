"""A throw-away application on SQLite with one member and a key."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.models import Membership, Organisation, User
from marketplace.accounts.services import create_api_key
from marketplace.accounts.signin.actor import make_actor
from marketplace.app import Marketplace, create_app
from marketplace.assessments.model_store import load_registered_model
from marketplace.assessments.services import score_now
from marketplace.config import Settings
from marketplace.db import Base
from marketplace.projects.services import create_project


@contextmanager
def running_app(url: str | None = None) -> Iterator[Marketplace]:
    """The application with its schema on SQLite, removed afterwards, or on an empty database at `url`."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            Settings(
                environment="test", instance_path=Path(folder), database_url=url or f"sqlite:///{folder}/bench.sqlite3",
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


def make_scored_project(app: Marketplace) -> str:
    """A project of the key's team with one stored score; returns its address on the API."""
    now = clock.now()
    loaded = load_registered_model(app.settings.models_directory, None)
    with app.database.transaction() as session:
        actor: Any = make_actor(get_membership(session))
        values = {"title_zh": "测", "title_en": "Bench", "sector": "chemicals", "trl_claimed": 6, "target_trl": 8}
        project = create_project(session, actor=actor, now=now, values=values)
        session.flush()
        score_now(session, project=project, model=loaded, now=now)
    return f"/api/v1/projects/{project.public_id}/score"


def get_membership(session: orm.Session) -> Membership:
    """The one membership of the market, with its person and organisation."""
    statement = sa.select(Membership).options(orm.joinedload(Membership.user), orm.joinedload(Membership.organisation))
    return session.scalars(statement).one()
