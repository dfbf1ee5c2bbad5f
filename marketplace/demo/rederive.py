"""Checks the exported figures again from the files alone; imports neither the marketplace nor the quantitative core.

Usage: python rederive.py FOLDER. The folder holds ledger.csv, payments.csv, commitments.csv and expected.json.
Prints each re-derived figure; ends 1 at the first that differs.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from fractions import Fraction
from pathlib import Path


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def check(name: str, found: object, expected: object) -> bool:
    same = found == expected
    print(f"  {'ok ' if same else 'NOT'} {name}: {found}" + ("" if same else f", expected {expected}"))
    return same


def check_ledger(rows: list[dict[str, str]]) -> list[bool]:
    """Every entry and the whole add to zero in each currency and memo pair."""
    entries: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        entries[row["entry"], row["currency"], row["pair"]] += int(row["amount_minor"])
    unbalanced = sum(1 for amount in entries.values() if amount)
    return [
        check("entries that do not balance", unbalanced, 0),
        check("sum of all postings", sum(int(row["amount_minor"]) for row in rows), 0),
    ]


def check_cash(rows: list[dict[str, str]], payments: list[dict[str, str]]) -> list[bool]:
    """What went in and out of the supervised cash of each book equals its confirmed bank lines in and out."""
    cash: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        if row["code"] == "1010":
            amount = int(row["amount_minor"])
            cash[row["book"], "in" if amount > 0 else "out"] += abs(amount)
    lines: dict[tuple[str, str], int] = defaultdict(int)
    for payment in payments:
        if payment["state"] == "confirmed" and payment["direction"] in ("in", "out"):
            lines[payment["book"], payment["direction"]] += int(payment["amount_minor"])
    keys = sorted(set(cash) | set(lines))
    return [check(f"supervised cash {way} of {book}", cash[book, way], lines[book, way]) for book, way in keys]


def check_parties(payments: list[dict[str, str]], expected: dict[str, dict[str, dict[str, int]]]) -> list[bool]:
    """What each organisation paid and received in each book, from confirmed payments."""
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for payment in payments:
        if payment["state"] == "confirmed" and payment["purpose"] != "deployment":
            totals[payment["book"], payment["payer"]][0] += int(payment["amount_minor"])
            totals[payment["book"], payment["payee"]][1] += int(payment["amount_minor"])
    results = []
    for book, parties in sorted(expected.items()):
        for party, figures in sorted(parties.items()):
            found = totals[book, party]
            results.append(check(f"{book} {party} received", found[1], figures["received_minor"]))
    return results


def check_leverage(
    commitments: list[dict[str, str]], payments: list[dict[str, str]], expected: dict[str, str]
) -> list[bool]:
    """M1a = (G + V) / G and M2 = V / G on the paid base, nominal reading, from the round that the report is about."""
    paid: dict[str, int] = defaultdict(int)
    for payment in payments:
        if payment["state"] == "confirmed" and payment["purpose"] == "drawdown" and payment["book"] == expected["book"]:
            paid[payment["payer"]] += int(payment["amount_minor"])
    guidance = private = 0
    for row in commitments:
        if row["round"] != expected["round"] or row["instrument"] == "loan":
            continue
        if row["kind"] == "guidance_fund":
            guidance += paid[row["organisation"]]
        else:
            private += paid[row["organisation"]]
    leverage = Fraction(guidance + private, guidance)
    return [
        check("M1a, paid, nominal", str(leverage), expected["m1a"]),
        check("M2, paid, nominal", str(leverage - 1), expected["m2"]),
    ]


def main(folder: Path) -> int:
    ledger, payments = read(folder, "ledger.csv"), read(folder, "payments.csv")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    results = [
        *check_ledger(ledger),
        *check_cash(ledger, payments),
        *check_parties(payments, expected["parties"]),
        *check_leverage(read(folder, "commitments.csv"), payments, expected["leverage"]),
    ]
    print(f"  {sum(results)} of {len(results)} figures re-derived from the files")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
