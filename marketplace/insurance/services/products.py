"""Filing product versions; a version is never changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission, require_verified
from marketplace.accounts.permissions import Actor, Permission
from marketplace.audit.services import record_act
from marketplace.insurance import queries
from marketplace.insurance.errors import (
    NotAuthorisedError,
    ProductExistsError,
    ProductInvalidError,
    ProductNotFiledError,
    translate_error,
)
from marketplace.insurance.level_premiums import build_level_factor
from marketplace.insurance.models import COST_ITEMS, InsuranceProduct
from marketplace.insurance.rules import compute_loss, hash_content
from marketplace.money import EXPONENTS
from risk.errors import RiskError

# What `risk.pricing` reads of a product, beside what has a column of its own.
CONTENT_KEYS = (
    "basis", "sum_min_minor", "sum_max_minor", "limit_max_minor", "term_days_min", "term_days_max", "cost_items",
    "deductible_options", "insurer_share_options", "trigger_map", "severity", "factors", "loadings",
    "commission_cap", "min_premium_minor", "rounding", "rules", "tax_rate", "validity_days",
)  # fmt: skip
GENERAL_WORDING_ZH = (
    "本保险承保投保清单所列费用项目因约定保险事故造成的中试验证失败损失。保险事故以本保单写明的指标、阈值、承保原因和截止日为准，"
    "由保单指定的认定小组书面认定；风险评分的结果、里程碑的结果均不构成保险事故。赔偿以经核定的实际支出为限。"
)
GENERAL_WORDING_EN = (
    "This cover pays the loss of a failed pilot verification on the cost items of the schedule, where the insured "
    "event has happened. The insured event is the one written in this policy by metric, threshold, insured cause and "
    "deadline, found in writing by the panel of the policy; neither a risk score nor the result of a milestone is an "
    "insured event. Nothing is paid above the spend that was verified."
)


def file_product(session: orm.Session, *, actor: Actor, now: datetime, values: dict[str, Any]) -> InsuranceProduct:
    """File one version of a pilot-failure product.

    `values`: code, version, name_zh, name_en, filing_number, filing_is_fictional, valid_from, valid_to, currency,
    disclosures (list of {zh, en}), loss_share_of_limit or severity, wording_zh, wording_en, level_factors (rows of trl
    and value, which become the factor by assessed level) and CONTENT_KEYS.
    Raises ProductInvalidError, ProductNotFiledError or ProductExistsError.
    """
    require_permission(actor, Permission.PRODUCT_EDIT)
    require_verified(actor)
    if actor.organisation_kind != "insurer":
        raise NotAuthorisedError()
    _check_values(values)
    if values.get("level_factors"):
        by_level = build_level_factor(values["level_factors"])
        values = {**values, "factors": [*(values.get("factors") or []), by_level]}
    known = queries.find_product_version(
        session, insurer_id=actor.organisation_id, code=values["code"], version=values["version"]
    )
    if known is not None:
        raise ProductExistsError(field="version")
    wording = {
        "zh": values.get("wording_zh") or GENERAL_WORDING_ZH, "en": values.get("wording_en") or GENERAL_WORDING_EN,
    }  # fmt: skip
    disclosures = [dict(row) for row in values["disclosures"]]
    product = InsuranceProduct(
        insurer_organisation_id=actor.organisation_id, code=values["code"], version=values["version"],
        line=values.get("line", "pilot_failure"), name_zh=values["name_zh"], name_en=values["name_en"],
        filing_number=values["filing_number"].strip(),
        filing_is_fictional=bool(values.get("filing_is_fictional", False)),
        valid_from=values["valid_from"], valid_to=values.get("valid_to"), currency=values.get("currency", "CNY"),
        content={key: values[key] for key in CONTENT_KEYS if values.get(key) is not None},
        loss_share_of_limit=values.get("loss_share_of_limit"), disclosures=disclosures,
        wording_zh=wording["zh"], wording_en=wording["en"], filed_by=actor.user_public_id, created_at=now,
        wording_hash=hash_content({"wording": wording, "disclosures": disclosures}),
    )  # fmt: skip
    _check_pricing(product, actor)
    session.add(product)
    session.flush()  # the audit line names the product
    record_act(session, actor=actor, action="insurance.product_filed", subject_kind="product", now=now,
               subject_id=product.public_id, details={"code": product.code, "version": product.version})  # fmt: skip
    return product


def _check_values(values: dict[str, Any]) -> None:
    errors = {
        name: "This field is needed."
        for name in ("code", "version", "name_zh", "name_en")
        if not str(values.get(name) or "").strip()
    }
    if not isinstance(values.get("valid_from"), date):
        errors["valid_from"] = "Enter the day from which the version is valid."
    elif values.get("valid_to") is not None and values["valid_to"] < values["valid_from"]:
        errors["valid_to"] = "The end lies before the start."
    if values.get("currency", "CNY") not in EXPONENTS:
        errors["currency"] = "This currency is not accepted here."
    shown = values.get("disclosures") or []
    if not shown or any(not str(row.get(key) or "").strip() for row in shown for key in ("zh", "en")):
        errors["disclosures"] = "Exclusions and duties are needed in both languages."
    if not values.get("severity") and not values.get("loss_share_of_limit"):
        errors["loss_share_of_limit"] = "State how much is lost when the insured event happens."
    if any(item not in COST_ITEMS for item in values.get("cost_items") or []):
        errors["cost_items"] = "Choose the cost items from the list."
    if not str(values.get("filing_number") or "").strip():
        raise ProductNotFiledError(field="filing_number")
    if errors:
        raise ProductInvalidError(errors=errors)


def _check_pricing(product: InsuranceProduct, actor: Actor) -> None:
    """A version that could price nothing is refused when it is filed, not when the first team asks."""
    from risk.pricing import price_quote

    sum_insured, limit = 1_000_000_000, 400_000_000
    content = {**product.content, "rules": [], "factors": []}
    for key in ("sum_min_minor", "sum_max_minor", "limit_max_minor", "term_days_min", "term_days_max", "cost_items",
                "deductible_options", "insurer_share_options"):  # fmt: skip
        content.pop(key, None)
    request: dict[str, Any] = {
        "as_of": str(product.valid_from), "currency": product.currency,
        "period": {"start": "2027-01-01", "end": "2028-01-01"},
        "schedule": [{"code": "materials", "sum_insured_minor": sum_insured}],
        "terms": {"deductible_minor": 100_000_000, "limit_minor": limit, "insurer_share": "0.5"},
        "target_missed": {"value": "0.2", "basis": "judgement"},
    }  # fmt: skip
    if product.loss_share_of_limit is not None:
        request["severity"] = build_severity(
            product, deductible_minor=100_000_000, limit_minor=limit, insurer_share="0.5", sum_insured_minor=sum_insured
        )
    try:
        price_quote(request, {**content, **head_of(product, actor.organisation_public_id)})
    except RiskError as error:
        raise translate_error(error) from error


def head_of(product: InsuranceProduct, insurer: str) -> dict[str, Any]:
    """The columns of a product as `risk.pricing` reads them."""
    return {
        "code": product.code, "insurer": insurer, "version": product.version, "line": product.line,
        "filing_number": product.filing_number, "filing_is_fictional": product.filing_is_fictional,
        "wording_hash": product.wording_hash, "currency": product.currency, "valid_from": str(product.valid_from),
        "valid_to": None if product.valid_to is None else str(product.valid_to),
    }  # fmt: skip


def build_severity(
    product: InsuranceProduct, *, deductible_minor: int, limit_minor: int, insurer_share: str, sum_insured_minor: int
) -> dict[str, Any] | None:
    """The severity of a request where the product states it as a share of the limit, else None."""
    if product.loss_share_of_limit is None:
        return None
    loss = compute_loss(
        share_of_limit=product.loss_share_of_limit, limit_minor=limit_minor, deductible_minor=deductible_minor,
        insurer_share=insurer_share, sum_insured_minor=sum_insured_minor,
    )  # fmt: skip
    return {
        "kind": "table", "basis": "judgement",
        "source": f"{product.code} {product.version}: {product.loss_share_of_limit} of the limit, given the event",
        "rows": [{"probability": "1", "loss_minor": loss}],
    }  # fmt: skip
