"""The explanation of a settlement, tier by tier: capacity, why, amount, to whom, who got the rounding units."""

from __future__ import annotations

from typing import Any

from risk.sharing.blocks import Cap, Facility, IntoPot, Keep, Share, To, When
from risk.sharing.model import Model
from risk.sharing.wording.document import amount_words, node_name

REST = {"zh": "取走剩余全部", "en": "takes all that is left"}


class Explanation:
    """Tiers of one event in the order in which money reached them.

    A tier is a dict with ``clause``, ``name`` and ``why`` (each ``zh`` and ``en``), ``depth``, ``capacity_minor`` (null
    where the tier takes all that is left), ``amount_minor``, ``to`` (list of ``party``, ``amount_minor``,
    ``legal_basis``, ``rank``, ``clause``) and ``rounding`` (list of ``clause``, ``leg``, ``units``).
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.tiers: list[dict[str, Any]] = []
        self._open: list[dict[str, Any]] = []

    def open(self, node: Cap | Facility, capacity: int, amount: int) -> None:
        """Begin a tier."""
        name, why = self._words(node)
        self._open.append(self._tier(node.path, name, why, capacity, amount))

    def _words(self, node: Cap | Facility) -> tuple[dict[str, str], dict[str, str]]:
        if node.path not in self.model.words:
            what = node.amount if isinstance(node, Cap) else node.layer
            self.model.words[node.path] = (node_name(node, self.model), amount_words(what, self.model))
        name, why = self.model.words[node.path]
        return dict(name), dict(why)

    def open_rest(self, node: Share | When, amount: int) -> bool:
        """Begin a tier that takes all that is left; say no where it would stand inside another or be empty."""
        if self._open or not amount:
            return False
        self._open.append(self._tier(node.path, node_name(node, self.model), REST, None, amount))
        return True

    def close(self) -> None:
        """End the innermost tier."""
        self._open.pop()

    def paid(self, leaf: To | Keep | IntoPot, party: str, amount: int) -> None:
        """Record a payment in the innermost tier, or in a tier of its own that takes all that is left."""
        tier = self._open[-1] if self._open else self._tier(leaf.path, node_name(leaf, self.model), REST, None, amount)
        tier["to"].append(
            {
                "party": party,
                "amount_minor": amount,
                "legal_basis": getattr(leaf, "legal_basis", None),
                "rank": getattr(leaf, "rank", None),
                "clause": leaf.path,
            }
        )

    def rounding(self, node: Share, units: list[int]) -> None:
        """Record who got rounding units of a split."""
        if self._open:
            self._open[-1]["rounding"].extend(
                {"clause": node.path, "leg": leg.key, "units": unit}
                for leg, unit in zip(node.legs, units, strict=True)
                if unit
            )

    def note(self, clause: str, name: dict[str, str], why: dict[str, str], amount: int) -> None:
        """Add a tier for what the event established without paying anybody."""
        self._tier(clause, name, why, None, amount)

    def _tier(
        self, clause: str, name: dict[str, str], why: dict[str, str], capacity: int | None, amount: int
    ) -> dict[str, Any]:
        tier: dict[str, Any] = {
            "clause": clause,
            "name": name,
            "why": why,
            "depth": len(self._open),
            "capacity_minor": capacity,
            "amount_minor": amount,
            "to": [],
            "rounding": [],
        }
        self.tiers.append(tier)
        return tier
