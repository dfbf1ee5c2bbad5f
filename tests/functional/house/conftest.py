"""What the tests of the house share: extra views on the application under test, API keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from marketplace import clock
from marketplace.accounts.access import public
from marketplace.accounts.services import create_api_key
from marketplace.app import Marketplace
from tests.factories import Member


@pytest.fixture
def add_view(app: Marketplace) -> Callable[..., None]:
    """Put one more view behind the application's edge; it proves its caller itself, so it needs no token."""

    def add(path: str, view: Callable[..., Any], *, methods: tuple[str, ...] = ("POST",)) -> None:
        def open_view(**values: Any) -> Any:
            return view(**values)

        open_view.csrf_exempt = True  # type: ignore[attr-defined]  # the mark that forgery.py reads
        app.add_url_rule(path, endpoint=path, view_func=public(open_view), methods=list(methods))

    return add


@pytest.fixture
def make_key(app: Marketplace) -> Callable[[Member], dict[str, str]]:
    """Headers of a bearer key that may read and write for a member."""

    def make_headers(member: Member) -> dict[str, str]:
        with app.database.transaction() as session:
            _key, secret = create_api_key(
                session, actor=member.actor, name="test", scopes=["read", "write"], days=30, now=clock.now()
            )
        return {"Authorization": f"Bearer {secret}"}

    return make_headers
