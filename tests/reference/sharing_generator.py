"""Random agreements and their events for several scenarios at once, with a count of what they contain."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.reference.sharing_accrual_generator import LOAN, AccrualGenerator
from tests.reference.sharing_bands import BandDraws
from tests.reference.sharing_grants import AUDITOR, GRANT, PARTIES, Grant
from tests.reference.sharing_timeline import SCENARIOS, Timeline

Json = dict[str, Any]
CHAIN = {"guarantee": "local", "reguarantee": "province", "national_guarantee": "nation"}


def name(text: str) -> Json:
    """Return a bilingual name."""
    return {"zh": text, "en": text}


@dataclass
class Agreement:
    """Terms and a common list of events; amounts and `occurs` have one value for each scenario."""

    terms: Json
    events: list[Json]
    features: Counter[str] = field(default_factory=Counter)

    def log(self, scenario: int) -> list[Json]:
        """Return the events of one scenario with its own amounts, as settlement reads them."""
        rows = []
        for event in self.events:
            if event["occurs"][scenario]:
                body = {key: pick(value, scenario) for key, value in event["body"].items()}
                rows.append({**{key: event[key] for key in ("id", "kind", "effective_on")}, "body": body})
        return rows


def pick(value: Any, scenario: int) -> Any:
    """Return one scenario's value out of a body."""
    if isinstance(value, tuple):
        return value[scenario]
    if isinstance(value, dict):
        return {key: pick(item, scenario) for key, item in value.items()}
    return value


