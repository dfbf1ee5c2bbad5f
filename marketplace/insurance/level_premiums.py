"""The premium by assessed level: a product's factors by TRL, and what a quote would cost at each of them today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.insurance.errors import ProductInvalidError
from marketplace.insurance.models import Quote
from risk.errors import RiskError

HIGHEST = 9
# Levels for which the form of a product asks: no pilot is insured before its technology was shown in a laboratory.
LEVELS = tuple(range(4, HIGHEST + 1))


@dataclass(frozen=True)
class LevelPremium:
    """What a quote would cost were the project assessed at a level today, all else as priced.

    Attributes
    ----------
    trl : int
        The level.
    factor : str
        The product's factor on the trigger probability, as decimal text.
    premium_minor : int or None
        Gross premium; None where the product cannot price that level.
    decision : str or None
        What the rules of the product would say: offer, refer or decline.
    priced : bool
        Whether this is the level at which the quote was priced.
    """

    trl: int
    factor: str
    premium_minor: int | None
    decision: str | None
    priced: bool


def build_level_factor(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A table of a product (`trl`, `value` as decimal text, lowest level first) as a factor that pricing reads.

    A level between two rows has the value of the row below it; a level below the first row has none, so such a
    project is referred to an underwriter. Raises ProductInvalidError at the cell, `level_factor_trl7` for example.
    """
    from risk.sharing.templates.level_steps import apply_level_table

    first = rows[0]
    if first["value"] != "1":
        raise ProductInvalidError(errors={_cell(first): "The first level of the table has 100 percent."})
    for row in rows:
        if row["value"] == "0":
            raise ProductInvalidError(errors={_cell(row): "A factor lies above zero."})
    try:
        held = {
            level: apply_level_table(rows, trl=level, milestones={}).value for level in range(first["trl"], HIGHEST + 1)
        }
    except RiskError as error:
        number = int((error.field or "[0]").partition("[")[2].partition("]")[0] or 0)
        message = "The factor falls from level to level."
        raise ProductInvalidError(errors={_cell(rows[number]): message}) from error
    return {
        "name": "TRL", "field": "trl", "kind": "table", "base_level": str(first["trl"]), "basis": "judgement",
        "values": {str(level): value for level, value in held.items()},
    }  # fmt: skip


def _cell(row: dict[str, Any]) -> str:
    return f"level_factor_trl{row['trl']}"


def find_level_table(content: dict[str, Any]) -> dict[str, str]:
    """The product's factors by TRL, lowest first; empty where its price does not look at the level."""
    for factor in content.get("factors") or []:
        if factor.get("field") == "trl" and factor.get("kind") == "table":
            return dict(sorted(factor["values"].items(), key=lambda item: int(item[0])))
    return {}


def list_level_premiums(quote: Quote, *, head: dict[str, Any]) -> list[LevelPremium]:
    """The frozen input of a quote priced again at every level of its product's table; the score is held.

    The subsidy is left out, since a scheme decides on it by its own rules. Empty where nothing is priced yet or the
    product does not look at the level.
    """
    from risk.pricing import price_quote

    if quote.trail is None or quote.pricing_request is None or quote.product is None:
        return []
    request, content = quote.pricing_request, {**quote.product.content, **head}
    now = request["rating"].get("trl")
    rows = []
    for level, factor in find_level_table(quote.product.content).items():
        rating = {**request["rating"], "trl": int(level)}
        try:
            trail = price_quote({**request, "rating": rating, "subsidies": []}, content)
        except RiskError:
            # Too certain to be priced there; the row says so instead of leaving the level out.
            rows.append(LevelPremium(int(level), factor, None, None, int(level) == now))
            continue
        rows.append(LevelPremium(int(level), factor, trail["premium_minor"], trail["decision"], int(level) == now))
    return rows
