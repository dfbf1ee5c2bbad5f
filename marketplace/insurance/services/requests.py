"""Asking insurers for quotes, and giving the request up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import require_permission
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import Actor, Permission
from marketplace.assessments.services import ask_eligibility, describe_closure
from marketplace.audit.services import record_act
from marketplace.insurance import queries
from marketplace.insurance.errors import (
    CoverNotOpenError,
    NotAuthorisedError,
    RequestInvalidError,
    translate_error,
)
from marketplace.insurance.models import COST_ITEMS, PREMIUM_BEARERS, Quote, QuoteRequest
from marketplace.insurance.services.moves import move_quote
from marketplace.insurance.states import check_request_move
from marketplace.money import LIMIT_MINOR
from marketplace.notifications.services import notify
from marketplace.projects.models import Project
from marketplace.projects.services import grant_score_consent
from risk.errors import RiskError

EVENT_TEXTS = ("text_zh", "text_en")
EVENT_KEYS = (
    *EVENT_TEXTS, "metric", "threshold", "cause_zh", "cause_en", "panel_zh", "panel_en", "retest_zh", "retest_en",
)  # fmt: skip
TEXT_LIMIT = 600


def request_quotes(
    session: orm.Session,
    *,
    actor: Actor,
    project: Project,
    insurers: Sequence[Organisation],
    schedule: Sequence[dict[str, Any]],
    deductible_minor: int,
    limit_minor: int,
    insurer_share: str,
    cover_from: date,
    cover_to: date,
    insured_event: dict[str, str],
    now: datetime,
    target_by: date | None = None,
    subsidies: Sequence[dict[str, Any]] = (),
    assignments: Sequence[dict[str, str]] = (),
    premium_bearer: str = "applicant",
    insurer_freely_chosen: bool = True,
    earlier_failures: str = "",
    broker: Organisation | None = None,
) -> QuoteRequest:
    """Ask several insurers for the same cover; each gets a sealed draft of its own.

    `schedule`: {code, sum_insured_minor} per cost item; `subsidies`: {payer, amount_minor | share, cap_minor, source};
    `assignments`: {organisation (public id), share}. Raises RequestInvalidError, CoverNotOpenError and the errors of
    the pricing for terms that contradict each other.
    """
    require_permission(actor, Permission.QUOTE_REQUEST)
    if project.organisation_id != actor.organisation_id:
        raise NotAuthorisedError()
    _check_eligibility(project, now)
    _check_request(
        insurers=insurers, schedule=schedule, amounts=(deductible_minor, limit_minor), cover=(cover_from, cover_to),
        insured_event=insured_event, premium_bearer=premium_bearer, insurer_freely_chosen=insurer_freely_chosen,
        now=now,
    )  # fmt: skip
    _check_assignments(session, actor=actor, assignments=assignments, insurers=insurers)
    request = QuoteRequest(
        project_id=project.id, organisation_id=actor.organisation_id, currency=project.currency,
        broker_organisation_id=broker.id if broker else None,
        schedule=[{"code": row["code"], "sum_insured_minor": row["sum_insured_minor"]} for row in schedule],
        sum_insured_minor=sum(row["sum_insured_minor"] for row in schedule), deductible_minor=deductible_minor,
        limit_minor=limit_minor, insurer_share=insurer_share, cover_from=cover_from, cover_to=cover_to,
        target_by=target_by or cover_to, subsidies=[dict(row) for row in subsidies],
        insured_event={key: str(insured_event.get(key) or "").strip() for key in EVENT_KEYS},
        assignments=[dict(row) for row in assignments], premium_bearer=premium_bearer,
        insurer_freely_chosen=insurer_freely_chosen, earlier_failures=earlier_failures.strip(), created_at=now,
    )  # fmt: skip
    _check_terms(request)
    session.add(request)
    session.flush()  # the quotes name the request
    session.add_all(
        Quote(request_id=request.id, insurer_organisation_id=insurer.id, created_at=now) for insurer in insurers
    )
    session.flush()  # the page that follows lists them
    # Whoever is asked for a price is let read the score it prices from; the team takes this back where it likes.
    for insurer in insurers:
        grant_score_consent(session, actor=actor, project=project, organisation=insurer, basis="quote_request", now=now)
    details = {"request": request.public_id, "insurers": len(insurers)}
    record_act(session, actor=actor, action="insurance.quotes_requested", subject_kind="project", now=now,
               subject_id=project.public_id, details=details)  # fmt: skip
    notify(
        session, organisation_ids=[insurer.id for insurer in insurers], kind="quote_requested", now=now,
        parameters={"title_zh": project.title_zh, "title_en": project.title_en},
        url=f"/quote-requests/{request.public_id}", dedupe_key=f"quote_requested:{request.public_id}",
    )  # fmt: skip
    return request


def _check_eligibility(project: Project, now: datetime) -> None:
    answer = ask_eligibility(project, instrument="pilot_failure_insurance", on=clock.day_in_zone(now))
    if answer.answer == "closed":
        raise CoverNotOpenError(**describe_closure(answer))


def _check_request(
    *,
    insurers: Sequence[Organisation],
    schedule: Sequence[dict[str, Any]],
    amounts: tuple[int, int],
    cover: tuple[date, date],
    insured_event: dict[str, str],
    premium_bearer: str,
    insurer_freely_chosen: bool,
    now: datetime,
) -> None:
    errors: dict[str, str] = {}
    if not insurers or any(insurer.kind != "insurer" for insurer in insurers):
        errors["insurers"] = "Choose at least one insurer."
    if len({insurer.id for insurer in insurers}) != len(insurers):
        errors["insurers"] = "Each insurer is asked once."
    codes = [row.get("code") for row in schedule]
    if not codes or len(set(codes)) != len(codes) or any(code not in COST_ITEMS for code in codes):
        errors["schedule"] = "List at least one cost item, each once."
    elif any(not _is_amount(row.get("sum_insured_minor"), least=1) for row in schedule):
        errors["schedule"] = "Every cost item needs a sum insured above zero."
    if not _is_amount(amounts[0], least=0):
        errors["deductible"] = "Enter the deductible; zero means that there is none."
    if not _is_amount(amounts[1], least=1):
        errors["limit"] = "Enter the most that the insurer pays, above zero."
    if cover[0] < clock.day_in_zone(now):
        errors["cover_from"] = "Cover cannot start in the past."
    if any(not str(insured_event.get(key) or "").strip() for key in EVENT_TEXTS):
        errors["event"] = "Write the insured event in both languages: metric, threshold, cause, deadline, panel."
    if any(len(str(text or "")) > TEXT_LIMIT for text in insured_event.values()):
        errors["event"] = "Each text of the insured event has at most 600 characters."
    if premium_bearer not in PREMIUM_BEARERS:
        errors["premium_bearer"] = "Say who bears the premium."
    if not insurer_freely_chosen:
        errors["insurer_freely_chosen"] = (
            "Cover that a lender made a condition of its loan, or from an insurer that it named, is not placed here."
        )
    if errors:
        raise RequestInvalidError(errors=errors)


def _is_amount(value: Any, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LIMIT_MINOR


def _check_assignments(
    session: orm.Session, *, actor: Actor, assignments: Sequence[dict[str, str]], insurers: Sequence[Organisation]
) -> None:
    ids = [str(row.get("organisation")) for row in assignments]
    found = queries.list_organisations(session, public_ids=ids)
    barred = {actor.organisation_id, *(insurer.id for insurer in insurers)}
    if len(found) != len(ids) or len(set(ids)) != len(ids) or any(row.id in barred for row in found):
        raise RequestInvalidError("Assign the indemnity to verified organisations, each once.", field="assignments")
    for row in assignments:
        try:
            share = Decimal(str(row.get("share")))
        except InvalidOperation:
            share = Decimal(0)
        if not share.is_finite() or not 0 < share <= 1:
            raise RequestInvalidError("An assigned share is above 0 and at most 1.", field="assignments")


def _check_terms(request: QuoteRequest) -> None:
    """The schedule, terms, assignments and period must fit each other before anybody is asked."""
    from risk.pricing import apply_terms, split_indemnity

    if request.sum_insured_minor > LIMIT_MINOR:
        raise RequestInvalidError("The sum insured is larger than the platform can record.", field="schedule")
    if not request.cover_from < request.cover_to or not request.cover_from < request.target_by <= request.cover_to:
        raise RequestInvalidError(
            "The cover must run from its start over the day of the target to its end.", field="cover_to"
        )
    try:
        spend = {row["code"]: row["sum_insured_minor"] for row in request.schedule}
        largest = apply_terms(request.schedule, spend, request.terms)["indemnity_minor"]
        split_indemnity(largest, list_parts(request.assignments), insured="insured")
    except RiskError as error:
        raise translate_error(error) from error
    if largest == 0:
        raise RequestInvalidError("With these terms the insurer would never pay anything.", field="deductible")


def list_parts(assignments: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Assignments as `risk.pricing` reads them."""
    return [{"party": row["organisation"], "share": row["share"]} for row in assignments]


def withdraw_request(
    session: orm.Session, *, actor: Actor, request: QuoteRequest, now: datetime, reason: str = ""
) -> QuoteRequest:
    """Give up an open request; every quote that still waits is withdrawn with it."""
    require_permission(actor, Permission.QUOTE_REQUEST)
    if request.organisation_id != actor.organisation_id:
        raise NotAuthorisedError()
    check_request_move(request.state, "withdrawn")
    if queries.find_accepted_quote(session, request_id=request.id) is not None:
        check_request_move("bound", "withdrawn")
    for quote in queries.list_open_quotes(session, request_id=request.id):
        move_quote(session, quote, "withdrawn", state_reason="request withdrawn")
    request.state = "withdrawn"
    record_act(session, actor=actor, action="insurance.request_withdrawn", subject_kind="quote_request", now=now,
               subject_id=request.public_id, details={"reason": reason[:400]})  # fmt: skip
    return request
