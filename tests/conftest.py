"""Fixtures for every test that opens the application: both databases, a signed-in client, factories."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace import clock
from marketplace.app import Marketplace, create_app
from marketplace.config import Settings
from marketplace.db import Base, Database

os.environ.setdefault("TZ", "UTC")
ENGINES = os.environ.get("TEST_ENGINES", "sqlite,postgresql").split(",")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Any]:
    """PostgreSQL from its wheel, started once for each worker."""
    from tests.postgresql import running_server

    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    build_schema(f"sqlite:///{path}")
    return path


def build_schema(url: str) -> None:
    """The schema of a new database, by the migrations themselves."""
    from flask_migrate import upgrade

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            environment="test", instance_path=Path(folder), database_url=url, secret_key="x", password_salt="x",
            totp_secret="x" * 43,
        )  # fmt: skip
        app = create_app(settings)
        with app.app_context():
            upgrade()
        app.database.engine.dispose()  # the last connection to close folds the write-ahead log into the file


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database on each engine, copied from a template that has the whole schema."""
    if request.param == "sqlite":
        path = tmp_path / "test.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"t{uuid.uuid4().hex[:16]}"
    server.create_database(name, build_schema)
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table, for the migrations."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"e{uuid.uuid4().hex[:16]}"
    server.create_empty_database(name)
    yield server.url(name)
    server.drop_database(name)


def make_settings(database_url: str, instance_path: Path) -> Settings:
    return Settings(
        environment="test", instance_path=instance_path, database_url=database_url,
        secret_key="test-secret-key", password_salt="test-salt", totp_secret="x" * 43, rate_limits_enabled=False,
        base_url="http://localhost",
    )  # fmt: skip


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return make_settings(database_url, tmp_path / "instance")


@pytest.fixture(scope="session")
def built_app(tmp_path_factory: pytest.TempPathFactory) -> Marketplace:
    """Routes and compiled templates, built once for each worker; `app` connects it to the database of its test."""
    folder = tmp_path_factory.mktemp("built")
    return create_app(make_settings(f"sqlite:///{folder / 'unused.sqlite3'}", folder))


@pytest.fixture
def factory_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The present is the day of the factories."""
    from tests.factories import clock_of_that_day

    monkeypatch.setattr(clock, "now", clock_of_that_day())


@pytest.fixture
def app(built_app: Marketplace, settings: Settings, factory_day: None) -> Iterator[Marketplace]:
    config = dict(built_app.config)
    built_app.connect(settings)
    yield built_app
    built_app.database.engine.dispose()
    built_app.config.clear()
    built_app.config.update(config)


@pytest.fixture
def own_app(settings: Settings, factory_day: None) -> Iterator[Marketplace]:
    """An application of the test's own, for tests that add routes to it."""
    application = create_app(settings)
    yield application
    application.database.engine.dispose()


@pytest.fixture
def database(app: Marketplace) -> Database:
    return app.database


@pytest.fixture
def session(database: Database) -> Iterator[Any]:
    """A write transaction that is rolled back at the end of the test."""
    unit = database.begin()
    yield unit.session
    unit.rollback()
    unit.close()


class Browser:
    """A client of the pages: signs in as a member, fetches a page's tokens and submits its forms."""

    def __init__(self, app: Marketplace) -> None:
        self.app = app
        self.client = app.test_client()

    def sign_in(self, user: Any, organisation: Any | None = None) -> Browser:
        """Open a session for a user without typing the password (sign-in itself has its own tests)."""

        from marketplace.accounts.models import UserSession
        from marketplace.accounts.signin.sessions import hash_id, new_session_id

        session_id = new_session_id()
        content = {"_user_id": user.fs_uniquifier, "_fresh": True, "fs_paa": clock.now().timestamp()}
        if organisation is not None:
            content["organisation"] = organisation.public_id
        with self.app.database.transaction() as session:
            session.add(
                UserSession(
                    id_hash=hash_id(session_id), user_id=user.id, content=content, created_at=clock.now(),
                    expires_at=clock.now().replace(year=clock.now().year + 1),
                )
            )  # fmt: skip
        self.client.set_cookie("session", session_id)
        return self

    def get(self, url: str, **options: Any) -> Any:
        return self.client.get(url, **options)

    def submit(self, url: str, data: dict[str, Any] | None = None, *, page: str | None = None, **options: Any) -> Any:
        """Fetch the page that holds the form, then post with its tokens as a browser would."""
        shown = self.client.get(page or url)
        token = re.search(r'name="csrf[-_]token" (?:content|value)="([^"]+)"', shown.get_data(as_text=True))
        assert token, f"no token on {page or url}: {shown.status_code}"
        return self.client.post(url, data={"csrf_token": token[1], **(data or {})}, **options)


@pytest.fixture
def browser(app: Marketplace) -> Browser:
    return Browser(app)


@pytest.fixture
def new_browser(app: Marketplace) -> Any:
    """Several people at once: each call is another browser."""
    return lambda: Browser(app)


@pytest.fixture
def make(app: Marketplace) -> Any:
    """Factories that write through the application's own database."""
    from tests.factories import Factory

    return Factory(app)


def table_counts(database: Database) -> dict[str, int]:
    """How many rows each table has; a refused act must leave it as it was."""
    with database.transaction("read") as session:
        return {
            name: session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
            if name not in ("user_session",)
        }
