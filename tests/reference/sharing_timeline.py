"""Random events that several scenarios go through, each with its own amounts and its own history."""

from __future__ import annotations

import datetime
import random
from collections import Counter
from typing import Any, Protocol

from tests.reference.sharing_grants import Grant

Json = dict[str, Any]
BOUND = 9 * 10**15
SCENARIOS = 4
LOAN, COLLECTABLE = "loan", ["interest_due:loan", "principal_due:loan"]


class Source(Protocol):
    """What the timeline needs of the generator of terms."""

    random: random.Random
    features: Counter[str]
    has_loan: bool
    has_chain: bool
    bound: bool
    grant: Grant | None

    def minor(self) -> int:
        """Return an amount."""


class Timeline:
    """Draws events that each scenario may go through: who has defaulted, exited, been compensated is kept apart."""

    def __init__(self, generator: Source, terms: Json) -> None:
        self.generator, self.random, self.terms = generator, generator.random, terms
        self.on = datetime.date(2027, 1, 5)
        self.rows: list[Json] = []
        self.facts = {fact: [False] * SCENARIOS for fact in ("default", "compensated", "exited", "sold", "passed")}

    def add(self, kind: str, body: Json, occurs: list[bool] | None = None) -> None:
        self.rows.append({"id": f"e{len(self.rows)}", "kind": kind, "effective_on": self.on.isoformat(), "body": body,
                          "occurs": occurs or [True] * SCENARIOS})  # fmt: skip
        self.generator.features[f"event:{kind}"] += 1

    def some(self, *unless: str) -> list[bool]:
        """Return where an event happens: nowhere that one of the facts holds."""
        return [self.random.random() < 0.75 and not any(self.facts[fact][place] for fact in unless)
                for place in range(SCENARIOS)]  # fmt: skip

    def amounts(self) -> tuple[int, ...]:
        return tuple(self.generator.minor() for _ in range(SCENARIOS))

    def events(self) -> list[Json]:
        self.add("activate", {})
        self.add("drawdown_call", {"tranche": "T1"})
        for instrument in self.terms["tranches"][0]["amounts"]:
            self.add("drawdown_paid", {"tranche": "T1", "instrument": instrument})
        steps = [self.milestone, self.report, self.own_funds, self.own_funds, self.interest, self.indemnity,
                 self.default, self.collateral, self.exit, self.compensation]  # fmt: skip
        if self.generator.bound:
            self.at_the_bound()
        for _ in range(self.random.randint(3, 12)):
            self.on += datetime.timedelta(days=self.random.choice([0, 1, 29, 90, 200]))
            self.random.choice(steps)()
            if self.generator.grant is not None:
                self.generator.grant.happen(self)
        return self.rows

    def at_the_bound(self) -> None:
        self.generator.features["bound"] += 1
        self.add("distribution", {"source": "project", "amount_minor": (BOUND, BOUND - 1, 0, BOUND // 2)})

    def milestone(self) -> None:
        occurs = self.some("passed")
        self.add(
            "milestone", {"milestone": "M1", "result": "pass", "flags": {"f1": self.random.random() < 0.7}}, occurs
        )
        self.facts["passed"] = [before or now for before, now in zip(self.facts["passed"], occurs, strict=True)]

    def report(self) -> None:
        occurs, due = self.some(), self.amounts()
        # Each report is of a period of its own: the start tells them apart.
        start = datetime.date(2026, 1, 1) + datetime.timedelta(days=len(self.rows))
        body: Json = {"period": {"from": start.isoformat(), "to": "2027-01-04"}, "base_minor": due}
        if "revenue_share" in self.terms:
            self.add("revenue_report", body, occurs)
            return
        self.add("revenue_report", {**body, "due_minor": due}, occurs)
        self.add("distribution", {"source": "revenue", "amount_minor": due}, occurs)

    def own_funds(self) -> None:
        body: Json = {"source": "project", "amount_minor": self.amounts()}
        if self.generator.has_loan and self.random.random() < 0.3:
            body = {"source": "project", "collect": COLLECTABLE}
        self.add("distribution", body, self.some())

    def interest(self) -> None:
        if self.generator.has_loan:
            self.add("interest_due", {"instrument": LOAN, "final": True}, self.some())

    def indemnity(self) -> None:
        body = {"policy": "policy", "metrics": {"accepted_spend": self.amounts()}}
        self.add("insurance_recovery", body, self.some("compensated"))

    def default(self) -> None:
        occurs = self.some()
        self.add("loss_event", {"kind": "default"}, occurs)
        self.facts["default"] = [before or now for before, now in zip(self.facts["default"], occurs, strict=True)]

    def collateral(self) -> None:
        proceeds = self.amounts()
        body = {
            "channel": "collateral",
            "proceeds_minor": proceeds,
            "costs_minor": tuple(part // 3 for part in proceeds),
        }
        self.add("recovery", body, self.some("compensated"))
        later = [self.facts["compensated"][place] and self.random.random() < 0.8 for place in range(SCENARIOS)]
        if any(later):
            self.add("recovery", {"channel": "later", "proceeds_minor": self.amounts()}, later)

    def exit(self) -> None:
        occurs = self.some("exited", "compensated")
        kind = self.random.choice(["trade_sale", "liquidation", "partnership_distribution"])
        self.generator.features[f"exit:{kind}"] += 1
        if kind == "trade_sale" and self.generator.grant is not None:
            # A company is not sold over an open grant.
            open_ = self.generator.grant.open
            occurs = [happens and not amount for happens, amount in zip(occurs, open_, strict=True)]
        self.add("exit", {"kind": kind, "proceeds_minor": self.amounts()}, occurs)
        if kind == "partnership_distribution":
            return
        for fact in ("exited", "sold") if kind == "trade_sale" else ("exited",):
            self.facts[fact] = [before or now for before, now in zip(self.facts[fact], occurs, strict=True)]

    def compensation(self) -> None:
        pairs = zip(self.facts["default"], self.facts["compensated"], strict=True)
        occurs = [default and not before and self.generator.has_loan for default, before in pairs]
        if any(occurs):
            for channel in self._channels():
                self.add("pool_compensation", {"channel": channel, **self._room(channel)}, occurs)
            self.facts["compensated"] = [
                before or now for before, now in zip(self.facts["compensated"], occurs, strict=True)
            ]

    def _room(self, channel: str) -> Json:
        """Return what the register of a shared limit has left in each scenario."""
        shared = [limit["id"] for limit in self.terms["limits"] if "shared" in limit]
        if channel != "pool" or not shared:
            return {}
        self.generator.features["room"] += 1
        return {"room": {name: self.amounts() for name in shared}}

    def _channels(self) -> list[str]:
        """Return who compensates: the pool alone, or the guarantor and those it claims from, before or after it."""
        if not self.generator.has_chain:
            return ["pool"]
        self.generator.features["chain"] += 1
        rest = ["reguarantee", "national_guarantee", "pool"]
        self.random.shuffle(rest)
        return ["guarantee", *rest]
