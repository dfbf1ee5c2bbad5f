"""The insurer's answer: price from the stored score, refer, offer, decline, revise, withdraw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import require_permission, require_verified
from marketplace.accounts.permissions import Actor, Permission
from marketplace.assessments.models import StoredScore
from marketplace.assessments.queries import find_visible_score
from marketplace.assessments.services import ask_eligibility, describe_closure
from marketplace.audit.services import record_act
from marketplace.insurance import queries
from marketplace.insurance.errors import (
    REFERRED_CODES,
    DeclineStandsError,
    NotAuthorisedError,
    ProductNotFiledError,
    QuoteStateError,
    RequestInvalidError,
    RequestStateError,
    SubsidyAbovePremiumError,
    translate_error,
)
from marketplace.insurance.level_premiums import LevelPremium, list_level_premiums
from marketplace.insurance.models import InsuranceProduct, Quote
from marketplace.insurance.rules import hash_content, score_valid_until
from marketplace.insurance.services.moves import move_quote
from marketplace.insurance.services.panels import tell_followers_of_the_end
from marketplace.insurance.services.products import build_severity, head_of
from marketplace.insurance.services.requests import list_parts
from marketplace.notifications.services import notify
from marketplace.projects.models import Project
from risk.errors import RiskError

GROUND_LIMIT = 2000


@dataclass(frozen=True)
class StatedTrigger:
    """An underwriter's own probability of missing the target, instead of the score's, with its ground."""

    value: str
    ground: str


def price_quote(
    session: orm.Session,
    *,
    actor: Actor,
    quote: Quote,
    now: datetime,
    product: InsuranceProduct | None = None,
    stated: StatedTrigger | None = None,
) -> Quote:
    """Price a draft from the project's latest score and the insurer's valid product; the trail is frozen.

    Ends in `priced`, or in `referred` or `declined` by the rules of the product. Without a score, with an expired
    one, or where the product looks at a figure that is not known, the quote is referred to an underwriter without a
    price. Terms that the product does not offer raise, and the draft stays.
    """
    _check_insurer(actor, quote)
    if quote.state != "draft":
        raise QuoteStateError(state=quote.state, wanted="priced")
    product = _check_product(session, quote, product, now)
    # Without the team's consent there is no score to price from; an underwriter then states a probability.
    score = find_visible_score(session, actor=actor, project_id=quote.request.project_id)
    quote.product, quote.product_id = product, product.id
    quote.score, quote.score_id = score, score.id if score else None
    if quote.request.project.levels_on(clock.day_in_zone(now))[0] is None and stated is None:
        return _refer(session, actor=actor, quote=quote, code="level_not_assessed", field="trl", now=now)
    try:
        trail = _compute(quote, product, score, now, stated)
    except RiskError as error:
        if error.code not in REFERRED_CODES or stated is not None:
            raise translate_error(error) from error
        return _refer(session, actor=actor, quote=quote, code=error.code, field=error.field, now=now)
    _keep(quote, trail, now)
    move_quote(session, quote, "priced")
    _tell(session, actor=actor, quote=quote, action="priced", now=now)
    if trail["decision"] == "decline" and stated is None and _rests_on_score_alone(trail):
        # The score is never the sole reason of a refusal: a person looks, and declines with a reason of its own.
        move_quote(session, quote, "referred", state_reason="score_alone")
        _tell(session, actor=actor, quote=quote, action="referred", now=now)
    elif trail["decision"] == "decline":
        move_quote(session, quote, "declined", state_reason="rule of the product")
        _tell(session, actor=actor, quote=quote, action="declined", now=now, applicant=True)
    elif trail["decision"] == "refer":
        move_quote(session, quote, "referred", state_reason="rule of the product")
        _tell(session, actor=actor, quote=quote, action="referred", now=now)
    return quote


def _rests_on_score_alone(trail: dict[str, Any]) -> bool:
    """Whether every rule that declines would be silent under another score: premium and rate follow it too."""
    return all(flag.get("rests_on_score", False) for flag in trail["flags"] if flag["effect"] == "decline")


def _refer(session: orm.Session, *, actor: Actor, quote: Quote, code: str, field: str | None, now: datetime) -> Quote:
    """No price by rule: a claimed level, a missing or an old score open nothing by themselves."""
    flag = {"effect": "refer", "code": code, "field": field}
    move_quote(session, quote, "referred", flags=[flag], state_reason=code)
    _tell(session, actor=actor, quote=quote, action="referred", now=now)
    return quote


def _check_insurer(actor: Actor, quote: Quote) -> None:
    require_permission(actor, Permission.QUOTE_MAKE)
    require_verified(actor)
    if quote.insurer_organisation_id != actor.organisation_id:
        raise NotAuthorisedError()
    if quote.request.state != "open":
        raise RequestStateError(state=quote.request.state)


def _check_product(
    session: orm.Session, quote: Quote, product: InsuranceProduct | None, now: datetime
) -> InsuranceProduct:
    found = product or queries.find_current_product(
        session, insurer_id=quote.insurer_organisation_id, currency=quote.request.currency, on=clock.day_in_zone(now)
    )
    if found is None:
        raise ProductNotFiledError("You have no filed product that is valid today in this currency.")
    if found.insurer_organisation_id != quote.insurer_organisation_id:
        raise NotAuthorisedError()
    return found


def _compute(
    quote: Quote, product: InsuranceProduct, score: StoredScore | None, now: datetime, stated: StatedTrigger | None
) -> dict[str, Any]:
    from risk import pricing

    quote.pricing_request = build_pricing_request(quote, product, score, now, stated)
    content = {**product.content, **head_of(product, quote.insurer.public_id)}
    trail = pricing.price_quote(quote.pricing_request, content)
    if trail["net_premium_minor"] <= 0:
        raise SubsidyAbovePremiumError()
    return trail


def build_pricing_request(
    quote: Quote, product: InsuranceProduct, score: StoredScore | None, now: datetime, stated: StatedTrigger | None
) -> dict[str, Any]:
    """The whole input of the pricing as JSON; with the product version it replays to the fen."""
    request = quote.request
    values: dict[str, Any] = {
        "as_of": clock.day_in_zone(now).isoformat(),
        "currency": request.currency,
        "period": {
            "start": request.cover_from.isoformat(), "end": request.cover_to.isoformat(),
            "deadline": request.target_by.isoformat(),
        },
        "schedule": request.schedule,
        "terms": request.terms,
        "rating": build_rating(request.project, on=clock.day_in_zone(now)),
        "subsidies": request.subsidies,
        "assignments": list_parts(request.assignments),
    }  # fmt: skip
    if stated is not None:
        values["target_missed"] = {"value": stated.value, "basis": "judgement", "source": stated.ground}
    elif score is not None:
        values["score"] = {**score.content, "valid_until": score_valid_until(score.computed_at).isoformat()}
    severity = build_severity(
        product, deductible_minor=request.deductible_minor, limit_minor=request.limit_minor,
        insurer_share=request.insurer_share, sum_insured_minor=request.sum_insured_minor,
    )  # fmt: skip
    if severity is not None:
        values["severity"] = severity
    return values


def build_rating(project: Project, *, on: date) -> dict[str, Any]:
    """What factors and rules of a product may look at; what is not known is left out, never taken as 1."""
    trl, mrl = project.levels_on(on)
    known = {
        "trl": trl, "mrl": mrl, "target_trl": project.target_trl,
        "sector": project.sector, "scale_up_factor": project.scale_up_factor,
        "new_process_steps": project.new_process_steps, "recycle_streams": project.recycle_streams,
        "unproven_equipment_share": project.unproven_equipment_share, "solids_handling": project.solids_handling,
    }  # fmt: skip
    return {name: value for name, value in known.items() if value is not None}


def _keep(quote: Quote, trail: dict[str, Any], now: datetime) -> None:
    quote.trail, quote.flags, quote.priced_at = trail, [*trail["flags"], *_conditions(quote, now)], now
    quote.premium_minor, quote.subsidy_minor = trail["premium_minor"], trail["subsidy_minor"]
    quote.trigger_probability = trail["trigger_probability"]
    quote.valid_until = clock.day_in_zone(now).fromisoformat(trail["valid_until"])
    quote.wording_hash = hash_content(wording_of(quote))


def _conditions(quote: Quote, now: datetime) -> list[dict[str, Any]]:
    """The condition under which the level lets this cover be offered: kept with the price, shown before binding."""
    on = clock.day_in_zone(now)
    answer = ask_eligibility(quote.request.project, instrument="pilot_failure_insurance", on=on)
    if answer.answer != "conditional":
        return []
    return [{"effect": "condition", "code": answer.code, **describe_closure(answer),
             "valid_from": answer.valid_from.isoformat()}]  # fmt: skip


def wording_of(quote: Quote) -> dict[str, Any]:
    """The wording that the insured would have: filed text, insured event, schedule and terms."""
    product, request = quote.product, quote.request
    assert product is not None, "a quote has its product once it is priced"
    return {
        "product": {"code": product.code, "version": product.version, "filing_number": product.filing_number,
                    "insurer": quote.insurer.public_id, "wording_hash": product.wording_hash},
        "insured_event": {**request.insured_event, "target_by": request.target_by.isoformat()},
        "schedule": request.schedule,
        "terms": request.terms,
        "period": {"from": request.cover_from.isoformat(), "to": request.cover_to.isoformat()},
        "currency": request.currency,
    }  # fmt: skip


def offer_quote(
    session: orm.Session,
    *,
    actor: Actor,
    quote: Quote,
    now: datetime,
    ground: str = "",
    stated_value: str | None = None,
) -> Quote:
    """Offer a priced quote; a referred one needs the underwriter's ground, and a stated probability if unpriced.

    Approval clears a referral, never a decline of the filed product. Raises QuoteStateError, DeclineStandsError,
    RequestInvalidError or an error of the pricing.
    """
    _check_insurer(actor, quote)
    ground = ground.strip()[:GROUND_LIMIT]
    if quote.state == "referred":
        if not ground:
            raise RequestInvalidError("Say on what ground the underwriter offers this cover.", field="ground")
        if quote.trail is None or stated_value:
            _price_by_underwriter(quote, stated_value, ground, now)
        elif quote.trail["decision"] == "decline":
            # Only a rule that rests on the score comes here; the underwriter's own probability is priced anew.
            raise DeclineStandsError(
                "A rule of the filed product declines at the score's probability: state your own, or decline with a "
                "reason.",
                flags=quote.trail["flags"],
            )
    elif quote.state != "priced":
        raise QuoteStateError(state=quote.state, wanted="offered")
    move_quote(session, quote, "offered", offered_at=now, underwriter_ground=ground, state_reason="")
    _tell(session, actor=actor, quote=quote, action="offered", now=now, applicant=True)
    return quote


def _price_by_underwriter(quote: Quote, stated_value: str | None, ground: str, now: datetime) -> None:
    if not stated_value:
        raise RequestInvalidError(
            "There is no usable score: state the probability of missing the target.", field="stated_value"
        )
    assert quote.product is not None, "a referred quote names its product"
    try:
        trail = _compute(quote, quote.product, quote.score, now, StatedTrigger(stated_value, ground))
    except RiskError as error:
        refusal = translate_error(error)
        if (error.field or "").startswith("trigger_map.target_missed"):
            refusal = RequestInvalidError("Enter a probability from 0 to 1, for example 0.3.", field="stated_value")
        raise refusal from error
    if trail["decision"] == "decline":
        raise DeclineStandsError(flags=trail["flags"])
    _keep(quote, trail, now)


def decline_quote(session: orm.Session, *, actor: Actor, quote: Quote, reason: str, now: datetime) -> Quote:
    """Say no with a reason; it is kept, because adverse selection shows only there."""
    _check_insurer(actor, quote)
    if not reason.strip():
        raise RequestInvalidError("Say why the cover is declined.", field="reason")
    move_quote(session, quote, "declined", state_reason=reason.strip()[:GROUND_LIMIT])
    _tell(session, actor=actor, quote=quote, action="declined", now=now, applicant=True)
    return quote


def withdraw_quote(session: orm.Session, *, actor: Actor, quote: Quote, reason: str, now: datetime) -> Quote:
    """Take an answer back before it is accepted."""
    _check_insurer(actor, quote)
    if not reason.strip():
        raise RequestInvalidError("Say why the quote is withdrawn.", field="reason")
    move_quote(session, quote, "withdrawn", state_reason=reason.strip()[:GROUND_LIMIT])
    tell_followers_of_the_end(session, quote=quote, now=now)
    _tell(session, actor=actor, quote=quote, action="withdrawn", now=now, applicant=True)
    return quote


def revise_quote(session: orm.Session, *, actor: Actor, quote: Quote, now: datetime) -> Quote:
    """Begin a new version; only a draft is ever edited, the version before is superseded."""
    _check_insurer(actor, quote)
    move_quote(session, quote, "superseded", state_reason="new version")
    tell_followers_of_the_end(session, quote=quote, now=now)
    fresh = Quote(request_id=quote.request_id, insurer_organisation_id=quote.insurer_organisation_id,
                  version=quote.version + 1, created_at=now)  # fmt: skip
    session.add(fresh)
    session.flush()  # the page that follows opens it by its public id
    record_act(session, actor=actor, action="insurance.quote_revised", subject_kind="quote", now=now,
               subject_id=quote.public_id, details={"version": fresh.version, "quote": fresh.public_id})  # fmt: skip
    return fresh


def replay_premium(quote: Quote) -> int:
    """Price the frozen input again under the frozen product version; equals the premium to the fen."""
    from risk import pricing

    assert quote.product is not None, "only a priced quote can be replayed"
    assert quote.pricing_request is not None, "only a priced quote can be replayed"
    content = {**quote.product.content, **head_of(quote.product, quote.insurer.public_id)}
    return int(pricing.price_quote(quote.pricing_request, content)["premium_minor"])


def premiums_by_level(quote: Quote) -> list[LevelPremium]:
    """What the quote would cost at each level of its product's table today."""
    if quote.product is None:
        return []
    return list_level_premiums(quote, head=head_of(quote.product, quote.insurer.public_id))


def _tell(
    session: orm.Session, *, actor: Any, quote: Quote, action: str, now: datetime, applicant: bool = False
) -> None:
    record_act(session, actor=actor, action=f"insurance.quote_{action}", subject_kind="quote", now=now,
               subject_id=quote.public_id, details={"premium_minor": quote.premium_minor})  # fmt: skip
    if applicant:
        project = quote.request.project
        notify(
            session, organisation_ids=[quote.request.organisation_id], kind=f"quote.{action}", now=now,
            parameters={"title_zh": project.title_zh, "title_en": project.title_en},
            url=f"/quotes/{quote.public_id}", dedupe_key=f"quote.{action}:{quote.public_id}",
        )  # fmt: skip
