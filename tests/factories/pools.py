"""The register of the worked example of a shared pool, and its two loans as agreements of a test market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from marketplace.agreements.services import compensations
from marketplace.agreements.services.drafting import make_terms
from marketplace.pools import queries, services
from marketplace.pools.models import CompensationPool, PoolFiling
from tests.factories import Factory, Member
from tests.factories import agreements as factory
from tests.worked_examples import test_shared_pool as example

# Agreements of the factories begin on their own day, so the story is told in the year after.
YEAR = 2027
CODE = "luzhong-pool"
SEATS = {"project": "project_team", "bank": "bank", "pool": "pool_operator"}


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{YEAR}-{day}T02:00:00").replace(tzinfo=UTC)


@dataclass
class Register:
    """The office of the pool and the banks that lend under it."""

    factory: Factory
    office: Member
    banks: Mapping[str, Member]
    public_id: str

    def pool(self, session: Any) -> CompensationPool:
        return queries.get_pool(session, actor=self.office.actor, public_id=self.public_id)

    def room(self, bank: str) -> dict[str, int]:
        """What is left this year, in yuan."""
        with self.factory.database.transaction("read") as session:
            room = queries.compute_pool_room(
                session, pool=self.pool(session), year=YEAR, bank_id=self.banks[bank].organisation.id
            )
        return {name: getattr(room, name) // example.YUAN for name in ("bank_year", "year", "balance")}


def make_register(make: Factory, *, code: str = CODE) -> Register:
    """As the example has it at the beginning of the year's second half."""
    figures = example.FIGURES["register"]
    office = make.member("pool_operator")
    banks = {name: make.member("bank") for name in figures["banks"]}
    with make.database.transaction() as session:
        pool = services.open_pool(
            session, actor=office.actor, code=code, name_zh="鲁中补偿资金池", name_en="Luzhong pool", currency="CNY",
            year_limit_minor=figures["year"] * example.YUAN, filing_days=90, now=at("01-04"),
        )  # fmt: skip
        for name, bank in banks.items():
            services.add_bank(
                session, actor=office.actor, pool=pool, bank=bank.organisation, now=at("01-05"),
                year_limit_minor=figures["banks"][name] * example.YUAN,
                used_minor=figures["used_before_this_year"][name] * example.YUAN,
            )  # fmt: skip
        services.contribute(
            session, actor=office.actor, pool=pool, amount_minor=figures["balance"] * example.YUAN,
            document="allocation 2027-1", on=date(YEAR, 1, 6), now=at("01-07"),
        )  # fmt: skip
        public_id = pool.public_id
    return Register(make, office, banks, public_id)


def make_another(register: Register, *, code: str) -> None:
    """A second register of the same office for the same banks, with the same limits."""
    figures = example.FIGURES["register"]
    with register.factory.database.transaction() as session:
        pool = services.open_pool(
            session, actor=register.office.actor, code=code, name_zh="第二资金池", name_en="Second pool",
            currency="CNY", year_limit_minor=figures["year"] * example.YUAN, filing_days=90, now=at("01-04"),
        )  # fmt: skip
        for name, bank in register.banks.items():
            services.add_bank(
                session, actor=register.office.actor, pool=pool, bank=bank.organisation, now=at("01-05"),
                year_limit_minor=figures["banks"][name] * example.YUAN,
            )  # fmt: skip


def make_loan(register: Register, which: str, *, code: str = CODE) -> factory.Scene:
    """One of the two loans, signed by all; its limits name the register."""
    given = example.parameters(which, year=YEAR)
    for limit in given["pool"]["limits"]:
        if "shared" in limit:
            limit["shared"]["register"] = code
    team = register.factory.member("project_team")
    members = {"project": team, "bank": register.banks[example.BANKS[which]], "pool": register.office}
    return factory.make_active(
        register.factory, terms=make_terms(given, template="pooled_loan"), kinds=SEATS, members=members,
        project=factory.make_project(register.factory, team, code=f"loan-{which}"),
    )  # fmt: skip


def file_claim(scene: factory.Scene, *, now: datetime | None = None) -> PoolFiling:
    with scene.transaction() as session:
        return compensations.file_claim(
            session, agreement=scene.agreement(session), actor=scene.members["bank"].actor, now=now or at("07-20")
        )


def compensate(scene: factory.Scene, *, event_id: str = "compensation", **body: Any) -> Any:
    event = {"id": event_id, "kind": "pool_compensation", "effective_on": f"{YEAR}-08-05", "body": body}
    return factory.record(scene, "pool", event, now=at("08-05"))
