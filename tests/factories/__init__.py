"""Factories: small valid objects written through the application's database, one call each."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from marketplace import clock
from marketplace.accounts.models import Membership, Organisation, User
from marketplace.accounts.permissions import Actor
from marketplace.accounts.signin.actor import make_actor
from marketplace.app import Marketplace

_numbers = itertools.count(1)
MOMENT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def clock_of_that_day() -> Callable[[], datetime]:
    """A clock that goes on from the factories' moment: what they make is as old on any day the tests are run."""
    real, started = clock.now, clock.now()
    return lambda: MOMENT + timedelta(hours=1) + (real() - started)


class Member:
    """A user in an organisation, with the actor that services take."""

    def __init__(self, user: User, organisation: Organisation, membership: Membership) -> None:
        self.user, self.organisation, self.membership = user, organisation, membership

    @property
    def actor(self) -> Actor:
        self.membership.user, self.membership.organisation = self.user, self.organisation
        return make_actor(self.membership)


class Factory:
    """`make.member("bank")` and the like; domains add their own modules beside this one."""

    def __init__(self, app: Marketplace) -> None:
        self.app = app
        self.database = app.database

    def organisation(self, kind: str = "project_team", **values: Any) -> Organisation:
        number = next(_numbers)
        defaults: dict[str, Any] = {
            "kind": kind, "name_zh": f"测试{number}号单位", "name_en": f"Test Organisation {number}",
            "credit_code": f"91TEST{number:012d}", "region_code": "310000", "verification_state": "verified",
            "verified_at": MOMENT, "created_at": MOMENT,
        }  # fmt: skip
        with self.database.transaction() as session:
            organisation = Organisation(**{**defaults, **values})
            session.add(organisation)
        return organisation

    def member(
        self,
        kind: str = "project_team",
        role: str = "owner",
        *,
        organisation: Organisation | None = None,
        **values: Any,
    ) -> Member:
        """A new user with a role in a new (or given) organisation."""
        organisation = organisation or self.organisation(kind, **values)
        number = next(_numbers)
        with self.database.transaction() as session:
            user = User(
                email=f"user{number}@test.example", name_zh=f"用户{number}", name_en=f"User {number}",
                fs_uniquifier=uuid.uuid4().hex, confirmed_at=MOMENT,
            )  # fmt: skip
            session.add(user)
            session.flush()
            membership = Membership(user_id=user.id, organisation_id=organisation.id, role=role, created_at=MOMENT)
            session.add(membership)
        return Member(user, organisation, membership)
