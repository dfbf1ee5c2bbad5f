"""The building blocks of a program as compiled nodes: each takes what it can of a pot and hands back the rest."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from risk.sharing.amounts import Amount, Balance, Layer
from risk.sharing.split import split

if TYPE_CHECKING:
    from risk.sharing.run import Run


@dataclass(frozen=True)
class To:
    """Leaf: the rest of the pot goes to a party, on a legal basis and in a rank."""

    path: str
    party: str
    legal_basis: str
    rank: int
    settles: Balance | None = None
    contract: str | None = None
    approval: str | None = None
    conceded_by: str | None = None
    cap_share_of_gain: Fraction | None = None
    resolution: bool = False
    name: dict[str, str] | None = None
    bounded = False

    def run(self, run: Run, amount: Any) -> Any:
        """Pay the whole amount."""
        run.pay(self, amount)
        return run.arithmetic.zero


@dataclass(frozen=True)
class Keep:
    """Leaf: the rest of the pot stays in the estate until the exit program runs."""

    path: str
    legal_basis: str
    rank: int
    name: dict[str, str] | None = None
    bounded = False

    def run(self, run: Run, amount: Any) -> Any:
        """Keep the whole amount."""
        run.keep(self, amount)
        return run.arithmetic.zero


@dataclass(frozen=True)
class IntoPot:
    """Leaf: the rest of the pot is collected in a named part and shared by that part's own program afterwards."""

    path: str
    pot: str
    settles: Balance | None = None
    name: dict[str, str] | None = None
    bounded = False

    def run(self, run: Run, amount: Any) -> Any:
        """Collect the whole amount."""
        run.collect(self, amount)
        return run.arithmetic.zero


@dataclass(frozen=True)
class Seq:
    """Each block takes what it can, the remainder goes on to the next."""

    path: str
    blocks: tuple[Node, ...]
    name: dict[str, str] | None = None

    @property
    def bounded(self) -> bool:
        """Say whether something may be left over."""
        return self.blocks[-1].bounded

    def run(self, run: Run, amount: Any) -> Any:
        """Run the blocks in order and return what is left."""
        for block in self.blocks:
            amount = block.run(run, amount)
        return amount


@dataclass(frozen=True)
class Leg:
    """One leg of a share: a constant weight, or balances whose sum is the weight."""

    key: str
    priority: int
    weight: int | None
    balances: tuple[Balance, ...]
    then: Node

    def weigh(self, run: Run) -> Any:
        """Return the weight now."""
        if self.weight is not None:
            return self.weight
        total = self.balances[0].value(run)
        for balance in self.balances[1:]:
            total = total + balance.value(run)
        return total


@dataclass(frozen=True)
class Share:
    """Proportional split of the whole pot."""

    path: str
    legs: tuple[Leg, ...]
    policy: str
    favoured: int | None
    ties: tuple[int, ...]
    name: dict[str, str] | None = None
    bounded = False

    def run(self, run: Run, amount: Any) -> Any:
        """Split the whole amount and run every leg."""
        keys = [f"carry:{self.path}:{leg.key}" for leg in self.legs]
        if not run.arithmetic.any(amount > 0):
            return run.arithmetic.zero
        with run.arithmetic.only(amount > 0):
            self._share_out(run, amount, keys)
        return run.arithmetic.zero

    def _share_out(self, run: Run, amount: Any, keys: list[str]) -> None:
        paid, carries, units = split(
            run.arithmetic,
            amount,
            [leg.weigh(run) for leg in self.legs],
            owed=self.legs[0].weight is None,
            policy=self.policy,
            favoured=self.favoured,
            ties=list(self.ties),
            carries=[run.values[key] for key in keys],
            step=self.path,
        )
        for key, carry in zip(keys, carries, strict=True):
            run.values[key] = carry
        opened = run.open_rest(self, amount)
        run.note_rounding(self, units)
        for leg, part in zip(self.legs, paid, strict=True):
            leg.then.run(run, part)
        if opened:
            run.close_tier()


