"""Projects for the tests of this folder."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.projects import ProjectFactory


@pytest.fixture
def projects(make: Any) -> ProjectFactory:
    return ProjectFactory(make)
