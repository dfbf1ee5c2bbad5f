"""One insurance market for the tests of this folder."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.insurance import InsuranceFactory


@pytest.fixture
def market(make: Any) -> InsuranceFactory:
    return InsuranceFactory(make)