class Generator(AccrualGenerator):
    """Draws one agreement.

    Parameters
    ----------
    seed : int
        The same seed gives the same agreement.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.features: Counter[str] = Counter()
        draw = self.random
        self.count = draw.choice([1, 2, 2, 3, 3, 4, 5, 7, 12, 40])
        self.investors = [f"p{index:02d}" for index in range(self.count)]
        self.bound = draw.random() < 0.1
        self.top = 1000 if self.bound else draw.choice([5, 100, 10**6, 10**9, 10**12])
        self.has_loan = draw.random() < 0.6
        self.has_chain = self.has_loan and draw.random() < 0.8
        self.pots = [f"part{index}" for index in range(draw.choice([0, 0, 1, 2]))]
        self.deepest = 0
        # Sources of their own: neither how things accrue nor whether there is a grant changes what else is drawn.
        self.time = random.Random(f"accruals {seed}")
        self.tiers = BandDraws(seed, self.top, self.features)
        has_grant = random.Random(f"fund first {seed}").random() < 0.35
        self.grant = Grant(seed, self.top, SCENARIOS) if has_grant else None

    def agreement(self) -> Agreement:
        """Return terms and events."""
        terms = self.terms()
        self.features[f"parties:{self.count}"] += 1
        self.features[f"depth:{self.deepest}"] += 1
        return Agreement(terms, Timeline(self, terms).events(), self.features)

    def minor(self) -> int:
        """Return an amount, often one at an edge."""
        draw = self.random
        return draw.choice([0, 1, draw.randint(0, self.top), draw.randint(0, self.top), self.top])

    def decimal(self, top: int = 10) -> str:
        """Return decimal text below `top` tenths."""
        return f"{self.random.randint(0, top) / 10:.1f}{self.random.choice(['', '3', '07', '123457'])}"

    # terms --------------------------------------------------------------------------------------------------------

    def terms(self) -> Json:
        draw = self.random
        ids = [*self.investors, "project", "bank", "pool", "insurer", *CHAIN.values()]
        ids += PARTIES if self.grant else ()
        equity = {party: draw.randint(1, max(self.top, 1)) for party in self.investors}
        loan = draw.randint(1, max(self.top, 1))
        amounts: Json = {f"{party}-equity": amount for party, amount in equity.items()}
        instruments: list[Json] = [
            {"id": f"{party}-equity", "kind": "equity", "party": party, "commitment_minor": amount}
            for party, amount in equity.items()
        ]
        if self.has_loan:
            amounts[LOAN] = loan
            instruments.append(self._loan(loan))
        if self.grant:
            self.features["grant"] += 1
            amounts[GRANT] = self.grant.commitment
            instruments.append(self.grant.instrument())
        terms: Json = {
            "schema": 1, "currency": "CNY", "day_zone": "UTC", "project": "project",
            "rounding": draw.choice(["half_even", "half_even", "half_up"]),
            "parties": [{"id": party, "kind": AUDITOR if party == AUDITOR else "other", "name": name(party),
                         "priority": draw.choice([0, 0, place])}
                        for place, party in enumerate(ids)],
            "milestones": [{"id": "M1", "name": name("M1")}], "flags": [{"id": "f1", "name": name("f1")}],
            "instruments": instruments, "tranches": [{"id": "T1", "on": "2027-01-05", "amounts": amounts}],
            "accruals": [self._accrual(party) for party in self.investors],
            "hurdles": [self._hurdle(place) for place in range(2)],
            "claims": [{"id": "fee", "party": self.investors[0], "name": name("fee"), "amount_minor": self.minor(),
                        "due_on": draw.choice([{"milestone": "M1"}, {"activation": True}])}],
            "limits": [self._limit(index) for index in range(2)],
            "policies": [{"id": "policy", "party": "insurer", "insured": "project", "premium_minor": 3,
                          "paid_by": {"project": 1, "bank": 2}}],
        }  # fmt: skip
        if draw.random() < 0.2:
            self.features["revenue_share"] += 1
            rate = {"rate": f"0.{draw.randint(0, 999):03d}", "base": name("net sales")}
            terms["revenue_share"] = self.tiers.revenue_share(rate)
        self.pot_space: list[str] = []
        terms["pots"] = {}
        for place, pot in enumerate(self.pots):
            self.pot_space = self.pots[place + 1 :]
            terms["pots"][pot] = {"name": name(pot), "program": self.block(2, capital=False)}
        self.pot_space = self.pots
        terms["programs"] = {
            "operating": self.block(1, capital=False),
            "exit": self.block(1, capital=True),
            "recoveries": {"recover": self._recoveries()},
        }
        if self.grant:
            programs = terms["programs"]
            programs |= {"operating": self.grant.repay_first(programs["operating"]),
                         "exit": self.grant.share_in(programs["exit"])}  # fmt: skip
        return terms

    # blocks -------------------------------------------------------------------------------------------------------

    def leaf(self, party: str | None = None, settles: str | None = None) -> Json:
        """Return a leaf."""
        kind = settles.split(":")[0] if settles else ""
        basis = {"capital": "share_sale", "interest_due": "loan_interest"}.get(kind, "service_fee")
        inner = {"party": party or self.random.choice([*self.investors, "project"]), "legal_basis": basis, "rank": 1}
        if settles:
            inner["settles"] = settles
        return {"to": inner}

    def block(self, depth: int, capital: bool) -> Json:
        """Return a block that takes all it is given."""
        self.deepest = max(self.deepest, depth)
        draw = self.random
        kinds = ["to", "seq", "seq", "seq", "share", "share", "when"] if depth < 6 else ["to"]
        if depth > 1:
            kinds += ["to", "keep"] + (["pot"] if self.pot_space else [])
        kind = draw.choice(kinds)
        self.features[kind] += 1
        if kind == "to":
            return self.leaf()
        if kind == "keep":
            return {"keep": {"account": "estate", "legal_basis": "service_fee", "rank": 9}}
        if kind == "pot":
            inner = {"pot": draw.choice(self.pot_space)}
            return {"pot": inner}
        if kind == "seq":
            first = [self.bounded(depth + 1, capital) for _ in range(draw.randint(1, 3))]
            return {"seq": [*first, self.block(depth + 1, capital)]}
        if kind == "share":
            return self.share(depth, capital)
        return {"when": {"if": self.condition(1), "then": self.block(depth + 1, capital),
                         "else": self.block(depth + 1, capital)}}  # fmt: skip

    def bounded(self, depth: int, capital: bool) -> Json:
        """Return a block that may hand something on."""
        draw = self.random
        kind = draw.choice(["cap", "owed", "owed", "tier", "when"])
        self.features["cap" if kind != "when" else "when"] += 1
        if kind == "cap":
            return {"cap": {"amount": self.amount(1), "then": self.block(depth + 1, capital)}}
        if kind == "when":
            return {"when": {"if": self.condition(1), "then": self.block(depth + 1, capital)}}
        owed = self._owed(capital)
        if kind == "owed":
            balance, party = draw.choice(owed)
            then = self.leaf(party, balance)
            if balance.startswith("preference") and self.pot_space and draw.random() < 0.5:
                self.features["pot"] += 1
                then = {"pot": {"pot": draw.choice(self.pot_space), "settles": balance}}
            return {"cap": {"amount": {"bal": balance}, "then": then}}
        self.features["share"] += 1
        self.features["live_weights"] += 1
        chosen = draw.sample(owed, min(len(owed), draw.randint(1, 5)))
        legs = [{"id": balance.replace(":", "-"), "balance": balance, "then": self.leaf(party, balance)}
                for balance, party in chosen]  # fmt: skip
        share = {"legs": legs, "policy": draw.choice(["carried", "plain_largest_remainder", "in_order"])}
        return {"cap": {"amount": {"sum": [{"bal": balance} for balance, _ in chosen]}, "then": {"share": share}}}

    def _owed(self, capital: bool) -> list[tuple[str, str]]:
        owed = [(f"preference:pref-{party}", party) for party in self.investors]
        owed.append(("claim:fee", self.investors[0]))
        if capital:
            owed += [(f"capital:{party}", party) for party in self.investors]
        if self.has_loan:
            owed += [(f"{kind}:loan", "bank") for kind in ("interest_due", "principal_due")]
        return owed

    def share(self, depth: int, capital: bool) -> Json:
        """Return a proportional split."""
        draw = self.random
        wide = self.count if draw.random() < 0.2 else 6
        parties = draw.sample(self.investors, draw.randint(1, min(self.count, wide)))
        kind = draw.choice(["share", "part", "balance"])
        legs: list[Json] = []
        shares = self._shares(len(parties))
        for place, party in enumerate(parties):
            then = self.leaf(party) if draw.random() < 0.6 else self.block(depth + 1, capital)
            leg: Json = {"id": f"leg-{party}", "then": then}
            if kind == "share":
                leg["share"] = shares[place]
            elif kind == "part":
                leg["part"] = draw.choice([1, 1, 2, 3, 7, 1000]) if place else 1
            else:
                leg["balance"] = f"contributed:{party}"
            legs.append(leg)
        policies: list[Any] = ["carried", "carried", "plain_largest_remainder", "in_order", "in_reverse_order"]
        if kind == "balance":
            self.features["live_weights"] += 1
        else:
            policies.append({"to": legs[0]["id"]})
        policy = draw.choice(policies)
        self.features[f"policy:{policy if isinstance(policy, str) else 'to'}"] += 1
        return {"share": {"legs": legs, "policy": policy}}

    def _shares(self, count: int) -> list[str]:
        cuts = sorted(self.random.randint(0, 10**4) for _ in range(count - 1))
        ends = zip([0, *cuts], [*cuts, 10**4], strict=True)
        return [f"{(end - start) // 10**4}.{(end - start) % 10**4:04d}" for start, end in ends]

    def amount(self, depth: int) -> Json:
        """Return an amount expression, now and then by bands."""
        return self.tiers.wrap(self._amount(depth), depth)

    def _amount(self, depth: int) -> Json:
        draw = self.random
        kinds = ["amount_minor", "bal", "gap", "layer"] + (["pct", "min", "max", "sum", "minus"] if depth < 3 else [])
        kind = draw.choice(kinds)
        self.features[f"amount:{kind}"] += 1
        if kind == "amount_minor":
            return {kind: self.minor()}
        if kind == "bal":
            party = draw.choice(self.investors)
            which = draw.choice(["capital", "received", "gain", "contributed"])
            return {kind: draw.choice([f"{which}:{party}", f"preference:pref-{party}", "estate", "limit_left:limit0"])}
        if kind == "gap":
            return {kind: self._gap()}
        if kind == "layer":
            return {kind: self._layer(depth)}
        if kind == "pct":
            return {kind: {"rate": self.decimal(9 if self.bound else 25), "of": self.amount(depth + 1)}}
        return {kind: [self.amount(depth + 1) for _ in range(draw.randint(2, 3))]}

    def _gap(self) -> Json:
        draw = self.random
        party = draw.choice(self.investors)
        # A part hides profit until it is shared out, so terms with parts have no catch-up.
        if self.pots or draw.random() < 0.3:
            multiple = self.decimal(30)
            return self._hurdle_gap() if self.time.random() < 0.7 else {"party": party, "multiple": multiple}
        self.features["amount:share_gap"] += 1
        share, speed = draw.choice([("0.2", "1"), ("0.2", "0.5"), ("0.08", "0.123457"), ("0.333333333333", "0.8")])
        others = draw.sample(self.investors, draw.randint(0, self.count))
        among = {"among": [party, *(name for name in others if name != party)]} if draw.random() < 0.5 else {}
        return {"party": party, "share_of_profit": share, "speed": speed, **among}

    def _layer(self, depth: int) -> Json:
        loss = self.amount(depth + 1) if depth < 3 else {"amount_minor": self.minor()}
        layer: Json = {"loss": loss, "share": f"0.{self.random.randint(0, 99):02d}"}
        for key in ("deductible_minor", "attach_minor", "limit_minor"):
            if self.random.random() < 0.5:
                layer[key] = self.minor()
        return self.tiers.add_to_layer(layer)

    def _limit(self, index: int) -> Json:
        limit = {"id": f"limit{index}", "party": "pool", "amount_minor": self.minor(), "name": name("limit")}
        if index == 1 and self.random.random() < 0.4:
            # The guarantors use the other one, and what the generator may use as an amount is not shared either.
            self.features["shared_limit"] += 1
            limit["shared"] = {"register": "reg", "counts": "year", "order": "acceptance_number"}
        return limit

    def condition(self, depth: int) -> Json:
        """Return a condition."""
        draw = self.random
        kinds = ["milestone", "flag", "on_or_after", "default", "exit_kind"] + (["all", "any", "not"] * (depth < 3))
        kind = draw.choice(kinds)
        if kind in ("all", "any"):
            return {kind: [self.condition(depth + 1) for _ in range(2)]}
        return {kind: {
            "milestone": "M1", "flag": "f1", "on_or_after": "2027-09-01", "default": draw.random() < 0.5,
            "exit_kind": draw.choice(["liquidation", "partnership_distribution"]),
        }.get(kind) if kind != "not" else self.condition(depth + 1)}  # fmt: skip

    def _recoveries(self) -> Json:
        layer = {"payer": "insurer", "loss": {"metric": "accepted_spend"}, "share": "0.5",
                 "deductible_minor": self.minor(), "then": self.block(3, capital=False)}  # fmt: skip
        layer = self.tiers.add_to_layer(layer)
        channels: Json = {"collateral": self.block(2, capital=False), "insurance": {"layer": layer}}
        self.features["layer"] += 1
        if not self.has_loan:
            return channels
        to_bank = {"to": {"party": "bank", "legal_basis": "pool_compensation", "rank": 5, "settles": "principal:loan"}}
        channels["pool"] = {"layer": {
            "payer": "pool", "loss": {"bal": "net_principal_loss:loan"}, "share": f"0.{self.random.randint(0, 9)}",
            "limits": ["limit0", "limit1"], "then": to_bank}}  # fmt: skip
        borne = ["loss_borne:loan:bank", "loss_borne:loan:pool"]
        if self.has_chain:
            borne += [f"loss_borne:loan:{party}" for party in CHAIN.values()]
            channels |= self._chain(borne)
        legs = [{"balance": balance, "then": self.leaf(balance.rsplit(":", 1)[1], balance)} for balance in borne]
        channels["later"] = {"seq": [
            {"cap": {"amount": {"sum": [{"bal": balance} for balance in borne]}, "then": {"share": {"legs": legs}}}},
            self.leaf("project")]}  # fmt: skip
        self.features["live_weights"] += 1
        return channels

    def _chain(self, borne: list[str]) -> Json:
        """Return the guarantor that pays the bank and those it claims from, on the loss that all of them bear."""
        share, again = self.random.randint(1, 9), self.random.randint(0, 9)
        to_bank = {"to": {"party": "bank", "legal_basis": "loan_principal", "rank": 4, "settles": "principal:loan"}}
        back = {"to": {"party": "local", "legal_basis": "guarantee_recourse", "rank": 4,
                       "settles": "loss_borne:loan:local"}}  # fmt: skip
        whole = {"sum": [{"bal": name} for name in borne]}
        parts = (f"0.{share}", f"0.0{again * share // 9}", f"0.0{share - again * share // 9}")
        losses = ({"bal": "net_principal_loss:loan"}, whole, whole)
        return {
            channel: {"layer": {"payer": party, "loss": loss, "share": part, "limits": limits, "then": then}}
            for (channel, party), loss, part, limits, then in zip(
                CHAIN.items(), losses, parts, ([], [], ["limit0"]), (to_bank, back, back), strict=True
            )
        }
