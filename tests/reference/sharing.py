"""A third evaluator of agreements: one path, plain Fraction, written from the specification, importing nothing of ours.

It reads the terms document itself and walks it for every event; it assumes valid terms and allowed events and computes
only what is paid to whom and what is owed afterwards. Slow and plain on purpose.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from fractions import Fraction
from typing import Any

from tests.reference.sharing_accruals import Accruals
from tests.reference.sharing_bands import by_bands, share_payable
from tests.reference.sharing_grant_events import GrantEvents
from tests.reference.sharing_loans import repayments
from tests.reference.splitting import rounded, split

Json = dict[str, Any]
LARGEST = 9 * 10**15  # no amount is larger


class Reference(Accruals, GrantEvents):
    """The state of one agreement and what every event pays.

    Parameters
    ----------
    terms : dict
        A valid terms document.
    """

    def __init__(self, terms: Json) -> None:
        self.terms = terms
        self.rule = terms.get("rounding", "half_even")
        self.by_id = {
            section: {item["id"]: item for item in terms.get(section, [])}
            for section in ("parties", "instruments", "tranches", "accruals", "hurdles", "claims", "limits", "policies")
        }
        self.amounts: dict[str, int] = defaultdict(int)
        self.prepare()
        self.carries: dict[str, list[int]] = {}
        self.flags: set[str] = set()
        self.last: datetime.date | None = None
        self.on = datetime.date.min
        self.flows: dict[str, int] = {}
        self.metrics: Json = {}
        self.room: dict[str, int] = {}
        self.exit_kind: str | None = None
        self.payer: str | None = None
        self.pots: dict[str, int] = {}
        self.reports: dict[tuple[str, str], int] = {}

    def apply(self, event: Json) -> dict[str, int]:
        """Apply one event and return the cash of each party."""
        self.on = datetime.date.fromisoformat(event["effective_on"])
        self.pass_time()
        self.last = self.on
        self.flows, body = defaultdict(int), event.get("body", {})
        self.metrics = body.get("metrics", {})
        for name, value in body.get("flags", {}).items():
            (self.flags.add if value else self.flags.discard)(f"flag:{name}")
        getattr(self, f"_{event['kind']}")(body)
        return {party: amount for party, amount in self.flows.items() if amount}

    # what is owed -------------------------------------------------------------------------------------------------

    def balance(self, name: str) -> int:
        """Return a live balance."""
        kind, *ids = name.split(":")
        if kind == "preference":
            return self.preference(ids[0])
        if kind == "hurdle":
            return self.hurdle(ids[0])
        if kind == "principal_due":
            left = self.amounts[f"principal:{ids[0]}"]
            if "default" in self.flags:
                return left
            schedule = repayments(self.by_id["instruments"][ids[0]], self.rule)
            due = sum(amount for day, amount in schedule if day <= self.on.isoformat())
            return min(left, max(due - self.amounts[f"repaid:{ids[0]}"], 0))
        if kind == "net_principal_loss":
            return self.amounts[f"principal:{ids[0]}"] if "default" in self.flags else 0
        if kind == "loss_borne":
            if self.by_id["instruments"][ids[0]]["party"] == ids[1]:
                return self.balance(f"net_principal_loss:{ids[0]}")
            return self.amounts[f"subrogated:{ids[0]}:{ids[1]}"]
        if kind == "limit_left":
            left = self.by_id["limits"][ids[0]]["amount_minor"] - self.amounts[f"used:{ids[0]}"]
            return min(left, self.room.get(ids[0], left))
        return self.amounts[name]

    def amount(self, expression: Json) -> int:
        """Return the value of an amount expression."""
        ((kind, inner),) = expression.items()
        if kind == "amount_minor":
            return inner
        if kind == "bal":
            return self.balance(inner)
        if kind == "metric":
            return self.metrics[inner]
        if kind == "pct":
            return rounded(Fraction(inner["rate"]) * self.amount(inner["of"]), inner.get("rounding", self.rule))
        if kind == "tiered":
            return rounded(by_bands(self.amount(inner["of"]), inner), inner.get("rounding", self.rule))
        if kind == "gap" and "share_of_profit" in inner:
            return self._catch_up(inner)
        if kind == "gap" and "hurdle" in inner:
            missing = self.hurdle(inner["hurdle"]) / Fraction(inner.get("speed", "1"))
            return min(rounded(missing, self.rule), LARGEST)
        if kind == "gap":
            target = Fraction(inner["multiple"]) * self.amounts[f"contributed:{inner['party']}"]
            return max(rounded(target, self.rule) - self.amounts[f"received:{inner['party']}"], 0)
        if kind == "layer":
            return self._layer(inner)
        values = [self.amount(item) for item in inner]
        if kind == "minus":
            result = values[0]
            for value in values[1:]:
                result = max(result - value, 0)
            return result
        return {"min": min, "max": max, "sum": sum}[kind](values)

    def _catch_up(self, gap: Json) -> int:
        # x = (c P - g) / (s - c): with x more, of which the party takes s x, it has c of all profit P + x.
        share, speed = Fraction(gap["share_of_profit"]), Fraction(gap["speed"])
        among = gap.get("among", list(self.by_id["parties"]))
        profit = sum(self.amounts[f"gain:{party}"] for party in among)
        missing = (share * profit - self.amounts[f"gain:{gap['party']}"]) / (speed - share)
        return min(rounded(max(missing, Fraction(0)), self.rule), LARGEST)

    def _layer(self, layer: Json) -> int:
        loss = self.amount(layer["loss"])
        if loss <= layer.get("franchise_minor", 0):
            loss = 0
        share = layer["share"]
        for step in layer.get("steps", []):
            if f"milestone:{step['milestone']}" in self.flags:
                share = step["share"]
        inside = max(loss - layer.get("deductible_minor", 0) - layer.get("attach_minor", 0), 0)
        if layer.get("limit_minor") is not None:
            inside = min(inside, layer["limit_minor"])
        payment = rounded(Fraction(share) * inside, layer.get("rounding", self.rule))
        return max(min([payment, *(self.balance(f"limit_left:{name}") for name in layer.get("limits", []))]), 0)

    def _holds(self, condition: Json) -> bool:
        ((kind, inner),) = condition.items()
        if kind == "not":
            return not self._holds(inner)
        if kind in ("all", "any"):
            return (all if kind == "all" else any)(self._holds(item) for item in inner)
        if kind == "on_or_after":
            return self.on.isoformat() >= inner
        if kind == "exit_kind":
            return self.exit_kind == inner
        if kind == "default":
            return ("default" in self.flags) == inner
        return f"{kind}:{inner}" in self.flags

    # programs -----------------------------------------------------------------------------------------------------

    def run(self, block: Json, pot: int, path: str) -> int:
        """Run a block over a pot and return what it leaves."""
        ((kind, inner),) = block.items()
        here = f"{path}.{kind}"
        if kind == "seq":
            for place, item in enumerate(inner):
                pot = self.run(item, pot, f"{here}[{place}]")
            return pot
        if kind == "cap":
            part = min(pot, self.amount(inner["amount"]))
            return pot - part + self.run(inner["then"], part, f"{here}.then")
        if kind == "when":
            if self._holds(inner["if"]):
                return self.run(inner["then"], pot, f"{here}.then")
            return self.run(inner["else"], pot, f"{here}.else") if "else" in inner else pot
        if kind == "share":
            return self._share(inner, pot, here)
        if kind == "to":
            self._pay(inner, pot)
        elif kind == "keep":
            self.amounts["estate"] += pot
        else:
            if "settles" in inner:
                self.pay_preference(inner["settles"].split(":")[1], pot)
            self.pots[inner["pot"]] = self.pots.get(inner["pot"], 0) + pot
        return 0

    def _share(self, share: Json, pot: int, path: str) -> int:
        legs = share["legs"]
        if pot == 0:
            return 0
        weights: list[Any] = []
        for leg in legs:
            if "balance" in leg:
                names = leg["balance"] if isinstance(leg["balance"], list) else [leg["balance"]]
                weights.append(sum(self.balance(name) for name in names))
            else:
                weights.append(Fraction(leg.get("share", leg.get("part"))))
        scale = 1
        for weight in weights:
            scale = scale * Fraction(weight).denominator
        whole = [int(weight * scale) for weight in weights]
        keys = []
        for leg in legs:
            payee = leg["then"].get("to", {}).get("party")
            key = leg.get("id", payee)
            known = self.by_id["parties"].get(payee or key)
            keys.append((leg.get("priority", known.get("priority", 0) if known else 0), key))
        ties = sorted(range(len(legs)), key=lambda place: keys[place])
        policy = share.get("policy", "carried")
        if isinstance(policy, dict):
            policy = {"place": [key for _, key in keys].index(policy["to"])}
        carries = self.carries.setdefault(path, [0] * len(legs))
        paid = split(pot, whole, ties, carries, policy, "balance" in legs[0])
        for place, (leg, part) in enumerate(zip(legs, paid, strict=True)):
            self.run(leg["then"], part, f"{path}.legs[{place}].then")
        return 0

    def _pay(self, leaf: Json, amount: int) -> None:
        party = leaf["party"]
        self.flows[party] = self.flows.get(party, 0) + amount
        self.amounts[f"received:{party}"] += amount
        kind, *ids = leaf.get("settles", "").split(":")
        if kind == "preference":
            self.pay_preference(ids[0], amount)
        elif kind == "loss_borne" and self.by_id["instruments"][ids[0]]["party"] != ids[1]:
            self.amounts[f"subrogated:{ids[0]}:{ids[1]}"] -= amount
            if self.payer is not None:
                self.amounts[f"subrogated:{ids[0]}:{self.payer}"] += amount
        elif kind in ("principal", "principal_due", "loss_borne"):
            self.amounts[f"principal:{ids[0]}"] -= amount
            if self.payer is None:
                self.amounts[f"repaid:{ids[0]}"] += amount
            else:
                self.amounts[f"subrogated:{ids[0]}:{self.payer}"] += amount
        elif kind:
            self.amounts[leaf["settles"]] -= amount
            assert self.amounts[leaf["settles"]] >= 0
            if kind == "grant_due":
                self.take_back_loss(ids[0])
        if kind in ("", "preference"):
            owner = leaf.get("conceded_by", party)
            self.amounts[f"gain:{owner}"] += amount
            if "conceded_by" in leaf:
                self.amounts[f"conceded:{owner}"] += amount

    def _program(self, block: Json, pot: int, path: str) -> None:
        assert self.run(block, pot, path) == 0
        order, left = [], list(self.terms.get("pots", {}))
        while left:
            # A part is shared out after every part that feeds it, otherwise in the order of the document.
            name = next(name for name in left if not any(name in self._feeds(other) for other in left))
            left.remove(name)
            order.append(name)
        for name in order:
            if name in self.pots:
                self.run(self.terms["pots"][name]["program"], self.pots.pop(name), f"pots.{name}.program")

    def _feeds(self, name: str) -> set[str]:
        found: set[str] = set()

        def look(item: Any) -> None:
            if isinstance(item, dict):
                if isinstance(item.get("pot"), dict):
                    found.add(item["pot"]["pot"])
                for inner in item.values():
                    look(inner)
            elif isinstance(item, list):
                for inner in item:
                    look(inner)

        look(self.terms["pots"][name]["program"])
        return found

    # events -------------------------------------------------------------------------------------------------------

    def _activate(self, body: Json) -> None:
        self.flags.add("active")
        for claim in self.terms.get("claims", []):
            if claim.get("due_on", {}).get("activation"):
                self.amounts[f"claim:{claim['id']}"] += claim["amount_minor"]

    def _drawdown_call(self, body: Json) -> None:
        for name, amount in self.by_id["tranches"][body["tranche"]]["amounts"].items():
            self.amounts[f"called:{body['tranche']}:{name}"] += amount

    def _drawdown_paid(self, body: Json) -> None:
        called = f"called:{body['tranche']}:{body['instrument']}"
        item = self.by_id["instruments"][body["instrument"]]
        amount = body.get("amount_minor", self.amounts[called])
        self.amounts[called] -= amount
        self.amounts[{"equity": f"capital:{item['party']}", "loan": f"principal:{item['id']}",
                      "conditional_grant": f"grant:{item['id']}"}[item["kind"]]] += amount  # fmt: skip
        self.amounts[f"contributed:{item['party']}"] += amount
        self.flows[item["party"]] -= amount
        self.flows[self.terms["project"]] += amount

    def _premium_paid(self, body: Json) -> None:
        policy = self.by_id["policies"][body["policy"]]
        for payer, amount in policy["paid_by"].items():
            self.flows[payer] -= amount
        self.flows[policy["party"]] += policy["premium_minor"]

    def _milestone(self, body: Json) -> None:
        if body.get("result") != "pass":
            return
        self.flags.add(f"milestone:{body['milestone']}")
        for claim in self.terms.get("claims", []):
            if claim.get("due_on", {}).get("milestone") == body["milestone"]:
                self.amounts[f"claim:{claim['id']}"] += claim["amount_minor"]

    def _revenue_report(self, body: Json) -> None:
        due = body.get("due_minor")
        if "revenue_share" in self.terms:
            due = rounded(by_bands(body["base_minor"], self.terms["revenue_share"]), self.rule)
        period = (body["period"]["from"], body["period"]["to"])
        before = share_payable(self.terms, self.reports.values())
        self.reports[period] = due
        self.amounts["receivable"] += share_payable(self.terms, self.reports.values()) - before

    def _interest_due(self, body: Json) -> None:
        item = self.by_id["instruments"][body["instrument"]]
        interest = rounded(self.accrued[item["id"]], self.rule)
        self.accrued[item["id"]] = (
            Fraction(0) if item.get("carry", "none") == "none" else (self.accrued[item["id"]] - interest)
        )
        self.amounts[f"interest_due:{item['id']}"] += interest

    def _distribution(self, body: Json) -> None:
        amount = body.get("amount_minor")
        if amount is None:
            amount = sum(self.balance(name) for name in body["collect"])
        if body["source"] == "revenue":
            self.amounts["receivable"] -= amount
        self.flows[self.terms["project"]] -= amount
        self._program(self.terms["programs"]["operating"], amount, "programs.operating")

    def _loss_event(self, body: Json) -> None:
        if body["kind"] == "default":
            self.flags.add("default")

    def _facility(self, channel: str) -> None:
        path = f"programs.recoveries.recover.{channel}.layer"
        layer = self.terms["programs"]["recoveries"]["recover"][channel]["layer"]
        payment = self._layer(layer)
        for name in layer.get("limits", []):
            self.amounts[f"used:{name}"] += payment
        self.flows[layer["payer"]] -= payment
        self._program(layer["then"], payment, f"{path}.then")

    def _insurance_recovery(self, body: Json) -> None:
        self._facility("insurance")

    def _pool_compensation(self, body: Json) -> None:
        channel = body.get("channel", "pool")
        self.payer = self.terms["programs"]["recoveries"]["recover"][channel]["layer"]["payer"]
        self.room = body.get("room", {})
        self._facility(channel)
        self.payer, self.room = None, {}

    def _recovery(self, body: Json) -> None:
        block = self.terms["programs"]["recoveries"]["recover"][body["channel"]]
        net = body["proceeds_minor"] - body.get("costs_minor", 0)
        self._program(block, net, f"programs.recoveries.recover.{body['channel']}")

    def _exit(self, body: Json) -> None:
        for name, amount in body.get("claims", {}).items():
            self.amounts[f"claim:{name}"] += amount
        self.exit_kind = body["kind"]
        self.flags.add(f"exit:{self.exit_kind}")
        pot, self.amounts["estate"] = body["proceeds_minor"] + self.amounts["estate"], 0
        self._program(self.terms["programs"]["exit"], pot, "programs.exit")
        self.exit_kind = None

    def _close(self, body: Json) -> None:
        self.flags.add("closed")
