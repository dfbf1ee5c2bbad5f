"""Filed products: what each covers, by which figures it is priced, and filing a new version."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires, signed_in
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.errors import MarketplaceError
from marketplace.insurance import queries, services
from marketplace.insurance.level_premiums import LEVELS, find_level_table
from marketplace.insurance.models import COST_ITEMS
from marketplace.web.errors import status_of
from marketplace.web.insurance import blueprint
from marketplace.web.insurance.words import FormReader, name_of, shown_errors

SHARES = ("insured_cause", "determination_agrees", "variable", "commission", "profit", "risk", "loss_share_of_limit")


@blueprint.get("/insurance-products")
@signed_in
def list_products() -> Any:
    """Filed products of all insurers."""
    session, actor = current_session(), current_actor()
    return render_template(
        "insurance/products.html",
        products=queries.list_products(session, actor=actor),
        may_file=actor.can(Permission.PRODUCT_EDIT),
        today=clock.day_in_zone(clock.now()),
    )


@blueprint.get("/insurance-products/<public_id>")
@signed_in
def show_product(public_id: str) -> Any:
    """One version of a product."""
    product = queries.get_product(current_session(), actor=current_actor(), public_id=public_id)
    return render_template(
        "insurance/product_show.html", product=product, name_of=name_of, level_table=find_level_table(product.content)
    )


@blueprint.get("/insurance-products/new")
@requires(Permission.PRODUCT_EDIT)
def new_product() -> Any:
    """The form that files a version."""
    return _render_form({}, {})


def _render_form(values: Any, errors: dict[str, str], status: int = 422) -> Any:
    chosen = values.getlist("cost_items") if hasattr(values, "getlist") else list(COST_ITEMS)
    page = render_template(
        "insurance/product_new.html", values=values, chosen=chosen, cost_items=COST_ITEMS, field_errors=errors,
        levels=LEVELS, errors=list(errors.items()), name_of=name_of,
    )  # fmt: skip
    return (page, status) if errors else page


@blueprint.post("/insurance-products/new")
@requires(Permission.PRODUCT_EDIT)
def file_product() -> Any:
    """File a version; it is never changed afterwards."""
    session, actor = current_session(), current_actor()
    try:
        product = services.file_product(session, actor=actor, now=clock.now(), values=_read_form())
    except MarketplaceError as error:
        errors = shown_errors(error)
        if not errors:
            raise
        return _render_form(request.form, errors, status_of(error))
    flash(_("The version is filed."), "jade")
    return redirect(url_for("insurance.show_product", public_id=product.public_id))


def _read_form() -> dict[str, Any]:
    reader = FormReader(request.form, "CNY")
    shares = {name: reader.share(name) for name in SHARES}
    basis = {
        "basis": "judgement",
        "source": reader.text("basis_en", limit=400),
        "text_zh": reader.text("basis_zh", limit=400),
    }
    values: dict[str, Any] = {
        **{name: reader.text(name, limit=120) for name in ("code", "version", "name_zh", "name_en", "filing_number")},
        "filing_is_fictional": bool(request.form.get("filing_is_fictional")),
        "valid_from": reader.day("valid_from"),
        "valid_to": reader.day("valid_to") if reader.text("valid_to") else None,
        "basis": "cost_schedule",
        "cost_items": request.form.getlist("cost_items"),
        "sum_min_minor": reader.amount("sum_min", needed=False),
        "sum_max_minor": reader.amount("sum_max", needed=False),
        "limit_max_minor": reader.amount("limit_max", needed=False),
        "min_premium_minor": reader.amount("min_premium", needed=False),
        "deductible_options": _read_options(reader, "deductible_options"),
        "insurer_share_options": _read_options(reader, "insurer_share_options"),
        "trigger_map": {name: {"value": shares[name], **basis} for name in SHARES[:2]},
        "loss_share_of_limit": shares["loss_share_of_limit"],
        "loadings": {
            "fixed_minor": reader.amount("fixed"),
            **{name: shares[name] for name in ("variable", "commission", "profit", "risk")},
        },
        "disclosures": [
            {"zh": zh.strip(), "en": en.strip()}
            for zh, en in zip(
                reader.text("disclosures").splitlines(), reader.text("disclosures_en").splitlines(), strict=False
            )
        ],
    }
    values["level_factors"] = [
        {"trl": level, "value": reader.share(f"level_factor_trl{level}")}
        for level in LEVELS
        if reader.text(f"level_factor_trl{level}")
    ]
    if len(reader.text("disclosures").splitlines()) != len(reader.text("disclosures_en").splitlines()):
        reader.errors["disclosures"] = "Exclusions and duties are needed in both languages, line by line."
    reader.check()
    return values


def _read_options(reader: FormReader, name: str) -> list[str] | None:
    """Percentages separated by commas, as decimal fractions."""
    parts = [part for part in reader.text(name).replace("，", ",").split(",") if part.strip()]
    options: list[str] = []
    for part in parts:
        single = FormReader({name: part}, "CNY")
        options.append(single.share(name) or "0")
        reader.errors |= single.errors
    return options or None