@dataclass(frozen=True)
class Cap:
    """The inner block gets at most an amount."""

    path: str
    amount: Amount
    then: Node
    name: dict[str, str] | None = None
    bounded = True

    def run(self, run: Run, amount: Any) -> Any:
        """Give the inner block what the capacity allows and return the rest."""
        capacity = self.amount.value(run)
        # A capacity outside the bound stands only where nothing is shared out, and gives nothing there.
        part = run.arithmetic.maximum(run.arithmetic.minimum(amount, capacity), run.arithmetic.zero)
        run.open_tier(self, capacity, part)
        rest = self.then.run(run, part)
        run.close_tier()
        return amount - part + rest


@dataclass(frozen=True)
class Condition:
    """A test over milestones, flags, default, dates and the kind of exit."""

    kind: str
    value: Any
    parts: tuple[Condition, ...] = ()

    def test(self, run: Run) -> Any:
        """Return whether the condition holds."""
        arithmetic = run.arithmetic
        if self.kind == "not":
            return arithmetic.negate(self.parts[0].test(run))
        if self.kind in ("all", "any"):
            combine = arithmetic.both if self.kind == "all" else arithmetic.either
            result = self.parts[0].test(run)
            for part in self.parts[1:]:
                result = combine(result, part.test(run))
            return result
        if self.kind == "on_or_after":
            on: datetime.date = self.value
            return run.on >= on
        if self.kind == "exit_kind":
            return run.exit_kind == self.value
        if self.kind == "default":
            return run.flags["default"] if self.value else arithmetic.negate(run.flags["default"])
        return run.flags[f"{self.kind}:{self.value}"]


@dataclass(frozen=True)
class When:
    """One block where a condition holds, another (or nothing) where it does not."""

    path: str
    condition: Condition
    then: Node
    otherwise: Node | None
    approval: str | None = None
    name: dict[str, str] | None = None

    @property
    def bounded(self) -> bool:
        """Say whether something may be left over."""
        return self.otherwise is None or self.otherwise.bounded or self.then.bounded

    def run(self, run: Run, amount: Any) -> Any:
        """Run the branch that applies; in arrays each branch gets its own scenarios' amounts."""
        holds = self.condition.test(run)
        if isinstance(holds, bool):
            branch = self.then if holds else self.otherwise
            if branch is None:
                return amount
            opened = self.name is not None and run.open_rest(self, amount)
            rest = branch.run(run, amount)
            if opened:
                run.close_tier()
            return rest
        arithmetic, zero = run.arithmetic, run.arithmetic.zero
        yes, no = arithmetic.where(holds, amount, zero), arithmetic.where(holds, zero, amount)
        with arithmetic.only(holds):
            rest = self.then.run(run, yes)
        if self.otherwise is not None:
            with arithmetic.only(arithmetic.negate(holds)):
                no = self.otherwise.run(run, no)
        return rest + no


@dataclass(frozen=True)
class Facility:
    """A layer that a payer owes: its payment is computed from the loss, used up from its limits, then shared out."""

    path: str
    payer: str
    layer: Layer
    then: Node
    name: dict[str, str] | None = None
    bounded = False

    def run(self, run: Run, amount: Any) -> Any:
        """Run the inner block on the payment."""
        run.open_tier(self, self.layer.before_limits(run), amount)
        for limit in self.layer.limits:
            run.use_limit(limit, amount)
        self.then.run(run, amount)
        run.close_tier()
        return run.arithmetic.zero


@dataclass(frozen=True)
class Recover:
    """What comes back after a loss, by legal channel in rank; ``later`` is what comes after a compensation."""

    path: str
    channels: dict[str, Node]
    bounded = False


Node = To | Keep | IntoPot | Seq | Share | Cap | When | Facility
