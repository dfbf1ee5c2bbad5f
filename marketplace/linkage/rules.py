"""The arithmetic of a linkage report: symbols, ratios and attribution, in exact integers of fen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from marketplace.funding.linkage_rules import PUBLIC_KIND, Share, private_part
from marketplace.linkage.definitions import CAPITAL_CLASSES
from marketplace.linkage.errors import AttributionError

DIRECT_CAUSES = ("contract", "co_lead", "introduced_here")


@dataclass(frozen=True)
class Position:
    """One investor's money in one round, on each base apart."""

    round_id: str
    investor: str
    kind: str
    is_loan: bool
    public_bps: int
    amounts: Mapping[str, int]
    capital_class: str = "private"
    link_cause: str = "none"
    link_evidence: str = ""

    @property
    def direct(self) -> bool:
        """Whether this money is mobilised directly: a cause that counts, with its evidence."""
        return self.link_cause in DIRECT_CAUSES and bool(self.link_evidence.strip())


@dataclass
class Sums:
    """The symbols of one reading and one base."""

    G: int = 0
    O: int = 0  # noqa: E741 - the symbol of the specification
    V: int = 0
    B: int = 0
    S: int = 0
    K: int = 0
    C: int = 0
    parts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*CAPITAL_CLASSES, "direct", "indirect"), 0))

    def get(self, symbol: str) -> int:
        """The amount of a symbol, or of a part such as `V.private`."""
        return self.parts[symbol[2:]] if symbol.startswith("V.") else int(getattr(self, symbol))


def split_position(position: Position, *, fund: str, reading: str, base: str) -> dict[str, int]:
    """Share one position out over G, O, V, B and the parts of V; G + O + V + B is the whole amount."""
    amount = position.amounts[base]
    if amount < 0:
        raise ValueError("a position cannot be below zero")
    if position.is_loan:
        return {"B": amount}
    if position.kind == PUBLIC_KIND:
        return {"G" if position.investor == fund else "O": amount}
    share = Share(position.investor, position.kind, amount, position.public_bps, position.is_loan)
    through = private_part(share, "look_through")
    counted = amount if reading == "nominal" else through
    parts = {"V": counted, f"V.{position.capital_class}": through}
    if counted > through:
        # Nominally the state's share of a co-investor counts as non-fiscal capital and is shown apart.
        state = "V.state_owned"
        parts[state] = parts.get(state, 0) + counted - through
    parts["V.direct" if position.direct else "V.indirect"] = counted
    if amount > counted:
        parts["O"] = amount - counted
    return parts


def sum_positions(positions: Iterable[Position], *, fund: str, reading: str, base: str) -> Sums:
    """Add the positions up; S, K and C are set by the caller, they are no one's position."""
    sums = Sums()
    for position in positions:
        for symbol, amount in split_position(position, fund=fund, reading=reading, base=base).items():
            if symbol.startswith("V."):
                sums.parts[symbol[2:]] += amount
            else:
                setattr(sums, symbol, getattr(sums, symbol) + amount)
    return sums


def compute_ratios(sums: Sums) -> dict[str, tuple[int, int]]:
    """Numerator and denominator of M1a, M1b, M2 and M4."""
    whole = sums.G + sums.O + sums.V + sums.B
    return {
        "M1a": (sums.G + sums.V, sums.G),
        "M1b": (sums.G + sums.V + sums.B, sums.G),
        "M2": (sums.V, sums.G),
        "M4": (whole, sums.G + sums.O + sums.K if sums.G else 0),
    }


def ratio_of(numerator: int, denominator: int) -> Fraction | None:
    """A ratio, or None where its denominator is zero: never a zero that says something."""
    return Fraction(numerator, denominator) if denominator else None


def attribute(amount_minor: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Share an amount out in proportion to the weights, exactly, by largest remainder.

    A tie goes to the smaller key, so that the order of the funds changes nothing.
    """
    total = sum(weights.values())
    if total == 0:
        return dict.fromkeys(weights, 0)
    parts = {name: amount_minor * weight // total for name, weight in weights.items()}
    remainders = {name: amount_minor * weight % total for name, weight in weights.items()}
    missing = amount_minor - sum(parts.values())
    for name in sorted(parts, key=lambda key: (-remainders[key], key))[:missing]:
        parts[name] += 1
    if sum(parts.values()) != amount_minor:
        raise AttributionError(amount_minor=amount_minor)
    return parts


def attribute_rounds(positions: Iterable[Position], *, reading: str, base: str) -> dict[str, dict[str, int]]:
    """By round: how its non-fiscal capital is attributed to its public funds."""
    money: dict[str, int] = {}
    weights: dict[str, dict[str, int]] = {}
    for position in positions:
        money.setdefault(position.round_id, 0)
        by_fund = weights.setdefault(position.round_id, {})
        if position.kind == PUBLIC_KIND and not position.is_loan:
            by_fund[position.investor] = by_fund.get(position.investor, 0) + position.amounts[base]
        else:
            # No fund is the reporter here: every investor's non-fiscal part counts.
            money[position.round_id] += split_position(position, fund="", reading=reading, base=base).get("V", 0)
    return {round_id: attribute(amount, weights[round_id]) for round_id, amount in money.items()}
