"""Projects and mandates for the tests of this folder."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.dealflow import DealFactory
from tests.factories.projects import ProjectFactory


@pytest.fixture
def projects(make: Any) -> ProjectFactory:
    return ProjectFactory(make)


@pytest.fixture
def deals(make: Any) -> DealFactory:
    return DealFactory(make)
