"""Whether a product version may price a request: filing, dates, sums, term, options and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from risk.pricing.errors import InsuranceError
from risk.pricing.numbers import decimal_text, read_date, read_decimal, read_list, read_mapping, read_minor

PRODUCT_KEYS = (
    "code", "insurer", "name_zh", "name_en", "line", "version", "filing_number", "filing_is_fictional",
    "wording_hash", "basis", "valid_from", "valid_to", "currency", "sum_min_minor", "sum_max_minor",
    "limit_max_minor", "term_days_min", "term_days_max", "cost_items", "deductible_options",
    "insurer_share_options", "trigger_map", "severity", "factors", "loadings", "commission_cap",
    "min_premium_minor", "rounding", "rules", "disclosures_zh", "disclosures_en", "tax_rate", "validity_days",
)  # fmt: skip
RULE_KEYS = ("effect", "field", "operator", "value", "reason_zh", "reason_en")


@dataclass(frozen=True)
class Period:
    """Cover from `start` to `end`, the target to be reached by `deadline`."""

    start: date
    end: date
    deadline: date

    @property
    def days(self) -> int:
        """Number of days of cover."""
        return (self.end - self.start).days


def read_period(value: object) -> Period:
    """Return the period of a request; the deadline is the end where none is given."""
    mapping = read_mapping(value, "period", allowed=("start", "end", "deadline"))
    start, end = read_date(mapping.get("start"), "period.start"), read_date(mapping.get("end"), "period.end")
    deadline = read_date(mapping.get("deadline") or end, "period.deadline")
    if not start < end or not start < deadline <= end:
        raise InsuranceError("The period must run from start over the deadline to end.", field="period")
    return Period(start, end, deadline)


def check_product(product: Mapping[str, Any], *, as_of: date, sum_insured_minor: int, period: Period) -> None:
    """Raise :class:`InsuranceError` where this product version may not quote this request on this day."""
    read_mapping(product, "product", allowed=PRODUCT_KEYS)
    if not product.get("filing_number"):
        raise InsuranceError(
            "This product carries no filing number, so no premium may be quoted under it.",
            code="product_not_filed",
            field="product.filing_number",
        )
    first = read_date(product.get("valid_from"), "product.valid_from")
    last = read_date(product["valid_to"], "product.valid_to") if product.get("valid_to") else date.max
    if not first <= as_of <= last:
        raise InsuranceError(
            "This version of the product is not valid on the day of the quote.",
            code="version_expired",
            field="product.valid_to",
            details={"valid_from": str(first), "valid_to": str(last), "as_of": str(as_of)},
        )
    _check_range(product, "sum_min_minor", "sum_max_minor", sum_insured_minor, "sum_out_of_range", "sum insured")
    _check_range(product, "term_days_min", "term_days_max", period.days, "term_out_of_range", "term in days")


def _check_range(product: Mapping[str, Any], low_key: str, high_key: str, value: int, code: str, name: str) -> None:
    low, high = product.get(low_key), product.get(high_key)
    too_low = low is not None and value < read_minor(low, f"product.{low_key}")
    too_high = high is not None and value > read_minor(high, f"product.{high_key}")
    if too_low or too_high:
        raise InsuranceError(
            f"The {name} {value} is outside the range of the product ({low} to {high}).",
            code=code,
            field=f"product.{low_key if too_low else high_key}",
            details={"value": value, "low": low, "high": high},
        )


def check_options(
    product: Mapping[str, Any],
    *,
    items: Sequence[str],
    deductible_minor: int,
    limit_minor: int,
    sum_insured_minor: int,
    insurer_share: Decimal,
) -> None:
    """Raise ``option_not_offered`` where a cost item, the deductible, limit or share is none of those filed."""
    covered = product.get("cost_items")
    for item in items:
        if covered is not None and item not in read_list(covered, "product.cost_items"):
            raise _not_offered("schedule", item, [str(code) for code in covered])
    highest = product.get("limit_max_minor")
    if highest is not None and limit_minor > read_minor(highest, "product.limit_max_minor"):
        raise _not_offered("limit_minor", str(limit_minor), [f"at most {highest}"])
    shares = [read_decimal(x, "insurer_share_options") for x in _options(product, "insurer_share_options")]
    if shares and insurer_share not in shares:
        raise _not_offered("insurer_share", decimal_text(insurer_share), [decimal_text(x) for x in shares])
    options = [read_decimal(x, "deductible_options") for x in _options(product, "deductible_options")]
    offered = [round(option * sum_insured_minor) for option in options]
    if offered and deductible_minor not in offered:
        raise _not_offered("deductible_minor", str(deductible_minor), [str(amount) for amount in offered])


def _options(product: Mapping[str, Any], key: str) -> list[Any]:
    return read_list(product.get(key) or [], f"product.{key}")


def _not_offered(name: str, value: str, allowed: list[str]) -> InsuranceError:
    return InsuranceError(
        f"The product does not offer {name} = {value}; it offers {', '.join(allowed)}.",
        code="option_not_offered",
        field=f"terms.{name}",
        details={"value": value, "allowed": allowed},
    )


def decide(product: Mapping[str, Any], figures: Mapping[str, Decimal]) -> tuple[str, list[dict[str, Any]]]:
    """Return ``offer``, ``refer`` or ``decline`` and the rules that fired, declining ones first.

    Parameters
    ----------
    product : dict
        ``rules``: each ``effect`` (``refer`` or ``decline``), ``field`` (a key of `figures`), ``operator`` (``above``
        or ``below``), ``value`` (decimal text), ``reason_zh`` and ``reason_en``.
    figures : dict of str to Decimal
        What the rules may look at: the computed figures and the rating of the risk.

    Raises
    ------
    InsuranceError
        ``missing_factor_level`` where a rule looks at a figure that the request does not state.
    """
    flags: list[dict[str, Any]] = []
    for position, row in enumerate(read_list(product.get("rules") or [], "rules")):
        field = f"rules[{position}]"
        rule = read_mapping(row, field, allowed=RULE_KEYS)
        if rule.get("effect") not in ("refer", "decline") or rule.get("operator") not in ("above", "below"):
            raise InsuranceError(f"{field} must refer or decline, above or below a value.", field=field)
        name = str(rule.get("field"))
        if name not in figures:
            raise InsuranceError(
                f"A rule of the product looks at {name}, which the request does not state.",
                code="missing_factor_level",
                field=f"rating.{name}",
                details={"rule": position},
            )
        bound = read_decimal(rule.get("value"), f"{field}.value", high=None)
        stated = figures[name]
        if stated > bound if rule["operator"] == "above" else stated < bound:
            flags.append({**rule, "stated": decimal_text(stated)})
    flags.sort(key=lambda flag: str(flag["effect"]))
    decision = str(flags[0]["effect"]) if flags else "offer"
    return decision, flags


def quote_valid_until(product: Mapping[str, Any], *, as_of: date, score: object) -> date:
    """Return the last day of the quote: 30 days by default, never beyond the product version or the score."""
    last = as_of + timedelta(days=read_minor(product.get("validity_days", 30), "product.validity_days"))
    if product.get("valid_to"):
        last = min(last, read_date(product["valid_to"], "product.valid_to"))
    if isinstance(score, Mapping) and score.get("valid_until"):
        last = min(last, read_date(score["valid_until"], "score.valid_until"))
    return last
