"""Fixtures of agreements: cheap key derivation (the real cost has its own unit test), scenes of scenario A."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from marketplace.accounts.models import ApiKey
from marketplace.agreements import keys
from tests.factories import MOMENT, Member
from tests.factories import agreements as factory


@pytest.fixture(autouse=True)
def cheap_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(keys.DERIVATION, "memory_kib", 64)
    monkeypatch.setitem(keys.DERIVATION, "iterations", 1)


@pytest.fixture
def scene(make: Any) -> factory.Scene:
    """A draft that its parties can read."""
    return factory.make_scene(make)


@pytest.fixture
def active(make: Any) -> factory.Scene:
    """Signed by all and in force."""
    return factory.make_active(make)


@pytest.fixture
def call(make: Any) -> Any:
    """`call(member, method, path, json)` with a bearer key of that member."""
    client = make.app.test_client()

    def key_of(member: Member) -> str:
        secret = f"key-{member.user.public_id}"
        with make.database.transaction() as session:
            digest = hashlib.sha256(secret.encode()).hexdigest()
            if session.query(ApiKey).filter_by(key_hash=digest).first() is None:
                session.add(
                    ApiKey(membership_id=member.membership.id, name="test", key_hash=digest, scopes=["read", "write"],
                           created_at=MOMENT)
                )  # fmt: skip
        return secret

    def send(member: Member, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return client.open(
            f"/api/v1/agreements{path}", method=method, json=body,
            headers={"Authorization": f"Bearer {key_of(member)}", **headers},
        )  # fmt: skip

    return send
