"""A priced quote: from a request and a product version to the premium with its whole trail."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    read_minor,
    round_half_even,
)
from risk.pricing.payout import price_severity
from risk.pricing.premium import Loadings, compute_premium, read_loadings, read_rounding
from risk.pricing.product import (
    check_options,
    check_product,
    decide,
    quote_valid_until,
    read_period,
)
from risk.pricing.terms import PolicyTerms, read_assignments, read_schedule, read_terms
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
        target an insured event), ``decision``, ``flags``, ``valid_until`` and the terms priced. Amounts
        are integers in minor units, rates decimal text.

    Raises
    ------
    InsuranceError
        With the code of the rule that is broken; nothing is returned in part.
    """
    read_mapping(request, "request", allowed=REQUEST_KEYS)
    as_of = read_date(request.get("as_of"), "as_of")
    period = read_period(request.get("period"))
    schedule, terms = read_schedule(request.get("schedule")), read_terms(request.get("terms"))
    sum_insured = sum(item.sum_insured_minor for item in schedule)
    check_product(product, as_of=as_of, sum_insured_minor=sum_insured, period=period)
    _check_currency(request, product)
    share_text = read_decimal(request["terms"].get("insurer_share"), "terms.insurer_share")
    check_options(
        product,
        items=[item.code for item in schedule],
        deductible_minor=terms.deductible_minor,
        limit_minor=terms.stated_limit_minor(sum_insured),
        sum_insured_minor=sum_insured,
        insurer_share=share_text,
    )
    trigger = _trigger(request, product)
    product_of_factors, factor_trail = apply_factors(product.get("factors") or [], request.get("rating") or {})
    probability = min(Decimal(trigger["probability"]) * product_of_factors, Decimal(1))
    severity = price_severity(request.get("severity") or product.get("severity"), schedule, terms)
    loadings = _loadings(product)
    minimum = read_minor(product.get("min_premium_minor", 0), "product.min_premium_minor")
    rounding = read_rounding(product.get("rounding"))
    common: dict[str, Any] = {
        "mean_payout": severity["mean_payout"],
        "second_moment": severity["second_moment"],
        "loadings": loadings,
        "minimum_minor": minimum,
        "rounding": rounding,
    }
    premium = compute_premium(probability=probability, **common)
    gross = premium["gross_minor"]
    raw = compute_premium(probability=_raw_probability(trigger, product_of_factors, loadings), **common)
    subsidies, subsidy_total = apply_subsidies(request.get("subsidies") or [], gross)
    rates = _rates(premium, sum_insured=sum_insured, terms=terms, loadings=loadings)
    figures = _rating_figures(request.get("rating") or {}) | {
        "trigger_probability": probability,
        "sum_insured_minor": Decimal(sum_insured),
        "rate_on_sum_insured": Decimal(rates["on_sum_insured"]),
        "insurer_share": share_text,
        "premium_minor": Decimal(gross),
    }
    decision, flags = decide(product, figures)
    return {
        "product": {key: product.get(key) for key in ("code", "insurer", "version", "filing_number", "wording_hash")},
        "currency": request.get("currency", "CNY"),
        "as_of": str(as_of),
        "valid_until": str(quote_valid_until(product, as_of=as_of, score=request.get("score"))),
        "period": {"start": str(period.start), "end": str(period.end), "deadline": str(period.deadline)},
        "schedule": [dict(row) for row in request["schedule"]],
        "terms": dict(request["terms"]),
        "sum_insured_minor": sum_insured,
        "line_minor": terms.stated_limit_minor(sum_insured),
        "trigger": trigger,
        "factors": factor_trail,
        "trigger_probability": decimal_text(probability),
        "severity": severity,
        "premium": premium,
        "premium_minor": gross,
        "subsidies": subsidies,
        "subsidy_minor": subsidy_total,
        "net_premium_minor": gross - subsidy_total,
        "tax_minor": _tax(product, gross),
        "rates": rates,
        "raw_score": {"probability": raw["probability"], "premium_minor": raw["gross_minor"]},
        "assignments": _assignments(request),
        "step_down": compute_step_down(request.get("step_down") or [], premium_minor=gross, period=period),
        "decision": decision,
        "flags": flags,
    }


def _rating_figures(rating: Mapping[str, Any]) -> dict[str, Decimal]:
    figures = {}
    for name, value in rating.items():
        if isinstance(value, bool):
            figures[name] = Decimal(int(value))
        elif isinstance(value, int) or (isinstance(value, str) and _DECIMAL.match(value)):
            figures[name] = Decimal(value)
    return figures


def _check_currency(request: Mapping[str, Any], product: Mapping[str, Any]) -> None:
    if request.get("currency", "CNY") != product.get("currency", "CNY"):
        raise InsuranceError("The request and the product are in different currencies.", field="currency")


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
    return min(raw, (1 / (1 + loadings.risk**2)).quantize(Decimal("0.000001"), rounding="ROUND_DOWN"))


def _rates(
    premium: Mapping[str, Any], *, sum_insured: int, terms: PolicyTerms, loadings: Loadings
) -> dict[str, str | int]:
    gross = premium["gross_minor"]
    line = terms.stated_limit_minor(sum_insured)
    commission = round_half_even(Fraction(loadings.commission) * gross)
    return {
        "on_sum_insured": _ratio(gross, sum_insured),
        "on_line": _ratio(gross, line),
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
