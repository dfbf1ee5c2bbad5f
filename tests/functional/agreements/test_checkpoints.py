"""The daily checkpoint: one a day, on statements and in bundles; what is rewritten after it is found."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.agreements.errors import EventIdReusedError
from marketplace.agreements.handlers import HOUSE
from marketplace.agreements.services.cash import CashEvent, record_cash_events
from marketplace.agreements.services.chains import check_chains
from marketplace.agreements.services.checkpoints import check_checkpoints, find_problem_today, make_checkpoint
from marketplace.agreements.services.statements import make_statement
from marketplace.agreements.services.verification import check_agreements_whole, export_bundle, verify_agreement
from marketplace.ledger.models import Entry
from marketplace.ledger.services import check_ledger
from risk.sharing.templates.scenario_a import scenario_a
from tests.conftest import table_counts
from tests.factories import MOMENT
from tests.factories import agreements as factory
from tests.functional.agreements.test_verification import tamper

STORY = scenario_a("success")["events"]


@pytest.fixture
def running(active: factory.Scene) -> factory.Scene:
    factory.play(active, STORY[:6])
    return active


def checkpoint(scene: factory.Scene, *, days: int = 0) -> Any:
    with scene.transaction() as session:
        return make_checkpoint(session, now=MOMENT + timedelta(days=days), data=find_problem_today(session))


def test_one_checkpoint_a_day_and_each_names_the_one_before(running: factory.Scene) -> None:
    first = checkpoint(running)
    assert first.problem == ""
    assert checkpoint(running) is None
    second = checkpoint(running, days=1)
    assert second.previous_hash == first.hash
    with running.transaction() as session:
        assert check_checkpoints(session) is None
        assert check_chains(session).problem is None
        assert check_agreements_whole(session, sample=1).problem is None


def test_statement_and_bundle_bear_the_checkpoint_and_it_verifies_offline(
    running: factory.Scene, tmp_path: Path
) -> None:
    made = checkpoint(running)
    with running.transaction() as session:
        agreement = running.agreement(session)
        content = export_bundle(session, agreement=agreement, now=MOMENT)
        shown = make_statement(session, agreement=agreement, party=agreement.parties[0])["checkpoint"]
        assert verify_agreement(session, agreement=agreement).problem is None
    assert shown == {"day": made.day.isoformat(), "hash": made.hash, "agreements": 1, "covers_last_event": True}
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    run = running.factory.app.test_cli_runner()
    good = run.invoke(args=["agreements", "verify", str(path), "--checkpoint", made.hash, "--earlier", str(path)])
    assert good.exit_code == 0, good.output
    assert run.invoke(args=["agreements", "verify", str(path), "--checkpoint", "0" * 64]).exit_code == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE agreement_checkpoint SET root = replace(root, substr(root, 1, 1), 'z')",
        "UPDATE agreement_checkpoint_leaf SET event_count = event_count - 1",
        "UPDATE agreement_event SET hash = replace(hash, substr(hash, 1, 1), 'z') WHERE number = 8",
    ],
)
def test_rewriting_after_the_checkpoint_is_found(running: factory.Scene, statement: str) -> None:
    checkpoint(running)
    last = "WHERE number = 8"
    with running.transaction() as session:
        count = running.agreement(session).event_count
    tamper(running, statement.replace(last, f"WHERE number = {count}"))
    with running.transaction() as session:
        problem = check_checkpoints(session)
        assert problem is not None
        assert problem["where"] == "checkpoints"


def test_walk_over_all_chains_names_agreement_and_position(running: factory.Scene) -> None:
    tamper(running, "UPDATE agreement_event SET body = body || ' ' WHERE number = 3")
    with running.transaction() as session:
        problem = check_chains(session).problem
    assert problem is not None
    assert (problem["agreement"], problem["where"], problem["position"]) == (running.public_id, "events", 3)
    made = checkpoint(running)
    assert json.loads(made.problem)["position"] == 3
    result = running.factory.app.test_cli_runner().invoke(args=["agreements", "check"])
    assert result.exit_code == 1
    assert f"{running.public_id}: events 3: the event was changed" in result.output


def test_batch_of_payments_is_all_or_nothing_and_the_same_again_adds_nothing(running: factory.Scene) -> None:
    def items(count: int, amount: int = 7) -> list[CashEvent]:
        return [
            CashEvent(f"paid-{number}", "payment", MOMENT.date(), {"amount_minor": amount},
                      [("2010", "angel", amount), ("1120", None, -amount)])
            for number in range(count)
        ]  # fmt: skip

    def record(batch: list[CashEvent]) -> list[int]:
        with running.transaction() as session:
            return record_cash_events(
                session, agreement=running.agreement(session), actor=HOUSE, items=batch, now=MOMENT
            )

    ids = record(items(20))
    before = table_counts(running.factory.database)
    assert record(items(20)) == ids
    with pytest.raises(EventIdReusedError):
        record([*items(25)[20:], *items(1, amount=8)])
    with pytest.raises(EventIdReusedError):
        record([*items(26)[25:], CashEvent("paid-25", "payment", MOMENT.date(), {"amount_minor": 1}, [])])
    assert table_counts(running.factory.database) == before
    with running.transaction() as session:
        assert check_chains(session).problem is None
        assert check_ledger(session).sound
        names = [f"agreement:{running.public_id}:paid-{number}" for number in range(30)]
        posted = sa.select(sa.func.count()).select_from(Entry).where(Entry.reference.in_(names))
        assert session.scalar(posted) == len(set(ids)) == 20
