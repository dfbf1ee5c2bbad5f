"""Filings of a register at their edges: the day that chooses the year, limits with nothing left, who may see them."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace import clock
from marketplace.agreements.errors import RegisterDiffersError
from marketplace.agreements.models import AgreementParty
from marketplace.agreements.queries import own_agreement_ids
from marketplace.agreements.services import drafting
from marketplace.audit.models import AuditLine
from marketplace.pools import services
from marketplace.pools.errors import CompensationDayError, NothingLeftError, PoolInvalidError, PoolNotFoundError
from marketplace.pools.models import PoolFiling, PoolMovement
from marketplace.pools.queries import find_filing_of, get_filing, list_movements
from tests.conftest import table_counts
from tests.factories import agreements, pools
from tests.worked_examples import test_shared_pool as example


@pytest.fixture
def filed(register: pools.Register) -> agreements.Scene:
    """The first loan, in default and filed on 20 July."""
    scene = pools.make_loan(register, "first")
    agreements.play(scene, example.story("first", year=pools.YEAR))
    pools.file_claim(scene)
    return scene


def compensate_on(scene: agreements.Scene, day: str, *, now: datetime) -> Any:
    event = {"id": "compensation", "kind": "pool_compensation", "effective_on": day, "body": {}}
    return agreements.record(scene, "pool", event, now=now)


@pytest.mark.parametrize(("day", "today"), [
    (f"{pools.YEAR}-07-19", "08-05"), (f"{pools.YEAR}-08-06", "08-05"), (f"{pools.YEAR + 1}-01-02", "08-05"),
])  # fmt: skip
def test_a_compensation_counts_on_a_day_from_its_filing_to_today(filed: agreements.Scene, day: str, today: str) -> None:
    before = table_counts(filed.factory.database)
    with pytest.raises(CompensationDayError) as refusal:
        compensate_on(filed, day, now=pools.at(today))
    assert refusal.value.field == "effective_on"
    assert table_counts(filed.factory.database) == before


@pytest.mark.parametrize("day", ["07-20", "08-05"])
def test_the_first_and_the_last_day_are_taken(register: pools.Register, filed: agreements.Scene, day: str) -> None:
    compensate_on(filed, f"{pools.YEAR}-{day}", now=pools.at("08-05"))
    assert register.room("zhongqi")["year"] == 220_000


def test_a_limit_with_nothing_left_is_no_reason_to_use_up_the_filing(
    register: pools.Register, filed: agreements.Scene
) -> None:
    with filed.transaction() as session:
        session.add(
            PoolMovement(
                pool_id=register.pool(session).id,
                kind="opening_use",
                year=pools.YEAR,
                reference="opening:more",
                bank_organisation_id=register.banks["jianghai"].organisation.id,
                balance_minor=0,
                used_minor=1_100_000 * example.YUAN,
                moved_on=date(pools.YEAR, 7, 1),
                recorded_at=pools.at("07-01"),
                recorded_by="",
            )
        )
    before = table_counts(filed.factory.database)
    with pytest.raises(NothingLeftError) as refusal:
        pools.compensate(filed)
    assert (refusal.value.code, refusal.value.details["limits"]) == ("pool_nothing_left", ["pool-year"])
    assert table_counts(filed.factory.database) == before
    with filed.transaction() as session:
        assert session.query(PoolFiling).one().state == "waiting"


def test_a_reversal_and_a_recovery_leave_their_line_in_the_audit_trail(filed: agreements.Scene) -> None:
    def details(action: str) -> list[dict[str, Any]]:
        with filed.transaction() as session:
            return list(session.scalars(sa.select(AuditLine.details).where(AuditLine.action == action)))

    pools.compensate(filed)
    reversal = {"id": "undo", "kind": "reversal", "effective_on": f"{pools.YEAR}-08-06",
                "body": {"target": "compensation"}}  # fmt: skip
    agreements.agree(filed, reversal, proposer="bank", confirmer="project")
    (undone,) = details("pool.compensation_reversed")
    assert (undone["number"], undone["amount_minor"]) == (1, 880_000 * example.YUAN)
    pools.compensate(filed, event_id="again")
    agreements.pay_all(filed)
    agreements.play(filed, [example.later(year=pools.YEAR)])
    (returned,) = details("pool.return_recorded")
    assert (returned["agreement"], returned["amount_minor"]) == (filed.public_id, 192_000 * example.YUAN)


def test_each_refusal_form_has_ids_of_its_own_and_a_long_reason_is_kept_not_cut(
    register: pools.Register, filed: agreements.Scene, new_browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = pools.make_loan(register, "second")
    agreements.play(second, example.story("second", year=pools.YEAR))
    pools.file_claim(second)
    monkeypatch.setattr(clock, "now", lambda: pools.at("07-21"))
    page, office = f"/pools/{register.public_id}", new_browser().sign_in(register.office.user)
    ids = re.findall(r' id="([^"]+)"', office.get(page).get_data(as_text=True))
    assert len(ids) == len(set(ids))
    assert sum(name.startswith("field-reason-") for name in ids) == 2
    with filed.transaction() as session:
        filing = session.scalars(sa.select(PoolFiling.public_id).where(PoolFiling.number == 2)).one()
    reason = "理" * 401
    answer = office.submit(f"/pool-filings/{filing}/refuse", {"reason": reason}, page=page)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert text.count(reason) == 1
    assert f'href="#field-reason-{filing}"' in text
    assert f'id="error-reason-{filing}"' in text
    assert office.submit(f"/pool-filings/{filing}/refuse", {"reason": "理" * 400}, page=page).status_code == 302
    with filed.transaction() as session:
        assert session.scalars(sa.select(PoolFiling.reason).where(PoolFiling.number == 2)).one() == "理" * 400


def test_a_reason_is_refused_when_it_is_missing_or_too_long(register: pools.Register, filed: agreements.Scene) -> None:
    for reason in ("", " \n", "x" * 401):
        with pytest.raises(PoolInvalidError) as refusal, filed.transaction() as session:
            services.refuse_filing(
                session, actor=register.office.actor, filing=session.query(PoolFiling).one(), reason=reason,
                now=pools.at("07-25"),
            )  # fmt: skip
        assert refusal.value.field == "reason"


def test_an_auditor_sees_the_filings_of_its_own_agreements_only(
    register: pools.Register, filed: agreements.Scene, make: Any, new_browser: Any
) -> None:
    pools.compensate(filed)
    stranger, auditor = make.member("auditor"), make.member("auditor")
    with filed.transaction() as session:
        # As a party that certifies; nothing else of the agreement changes by it.
        session.add(
            AgreementParty(
                agreement_id=filed.agreement(session).id,
                party="auditor",
                organisation_id=auditor.organisation.id,
                role="auditor",
                capacity="principal",
                name_zh="审计",
                name_en="Auditor",
            )
        )
    page = f"/pools/{register.public_id}"

    def seen(member: Any) -> tuple[int, bool, int]:
        browser = new_browser().sign_in(member.user)
        text = browser.get(f"{page}?lang=en").get_data(as_text=True)
        lines = browser.get(f"{page}/movements.csv").get_data(as_text=True)
        return text.count(f"/agreements/{filed.public_id}"), filed.public_id in lines, lines.count("opening_use")

    assert seen(stranger) == (0, False, 0)
    assert seen(auditor) == (1, True, 0)
    assert seen(make.member("operator")) == (1, True, 3)
    with filed.transaction() as session:
        scope: dict[str, Any] = {"actor": stranger.actor, "concerned": own_agreement_ids(stranger.actor)}
        assert find_filing_of(session, agreement=filed.public_id, **scope) is None
        kinds = {row.kind for row in list_movements(session, pool_id=register.pool(session).id, **scope)}
        assert kinds == {"contribution"}
        filing = session.query(PoolFiling).one().public_id
        with pytest.raises(PoolNotFoundError):
            get_filing(session, public_id=filing, **scope)


def test_terms_with_two_registers_or_a_shared_limit_outside_the_pool_are_refused(
    register: pools.Register, make: Any
) -> None:
    pools.make_another(register, code="second-pool")
    team = make.member("project_team")
    project = agreements.make_project(make, team)
    members = {"bank": register.banks["zhongqi"], "pool": register.office, "project": team}

    def refused(change: Any) -> str:
        terms = drafting.make_terms(example.parameters("first", year=pools.YEAR), template="pooled_loan")
        change(terms)
        drafting.check_terms(terms)
        with pytest.raises(RegisterDiffersError) as refusal:
            agreements.make_scene(make, terms=terms, kinds=pools.SEATS, members=members, project=project)
        return str(refusal.value.details["clause"])

    def name_another(terms: Any) -> None:
        terms["limits"][2]["shared"]["register"] = "second-pool"

    def as_guarantee(terms: Any) -> None:
        recover = terms["programs"]["recoveries"]["recover"]
        recover["guarantee"] = recover.pop("pool")

    def in_both(terms: Any) -> None:
        recover = terms["programs"]["recoveries"]["recover"]
        recover["guarantee"] = recover["pool"]

    def in_none(terms: Any) -> None:
        terms["programs"]["recoveries"]["recover"]["pool"]["layer"]["limits"].remove("pool-year")

    assert refused(name_another) == "limits[2].shared.register"
    assert refused(as_guarantee) == "programs.recoveries.recover.guarantee.layer.limits[1]"
    assert refused(in_both) == "programs.recoveries.recover.guarantee.layer.limits[1]"
    assert refused(in_none) == "limits[2].shared"
