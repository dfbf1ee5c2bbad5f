"""Language, navigation and what every template may use."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Response, current_app, g, request, url_for
from flask_babel import Babel, get_locale
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import find_actor
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import list_memberships_of
from marketplace.config import PROJECT_ROOT
from marketplace.db import current_session
from marketplace.notifications.queries import count_unread

if TYPE_CHECKING:
    from flask import Flask

LANGUAGES = {"zh": "zh_Hans_CN", "zh-cn": "zh_Hans_CN", "zh_hans_cn": "zh_Hans_CN", "zh-hans": "zh_Hans_CN", "en": "en"}
LANGUAGE_COOKIE = "language"
# One catalogue for each area, merged by Flask-Babel in this order.
CATALOGUES = (
    "common", "accounts", "projects", "dealflow", "funding", "insurance", "agreements", "linkage", "operator", "home",
    "scores", "security", "errors", "maturity",
)  # fmt: skip

# (key, English label, endpoint, icon, permission); the order is the order of the main job.
NAVIGATION: tuple[tuple[str, str, str, str, Permission | None], ...] = (
    ("home", "Home", "home.show_home", "home", None),
    ("projects", "Pilot projects", "projects.list_projects", "project", Permission.PROJECT_READ),
    ("mandates", "Mandates and matches", "dealflow.list_mandates", "match", Permission.MANDATE_READ),
    ("assessments", "Assessments", "assessments.list_assessments", "assess", Permission.ASSESSMENT_READ),
    ("quotes", "Insurance quotes", "insurance.list_quotes", "shield", Permission.QUOTE_READ),
    ("rounds", "Rounds", "funding.list_rounds", "round", Permission.ROUND_READ),
    ("portfolio", "Portfolio", "portfolio.show_portfolio", "round", Permission.PORTFOLIO_READ),
    ("agreements", "Agreements", "agreements.list_agreements", "agreement", Permission.AGREEMENT_READ),
    ("pools", "Compensation pools", "pools.list_pools", "shield", Permission.POOL_READ),
    ("payments", "Payments", "payments.list_payments", "payment", Permission.PAYMENT_READ),
    ("ledger", "Ledger", "ledger.show_ledger", "ledger", Permission.LEDGER_READ),
    ("linkage", "Linkage reports", "linkage.list_reports", "linkage", Permission.LINKAGE_READ),
    ("schemes", "Scheme rules", "schemes.list_rules", "rule", Permission.SCHEME_READ),
    ("organisations", "Organisations", "accounts.list_organisations", "organisations", Permission.ORGANISATION_READ),
    ("operator", "Operation", "operator.show_overview", "operator", Permission.AUDIT_READ),
)


def choose_locale() -> str:
    """The language asked for, then the cookie, then the browser, then Chinese; always one of the fixed list."""
    for wanted in (request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if wanted and wanted.lower() in LANGUAGES:
            return LANGUAGES[wanted.lower()]
    best = request.accept_languages.best_match(["zh-CN", "zh", "en"]) or "zh"
    return LANGUAGES[best.lower()]


def register(app: Flask) -> None:
    # A catalogue that is not there would reset the plural rule of those before it to the English one.
    folder = PROJECT_ROOT / "marketplace" / "translations" / "zh_Hans_CN" / "LC_MESSAGES"
    present = [name for name in CATALOGUES if (folder / f"{name}.po").exists()]
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(["translations"] * len(present))
    app.config["BABEL_DOMAIN"] = ";".join(present)
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    Babel(app, locale_selector=choose_locale)
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.globals["new_form_key"] = lambda: secrets.token_urlsafe(16)
    # A function, so that macros without a context have it too; pages that pass their own `today` go by that.
    app.jinja_env.globals["day_of_today"] = lambda: clock.day_in_zone(clock.now())
    app.context_processor(_context)
    app.after_request(_keep_language)


def _keep_language(response: Response) -> Response:
    wanted = (request.args.get("lang") or "").lower()
    if wanted in LANGUAGES and request.cookies.get(LANGUAGE_COOKIE) != wanted:
        response.set_cookie(LANGUAGE_COOKIE, wanted, max_age=31536000, samesite="Lax", httponly=True,
                            secure=current_app.config["PREFERRED_URL_SCHEME"] == "https")  # fmt: skip
    return response


def _language_switch_urls() -> dict[str, str]:
    kept = [(key, value) for key, value in request.args.items(multi=True) if key != "lang"]
    return {code: f"{request.path}?{urlencode([*kept, ('lang', code)])}" for code in ("zh", "en")}


def _navigation() -> list[dict[str, Any]]:
    actor = find_actor()
    if actor is None:
        return []
    blueprint = request.blueprint or ""
    return [
        {"key": key, "label": _(label), "url": url_for(endpoint), "icon": icon,
         "active": endpoint.split(".")[0] == blueprint}
        for key, label, endpoint, icon, permission in NAVIGATION
        if (permission is None or actor.can(permission)) and endpoint in current_app.view_functions
    ]  # fmt: skip


def _context() -> dict[str, Any]:
    actor = find_actor()
    locale = str(get_locale() or "en")
    signed_in = actor is not None and g.get("session_usable", True)
    return {
        "actor": actor,
        "locale": locale,
        "lang_attr": "zh-CN" if locale.startswith("zh") else "en",
        "navigation": _navigation(),
        "memberships": list_memberships_of(current_session(), user_id=actor.user_id) if actor and signed_in else [],
        "unread_count": count_unread(current_session(), actor=actor) if actor and signed_in else 0,
        "language_switch_urls": _language_switch_urls(),
        "demo_mode": current_app.settings.demo_mode,  # type: ignore[attr-defined]  # Marketplace
        "mail_off": not current_app.settings.mail_server,  # type: ignore[attr-defined]  # Marketplace
        "payments_off": not current_app.settings.stripe_secret_key,  # type: ignore[attr-defined]  # Marketplace
        "csp_nonce": g.get("csp_nonce", ""),
    }
