"""A priced quote: from a request and a product version to the premium with its whole trail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from risk.pricing.adjustments import apply_subsidies, compute_step_down
from risk.pricing.errors import InsuranceError
from risk.pricing.factors import apply_factors
from risk.pricing.numbers import (
    decimal_text,
    fraction_text,
    read_date,
    read_decimal,
    read_mapping,
    read_optional_minor,
    round_half_even,
)
from risk.pricing.payout import price_severity
from risk.pricing.premium import Loadings, compute_premium, read_loadings, read_rounding
from risk.pricing.product import (
    Period,
    check_options,
    check_product,
    decide,
    quote_valid_until,
    read_period,
)
from risk.pricing.terms import CostItem, PolicyTerms, read_assignments, read_schedule, read_terms
from risk.pricing.trigger import compute_trigger, read_target_missed

_DECIMAL = re.compile(r"^-?[0-9]+(\.[0-9]+)?$")
REQUEST_KEYS = (
    "as_of", "currency", "period", "schedule", "terms", "score", "target_missed", "severity", "rating",
    "subsidies", "assignments", "step_down",
)  # fmt: skip


def price_quote(request: Mapping[str, Any], product: Mapping[str, Any]) -> dict[str, Any]:
    """Price pilot-failure cover; a pure function of the request and the product version.

    Parameters
    ----------
    request : dict
        ``as_of`` (day of the quote), ``currency``, ``period`` (``start``, ``end``, optional ``deadline``),
        ``schedule`` (cost items), ``terms`` (see :func:`risk.pricing.apply_terms`), a ``score`` or a stated
        ``target_missed`` factor, optional ``severity`` (replaces the product's), ``rating`` (fields of the
        rating factors), ``subsidies``, ``assignments`` and ``step_down``.
    product : dict
        One filed version: ``code``, ``insurer``, ``version``, ``filing_number``, ``valid_from``,
        ``valid_to``, ``trigger_map`` (``insured_cause``, ``determination_agrees``), ``severity``,
        ``loadings``, ``factors``, options, ranges, rules, ``min_premium_minor``, ``rounding``,
        ``validity_days``.

    Returns
    -------
    dict
        ``premium_minor`` (gross), ``net_premium_minor`` (less subsidies), ``trigger`` (factors and basis
        risk), ``severity``, ``factors``, ``premium`` (the trail replayed by
        :func:`risk.pricing.recompute_premium`), ``rates``, ``raw_score`` (the premium were every missed
        target an insured event), ``decision``, ``flags``, ``valid_until`` and the terms priced. A flag says under
        ``rests_on_score`` whether another score alone would keep its rule silent. Amounts are integers in minor units,
        rates decimal text.

    Raises
    ------
    InsuranceError
        With the code of the rule that is broken; nothing is returned in part.
    """
    case = _read_case(request, product)
    priced = _price(case, request, product)
    gross = priced["premium_minor"]
    subsidies, subsidy_total = apply_subsidies(request.get("subsidies") or [], gross)
    decision, flags = decide(product, _figures(case, priced))
    if request.get("score") is not None:
        _mark_score(flags, case, priced, product)
    return {
        "product": {key: product.get(key) for key in ("code", "insurer", "version", "filing_number", "wording_hash")},
        "currency": request.get("currency", "CNY"),
        "as_of": str(case.as_of),
        "valid_until": str(quote_valid_until(product, as_of=case.as_of, score=request.get("score"))),
        "period": {key: str(getattr(case.period, key)) for key in ("start", "end", "deadline")},
        "schedule": [dict(row) for row in request["schedule"]],
        "terms": dict(request["terms"]),
        "sum_insured_minor": case.sum_insured_minor,
        "line_minor": case.line_minor,
        **priced,
        "subsidies": subsidies,
        "subsidy_minor": subsidy_total,
        "net_premium_minor": gross - subsidy_total,
        "tax_minor": _tax(product, gross),
        "assignments": _assignments(request),
        "step_down": compute_step_down(request.get("step_down") or [], premium_minor=gross, period=case.period),
        "decision": decision,
        "flags": flags,
    }


@dataclass(frozen=True)
class _Case:
    as_of: date
    period: Period
    schedule: list[CostItem]
    terms: PolicyTerms
    insurer_share: Decimal
    rating: Mapping[str, Any]

    @property
    def sum_insured_minor(self) -> int:
        return sum(item.sum_insured_minor for item in self.schedule)

    @property
    def line_minor(self) -> int:
        return self.terms.stated_limit_minor(self.sum_insured_minor)


def _read_case(request: Mapping[str, Any], product: Mapping[str, Any]) -> _Case:
    read_mapping(request, "request", allowed=REQUEST_KEYS)
    case = _Case(
        as_of=read_date(request.get("as_of"), "as_of"),
        period=read_period(request.get("period")),
        schedule=read_schedule(request.get("schedule")),
        terms=read_terms(request.get("terms")),
        insurer_share=read_decimal(request["terms"].get("insurer_share"), "terms.insurer_share"),
        rating=read_mapping(request.get("rating") or {}, "rating"),
    )
    check_product(product, as_of=case.as_of, sum_insured_minor=case.sum_insured_minor, period=case.period)
    if request.get("currency", "CNY") != product.get("currency", "CNY"):
        raise InsuranceError("The request and the product are in different currencies.", field="currency")
    check_options(
        product,
        items=[item.code for item in case.schedule],
        deductible_minor=case.terms.deductible_minor,
        limit_minor=case.line_minor,
        sum_insured_minor=case.sum_insured_minor,
        insurer_share=case.insurer_share,
    )
    return case


def _price(case: _Case, request: Mapping[str, Any], product: Mapping[str, Any]) -> dict[str, Any]:
    trigger = _trigger(request, product)
    factor, factor_trail = apply_factors(product.get("factors") or [], case.rating)
    severity = price_severity(request.get("severity") or product.get("severity"), case.schedule, case.terms)
    loadings = _loadings(product)
    common: dict[str, Any] = {
        "mean_payout": severity["mean_payout"],
        "second_moment": severity["second_moment"],
        "loadings": loadings,
        "minimum_minor": read_optional_minor(product, "min_premium_minor", "product") or 0,
        "rounding": read_rounding(product.get("rounding")),
    }
    probability = min(Decimal(trigger["probability"]) * factor, Decimal(1))
    premium = compute_premium(probability=probability, **common)
    raw = compute_premium(probability=_raw_probability(trigger, factor, loadings), **common)
    return {
        "trigger": trigger,
        "factors": factor_trail,
        "trigger_probability": decimal_text(probability),
        "severity": severity,
        "premium": premium,
        "premium_minor": premium["gross_minor"],
        "rates": _rates(premium, case, loadings),
        "raw_score": {"probability": raw["probability"], "premium_minor": raw["gross_minor"]},
    }


def _mark_score(
    flags: list[dict[str, Any]], case: _Case, priced: Mapping[str, Any], product: Mapping[str, Any]
) -> None:
    """Mark the rules that another score would keep silent: premium and rate follow the score as the probability does.

    A rule "above" is tried at probability 0, a rule "below" at the largest that this product can price.
    """
    loadings = _loadings(product)
    highest = min(_largest_trigger(priced), _most_certain(loadings))
    for flag in flags:
        other = Decimal(0) if flag["operator"] == "above" else highest
        figure = _figures(case, _reprice(case, priced, loadings, other))[flag["field"]]
        bound = Decimal(str(flag["value"]))
        flag["rests_on_score"] = figure <= bound if flag["operator"] == "above" else figure >= bound


def _largest_trigger(priced: Mapping[str, Any]) -> Decimal:
    # The insured event if the target were certain to be missed: cause, determination and the rating factors.
    _missed, cause, agrees = (Decimal(row["value"]) for row in priced["trigger"]["factors"])
    rating = Decimal(priced["factors"][-1]["running_product"]) if priced["factors"] else Decimal(1)
    return min(cause * agrees * rating, Decimal(1))


def _reprice(case: _Case, priced: Mapping[str, Any], loadings: Loadings, probability: Decimal) -> dict[str, Any]:
    trail = priced["premium"]
    premium = compute_premium(
        probability=probability,
        mean_payout=trail["mean_payout"],
        second_moment=trail["second_moment"],
        loadings=loadings,
        minimum_minor=trail["minimum_minor"],
        rounding=trail["rounding"],
    )
    return {
        "trigger_probability": decimal_text(probability),
        "premium_minor": premium["gross_minor"],
        "rates": _rates(premium, case, loadings),
    }


def _figures(case: _Case, priced: Mapping[str, Any]) -> dict[str, Decimal]:
    return _rating_figures(case.rating) | {
        "trigger_probability": Decimal(priced["trigger_probability"]),
        "sum_insured_minor": Decimal(case.sum_insured_minor),
        "rate_on_sum_insured": Decimal(priced["rates"]["on_sum_insured"]),
        "insurer_share": case.insurer_share,
        "premium_minor": Decimal(priced["premium_minor"]),
    }


def _rating_figures(rating: Mapping[str, Any]) -> dict[str, Decimal]:
    figures = {}
    for name, value in rating.items():
        if isinstance(value, bool):
            figures[name] = Decimal(int(value))
        elif isinstance(value, int) or (isinstance(value, str) and _DECIMAL.match(value)):
            figures[name] = Decimal(value)
    return figures


def _trigger(request: Mapping[str, Any], product: Mapping[str, Any]) -> dict[str, Any]:
    allowed = ("insured_cause", "determination_agrees")
    trigger_map = read_mapping(product.get("trigger_map"), "product.trigger_map", allowed=allowed)
    return compute_trigger(
        read_target_missed(request),
        read_mapping(trigger_map.get("insured_cause"), "trigger_map.insured_cause"),
        read_mapping(trigger_map.get("determination_agrees"), "trigger_map.determination_agrees"),
    )


def _loadings(product: Mapping[str, Any]) -> Loadings:
    loadings = read_loadings(product.get("loadings"))
    cap = product.get("commission_cap")
    if cap is not None and loadings.commission > read_decimal(cap, "product.commission_cap"):
        raise InsuranceError(
            "The commission is above the cap of the product.",
            code="commission_above_cap",
            field="loadings.commission",
        )
    return loadings


def _raw_probability(trigger: Mapping[str, Any], factors: Decimal, loadings: Loadings) -> Decimal:
    # A comparison only, so it stays inside the range in which the risk load is monotone.
    raw = min(Decimal(trigger["factors"][0]["value"]) * factors, Decimal(1))
    return min(raw, _most_certain(loadings))


def _most_certain(loadings: Loadings) -> Decimal:
    return (1 / (1 + loadings.risk**2)).quantize(Decimal("0.000001"), rounding="ROUND_DOWN")


def _rates(premium: Mapping[str, Any], case: _Case, loadings: Loadings) -> dict[str, str | int]:
    gross = premium["gross_minor"]
    commission = round_half_even(Fraction(loadings.commission) * gross)
    return {
        "on_sum_insured": _ratio(gross, case.sum_insured_minor),
        "on_line": _ratio(gross, case.line_minor),
        "expected_loss_ratio": _ratio(premium["expected_loss"], gross),
        "commission_minor": commission,
        "insurer_net_minor": gross - commission,
    }


def _ratio(part: float, whole: int) -> str:
    return "0" if whole == 0 else decimal_text((Decimal(part) / whole).quantize(Decimal("0.000001")))


def _tax(product: Mapping[str, Any], gross: int) -> int | None:
    rate = product.get("tax_rate")
    return None if rate is None else round_half_even(Fraction(read_decimal(rate, "product.tax_rate")) * gross)


def _assignments(request: Mapping[str, Any]) -> list[dict[str, str]]:
    shares = read_assignments(request.get("assignments") or [])
    return [{"party": party, "share": fraction_text(share)} for party, share in shares.items()]
