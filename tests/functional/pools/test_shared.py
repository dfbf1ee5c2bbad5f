"""Two banks share one pool: acceptance numbers decide, what one agreement uses the next finds gone."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.agreements import queries
from marketplace.agreements.errors import (
    AgreementStateError,
    EventIdReusedError,
    EventNotYoursError,
    RegisterDiffersError,
    RoomIsComputedError,
)
from marketplace.agreements.services import compensations, drafting
from marketplace.agreements.services.verification import verify_agreement
from marketplace.errors import MarketplaceError
from marketplace.ledger.services import check_ledger
from marketplace.pools import services
from marketplace.pools.errors import (
    EarlierFilingWaitsError,
    FilingStateError,
    FilingTooLateError,
    NotFiledError,
    NotPoolBankError,
    NotPoolOperatorError,
    PoolInvalidError,
)
from marketplace.pools.models import PoolFiling, PoolMovement
from marketplace.pools.queries import get_filing
from tests.conftest import table_counts
from tests.factories import agreements, pools
from tests.worked_examples import test_shared_pool as example


def in_default(register: pools.Register, which: str) -> agreements.Scene:
    scene = pools.make_loan(register, which)
    agreements.play(scene, example.story(which, year=pools.YEAR))
    return scene


@pytest.fixture
def first(register: pools.Register) -> agreements.Scene:
    return in_default(register, "first")


@pytest.fixture
def second(register: pools.Register, first: agreements.Scene) -> agreements.Scene:
    return in_default(register, "second")


def paid_by_pool(scene: agreements.Scene) -> int:
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        rows = queries.list_payments(session, agreement_id=agreement.id)
        assert check_ledger(session).sound
        assert verify_agreement(session, agreement=agreement).problem is None
        return sum(row.amount_minor for row in rows if row.payer.party == "pool" and row.state != "cancelled")


def test_the_second_in_the_queue_gets_what_the_first_has_left(
    register: pools.Register, first: agreements.Scene, second: agreements.Scene
) -> None:
    figures = example.FIGURES
    assert (pools.file_claim(first).number, pools.file_claim(second).number) == (1, 2)
    with pytest.raises(EarlierFilingWaitsError):
        pools.compensate(second)
    pools.compensate(first)
    assert register.room("jianghai") == {
        key: figures["second"]["room"][key] for key in ("bank_year", "year", "balance")
    }
    pools.compensate(second)
    assert paid_by_pool(first) == figures["first"]["compensation"] * example.YUAN
    assert paid_by_pool(second) == figures["second"]["compensation"] * example.YUAN
    for scene in (first, second):
        agreements.pay_all(scene)
    agreements.play(first, [example.later(year=pools.YEAR)])
    after = figures["after"]
    for bank, left in after["bank_year_left"].items():
        assert register.room(bank) == {"bank_year": left, "year": after["year_left"], "balance": after["balance_left"]}


def test_what_was_left_stands_in_the_signed_log(register: pools.Register, first: agreements.Scene) -> None:
    pools.file_claim(first)
    event = pools.compensate(first)
    whole = {counts: amount * example.YUAN for counts, amount in example.FIGURES["first"]["room"].items()}
    whole.pop("per_loan")
    assert json.loads(event.body)["room"] == {example.LIMITS[counts]: amount for counts, amount in whole.items()}


def test_the_same_act_again_has_one_effect_and_another_content_is_refused(
    register: pools.Register, first: agreements.Scene
) -> None:
    assert pools.file_claim(first).number == pools.file_claim(first).number == 1
    assert pools.compensate(first).hash == pools.compensate(first).hash
    assert register.room("zhongqi")["year"] == 220_000
    with pytest.raises(EventIdReusedError):
        pools.compensate(first, paid_minor=1)


def test_a_reversed_compensation_gives_its_room_back_and_waits_under_its_old_number(
    register: pools.Register, first: agreements.Scene, second: agreements.Scene
) -> None:
    before = register.room("zhongqi")
    pools.file_claim(first)
    pools.file_claim(second)
    pools.compensate(first)
    reversal = {"id": "undo", "kind": "reversal", "effective_on": f"{pools.YEAR}-08-06",
                "body": {"target": "compensation"}}  # fmt: skip
    agreements.agree(first, reversal, proposer="bank", confirmer="project")
    assert register.room("zhongqi") == before
    with pytest.raises(EarlierFilingWaitsError):
        pools.compensate(second)
    pools.compensate(first, event_id="again")
    assert register.room("zhongqi")["year"] == 220_000


def test_nothing_is_paid_without_a_filing_and_nobody_states_the_room(first: agreements.Scene) -> None:
    before = table_counts(first.factory.database)
    with pytest.raises(NotFiledError):
        pools.compensate(first)
    with pytest.raises(RoomIsComputedError):
        pools.compensate(first, room={"pool-year": 1})
    assert table_counts(first.factory.database) == before


def test_only_the_lender_files_and_only_after_a_default_and_in_time(register: pools.Register) -> None:
    scene = pools.make_loan(register, "first")
    agreements.play(scene, example.story("first", year=pools.YEAR)[:-2])
    with pytest.raises(AgreementStateError):
        pools.file_claim(scene)
    agreements.play(scene, example.story("first", year=pools.YEAR)[-2:])
    for party in ("project", "pool"):
        with pytest.raises(EventNotYoursError), scene.transaction() as session:
            compensations.file_claim(
                session, agreement=scene.agreement(session), actor=scene.members[party].actor, now=pools.at("07-20")
            )
    with pytest.raises(FilingTooLateError):
        pools.file_claim(scene, now=pools.at("06-25") + timedelta(days=91))
    assert pools.file_claim(scene, now=pools.at("06-25") + timedelta(days=90)).number == 1


def test_a_refused_filing_lets_the_next_one_pass_and_can_be_filed_anew(
    register: pools.Register, first: agreements.Scene, second: agreements.Scene
) -> None:
    filed = pools.file_claim(first)
    pools.file_claim(second)
    office = register.office.actor

    def refuse(actor: Any, reason: str) -> None:
        with first.transaction() as session:
            filing = get_filing(session, actor=actor, public_id=filed.public_id)
            services.refuse_filing(session, actor=actor, filing=filing, reason=reason, now=pools.at("07-25"))

    with pytest.raises(PoolInvalidError):
        refuse(office, " ")
    refuse(office, "The collection steps are not documented.")
    with pytest.raises(FilingStateError):
        refuse(office, "again")
    pools.compensate(second)
    assert pools.file_claim(first).number == 3
    with first.transaction() as session:
        filing = get_filing(session, actor=first.members["bank"].actor, public_id=filed.public_id)
        assert filing.reason.startswith("The collection")


def test_two_banks_at_once_get_two_numbers_and_the_pool_pays_within_its_limit(
    register: pools.Register, first: agreements.Scene, second: agreements.Scene
) -> None:
    failures: list[BaseException] = []

    def file_and_claim(scene: agreements.Scene) -> None:
        try:
            pools.file_claim(scene)
            pools.compensate(scene)
        except EarlierFilingWaitsError:
            pass
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=file_and_claim, args=(scene,)) for scene in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with first.transaction() as session:
        assert sorted(session.scalars(sa.select(PoolFiling.number))) == [1, 2]
    for scene in (first, second, first):
        try:
            pools.compensate(scene)
        except EarlierFilingWaitsError:
            continue
    assert paid_by_pool(first) + paid_by_pool(second) == 1_100_000 * example.YUAN
    assert register.room("zhongqi")["year"] == 0


def test_terms_name_a_register_that_the_payer_keeps_and_its_own_limits(register: pools.Register, make: Any) -> None:
    team = make.member("project_team")
    project = agreements.make_project(make, team)

    def refused(change: Any, **given: Any) -> str:
        terms = drafting.make_terms(example.parameters("first", year=pools.YEAR), template="pooled_loan")
        change({limit["id"]: limit for limit in terms["limits"]}, terms)
        members = {"bank": register.banks["zhongqi"], "pool": register.office, "project": team, **given}
        with pytest.raises(RegisterDiffersError) as refusal:
            agreements.make_scene(make, terms=terms, kinds=pools.SEATS, members=members, project=project)
        return str(refusal.value.details["clause"])

    def rename(limits: Any, _terms: Any) -> None:
        limits["pool-year"]["shared"]["register"] = "nobody"

    def raise_limit(limits: Any, _terms: Any) -> None:
        limits["pool-bank-year"]["amount_minor"] += 1

    def nothing(_limits: Any, _terms: Any) -> None:
        pass

    def in_dollars(_limits: Any, terms: Any) -> None:
        terms["currency"] = "USD"

    assert refused(rename) == "limits[2].shared.register"
    assert refused(raise_limit) == "limits[1].amount_minor"
    assert refused(in_dollars) == "limits[1].shared"
    assert refused(nothing, pool=make.member("pool_operator")) == "limits[1].shared.register"
    assert refused(nothing, bank=make.member("bank")) == "limits[1].shared"


def test_only_the_office_keeps_its_register(register: pools.Register, make: Any) -> None:
    other = make.member("pool_operator")
    with pytest.raises(NotPoolOperatorError), make.database.transaction() as session:
        services.contribute(
            session, actor=other.actor, pool=register.pool(session), amount_minor=1, document="x",
            now=pools.at("03-01"), on=pools.at("02-01").date(),
        )  # fmt: skip
    stranger = make.member("bank")
    with pytest.raises(NotPoolBankError), make.database.transaction() as session:
        services.file_claim(
            session, actor=stranger.actor, pool=register.pool(session), agreement="agr_x",
            default_on=pools.at("06-25").date(), now=pools.at("06-26"),
        )  # fmt: skip


@pytest.mark.parametrize(("change", "field"), [
    ({"amount_minor": 0}, "amount"), ({"amount_minor": None}, "amount"), ({"amount_minor": 10**30}, "amount"),
    ({"document": " "}, "document"), ({"document": "allocation 2027-1"}, "document"),
    ({"document": "x" * 121}, "document"), ({"on": None}, "on"), ({"on": pools.at("12-31").date()}, "on"),
])  # fmt: skip
def test_a_wrong_contribution_is_refused_at_its_field(
    register: pools.Register, make: Any, change: dict[str, Any], field: str
) -> None:
    good = {"amount_minor": 1, "document": "notice 7", "on": pools.at("02-01").date()}
    with pytest.raises(MarketplaceError) as refusal, make.database.transaction() as session:
        services.contribute(
            session, actor=register.office.actor, pool=register.pool(session), now=pools.at("03-01"),
            **{**good, **change},
        )  # fmt: skip
    assert refusal.value.field == field


def test_the_lines_of_the_register_cannot_be_changed(register: pools.Register, make: Any) -> None:
    for statement in (
        sa.update(PoolMovement).values(used_minor=0).where(PoolMovement.kind == "opening_use"),
        sa.delete(PoolMovement),
    ):
        with pytest.raises(sa.exc.IntegrityError), make.database.transaction() as session:
            session.execute(statement)
