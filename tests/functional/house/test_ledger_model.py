"""The ledger against a model: random entries and reversals, and writers at one moment; none lost, none half."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.app import Marketplace
from marketplace.audit.services import record_act, verify_chain
from marketplace.db import Database
from marketplace.errors import ConflictError
from marketplace.ledger.errors import AlreadyReversedError
from marketplace.ledger.models import Entry
from marketplace.ledger.queries import find_entry_by_reference, list_balances
from marketplace.ledger.services import Line, check_ledger, post_entry, reverse_entry
from marketplace.money import LIMIT_MINOR
from tests.factories import MOMENT
from tests.functional.house.support import at_once

DAY = date(2027, 1, 15)
CODES = ("1010", "1110", "2010", "3010", "9010", "9011")
amounts = st.one_of(st.integers(-1000, 1000), st.integers(-LIMIT_MINOR // 8, LIMIT_MINOR // 8))
lines = st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(("", "org_a", "机构")), amounts), max_size=5)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.sampled_from(("CNY", "USD", "JPY")), st.integers(0, 40), lines),
        st.tuples(st.just("reverse"), st.just(""), st.integers(0, 40), st.integers(0, 30)),
    ),
    max_size=14,
)  # fmt: skip


def balanced(given_lines: list[tuple[str, str, int]]) -> list[Line]:
    """The lines with one more for each side (money, memo pair) that makes it add to zero."""
    found = [Line(code, amount, party) for code, party, amount in given_lines]
    for codes, counter in ((CODES[:4], "4010"), (CODES[4:], "9011")):
        rest = sum(line.amount_minor for line in found if line.code in codes)
        if rest:
            found.append(Line(counter, -rest, "rest"))
    return [line for line in found if line.amount_minor]


def balances(database: Database, book: str, until: date | None = None) -> dict[tuple[str, str, str], int]:
    with database.transaction("read") as session:
        rows = list_balances(session, book=book, until=until)
    return {(row.account.code, row.account.party, row.currency): row.amount_minor for row in rows if row.amount_minor}


class Model:
    """What the balances must be, kept in plain dictionaries."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, str, date, list[Line]]] = []
        self.reversed: set[int] = set()

    def balances(self, until: date | None = None) -> dict[tuple[str, str, str], int]:
        sums: dict[tuple[str, str, str], int] = defaultdict(int)
        for _reference, currency, day, entry in self.posted:
            if until is None or day <= until:
                for line in entry:
                    sums[line.code, line.party, currency] += line.amount_minor
        return {key: amount for key, amount in sums.items() if amount}


# The database of one test serves all its examples; each has a book of its own.
numbers = iter(range(1_000_000))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=acts)
def test_balances_are_those_of_the_model(database: Database, script: list[Any]) -> None:
    book, model = f"model:{next(numbers)}", Model()
    for step, (verb, currency, days, content) in enumerate(script):
        day, reference = DAY + timedelta(days=days), f"{book}:{step}"
        if verb == "post":
            entry = balanced(content)
            if len(entry) >= 2 and all(abs(line.amount_minor) <= LIMIT_MINOR for line in entry):
                post(database, book, reference, entry, currency, day)
                model.posted.append((reference, currency, day, entry))
        elif content < len(model.posted):
            reverse(database, model, content, reference, day)
    assert balances(database, book) == model.balances()
    middle = DAY + timedelta(days=20)
    assert balances(database, book, middle) == model.balances(middle)
    with database.transaction("read") as session:
        assert check_ledger(session).sound


def post(database: Database, book: str, reference: str, entry: list[Line], currency: str, day: date) -> None:
    with database.transaction() as session:
        post_entry(
            session, book=book, reference=reference, kind="call", effective_on=day, now=MOMENT, currency=currency,
            lines=entry,
        )  # fmt: skip


def reverse(database: Database, model: Model, index: int, reference: str, day: date) -> None:
    """Once; the second time is refused and changes nothing."""
    of, currency, _day, entry = model.posted[index]
    try:
        with database.transaction() as session:
            found = find_entry_by_reference(session, reference=of)
            assert found is not None
            reverse_entry(session, entry=found, reference=reference, effective_on=day, now=MOMENT)
    except AlreadyReversedError:
        assert index in model.reversed
        return
    assert index not in model.reversed
    model.reversed.add(index)
    mirrored = [Line(line.code, -line.amount_minor, line.party) for line in entry]
    model.posted.append((reference, currency, day, mirrored))


def test_eight_writers_lose_nothing(app: Marketplace, database: Database) -> None:
    """On one account they all share, made by whoever is first; each act has its line in the chain."""

    def write(number: int) -> None:
        for step in range(25):
            with database.transaction() as session:
                post_entry(
                    session, book="race", reference=f"{number}:{step}", kind="call", effective_on=DAY, now=MOMENT,
                    currency="CNY", lines=[Line("1010", 3), Line("3010", -3, f"org_{number}")],
                )  # fmt: skip
                record_act(session, actor=None, action="test", subject_kind="test", subject_id="x", now=MOMENT)

    at_once([lambda number=number: write(number) for number in range(8)])
    found = balances(database, "race")
    assert found.pop(("1010", "", "CNY")) == 8 * 25 * 3
    assert found == {("3010", f"org_{number}", "CNY"): -75 for number in range(8)}
    with database.transaction("read") as session:
        check, audit = check_ledger(session), verify_chain(session)
    assert (check.sound, check.entries) == (True, 200)
    assert (audit.lines, audit.broken_at) == (200, None)


def attempt(act: Any) -> str:
    """What became of an act that others try at the same moment."""
    try:
        act()
    except (ConflictError, sa.exc.IntegrityError):
        return "refused"
    return "done"


def test_one_reference_posted_at_once_is_one_entry(app: Marketplace, database: Database) -> None:
    entry = [Line("1010", 3), Line("3010", -3)]
    tries = [lambda: attempt(lambda: post(database, "race", "same", entry, "CNY", DAY)) for _ in range(6)]
    assert sorted(at_once(tries)) == ["done", *["refused"] * 5]
    assert balances(database, "race")["1010", "", "CNY"] == 3


def test_one_entry_reversed_at_once_is_reversed_once(app: Marketplace, database: Database) -> None:
    post(database, "race", "first", [Line("1010", 3), Line("3010", -3)], "CNY", DAY)

    def undo(number: int) -> None:
        with database.transaction() as session:
            found = session.scalars(sa.select(Entry).where(Entry.reference == "first")).one()
            reverse_entry(session, entry=found, reference=f"back {number}", effective_on=DAY, now=MOMENT)

    tries = [lambda number=number: attempt(lambda: undo(number)) for number in range(6)]
    assert sorted(at_once(tries)) == ["done", *["refused"] * 5]
    assert balances(database, "race") == {}
