"""Fixtures of pools: a register with three banks; key derivation is made cheap as for agreements."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import pools as factory
from tests.functional.agreements.conftest import cheap_derivation

__all__ = ["cheap_derivation"]


@pytest.fixture
def register(make: Any) -> factory.Register:
    return factory.make_register(make)
