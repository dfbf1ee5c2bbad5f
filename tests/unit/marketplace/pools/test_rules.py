"""What a register has left, over any order of its lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from marketplace.pools.rules import Counted, compute_room

MINOR = some.integers(0, 10**12)
USES = some.builds(lambda year, bank, minor: Counted(year, bank, -minor, minor), some.integers(2026, 2028),
                   some.integers(1, 3), MINOR)  # fmt: skip
GIFTS = some.builds(lambda year, minor: Counted(year, None, minor, 0), some.integers(2026, 2028), MINOR)
ROWS = some.lists(USES | GIFTS, max_size=12)


def room_of(rows: list[Counted], **changes: int) -> object:
    given = {"year": 2027, "year_limit_minor": 10**12, "bank": 1, "bank_limit_minor": 10**11, **changes}
    return compute_room(rows, **given)


@given(rows=ROWS, order=some.randoms())
def test_the_order_of_the_lines_is_without_effect(rows: list[Counted], order: object) -> None:
    mixed = list(rows)
    order.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis hands over a random.Random
    assert room_of(rows) == room_of(mixed)


@given(rows=ROWS, use=USES)
def test_a_line_and_its_reversal_leave_what_was(rows: list[Counted], use: Counted) -> None:
    back = Counted(use.year, use.bank, -use.balance_minor, -use.used_minor)
    assert room_of([*rows, use, back]) == room_of(rows)


@given(rows=ROWS)
def test_room_is_never_negative_and_never_above_its_limits(rows: list[Counted]) -> None:
    room = compute_room(rows, year=2027, year_limit_minor=10**12, bank=1, bank_limit_minor=10**11)
    assert 0 <= room.bank_year <= 10**11
    assert 0 <= room.year <= 10**12
    assert room.balance == max(sum(row.balance_minor for row in rows), 0)


@given(rows=ROWS, use=USES)
def test_another_year_uses_up_the_balance_only(rows: list[Counted], use: Counted) -> None:
    before = compute_room(rows, year=2030, year_limit_minor=7, bank=1, bank_limit_minor=5)
    after = compute_room([*rows, use], year=2030, year_limit_minor=7, bank=1, bank_limit_minor=5)
    assert (after.bank_year, after.year) == (before.bank_year, before.year) == (5, 7)
    assert after.balance <= before.balance
