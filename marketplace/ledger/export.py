"""The ledger as text for independent checkers: beancount and hledger, streamed, ASCII account names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import orm

from marketplace.ledger.models import Account, Entry, Posting
from marketplace.ledger.queries import iterate_entries
from marketplace.money import Money

# The first digit of the code decides the side; memo pairs are shown as equity so that they check too.
ROOTS = {"1": "Assets", "2": "Liabilities", "3": "Equity", "4": "Income", "5": "Expenses", "9": "Equity"}
FORMATS = ("beancount", "hledger")


def account_name(account: Account) -> str:
    """For example `Assets:Agr7K…:1010:Org3x…`: ASCII, each part starting with a capital or a digit."""
    parts = [ROOTS[account.code[0]], _part(account.book.split(":", 1)[-1]), account.code]
    if account.party:
        parts.append(_part(account.party))
    return ":".join(parts)


def _part(text: str) -> str:
    kept = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-") or "X"
    return kept[0].upper() + kept[1:]


def _text(value: str) -> str:
    return value.replace("\\", "/").replace('"', "'").replace("\n", " ").replace("\r", " ")


def _note(value: str) -> str:
    """Text of an hledger line, where a semicolon would begin a comment."""
    return _text(value).replace(";", "；")


def export_ledger(
    session: orm.Session, *, format: str, book: str | None = None, names: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Lines of the export; `names` maps a party to the name that goes into the metadata."""
    write: Callable[..., Iterator[str]] = {"beancount": _beancount, "hledger": _hledger}[format]
    groups = groupby(iterate_entries(session, book=book), key=lambda row: row[0].id)
    yield from write(([*rows] for _key, rows in groups), names or {})


def _beancount(entries: Iterator[list[tuple[Entry, Posting, Account]]], names: Mapping[str, str]) -> Iterator[str]:
    yield 'option "title" "Pilotage"'
    yield 'option "operating_currency" "CNY"'
    opened: set[str] = set()
    for rows in entries:
        entry = rows[0][0]
        for _entry, _posting, account in rows:
            name = account_name(account)
            if name not in opened:
                opened.add(name)
                # Opened before any effective date: a correction may carry an earlier day than the first entry.
                yield f"1970-01-01 open {name}"
                if account.party in names:
                    yield f'  party: "{_text(names[account.party])}"'
        yield ""
        yield f'{entry.effective_on.isoformat()} * "{_text(entry.kind)}" "{_text(entry.reference)}"'
        yield f'  entry: "{entry.public_id}"'
        for _entry, posting, account in rows:
            amount = Money(posting.amount_minor, posting.currency).decimal()
            yield f"  {account_name(account)}  {amount:f} {posting.currency}"


def _hledger(entries: Iterator[list[tuple[Entry, Posting, Account]]], names: Mapping[str, str]) -> Iterator[str]:
    yield "; Pilotage"
    yield "decimal-mark ."
    for rows in entries:
        entry = rows[0][0]
        yield ""
        yield f"{entry.effective_on.isoformat()} * {_note(entry.kind)} | {_note(entry.reference)}"
        yield f"    ; entry:{entry.public_id}"
        for _entry, posting, account in rows:
            amount = Money(posting.amount_minor, posting.currency).decimal()
            party = f"  ; party:{_note(names[account.party])}" if account.party in names else ""
            yield f"    {account_name(account)}  {amount:f} {posting.currency}{party}"


def export_rows(session: orm.Session, *, book: str | None = None) -> Iterator[dict[str, Any]]:
    """The same ledger as flat rows for CSV: one posting a row."""
    for entry, posting, account in iterate_entries(session, book=book):
        yield {
            "entry": entry.public_id,
            "reference": entry.reference,
            "kind": entry.kind,
            "effective_on": entry.effective_on.isoformat(),
            "recorded_at": entry.recorded_at.isoformat(),
            "book": account.book,
            "code": account.code,
            "party": account.party,
            "amount_minor": posting.amount_minor,
            "currency": posting.currency,
            "pair": posting.pair,
        }
