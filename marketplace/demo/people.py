"""Organisations and people of the demonstration market, registered and verified through the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import orm

from marketplace.accounts.models import Membership, Organisation, User
from marketplace.accounts.permissions import Actor
from marketplace.accounts.services.demonstration import create_demo_user
from marketplace.accounts.services.organisations import (
    bootstrap_operator,
    register_organisation,
    verify_organisation,
)
from marketplace.accounts.signin.actor import make_actor
from marketplace.demo.records import Content
from marketplace.demo.records import Organisation as OrganisationRecord

ROLE_ORDER = ("owner", "signatory", "editor", "viewer")


@dataclass
class Cast:
    """Who is on the market: organisations by their code, and an actor for each of their roles."""

    organisations: dict[str, Organisation] = field(default_factory=dict)
    actors: dict[tuple[str, str], Actor] = field(default_factory=dict)

    def actor(self, code: str, role: str = "") -> Actor:
        """A member of an organisation: of the role, or the one with most rights."""
        if role and (code, role) in self.actors:
            return self.actors[code, role]
        for known in ROLE_ORDER:
            if (code, known) in self.actors:
                return self.actors[code, known]
        raise KeyError(f"{code} has no members")

    def signatory(self, code: str) -> Actor:
        """Whoever may sign for an organisation."""
        return self.actors.get((code, "signatory")) or self.actors[code, "owner"]

    def first_of(self, kind: str, *, number: int = 0) -> Actor:
        """A member of the nth verified organisation of a kind."""
        codes = [
            code
            for code, organisation in self.organisations.items()
            if organisation.kind == kind and organisation.verification_state == "verified"
        ]
        return self.actor(codes[number])


def build_cast(session: orm.Session, *, content: Content, password_hash: str, now: datetime) -> Cast:
    """Register everybody; the operator verifies whom the content says is verified."""
    cast = Cast()
    members: dict[tuple[str, str], Membership] = {}
    operator = next(record for record in content.organisations if record.kind == "operator")
    first = operator.users[0]
    membership = bootstrap_operator(
        session, email=first.email, password_hash=password_hash, name="", name_zh=operator.name_zh,
        name_en=operator.name_en, credit_code=operator.credit_code, now=now, region_code=operator.region_code,
    )  # fmt: skip
    chief = session.get_one(User, membership.user_id)
    chief.name_zh, chief.name_en = first.name_zh, first.name_en
    cast.organisations[operator.code] = session.get_one(Organisation, membership.organisation_id)
    members[operator.code, membership.role] = membership
    for record in content.organisations:
        if record.code != operator.code:
            cast.organisations[record.code] = _register(session, record, now=now)
    for record in content.organisations:
        for user in record.users if record.code != operator.code else record.users[1:]:
            member = create_demo_user(
                session, email=user.email, password_hash=password_hash, organisation=cast.organisations[record.code],
                role=user.role, now=now, name_zh=user.name_zh, name_en=user.name_en,
            )  # fmt: skip
            members.setdefault((record.code, user.role), member)
    cast.actors = _actors(session, members)
    checker = cast.actor(operator.code)
    for record in content.organisations:
        organisation = cast.organisations[record.code]
        if record.verified and organisation.verification_state != "verified":
            verify_organisation(session, organisation=organisation, actor=checker, now=now)
    cast.actors = _actors(session, members)
    return cast


def _actors(session: orm.Session, members: dict[tuple[str, str], Membership]) -> dict[tuple[str, str], Actor]:
    session.flush()  # what is loaded below was written above
    return {
        key: make_actor(session.get_one(Membership, member.id, options=_LOADED, populate_existing=True))
        for key, member in members.items()
    }


_LOADED = (orm.joinedload(Membership.user), orm.joinedload(Membership.organisation))


def _register(session: orm.Session, record: OrganisationRecord, *, now: datetime) -> Organisation:
    fund = record.fund
    return register_organisation(
        session, kind=record.kind, name_zh=record.name_zh, name_en=record.name_en, credit_code=record.credit_code,
        region_code=record.region_code, profile_zh=record.profile_zh, profile_en=record.profile_en, now=now,
        state_owned_bps=fund.state_owned_bps if fund else 0, fiscal_bps=fund.fiscal_bps if fund else 0,
        facts={"level": fund.level, "vintage": fund.vintage, "size_minor": fund.size_minor} if fund else {},
    )  # fmt: skip
