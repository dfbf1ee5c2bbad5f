"""Rating factors of a product: one value per level, base level 1, and the trail of those that were used."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from risk.pricing.errors import InsuranceError
from risk.pricing.numbers import decimal_text, read_decimal, read_list, read_mapping

FACTOR_KEYS = ("name", "field", "kind", "base_level", "values", "bands", "floor", "cap", "basis", "source")


def apply_factors(factors: object, rating: Mapping[str, Any]) -> tuple[Decimal, list[dict[str, Any]]]:
    """Multiply the factors of a product for one risk.

    Parameters
    ----------
    factors : list of dict
        Each with ``name``, ``field`` (key of `rating`), ``kind`` (``table`` with ``values`` by level, or
        ``interval`` with ``bands`` of ``from``, ``below`` and ``value``), ``base_level`` (whose value is
        1) and optional ``floor``, ``cap``, ``basis`` and ``source``.
    rating : dict
        The rating fields of the risk.

    Returns
    -------
    tuple of Decimal and list of dict
        The product of the values, and one trail row per factor: ``name``, ``field``, ``level``, ``value``,
        ``running_product``.

    Raises
    ------
    InsuranceError
        ``missing_factor_level`` where the risk's level has no value (a missing level is never 1).
    """
    product = Decimal(1)
    trail: list[dict[str, Any]] = []
    for position, row in enumerate(read_list(factors, "factors")):
        factor = read_mapping(row, f"factors[{position}]", allowed=FACTOR_KEYS)
        level = rating.get(str(factor.get("field")))
        value = _bounded(_value_of(factor, level, position), factor, position)
        product *= value
        trail.append(
            {
                "name": factor.get("name"),
                "field": factor.get("field"),
                "level": level,
                "value": decimal_text(value),
                "basis": factor.get("basis", "judgement"),
                "running_product": decimal_text(product),
            }
        )
    return product, trail


def _value_of(factor: Mapping[str, Any], level: object, position: int) -> Decimal:
    field = f"factors[{position}]"
    if factor.get("kind") == "table":
        values = read_mapping(factor.get("values"), f"{field}.values")
        base = str(factor.get("base_level"))
        if read_decimal(values.get(base), f"{field}.values.{base}", high=None) != 1:
            raise InsuranceError(f"The base level of factor {factor.get('name')} must have the value 1.", field=field)
        if level is not None and str(level) in values:
            return read_decimal(values[str(level)], f"{field}.values.{level}", high=None)
    elif factor.get("kind") == "interval":
        for row in read_list(factor.get("bands"), f"{field}.bands"):
            band = read_mapping(row, f"{field}.bands", allowed=("from", "below", "value"))
            if level is not None and _inside(read_decimal(level, f"rating.{factor.get('field')}", high=None), band):
                return read_decimal(band.get("value"), f"{field}.bands.value", high=None)
    else:
        raise InsuranceError(f"{field}.kind must be table or interval.", field=f"{field}.kind")
    raise InsuranceError(
        f"The factor {factor.get('name')} has no value for the level {level!r} of {factor.get('field')}.",
        code="missing_factor_level",
        field=f"rating.{factor.get('field')}",
        details={"factor": factor.get("name"), "level": level if isinstance(level, (str, int)) else None},
    )


def _inside(level: Decimal, band: Mapping[str, Any]) -> bool:
    below = band.get("below")
    return level >= read_decimal(band.get("from", "0"), "bands.from", high=None) and (
        below is None or level < read_decimal(below, "bands.below", high=None)
    )


def _bounded(value: Decimal, factor: Mapping[str, Any], position: int) -> Decimal:
    for key, choose in (("floor", max), ("cap", min)):
        if factor.get(key) is not None:
            value = choose(value, read_decimal(factor[key], f"factors[{position}].{key}", high=None))
    return value
