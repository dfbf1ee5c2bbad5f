"""A small sub-fund: the parameters of its template, and its agreement between organisations of a test market."""

from __future__ import annotations

from typing import Any

from marketplace.agreements.services import drafting
from tests.factories import MOMENT, Factory, Member
from tests.factories.agreements import Scene

Json = dict[str, Any]
ORGANISATIONS = {
    "public": "guidance_fund", "private": "industrial_fund", "manager": "venture_fund", "fund": "venture_fund",
}  # fmt: skip


def partner(name: str, kind: str, first: int, second: int) -> Json:
    """Return a partner of the template with its two calls."""
    return {"id": name, "kind": kind, "name": {"zh": f"合伙人{name}", "en": name},
            "amounts_minor": {"C1": first, "C2": second}}  # fmt: skip


def parameters(manager: int = 10_000_000, second: int = 0) -> Json:
    """Return a fund of 400,000.00 public, 500,000.00 industrial and about 100,000.00 of its general partner."""
    return {
        "title": {"zh": "子基金合伙协议", "en": "Partnership agreement of a sub-fund"}, "currency": "CNY",
        "fund": {"id": "fund", "name": {"zh": "子基金", "en": "Sub-fund"}},
        "partners": [
            partner("public", "guidance_fund", 40_000_000, second),
            partner("private", "industrial_fund", 50_000_000, second),
            partner("manager", "general_partner", manager, 0),
        ],
        "calls": [{"id": "C1", "on": "2027-01-01"}, *([{"id": "C2", "on": "2027-06-01"}] if second else [])],
        "hurdle_rate": "0.06",
        "carry": {"party": {"id": "team", "name": {"zh": "绩效分成方", "en": "Carry"}}, "share": "0.20", "speed": "1"},
        "guidance": {
            "party": "public",
            "concession": {
                "share": "0.50", "cap_share_of_gain": "0.40", "beneficiaries": {"private": 3, "manager": 1},
                "conditions": [{"id": "raised", "name": {"zh": "两个项目升级", "en": "two projects gain a level"}}],
                "approval": {"body": {"zh": "引导基金管委会", "en": "Board of the fund"}, "number": "12",
                             "on": "2026-03-01"},
            },
        },
    }  # fmt: skip


def draft(
    factory: Factory, members: dict[str, Member], *, by: str = "fund", terms: Json | None = None, **seated: str
) -> str:
    """Draft and share the agreement of the fund, which has no project; `seated` puts other members on a party."""
    terms = terms or drafting.make_terms(parameters(), template="sub_fund")
    sits = {party: seated.get(party, party) for party in (item["id"] for item in terms["parties"])}
    seats = [
        drafting.Seat(party, members[who].organisation.id if who in members else None) for party, who in sits.items()
    ]
    with factory.database.transaction() as session:
        agreement = drafting.draft_agreement(
            session, actor=members[by].actor, project=None, terms=terms, seats=seats, title_zh="子基金合伙协议",
            title_en="Partnership agreement of a sub-fund", now=MOMENT,
        )  # fmt: skip
        drafting.share_draft(session, actor=members[by].actor, agreement=agreement, now=MOMENT)
        return agreement.public_id


def make_members(factory: Factory) -> dict[str, Member]:
    """A member for each party that signs."""
    return {party: factory.member(kind) for party, kind in ORGANISATIONS.items()}


def make_scene(factory: Factory) -> Scene:
    """The agreement drafted by the fund and shown to its partners; the scene's team is the fund."""
    members = make_members(factory)
    public_id = draft(factory, members)
    return Scene(factory, {**members, "project": members["fund"]}, factory.member("operator"), None, public_id)
