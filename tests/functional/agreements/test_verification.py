"""Verification: whatever is changed behind the platform's back is found, with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result

from marketplace.agreements.bundle import find_problem, read_bundle
from marketplace.agreements.errors import BundleUnreadableError
from marketplace.agreements.services.verification import export_bundle, verify_agreement, verify_document
from risk.sharing.templates.scenario_a import scenario_a
from tests.factories import MOMENT
from tests.factories import agreements as factory


@pytest.fixture
def running(active: factory.Scene) -> factory.Scene:
    """In force, with a call that has been paid."""
    factory.play(active, scenario_a("success")["events"][:6])
    return active


def bundle_of(scene: factory.Scene) -> dict[str, Any]:
    with scene.transaction() as session:
        return export_bundle(session, agreement=scene.agreement(session), now=MOMENT)


def tamper(scene: factory.Scene, statement: str) -> None:
    """Change a row as somebody with the database's password would: triggers off."""
    table = statement.removeprefix("DELETE FROM ").removeprefix("UPDATE ").split()[0]
    with scene.transaction() as session:
        if session.get_bind().dialect.name == "sqlite":
            for verb in ("update", "delete"):
                session.execute(sa.text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
        else:
            session.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        assert session.execute(sa.text(statement)).rowcount == 1


def problem_of(scene: factory.Scene) -> dict[str, Any] | None:
    with scene.transaction() as session:
        return verify_agreement(session, agreement=scene.agreement(session)).problem


@pytest.mark.parametrize(
    ("statement", "where", "position"),
    [
        ("UPDATE agreement_version SET terms = replace(terms, '\"0.06\"', '\"0.07\"')", "versions", 1),
        ("UPDATE agreement_version SET terms = terms || ' '", "versions", 1),
        ("UPDATE agreement_event SET body = replace(body, 'T1', 'T2') WHERE number = 3", "events", 3),
        ("UPDATE agreement_event SET body = body || ' ' WHERE number = 3", "events", 3),
        ("UPDATE agreement_event SET effective_on = '2027-01-14' WHERE number = 3", "events", 3),
        ("UPDATE agreement_event SET recorded_at = replace(recorded_at, '2026', '2025') WHERE number = 2", "events", 2),
        ("UPDATE agreement_event SET actor_user = 'usr_x' WHERE number = 2", "events", 2),
        ("UPDATE agreement_event SET hash = replace(hash, substr(hash, 1, 1), 'z') WHERE number = 2", "events", 2),
        ("UPDATE agreement_signature SET statement = statement || '.' WHERE id = 2", "signatures", 2),
        ("UPDATE agreement_signature SET signed_at = replace(signed_at, '2026', '2025') WHERE id = 1", "signatures", 1),
        ("UPDATE agreement_signature SET role = 'signatory' WHERE id = 3", "signatures", 3),
        ("DELETE FROM agreement_signature WHERE id = 8", "signatures", "project"),
        ("UPDATE agreement SET head_hash = 'x'", "events", 8),
    ],
)
def test_change_in_the_database_is_found_with_its_place(
    running: factory.Scene, statement: str, where: str, position: Any
) -> None:
    assert problem_of(running) is None
    tamper(running, statement)
    problem = problem_of(running)
    assert problem is not None
    assert (problem["where"], problem["position"]) == (where, position)


def test_last_event_removed_with_its_head_still_leaves_a_ledger_that_differs(running: factory.Scene) -> None:
    with running.transaction() as session:
        agreement = running.agreement(session)
        number, agreement_id = agreement.event_count, agreement.id
        session.execute(sa.text("UPDATE agreement_payment SET settled_by_event_id = NULL, state = 'waiting'"
                                " WHERE purpose = 'deployment'"))  # fmt: skip
        if session.get_bind().dialect.name == "sqlite":
            session.execute(sa.text("DROP TRIGGER agreement_event_no_delete"))
        else:
            session.execute(sa.text("ALTER TABLE agreement_event DISABLE TRIGGER USER"))
        session.execute(sa.text("DELETE FROM agreement_event WHERE number = :n"), {"n": number})
        previous = session.scalar(sa.text("SELECT hash FROM agreement_event WHERE number = :n"), {"n": number - 1})
        session.execute(
            sa.text("UPDATE agreement SET head_hash = :h, event_count = :n WHERE id = :a"),
            {"h": previous, "n": number - 1, "a": agreement_id},
        )
    problem = problem_of(running)
    assert problem is not None
    assert problem["where"] == "ledger"


def every_leaf(value: Any, change: Callable[[Any], Any], place: list[int]) -> Any:
    """A copy of a document with exactly one leaf changed: the one whose turn it is."""
    if isinstance(value, dict):
        return {key: every_leaf(item, change, place) for key, item in value.items()}
    if isinstance(value, list):
        return [every_leaf(item, change, place) for item in value]
    place[0] -= 1
    return change(value) if place[0] == 0 else value


def altered(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1
    if value is None:
        return "x"
    return value[:-1] + ("x" if value[-1:] != "x" else "y")


def test_any_changed_leaf_of_versions_signatures_and_events_is_found_in_the_bundle(running: factory.Scene) -> None:
    content = bundle_of(running)
    assert find_problem(content) is None
    count = [10**6]
    parts = {name: content[name] for name in ("versions", "signatures", "events")}
    every_leaf(parts, altered, count)
    leaves = 10**6 - count[0]
    assert leaves > 150
    for number in range(1, leaves + 1):
        changed = {**content, **every_leaf(parts, altered, [number])}
        assert find_problem(changed) is not None, number


def test_exported_bundle_verifies_offline_and_names_what_was_changed(running: factory.Scene, tmp_path: Path) -> None:
    text = json.dumps(bundle_of(running), ensure_ascii=False)
    assert verify_document(text).sound
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(text, encoding="utf-8")
    bad.write_text(text.replace('\\"tranche\\":\\"T1\\"', '\\"tranche\\":\\"T2\\"'), encoding="utf-8")
    run = running.factory.app.test_cli_runner()

    def verify(path: Path) -> Result:
        return run.invoke(args=["agreements", "verify", str(path)])

    assert (verify(good).exit_code, verify(good).output.splitlines()[-1]) == (0, "everything holds")
    assert verify(bad).exit_code == 1
    assert "events 3: the event was changed" in verify(bad).output


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "pilotage/agreement/1"}', "[" * 100_000])
def test_file_that_is_no_bundle_is_refused(text: str) -> None:
    with pytest.raises(BundleUnreadableError):
        read_bundle(text)


def test_bundle_with_a_part_missing_is_a_problem_and_no_crash(running: factory.Scene) -> None:
    content = bundle_of(running)
    del content["events"][0]["body"]
    problem = find_problem(content)
    assert problem is not None
    assert problem["where"] == "bundle"
