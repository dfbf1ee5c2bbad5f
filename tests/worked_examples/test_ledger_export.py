"""The exported ledger of a market, checked by programs that are not ours, and re-derived from its CSV."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.app import Marketplace
from marketplace.ledger.export import export_ledger
from marketplace.ledger.models import Account
from marketplace.ledger.queries import list_balances
from marketplace.ledger.services import Line, post_entry, reverse_entry
from marketplace.money import EXPONENTS, LIMIT_MINOR
from risk.sharing.templates.scenario_a import scenario_a
from tests.factories import MOMENT
from tests.factories.agreements import make_active, pay_all, record, record_by_house

BEAN_CHECK = Path(sys.executable).with_name("bean-check")
HLEDGER = shutil.which("hledger")
HOSTILE_NAME = '贵州"中试"; 基地, {#x} \\ (有限)\n第二行 = 10 CNY @ 2 USD'
Exporter = Callable[..., str]


@pytest.fixture
def market(app: Marketplace, make: Any) -> dict[str, str]:
    """Scenario A until its first drawdown is paid, and books in other currencies with awkward names and references."""
    scene = make_active(make)
    for event in scenario_a("success")["events"][1:3]:
        (record_by_house if event["kind"] == "milestone" else _by_project)(scene, event)
        pay_all(scene)
    names = {member.organisation.public_id: member.organisation.name_zh for member in scene.members.values()}
    with app.database.transaction() as session:
        common = {"kind": "fee", "now": MOMENT}
        for number, (currency, amount) in enumerate(
            [("JPY", 7), ("USD", 1), ("EUR", 123_456_789), ("HKD", LIMIT_MINOR), ("CNY", 100)]
        ):
            entry = post_entry(
                session, book="market:其他 book", reference=f'ref; {number} "引号" | {HOSTILE_NAME}',
                effective_on=date(2026, 12, 1 + number), currency=currency,
                lines=[Line("1010", amount, "org_odd"), Line("4010", -amount), Line("9010", 5), Line("9011", -5)],
                **common,
            )  # fmt: skip
        reverse_entry(session, entry=entry, reference="back", effective_on=date(2026, 11, 1), now=MOMENT)
    return {**names, "org_odd": HOSTILE_NAME}


def _by_project(scene: Any, event: dict[str, Any]) -> None:
    record(scene, "project", event)


@pytest.fixture
def exported(app: Marketplace, market: dict[str, str], tmp_path: Path) -> Exporter:
    def export(format_: str) -> str:
        with app.database.transaction("read") as session:
            text = "\n".join(export_ledger(session, format=format_, names=market)) + "\n"
        path = tmp_path / f"ledger.{format_}"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return export


def run(*command: str) -> str:
    """A checker's output; it runs under C.UTF-8, since names are Chinese."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_beancount_accepts_the_export(exported: Exporter) -> None:
    assert BEAN_CHECK.exists(), "beancount is part of the test requirements"
    path = exported("beancount")
    run(str(BEAN_CHECK), path)
    text = Path(path).read_text(encoding="utf-8")
    assert "测试" in text
    assert all(line.isascii() for line in text.splitlines() if line.startswith("1970-01-01 open"))


def test_beancount_refuses_the_export_with_one_digit_changed(exported: Exporter) -> None:
    """The checker does check: an entry that does not balance is found."""
    path = Path(exported("beancount"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("1234567.89 EUR", "1234567.88 EUR", 1), encoding="utf-8")
    assert subprocess.run([str(BEAN_CHECK), str(path)], capture_output=True, timeout=120).returncode != 0


def test_hledger_accepts_the_export_and_adds_to_zero(exported: Exporter) -> None:
    if HLEDGER is None:
        pytest.skip("hledger is not installed on this machine")
    path = exported("hledger")
    run(HLEDGER, "-f", path, "check")
    printed = run(HLEDGER, "-f", path, "print", "desc:ref").splitlines()
    heads = [line for line in printed if line.startswith("2026-12-")]
    assert [line.endswith("2 USD") for line in heads] == [True] * 5, "nothing of a reference is cut off"
    total = run(HLEDGER, "-f", path, "balance", "--format", "%(total)", "--depth", "1").strip().splitlines()[-1]
    assert total == "0"


def test_hledger_has_the_balances_of_the_database(app: Marketplace, exported: Exporter) -> None:
    if HLEDGER is None:
        pytest.skip("hledger is not installed on this machine")
    text = run(HLEDGER, "-f", exported("hledger"), "balance", "--flat", "-N", "-O", "csv", "--layout", "bare")
    rows = list(csv.DictReader(io.StringIO(text)))
    found = sorted((row["commodity"], Decimal(row["balance"])) for row in rows if Decimal(row["balance"]))
    with app.database.transaction("read") as session:
        books = session.scalars(sa.select(Account.book).distinct()).all()
        kept = [balance for book in books for balance in list_balances(session, book=book) if balance.amount_minor]
    expected = sorted((row.currency, Decimal(row.amount_minor).scaleb(-EXPONENTS[row.currency])) for row in kept)
    assert found == expected


def test_balances_are_derived_from_the_csv_alone(app: Marketplace, market: dict[str, str]) -> None:
    text = app.test_cli_runner().invoke(args=["ledger", "export", "--format", "csv"]).output
    sums: dict[tuple[str, str, str, str], int] = defaultdict(int)
    entries: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in csv.DictReader(io.StringIO(text)):
        sums[row["book"], row["code"], row["party"], row["currency"]] += int(row["amount_minor"])
        entries[row["entry"], row["currency"], row["pair"]] += int(row["amount_minor"])
    assert set(entries.values()) == {0}
    with app.database.transaction("read") as session:
        for book in {key[0] for key in sums}:
            for balance in list_balances(session, book=book):
                account = balance.account
                assert sums.pop((book, account.code, account.party, balance.currency)) == balance.amount_minor
    assert sums == {}


@pytest.mark.parametrize("format_", ["beancount", "hledger"])
def test_command_writes_what_the_checkers_read(
    app: Marketplace, market: dict[str, str], tmp_path: Path, format_: str
) -> None:
    done = app.test_cli_runner().invoke(args=["ledger", "export", "--format", format_])
    assert done.exit_code == 0, done.output
    path = tmp_path / "out"
    path.write_text(done.output, encoding="utf-8")
    if format_ == "beancount":
        run(str(BEAN_CHECK), str(path))
    elif HLEDGER is None:
        pytest.skip("hledger is not installed on this machine")
    else:
        run(HLEDGER, "-f", str(path), "check")
