"""Compiling the blocks of a terms document into nodes, with the clause in every refusal."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import lcm
from typing import Any

from risk.sharing import amounts, blocks, reading
from risk.sharing.compiling.amounts import LAYER_KEYS, AmountCompiler
from risk.sharing.errors import TermsError
from risk.sharing.model import LEGAL_BASES, Model
from risk.sharing.split import POLICIES

# The guarantor that pays the lender first, then those it claims from in turn: never the lender itself.
UPWARD = ("reguarantee", "national_guarantee")
COMPENSATIONS = ("guarantee", *UPWARD, "pool")
CHANNELS = ("collateral", "insurance", "estate", *COMPENSATIONS, "later")
FACILITIES = ("insurance", *COMPENSATIONS)


class Compiler(AmountCompiler):
    """Compiles the programs of one document.

    Parameters
    ----------
    model : Model
        Declarations the blocks may refer to.
    pot_names : set of str
        Names of the parts a program may collect into.
    """

    def __init__(self, model: Model, pot_names: set[str]) -> None:
        super().__init__(model)
        self.pot_names = pot_names
        self.carries: list[str] = []

    def block(self, data: Any, path: str, depth: int = 1) -> blocks.Node:
        """Return the compiled block."""
        key, inner = self._one_key(data, path, "block", depth)
        makers: dict[str, Callable[[Any, str, int], blocks.Node]] = {
            "to": self._to,
            "keep": self._keep,
            "pot": self._pot,
            "seq": self._seq,
            "share": self._share,
            "cap": self._cap,
            "when": self._when,
        }
        if key not in makers:
            raise TermsError("unknown_block", f"{path} has no known block; '{key}' was given.", path)
        return makers[key](inner, f"{path}.{key}", depth)

    def _name(self, data: dict[str, Any], path: str) -> dict[str, str] | None:
        return reading.bilingual(data["name"], f"{path}.name") if "name" in data else None

    def _settles(self, data: dict[str, Any], path: str) -> amounts.Balance | None:
        if "settles" not in data:
            return None
        balance = self.balance(data["settles"], f"{path}.settles")
        if balance.kind not in amounts.SETTLEABLE:
            raise TermsError(
                "cannot_settle",
                f"{path}.settles names {balance.name}, which no payment can settle.",
                f"{path}.settles",
            )
        return balance

    def _rank(self, data: dict[str, Any], path: str) -> int:
        rank = reading.minor(data["rank"], f"{path}.rank")
        if not 1 <= rank <= 99:
            raise TermsError("bad_rank", f"{path}.rank must be a whole number from 1 to 99.", f"{path}.rank")
        return rank

    def _to(self, data: Any, path: str, depth: int) -> blocks.To:
        data = reading.mapping(
            data,
            path,
            ("party", "legal_basis", "rank"),
            (
                "account",
                "settles",
                "contract",
                "approval",
                "conceded_by",
                "cap_share_of_gain",
                "name",
                "resolution",
            ),
        )
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
            raise TermsError(
                "not_a_concession", f"{path} names a giver, but its legal basis is not 'concession'.", path
            )
        if "resolution" in data and not isinstance(data["resolution"], bool):
            raise TermsError("not_a_truth_value", f"{path}.resolution must be true or false.", f"{path}.resolution")
        party = self._party(data["party"], f"{path}.party")
        settles = self._settles(data, path)
        if settles is not None:
            self._owner(settles, party, path)
        return blocks.To(
            path,
            party,
            basis,
            self._rank(data, path),
            settles,
            reading.text(data["contract"], f"{path}.contract") if "contract" in data else None,
            approval,
            giver,
            cap,
            bool(data.get("resolution", False)),
            self._name(data, path),
        )

    def _owner(self, settles: amounts.Balance, party: str, path: str) -> None:
        model, name = self.model, settles.ids[0]
        owners = {
            "capital": lambda: name,
            "preference": lambda: model.accruals[name].party,
            "claim": lambda: model.claims[name].party,
            "loss_borne": lambda: settles.ids[1],
        }
        owner = owners.get(settles.kind, lambda: model.instruments[name].party)()
        if owner != party:
            raise TermsError(
                "settles_other_party",
                f"{path} pays {party} but settles what {owner} is owed.",
                f"{path}.settles",
            )

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
            raise TermsError(
                "cannot_settle",
                f"{path}.settles: only a preference is settled on the way into a part.",
                f"{path}.settles",
            )
        return blocks.IntoPot(path, pot, settles, self._name(data, path))

    def _seq(self, data: Any, path: str, depth: int) -> blocks.Seq:
        items = reading.sequence(data, path, at_least=1)
        inner = tuple(self.block(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(items))
        for index, node in enumerate(inner[:-1]):
            if not node.bounded:
                raise TermsError(
                    "unreachable_block",
                    f"{path}[{index}] takes everything, so what follows gets nothing.",
                    f"{path}[{index}]",
                )
        if inner[-1].bounded:
            last = f"{path}[{len(inner) - 1}]"
            raise TermsError(
                "last_bucket_bounded",
                f"{last} is the last of its sequence and must take all that is left.",
                last,
            )
        return blocks.Seq(path, inner)

    def _share(self, data: Any, path: str, depth: int) -> blocks.Share:
        data = reading.mapping(data, path, ("legs",), ("policy", "name"))
        items = reading.sequence(data["legs"], f"{path}.legs", at_least=1)
        legs: list[blocks.Leg] = []
        fractions: list[Any] = []
        kinds: set[str] = set()
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
            raise TermsError(
                "policy_not_for_balances",
                f"{path}: rounding units cannot all go to one leg where no leg may get more than it is owed.",
                f"{path}.policy",
            )
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
        fraction: Fraction | None = None
        balances: tuple[amounts.Balance, ...] = ()
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
            raise TermsError(
                "shares_do_not_add_up", f"The shares of {path} add up to {float(total):g}, not to 1.", path
            )
        if total == 0:
            raise TermsError("shares_do_not_add_up", f"The parts of {path} are all zero.", path)
        scale = lcm(*(fraction.denominator for fraction in fractions))
        reading.minor(int(total * scale), path)
        return [
            blocks.Leg(leg.key, leg.priority, int(fraction * scale), (), leg.then)
            for leg, fraction in zip(legs, fractions, strict=True)
        ]

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
            path,
            self.condition(data["if"], f"{path}.if", depth + 1),
            self.block(data["then"], f"{path}.then", depth + 1),
            otherwise,
            data.get("approval"),
            self._name(data, path),
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
            here = f"{path}.{channel}"
            channels[channel] = (
                self._facility(inner[channel], here, compensates=channel in COMPENSATIONS)
                if channel in FACILITIES
                else self.block(inner[channel], here)
            )
        for channel in UPWARD:
            if channel in channels and "guarantee" not in channels:
                raise TermsError(
                    "first_payer_missing",
                    f"{path}.{channel} needs a 'guarantee': who pays the lender before claiming from the next.",
                    f"{path}.{channel}",
                )
        if "later" not in channels and any(channel in channels for channel in COMPENSATIONS):
            raise TermsError(
                "later_recoveries_missing",
                f"{path} must say under 'later' who gets money recovered after a compensation.",
                path,
            )
        return blocks.Recover(path, channels)

    def _facility(self, data: Any, path: str, *, compensates: bool) -> blocks.Facility:
        key, inner = self._one_key(data, path, "block", 1)
        if key != "layer":
            raise TermsError("unknown_block", f"{path} must be a 'layer' that a payer owes.", path)
        path = f"{path}.layer"
        inner = reading.mapping(
            inner,
            path,
            ("payer", "loss", "share", "then"),
            (*LAYER_KEYS, "name"),
        )
        then = self.block(inner["then"], f"{path}.then", 2)
        if then.bounded:
            raise TermsError("last_bucket_bounded", f"{path}.then may leave a part without a payee.", f"{path}.then")
        return blocks.Facility(
            path,
            self._party(inner["payer"], f"{path}.payer"),
            self.layer(inner, path, 2, ("payer", "then", "name"), compensates=compensates),
            then,
            self._name(inner, path),
        )
