"""Random conditional grants (fund first, equity later): their terms and the events that each scenario goes through."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any, Protocol

Json = dict[str, Any]
BOUND = 9 * 10**15
GRANT, FUNDER, OTHERS, AUDITOR = "grant", "fiscal", "others", "auditor"
PARTIES = (FUNDER, OTHERS, AUDITOR)
CONVERT_BY = "2028-06-30"


class Line(Protocol):
    """What the events of a grant need of the timeline."""

    on: Any
    facts: dict[str, list[bool]]

    def add(self, kind: str, body: Json, occurs: list[bool] | None = None) -> None:
        """Add an event."""


def leaf(party: str, basis: str, settles: str = "") -> Json:
    """Return a leaf, which settles a balance where one is named."""
    return {"to": {"party": party, "legal_basis": basis, "rank": 2, **({"settles": settles} if settles else {})}}


class Grant:
    """The terms of one grant and, per scenario, what of it is open, audited and converted.

    Draws from a source of its own, so that agreements without a grant stay those that they were.
    """

    def __init__(self, seed: int, top: int, scenarios: int) -> None:
        self.random = random.Random(f"grant {seed}")
        self.commitment = self.random.randint(1, max(top, 1))
        self.discount = self.random.choice(["0", "0.1", "0.1", "0.25", "0.333333"])
        self.cap = self.random.choice(["0.2", "0.2", "0.05", "0.333333"])
        self.open = [self.commitment] * scenarios
        self.audited, self.due, self.held, self.total = ([0] * scenarios for _ in range(4))
        self.failed, self.missed, self.written_off = ([False] * scenarios for _ in range(3))
        # A source of its own again: the events that were drawn before these two stay.
        self.more = random.Random(f"loss {seed}")

    # terms --------------------------------------------------------------------------------------------------------

    def instrument(self) -> Json:
        words = {"zh": "条款", "en": "clause"}
        conversion = {"discount": self.discount, "holding_cap": self.cap, "convert_by": CONVERT_BY,
                      "certified_by": AUDITOR, "others": OTHERS, "price_rule": words, "exemption": words}  # fmt: skip
        return {"id": GRANT, "kind": "conditional_grant", "party": FUNDER, "commitment_minor": self.commitment,
                "conversion": conversion}  # fmt: skip

    def repay_first(self, program: Json) -> Json:
        """Return a program that first pays what is to be repaid."""
        repaid = leaf(FUNDER, "conditional_grant", f"grant_due:{GRANT}")
        return {"seq": [{"cap": {"amount": {"bal": f"grant_due:{GRANT}"}, "then": repaid}}, program]}

    def share_in(self, program: Json) -> Json:
        """Return an exit program in which the funder has its shares once the grant is converted."""
        back = {"cap": {"amount": {"bal": f"capital:{FUNDER}"},
                        "then": leaf(FUNDER, "share_sale", f"capital:{FUNDER}")}}  # fmt: skip
        legs = [{"id": FUNDER, "balance": f"shares:{FUNDER}", "then": {"seq": [back, leaf(FUNDER, "share_sale")]}},
                {"id": OTHERS, "balance": f"shares:{OTHERS}", "then": program}]  # fmt: skip
        if self.random.random() < 0.3:
            legs[1] = {**legs[1], "then": {"when": {"if": {"flag": "f1"}, "then": leaf(OTHERS, "share_sale"),
                                                    "else": program}}}  # fmt: skip
        shares = {"when": {"if": {"converted": GRANT}, "then": {"share": {"legs": legs}}, "else": program}}
        return self.repay_first(shares)

    # events -------------------------------------------------------------------------------------------------------

    def happen(self, line: Line) -> None:
        """Add one or two events of the grant."""
        acts = (self.convert, self.convert, self.fail, self.audit, self.audit, self.repay, self.close, self.close)
        for act in self.random.choices([*acts, *[self.give_back] * 4], k=2):
            act(line)
        for act in (self.miss, self.write_off):
            if self.more.random() < 0.4:
                act(line)

    def on_record(self, line: Line) -> list[bool]:
        """Return where a failure is on record: a failed test, or a milestone that was missed and not passed since."""
        passed = line.facts["passed"]
        return [failed or (missed and not now)
                for failed, missed, now in zip(self.failed, self.missed, passed, strict=True)]  # fmt: skip

    def miss(self, line: Line) -> None:
        """Record a failed milestone where it has not passed; it may pass later."""
        occurs = [not passed and self.more.random() < 0.4 for passed in line.facts["passed"]]
        if any(occurs):
            line.add("milestone", {"milestone": "M1", "result": "fail"}, occurs)
            self.missed = [before or now for before, now in zip(self.missed, occurs, strict=True)]

    def write_off(self, line: Line) -> None:
        """After a liquidation audit and close what is open, and write off: what is still to be repaid is lost."""
        self._wind_up(line)
        facts = zip(line.facts["exited"], line.facts["sold"], self.open, self.written_off, strict=True)
        occurs = [exited and not (sold or open_ or before) for exited, sold, open_, before in facts]
        if any(occurs):
            line.add("write_off", {}, occurs)
            self.written_off = [before or now for before, now in zip(self.written_off, occurs, strict=True)]

    def convert(self, line: Line) -> None:
        """Convert a part of what is open where a round can be found that keeps cap and largest holder."""
        rows = [self._round(place, line.facts["exited"][place]) for place in range(len(self.open))]
        occurs = [row is not None for row in rows]
        if line.on.isoformat() > CONVERT_BY or not any(occurs):
            return
        keys = ("amount_minor", "pre_money_minor", "shares_before", "new_money_minor", "largest_other_shares")
        body: Json = {key: tuple(row[key] if row else 0 for row in rows) for key in keys}
        line.add("conversion", {"instrument": GRANT, **body}, occurs)
        for place, row in enumerate(rows):
            if row:
                self.open[place] -= row["amount_minor"]
                self.held[place], self.total[place], self.audited[place] = row["held"], row["total"], 0

    def _round(self, place: int, exited: bool) -> Json | None:
        draw = self.random
        if exited or not self.open[place] or draw.random() < 0.3:
            return None
        amount = draw.choice([self.open[place], draw.randint(1, self.open[place])])
        factor, cap = 1 - Fraction(self.discount), Fraction(self.cap)
        before = max(self.total[place], draw.choice([20, 1_000, 10**7, 10**9]))
        wanted = draw.randint(1, max(int(before * cap) // 2, 1))
        value = int(amount * before / (factor * wanted))
        if not 0 < value * factor.numerator <= BOUND or before * factor.denominator > BOUND:
            return None
        new_money = draw.choice([0, draw.randint(0, value)])
        price = Fraction(value, before)
        got, new = int(amount / (price * factor)), int(new_money / price)
        held, total = self.held[place] + got, before + new + got
        largest = before + new - self.held[place]
        if not got or Fraction(held, total) > cap or held >= largest:
            return None
        body = {"amount_minor": amount, "pre_money_minor": value, "shares_before": before, "new_money_minor": new_money}
        return {**body, "largest_other_shares": largest, "held": held, "total": total}

    def fail(self, line: Line) -> None:
        """Record a failed test somewhere."""
        occurs = [self.random.random() < 0.5 for _ in self.open]
        if any(occurs):
            line.add("loss_event", {"kind": "test_failure"}, occurs)
            self.failed = [before or now for before, now in zip(self.failed, occurs, strict=True)]

    def _wind_up(self, line: Line) -> None:
        facts = zip(line.facts["exited"], self.open, strict=True)
        occurs = [exited and open_ > 0 and self.more.random() < 0.8 for exited, open_ in facts]
        if not any(occurs):
            return
        eligible = [self.more.choice([0, self.more.randint(0, amount)]) for amount in self.open]
        rest = [amount - part for amount, part in zip(self.open, eligible, strict=True)]
        self._audited(line, list(zip(eligible, [0] * len(rest), rest, strict=True)), occurs)
        closed = [happens and part > 0 for happens, part in zip(occurs, eligible, strict=True)]
        if any(closed):
            line.add("grant_close", {"instrument": GRANT}, closed)
            self.open = [0 if now else amount for now, amount in zip(closed, self.open, strict=True)]

    def audit(self, line: Line) -> None:
        """Split what is open into eligible, ineligible and unspent money."""
        occurs = [amount > 0 and self.random.random() < 0.8 for amount in self.open]
        if not any(occurs):
            return
        parts = []
        for amount in self.open:
            low, high = sorted(self.random.randint(0, amount) for _ in range(2))
            parts.append(self.random.choice([(amount, 0, 0), (low, high - low, amount - high)]))
        self._audited(line, parts, occurs)

    def _audited(self, line: Line, parts: list[tuple[int, int, int]], occurs: list[bool]) -> None:
        names = ("eligible_minor", "ineligible_minor", "unspent_minor")
        body = {name: tuple(row[index] for row in parts) for index, name in enumerate(names)}
        line.add("grant_audit", {"instrument": GRANT, **body}, occurs)
        for place, row in enumerate(parts):
            if occurs[place]:
                self.due[place] += row[1] + row[2]
                self.open[place] = self.audited[place] = row[0]

    def repay(self, line: Line) -> None:
        """Pay all that is due back."""
        occurs = [amount > 0 and self.random.random() < 0.8 for amount in self.due]
        if any(occurs):
            line.add("distribution", {"source": "project", "collect": [f"grant_due:{GRANT}"]}, occurs)
            self.due = [0 if paid else amount for paid, amount in zip(occurs, self.due, strict=True)]

    def give_back(self, line: Line) -> None:
        """Make all that is open repayable after the last day of conversion, or a part of it before."""
        exited = line.facts["exited"]
        occurs = [amount > 0 and not failed and not gone
                  for amount, failed, gone in zip(self.open, self.on_record(line), exited, strict=True)]  # fmt: skip
        early = line.on.isoformat() <= CONVERT_BY
        if not any(occurs) or (early and self.random.random() < 0.7):
            return
        amounts = [self.random.randint(1, amount) if early and amount else amount for amount in self.open]
        body: Json = {"early": True, "amount_minor": tuple(amounts)} if early else {}
        line.add("grant_return", {"instrument": GRANT, **body}, occurs)
        for place, now in enumerate(occurs):
            if now:
                self.due[place], self.open[place] = self.due[place] + amounts[place], self.open[place] - amounts[place]

    def close(self, line: Line) -> None:
        """Close with exemption where a failure is on record and all that is open is audited."""
        exited, failures = line.facts["exited"], self.on_record(line)
        occurs = [0 < amount == audited and (failed or gone) for amount, audited, failed, gone
                  in zip(self.open, self.audited, failures, exited, strict=True)]  # fmt: skip
        if any(occurs):
            line.add("grant_close", {"instrument": GRANT}, occurs)
            self.open = [0 if now else amount for now, amount in zip(occurs, self.open, strict=True)]
