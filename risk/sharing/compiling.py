"""Compiling blocks, amounts and conditions of a terms document into nodes, with the clause in every refusal."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Any

from risk.sharing import amounts, blocks, reading
from risk.sharing.errors import TermsError
from risk.sharing.model import LEGAL_BASES, Model
from risk.sharing.split import POLICIES

MAX_DEPTH = 32
MAX_NODES = 2000
CHANNELS = ("collateral", "insurance", "estate", "guarantee", "pool", "later")
FACILITIES = ("insurance", "guarantee", "pool")


class Compiler:
    """Compiles the programs of one document; counts nodes and depth.

    Parameters
    ----------
    model : Model
        Declarations the blocks may refer to.
    pot_names : set of str
        Names of the parts a program may collect into.
    """

    def __init__(self, model: Model, pot_names: set[str]) -> None:
        self.model = model
        self.pot_names = pot_names
        self.nodes = 0
        self.carries: list[str] = []

    def block(self, data: Any, path: str, depth: int = 1) -> blocks.Node:
        """Return the compiled block."""
        key, inner = self._one_key(data, path, "block", depth)
        maker = {"to": self._to, "keep": self._keep, "pot": self._pot, "seq": self._seq, "share": self._share,
                 "cap": self._cap, "when": self._when}.get(key)
        if maker is None:
            raise TermsError("unknown_block", f"{path} has no known block; '{key}' was given.", path)
        return maker(inner, f"{path}.{key}", depth)

    def _one_key(self, data: Any, path: str, what: str, depth: int) -> tuple[str, Any]:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise TermsError("too_deep", f"The terms are nested deeper than {MAX_DEPTH} levels at {path}.", path)
        if self.nodes > MAX_NODES:
            raise TermsError("too_many_nodes", f"The terms have more than {MAX_NODES} nodes.", path)
        if not isinstance(data, dict) or len(data) != 1:
            raise TermsError("not_one_key", f"{path} must be an object with exactly one key that names the {what}.",
                             path)
        return next(iter(data.items()))

    def _name(self, data: dict[str, Any], path: str) -> dict[str, str] | None:
        return reading.bilingual(data["name"], f"{path}.name") if "name" in data else None

    def _party(self, data: Any, path: str) -> str:
        return reading.known(data, path, self.model.parties, "unknown_party", "party")

    def _settles(self, data: dict[str, Any], path: str) -> amounts.Balance | None:
        if "settles" not in data:
            return None
        balance = self.balance(data["settles"], f"{path}.settles")
        if balance.kind not in amounts.SETTLEABLE:
            raise TermsError("cannot_settle", f"{path}.settles names {balance.name}, which no payment can settle.",
                             f"{path}.settles")
        return balance

    def _rank(self, data: dict[str, Any], path: str) -> int:
        rank = reading.minor(data["rank"], f"{path}.rank")
        if not 1 <= rank <= 99:
            raise TermsError("bad_rank", f"{path}.rank must be a whole number from 1 to 99.", f"{path}.rank")
        return rank

    def _to(self, data: Any, path: str, depth: int) -> blocks.To:
        data = reading.mapping(data, path, ("party", "legal_basis", "rank"), (
            "account", "settles", "contract", "approval", "conceded_by", "cap_share_of_gain", "name", "resolution"))
        reading.choice(data.get("account", "payable"), f"{path}.account", ("payable",))
        basis = reading.choice(data["legal_basis"], f"{path}.legal_basis", LEGAL_BASES)
        approval, giver, cap = data.get("approval"), data.get("conceded_by"), None
        if approval is not None:
            reading.known(approval, f"{path}.approval", self.model.approvals, "unknown_approval", "approval")
        if basis == "concession":
            for key in ("conceded_by", "approval", "cap_share_of_gain"):
                if key not in data:
                    code = "approval_required" if key == "approval" else "concession_incomplete"
                    raise TermsError(code, f"{path} is a concession and must state '{key}'.", f"{path}.{key}")
            giver = self._party(giver, f"{path}.conceded_by")
            cap = reading.share(data["cap_share_of_gain"], f"{path}.cap_share_of_gain")
            if "settles" in data:
                raise TermsError("concession_settles", f"{path}: a concession settles nothing.", f"{path}.settles")
        elif giver is not None or "cap_share_of_gain" in data:
            raise TermsError("not_a_concession", f"{path} names a giver, but its legal basis is not 'concession'.", path)
        if "resolution" in data and not isinstance(data["resolution"], bool):
            raise TermsError("not_a_truth_value", f"{path}.resolution must be true or false.", f"{path}.resolution")
        party = self._party(data["party"], f"{path}.party")
        settles = self._settles(data, path)
        if settles is not None:
            self._owner(settles, party, path)
        return blocks.To(
            path, party, basis, self._rank(data, path), settles,
            reading.text(data["contract"], f"{path}.contract") if "contract" in data else None,
            approval, giver, cap, self._name(data, path),
        )

    def _owner(self, settles: amounts.Balance, party: str, path: str) -> None:
        model, name = self.model, settles.ids[0]
        owners = {
            "capital": lambda: name, "preference": lambda: model.accruals[name].party,
            "claim": lambda: model.claims[name].party, "loss_borne": lambda: settles.ids[1],
        }
        owner = owners.get(settles.kind, lambda: model.instruments[name].party)()
        if owner != party:
            raise TermsError("settles_other_party", f"{path} pays {party} but settles what {owner} is owed.",
                             f"{path}.settles")

    def _keep(self, data: Any, path: str, depth: int) -> blocks.Keep:
        data = reading.mapping(data, path, ("account", "legal_basis", "rank"), ("name",))
        reading.choice(data["account"], f"{path}.account", ("estate",))
        basis = reading.choice(data["legal_basis"], f"{path}.legal_basis", LEGAL_BASES)
        return blocks.Keep(path, basis, self._rank(data, path), self._name(data, path))

    def _pot(self, data: Any, path: str, depth: int) -> blocks.IntoPot:
        data = reading.mapping(data, path, ("pot",), ("settles", "name"))
        pot = reading.known(data["pot"], f"{path}.pot", self.pot_names, "unknown_pot", "part")
        settles = self._settles(data, path)
        if settles is not None and settles.kind != "preference":
            raise TermsError("cannot_settle", f"{path}.settles: only a preference is settled on the way into a part.",
                             f"{path}.settles")
        return blocks.IntoPot(path, pot, settles, self._name(data, path))

    def _seq(self, data: Any, path: str, depth: int) -> blocks.Seq:
        items = reading.sequence(data, path, at_least=1)
        inner = tuple(self.block(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(items))
        for index, node in enumerate(inner[:-1]):
            if not node.bounded:
                raise TermsError("unreachable_block", f"{path}[{index}] takes everything, so what follows gets nothing.",
                                 f"{path}[{index}]")
        if inner[-1].bounded:
            last = f"{path}[{len(inner) - 1}]"
            raise TermsError("last_bucket_bounded", f"{last} is the last of its sequence and must take all that is left.",
                             last)
        return blocks.Seq(path, inner)

    def _share(self, data: Any, path: str, depth: int) -> blocks.Share:
        data = reading.mapping(data, path, ("legs",), ("policy", "name"))
        items = reading.sequence(data["legs"], f"{path}.legs", at_least=1)
        legs, fractions, kinds = [], [], set()
        for index, item in enumerate(items):
            leg_path = f"{path}.legs[{index}]"
            leg, fraction, kind = self._leg(item, leg_path, depth)
            if any(leg.key == other.key for other in legs):
                raise TermsError("leg_twice", f"{leg_path} has the id '{leg.key}' of another leg.", leg_path)
            legs.append(leg)
            fractions.append(fraction)
            kinds.add(kind)
        if len(kinds) > 1:
            raise TermsError("mixed_weights", f"{path} mixes shares, parts and balances as weights.", path)
        kind = kinds.pop()
        legs = self._constant_weights(legs, fractions, kind, path)
        policy, favoured = self._policy(data.get("policy", "carried"), [leg.key for leg in legs], f"{path}.policy")
        if policy == "to" and kind == "balance":
            raise TermsError("policy_not_for_balances",
                             f"{path}: rounding units cannot all go to one leg where no leg may get more than it is owed.",
                             f"{path}.policy")
        ties = tuple(sorted(range(len(legs)), key=lambda leg: (legs[leg].priority, legs[leg].key)))
        self.carries.extend(f"carry:{path}:{leg.key}" for leg in legs)
        return blocks.Share(path, tuple(legs), policy, favoured, ties, self._name(data, path))

    def _leg(self, data: Any, path: str, depth: int) -> tuple[blocks.Leg, Fraction | None, str]:
        data = reading.mapping(data, path, ("then",), ("share", "part", "balance", "id", "priority"))
        given = [key for key in ("share", "part", "balance") if key in data]
        if len(given) != 1:
            raise TermsError("one_weight", f"{path} must have exactly one of share, part and balance.", path)
        then = self.block(data["then"], f"{path}.then", depth + 1)
        if then.bounded:
            raise TermsError("share_leg_bounded", f"{path} is capped; capped payments come before the split.", path)
        payee = then.party if isinstance(then, blocks.To) else None
        key = reading.identifier(data.get("id", payee), f"{path}.id")
        known = self.model.parties.get(payee or key)
        priority = data.get("priority", known.priority if known else 0)
        reading.minor(priority, f"{path}.priority")
        fraction, balances = None, ()
        if given[0] == "balance":
            names = data["balance"] if isinstance(data["balance"], list) else [data["balance"]]
            reading.sequence(names, f"{path}.balance", at_least=1)
            balances = tuple(self.balance(name, f"{path}.balance") for name in names)
        elif given[0] == "share":
            fraction = reading.share(data["share"], f"{path}.share")
        else:
            fraction = Fraction(reading.minor(data["part"], f"{path}.part"))
        return blocks.Leg(key, priority, None, balances, then), fraction, given[0]

    def _constant_weights(self, legs: list[blocks.Leg], fractions: list[Any], kind: str, path: str) -> list[blocks.Leg]:
        if kind == "balance":
            return legs
        total = sum(fractions)
        if kind == "share" and total != 1:
            raise TermsError("shares_do_not_add_up", f"The shares of {path} add up to {float(total):g}, not to 1.", path)
        if total == 0:
            raise TermsError("shares_do_not_add_up", f"The parts of {path} are all zero.", path)
        scale = lcm(*(fraction.denominator for fraction in fractions))
        reading.minor(int(total * scale), path)
        return [blocks.Leg(leg.key, leg.priority, int(fraction * scale), (), leg.then)
                for leg, fraction in zip(legs, fractions, strict=True)]

    def _policy(self, data: Any, keys: list[str], path: str) -> tuple[str, int | None]:
        if isinstance(data, dict):
            data = reading.mapping(data, path, ("to",))
            return "to", keys.index(reading.known(data["to"], f"{path}.to", keys, "unknown_leg", "leg"))
        return reading.choice(data, path, POLICIES), None

    def _cap(self, data: Any, path: str, depth: int) -> blocks.Cap:
        data = reading.mapping(data, path, ("amount", "then"), ("name",))
        amount = self.amount(data["amount"], f"{path}.amount", depth + 1)
        return blocks.Cap(path, amount, self.block(data["then"], f"{path}.then", depth + 1), self._name(data, path))

    def _when(self, data: Any, path: str, depth: int) -> blocks.When:
        data = reading.mapping(data, path, ("if", "then"), ("else", "approval", "name"))
        if "approval" in data:
            reading.known(data["approval"], f"{path}.approval", self.model.approvals, "unknown_approval", "approval")
        otherwise = self.block(data["else"], f"{path}.else", depth + 1) if "else" in data else None
        return blocks.When(
            path, self.condition(data["if"], f"{path}.if", depth + 1), self.block(data["then"], f"{path}.then", depth + 1),
            otherwise, data.get("approval"), self._name(data, path),
        )

    def condition(self, data: Any, path: str, depth: int) -> blocks.Condition:
        """Return the compiled condition."""
        key, value = self._one_key(data, path, "condition", depth)
        inner = f"{path}.{key}"
        if key in ("all", "any"):
            items = reading.sequence(value, inner, at_least=1)
            return blocks.Condition(key, None, tuple(
                self.condition(item, f"{inner}[{index}]", depth + 1) for index, item in enumerate(items)))
        if key == "not":
            return blocks.Condition(key, None, (self.condition(value, inner, depth + 1),))
        if key == "milestone":
            return blocks.Condition(key, reading.known(value, inner, self.model.milestones, "unknown_milestone",
                                                       "milestone"))
        if key == "flag":
            return blocks.Condition(key, reading.known(value, inner, self.model.flags, "unknown_flag", "flag"))
        if key == "on_or_after":
            return blocks.Condition(key, reading.date(value, inner))
        if key == "exit_kind":
            return blocks.Condition(key, reading.choice(value, inner, ("trade_sale", "liquidation")))
        if key == "default" and isinstance(value, bool):
            return blocks.Condition(key, value)
        raise TermsError("unknown_condition", f"{path} has no known condition.", path)

    def balance(self, data: Any, path: str) -> amounts.Balance:
        """Return the live balance named by text such as ``capital:angel``."""
        kind, *ids = data.split(":") if isinstance(data, str) else ("",)
        kinds = amounts.BALANCE_KINDS.get(kind)
        if kinds is None or len(ids) != len(kinds):
            raise TermsError("unknown_balance", f"{path} names no balance; got {str(data)[:60]!r}.", path)
        names = {"party": self.model.parties, "accrual": self.model.accruals, "claim": self.model.claims,
                 "limit": self.model.limits, "loan": {loan.id: loan for loan in self.model.loans}}
        for what, name in zip(kinds, ids, strict=True):
            reading.known(name, path, names[what], f"unknown_{what}", what)
        return amounts.Balance(data, kind, tuple(ids))

    def amount(self, data: Any, path: str, depth: int) -> Any:
        """Return the compiled amount expression."""
        if isinstance(data, (int, float)) and not isinstance(data, bool):
            code = "float_in_amount" if isinstance(data, float) else "amount_without_unit"
            raise TermsError(code, f"{path} must be written {{\"amount_minor\": integer}}.", path)
        key, value = self._one_key(data, path, "amount", depth)
        inner = f"{path}.{key}"
        if key == "amount_minor":
            return amounts.Constant(reading.minor(value, inner))
        if key == "bal":
            return self.balance(value, inner)
        if key == "metric":
            return amounts.Metric(reading.identifier(value, inner))
        if key in ("min", "max", "sum", "minus"):
            items = reading.sequence(value, inner, at_least=2 if key == "minus" else 1)
            return amounts.Combination(key, tuple(
                self.amount(item, f"{inner}[{index}]", depth + 1) for index, item in enumerate(items)), inner)
        if key == "pct":
            value = reading.mapping(value, inner, ("rate", "of"), ("rounding",))
            rate = reading.decimal(value["rate"], f"{inner}.rate")
            return amounts.Percentage(rate.as_integer_ratio(), self.amount(value["of"], f"{inner}.of", depth + 1),
                                      self._rounding(value, inner), inner)
        if key == "gap":
            value = reading.mapping(value, inner, ("party", "multiple"))
            multiple = reading.decimal(value["multiple"], f"{inner}.multiple").as_integer_ratio()
            return amounts.Gap(self._party(value["party"], f"{inner}.party"), multiple, self.model.rounding, inner)
        if key == "layer":
            return self.layer(value, inner, depth)
        raise TermsError("unknown_amount", f"{path} has no known amount expression; '{key}' was given.", path)

    def _rounding(self, data: dict[str, Any], path: str) -> str:
        return reading.choice(data.get("rounding", self.model.rounding), f"{path}.rounding", ("half_even", "half_up"))

    def layer(self, data: Any, path: str, depth: int, extra: tuple[str, ...] = ()) -> amounts.Layer:
        """Return the compiled layer."""
        data = reading.mapping(data, path, ("loss", "share"), (
            "deductible_minor", "attach_minor", "limit_minor", "limits", "rounding", *extra))
        limits = reading.sequence(data.get("limits", []), f"{path}.limits")
        for index, limit in enumerate(limits):
            reading.known(limit, f"{path}.limits[{index}]", self.model.limits, "unknown_limit", "limit")
        top = data.get("limit_minor")
        return amounts.Layer(
            self.amount(data["loss"], f"{path}.loss", depth + 1),
            reading.minor(data.get("deductible_minor", 0), f"{path}.deductible_minor"),
            reading.minor(data.get("attach_minor", 0), f"{path}.attach_minor"),
            None if top is None else reading.minor(top, f"{path}.limit_minor"),
            reading.share(data["share"], f"{path}.share").as_integer_ratio(),
            tuple(limits), self._rounding(data, path), path,
        )

    def recover(self, data: Any, path: str) -> blocks.Recover:
        """Return the compiled recoveries: one block for each legal channel."""
        key, inner = self._one_key(data, path, "block", 1)
        if key != "recover":
            raise TermsError("unknown_block", f"{path} must be a 'recover' block.", path)
        path = f"{path}.recover"
        inner = reading.mapping(inner, path, (), CHANNELS)
        channels: dict[str, blocks.Node] = {}
        for channel in CHANNELS:
            if channel not in inner:
                continue
            channels[channel] = (self._facility if channel in FACILITIES else self.block)(
                inner[channel], f"{path}.{channel}")
        if "later" not in channels and ("pool" in channels or "guarantee" in channels):
            raise TermsError("later_recoveries_missing",
                             f"{path} must say under 'later' who gets money recovered after a compensation.", path)
        return blocks.Recover(path, channels)

    def _facility(self, data: Any, path: str) -> blocks.Facility:
        key, inner = self._one_key(data, path, "block", 1)
        if key != "layer":
            raise TermsError("unknown_block", f"{path} must be a 'layer' that a payer owes.", path)
        path = f"{path}.layer"
        inner = reading.mapping(inner, path, ("payer", "loss", "share", "then"), (
            "deductible_minor", "attach_minor", "limit_minor", "limits", "rounding", "name"))
        then = self.block(inner["then"], f"{path}.then", 2)
        if then.bounded:
            raise TermsError("last_bucket_bounded", f"{path}.then may leave a part without a payee.", f"{path}.then")
        return blocks.Facility(path, self._party(inner["payer"], f"{path}.payer"),
                               self.layer(inner, path, 2, ("payer", "then", "name")), then, self._name(inner, path))
