"""Random rates, loans, preferences and hurdle accounts of an agreement."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

Json = dict[str, Any]
LOAN = "loan"


class AccrualGenerator:
    """The part of the generator that draws what accrues; `time` is a source of its own."""

    random: random.Random
    time: random.Random
    features: Counter[str]
    investors: list[str]

    def _rate(self) -> Json:
        return {"value": self.random.choice(["0", "0.04", "0.06", "0.0835", "1.5", "0.123456789"]), "per": "year"}

    def _steps(self) -> list[Json]:
        on = self.random.choice(["2027-01-01", "2027-06-30", "2028-02-29"])
        return [{"milestone": "M1", "from": on, "rate": self._rate()}] if self.random.random() < 0.4 else []

    def _loan(self, amount: int) -> Json:
        return {
            "id": LOAN, "kind": "loan", "party": "bank", "commitment_minor": amount, "rate": self._rate(),
            "day_count": self._day_count(), "carry": self.random.choice(["none", "carried"]), "steps": self._steps(),
            "settled": {"day": 20, "months": [3, 6, 9, 12]},
            **self._plan(amount),
        }  # fmt: skip

    def _plan(self, amount: int) -> Json:
        kind = self.time.choice(["listed", "bullet", "linear", "annuity"]) if amount >= 1000 else "listed"
        self.features[f"loan:{kind}"] += 1
        if kind == "bullet":
            return {"schedule": {kind: {"on": "2028-06-20"}}}
        plan = {"first": "2027-03-20", "every_months": 3, "count": self.time.randint(1, 8)}
        if kind == "linear":
            return {"schedule": {kind: plan | {"every_months": self.time.randint(1, 4)}}}
        if kind == "annuity":
            return {"schedule": {kind: {"start": "2027-01-05", **plan}}}
        half = amount // 2
        return {"repayments": [{"on": "2027-06-20", "amount_minor": half},
                               {"on": "2028-06-20", "amount_minor": amount - half}]}  # fmt: skip

    def _accrual(self, party: str) -> Json:
        item = {"id": f"pref-{party}", "party": party, "base": f"capital:{party}", "rate": self._rate(),
                "day_count": self.random.choice(["A365F", "A360"]), "steps": self._steps()}  # fmt: skip
        item["day_count"] = self._day_count()
        way = self.time.choice(["simple", "daily", "year", "quarter"])
        self.features[f"accrual:{way}"] += 1
        if way == "daily":
            del item["steps"]
        if way != "simple":
            item["method"] = "compound"
        if way in ("year", "quarter"):
            start = self.time.choice(["2027-01-05", "2026-11-28", "2029-03-01"])
            item["compound"] = {"per": way, "within": "simple", "from": start}
        return item

    def _day_count(self) -> str:
        count = self.time.choice(["A365F", "A360", "Act/Act", "30E/360"])
        self.features[f"days:{count}"] += 1
        return count

    def _hurdle(self, place: int) -> Json:
        value = self.time.choice(["0", "0.08", "0.15", "0.123456789", "1.5"])
        return {"id": f"hurdle{place}", "party": self.time.choice(self.investors),
                "rate": {"value": value, "per": "year"}, "day_count": self._day_count(),
                "carry_excess": bool(place)}  # fmt: skip

    def _hurdle_gap(self) -> Json:
        self.features["amount:hurdle_gap"] += 1
        gap = {"hurdle": self.time.choice(["hurdle0", "hurdle1"])}
        return gap | self.time.choice([{}, {"speed": "1"}, {"speed": "0.9"}, {"speed": "0.123457"}])
