"""Compiling amounts, balances and conditions of a terms document, with the clause in every refusal."""

from __future__ import annotations

from math import lcm
from typing import Any

from risk.sharing import amounts, blocks, reading
from risk.sharing.errors import TermsError
from risk.sharing.model import EXIT_KINDS, Model
from risk.sharing.tiers import Tiered, read_bands

MAX_DEPTH = 32
MAX_NODES = 2000
LAYER_KEYS = ("franchise_minor", "deductible_minor", "attach_minor", "limit_minor", "limits", "steps", "rounding")


class AmountCompiler:
    """Compiles amounts and conditions of one document; counts nodes and depth.

    Parameters
    ----------
    model : Model
        Declarations the clauses may refer to.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.nodes = 0
        # Clause of a catch-up: its profit must not hide in a part that is shared out later.
        self.profit_counted_at: str | None = None

    def _one_key(self, data: Any, path: str, what: str, depth: int) -> tuple[str, Any]:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise TermsError("too_deep", f"The terms are nested deeper than {MAX_DEPTH} levels at {path}.", path)
        if self.nodes > MAX_NODES:
            raise TermsError("too_many_nodes", f"The terms have more than {MAX_NODES} nodes.", path)
        if not isinstance(data, dict) or len(data) != 1:
            raise TermsError(
                "not_one_key", f"{path} must be an object with exactly one key that names the {what}.", path
            )
        return next(iter(data.items()))

    def _party(self, data: Any, path: str) -> str:
        return reading.known(data, path, self.model.parties, "unknown_party", "party")

    def condition(self, data: Any, path: str, depth: int) -> blocks.Condition:
        """Return the compiled condition."""
        key, value = self._one_key(data, path, "condition", depth)
        inner = f"{path}.{key}"
        if key in ("all", "any"):
            items = reading.sequence(value, inner, at_least=1)
            return blocks.Condition(
                key,
                None,
                tuple(self.condition(item, f"{inner}[{index}]", depth + 1) for index, item in enumerate(items)),
            )
        if key == "not":
            return blocks.Condition(key, None, (self.condition(value, inner, depth + 1),))
        if key == "milestone":
            return blocks.Condition(
                key, reading.known(value, inner, self.model.milestones, "unknown_milestone", "milestone")
            )
        if key == "flag":
            return blocks.Condition(key, reading.known(value, inner, self.model.flags, "unknown_flag", "flag"))
        if key == "on_or_after":
            return blocks.Condition(key, reading.date(value, inner))
        if key == "exit_kind":
            return blocks.Condition(key, reading.choice(value, inner, EXIT_KINDS))
        if key == "converted":
            grants = {grant.id for grant in self.model.grants}
            return blocks.Condition(key, reading.known(value, inner, grants, "unknown_grant", "conditional grant"))
        if key == "default" and isinstance(value, bool):
            return blocks.Condition(key, value)
        raise TermsError("unknown_condition", f"{path} has no known condition.", path)

    def balance(self, data: Any, path: str) -> amounts.Balance:
        """Return the live balance named by text such as ``capital:angel``."""
        kind, *ids = data.split(":") if isinstance(data, str) else ("",)
        kinds = amounts.BALANCE_KINDS.get(kind)
        if kinds is None or len(ids) != len(kinds):
            raise TermsError("unknown_balance", f"{path} names no balance; got {str(data)[:60]!r}.", path)
        names = {
            "party": self.model.parties,
            "accrual": self.model.accruals,
            "hurdle": self.model.hurdles,
            "claim": self.model.claims,
            "limit": self.model.limits,
            "loan": {loan.id: loan for loan in self.model.loans},
            "grant": {grant.id: grant for grant in self.model.grants},
            "shareholder": self.model.shareholders,
        }
        for what, name in zip(kinds, ids, strict=True):
            reading.known(name, path, names[what], f"unknown_{what}", what)
        return amounts.Balance(data, kind, tuple(ids))

    def amount(self, data: Any, path: str, depth: int) -> Any:
        """Return the compiled amount expression."""
        if isinstance(data, (int, float)) and not isinstance(data, bool):
            code = "float_in_amount" if isinstance(data, float) else "amount_without_unit"
            raise TermsError(code, f'{path} must be written {{"amount_minor": integer}}.', path)
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
            return amounts.Combination(
                key,
                tuple(self.amount(item, f"{inner}[{index}]", depth + 1) for index, item in enumerate(items)),
                inner,
            )
        if key == "pct":
            value = reading.mapping(value, inner, ("rate", "of"), ("rounding",))
            rate = reading.decimal(value["rate"], f"{inner}.rate")
            return amounts.Percentage(
                rate.as_integer_ratio(),
                self.amount(value["of"], f"{inner}.of", depth + 1),
                self._rounding(value, inner),
                inner,
            )
        if key == "tiered":
            value = reading.mapping(value, inner, ("of", "bands", "mode"), ("rounding",))
            of = self.amount(value["of"], f"{inner}.of", depth + 1)
            bands = read_bands(value["bands"], value["mode"], inner)
            return Tiered(of, bands, self._rounding(value, inner), inner)
        if key == "gap":
            return self._gap(value, inner)
        if key == "layer":
            return self.layer(value, inner, depth)
        raise TermsError("unknown_amount", f"{path} has no known amount expression; '{key}' was given.", path)

    def _gap(self, data: Any, path: str) -> amounts.Gap | amounts.ShareGap | amounts.HurdleGap:
        if isinstance(data, dict) and "share_of_profit" in data:
            return self._share_gap(data, path)
        if isinstance(data, dict) and "hurdle" in data:
            return self._hurdle_gap(data, path)
        data = reading.mapping(data, path, ("party", "multiple"))
        multiple = reading.decimal(data["multiple"], f"{path}.multiple").as_integer_ratio()
        return amounts.Gap(self._party(data["party"], f"{path}.party"), multiple, self.model.rounding, path)

    def _hurdle_gap(self, data: dict[str, Any], path: str) -> amounts.HurdleGap:
        data = reading.mapping(data, path, ("hurdle",), ("speed",))
        name = reading.known(data["hurdle"], f"{path}.hurdle", self.model.hurdles, "unknown_hurdle", "hurdle")
        speed = reading.share(data.get("speed", "1"), f"{path}.speed")
        if speed == 0:
            raise TermsError("speed_too_low", f"{path}.speed must be above 0.", f"{path}.speed")
        return amounts.HurdleGap(name, speed.as_integer_ratio(), self.model.rounding, path)

    def _share_gap(self, data: dict[str, Any], path: str) -> amounts.ShareGap:
        data = reading.mapping(data, path, ("party", "share_of_profit", "speed"), ("among",))
        party = self._party(data["party"], f"{path}.party")
        share = reading.share(data["share_of_profit"], f"{path}.share_of_profit")
        speed = reading.share(data["speed"], f"{path}.speed")
        if not 0 < share < 1:
            raise TermsError(
                "share_out_of_range",
                f"{path}.share_of_profit must lie between 0 and 1, both left out.",
                f"{path}.share_of_profit",
            )
        if speed <= share:
            raise TermsError(
                "speed_too_low",
                f"{path}.speed must be above share_of_profit: at a lower speed the party never catches up.",
                f"{path}.speed",
            )
        among = tuple(self.model.parties)
        if "among" in data:
            names = reading.sequence(data["among"], f"{path}.among", at_least=1)
            among = tuple(self._party(name, f"{path}.among[{place}]") for place, name in enumerate(names))
            if len(set(among)) != len(among) or party not in among:
                raise TermsError(
                    "bad_scope", f"{path}.among names each party once, {party} among them.", f"{path}.among"
                )
        self.profit_counted_at = path
        whole = lcm(share.denominator, speed.denominator)
        return amounts.ShareGap(
            party, among, (int(share * whole), whole), (int(speed * whole), whole), self.model.rounding, path
        )

    def _rounding(self, data: dict[str, Any], path: str) -> str:
        return reading.choice(data.get("rounding", self.model.rounding), f"{path}.rounding", ("half_even", "half_up"))

    def layer(
        self, data: Any, path: str, depth: int, extra: tuple[str, ...] = (), *, compensates: bool = False
    ) -> amounts.Layer:
        """Return the compiled layer; only a compensation is told what the registers of shared limits have left."""
        data = reading.mapping(
            data,
            path,
            ("loss", "share"),
            (*LAYER_KEYS, *extra),
        )
        limits = reading.sequence(data.get("limits", []), f"{path}.limits")
        for index, limit in enumerate(limits):
            reading.known(limit, f"{path}.limits[{index}]", self.model.limits, "unknown_limit", "limit")
            if self.model.limits[limit].shared is not None and not compensates:
                raise TermsError(
                    "shared_limit_misplaced",
                    f"{path}.limits[{index}] is shared with other agreements; only the layer of a guarantee or pool "
                    "may use it.",
                    f"{path}.limits[{index}]",
                )
        top = data.get("limit_minor")
        return amounts.Layer(
            self.amount(data["loss"], f"{path}.loss", depth + 1),
            reading.minor(data.get("franchise_minor", 0), f"{path}.franchise_minor"),
            reading.minor(data.get("deductible_minor", 0), f"{path}.deductible_minor"),
            reading.minor(data.get("attach_minor", 0), f"{path}.attach_minor"),
            None if top is None else reading.minor(top, f"{path}.limit_minor"),
            reading.share(data["share"], f"{path}.share").as_integer_ratio(),
            self._share_steps(data.get("steps", []), f"{path}.steps"),
            tuple(limits),
            self._rounding(data, path),
            path,
        )

    def _share_steps(self, data: Any, path: str) -> tuple[tuple[str, tuple[int, int]], ...]:
        """Return the milestones that change a layer's share, each once, with the share from then on."""
        steps: dict[str, tuple[int, int]] = {}
        for index, item in enumerate(reading.sequence(data, path)):
            here = f"{path}[{index}]"
            item = reading.mapping(item, here, ("milestone", "share"))
            name = reading.known(
                item["milestone"], f"{here}.milestone", self.model.milestones, "unknown_milestone", "milestone"
            )
            if name in steps:
                raise TermsError("step_twice", f"{here} names the milestone {name} of another step.", here)
            steps[name] = reading.share(item["share"], f"{here}.share").as_integer_ratio()
        return tuple(steps.items())
