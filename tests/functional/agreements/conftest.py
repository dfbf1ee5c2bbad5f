"""Fixtures of agreements: cheap key derivation (the real cost has its own unit test), scenes of scenario A."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace.agreements import keys
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
