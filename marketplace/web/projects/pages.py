"""Reading projects: the list with its filters and exports, and the page of one project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import find_actor, public
from marketplace.accounts.permissions import Permission
from marketplace.assessments import queries as assessment_queries
from marketplace.assessments.services import list_eligibility
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.money import Money, parse_amount
from marketplace.projects import listing
from marketplace.projects.facets import count_facets
from marketplace.projects.listing import BANDS, ProjectFilter
from marketplace.projects.presentation import OWN, ROOM, TEASER, get_access, present_project, present_projects
from marketplace.projects.queries import get_project, is_qualified, list_score_read_ids
from marketplace.projects.states import list_moves
from marketplace.projects.words import INSTRUMENTS, PROJECT_STATES, SECTORS
from marketplace.spreadsheets import csv_out, xlsx_out
from marketplace.web.assessments.words import NAMES as ASSESSMENT_NAMES
from marketplace.web.chain import build_chain, register_step
from marketplace.web.formatting import changed_address, language, url_with
from marketplace.web.labels import label, state_label
from marketplace.web.projects.base import blueprint
from marketplace.web.projects.history import build_history
from marketplace.web.projects.words import NAMES

PAGE_ROWS = 20
_LEVEL_OPTIONS = tuple((str(level), str(level)) for level in range(1, 10))


def _read_filter() -> ProjectFilter:
    """The filter in the address; raises InvalidInputError for what is not a filter."""
    arguments = request.args
    return ProjectFilter(
        q=arguments.get("q", "")[:200],
        sectors=tuple(arguments.getlist("sector")),
        regions=tuple(arguments.getlist("region")),
        trl_from=_level("trl_from"),
        trl_to=_level("trl_to"),
        instruments=tuple(arguments.getlist("instrument")),
        amount_from_minor=_amount("amount_from"),
        amount_to_minor=_amount("amount_to"),
        bands=tuple(arguments.getlist("band")),
        states=tuple(arguments.getlist("state")),
        own=arguments.get("own") == "1",
        sort=arguments.get("sort") or "-published",
    )


def _level(name: str) -> int | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    if text not in dict(_LEVEL_OPTIONS):
        raise InvalidInputError(_("Choose a level from 1 to 9."), field=name)
    return int(text)


def _amount(name: str) -> int | None:
    text = request.args.get(name, "").strip()
    return parse_amount(text, "CNY", field=name, allow_zero=True).amount_minor if text else None


@blueprint.get("/projects")
@public
def list_projects() -> Any:
    """The projects that one may see, filtered by the address."""
    session, actor = current_session(), find_actor()
    try:
        wanted = _read_filter()
        cursor = request.args.get("cursor")
        page = listing.list_projects(session, actor=actor, wanted=wanted, limit=PAGE_ROWS, cursor=cursor)
    except InvalidInputError as error:
        return _render_wrong_filter(error), 422
    rows = present_projects(session, projects=page.rows, actor=actor)
    return render_template(
        "projects/list.html", rows=rows, page=page, wanted=wanted, qualified=is_qualified(actor),
        facets=_build_facets(count_facets(session, actor=actor, wanted=wanted), wanted), chips=_build_chips(wanted),
        level_options=_LEVEL_OPTIONS, errors=[], may_create=bool(actor and actor.can(Permission.PROJECT_EDIT)),
        exports={
            form.upper(): changed_address(url_for("projects.export", form=form), request.args, {"cursor": None})
            for form in ("csv", "xlsx")
        },
    )  # fmt: skip


def _render_wrong_filter(error: InvalidInputError) -> str:
    """The same page without rows; what was typed stays in the form."""
    errors: list[tuple[str | None, str]] = [(name, _(message)) for name, message in error.errors.items()]
    errors = errors or [(None, _(error.message))]
    return render_template(
        "projects/list.html", rows=[], page=None, wanted=None, qualified=is_qualified(find_actor()), facets=[],
        chips=[], level_options=_LEVEL_OPTIONS, errors=errors, may_create=False, exports={},
    )  # fmt: skip


def _build_facets(counts: Any, wanted: ProjectFilter) -> list[dict[str, Any]]:
    """Options in the order of their closed lists; an option in force stays even when it finds nothing."""
    kinds = {
        "sectors": ("sector", _("Sector"), SECTORS, lambda value: label("sector", value)),
        "states": ("state", _("State"), PROJECT_STATES, lambda value: state_label("project", value)),
        "instruments": ("instrument", _("Instrument"), INSTRUMENTS, lambda value: label("instrument", value)),
        "bands": ("band", _("Risk band"), BANDS, lambda value: state_label("band", value)),
        "regions": ("region", _("Region"), None, lambda value: label("region", value + "0000")),
    }
    facets = []
    for facet, (name, title, order, name_of) in kinds.items():
        if facet not in counts:
            continue
        found, selected = counts[facet], list(getattr(wanted, facet))
        words = order or sorted({*found, *selected})
        shown = [(word, name_of(word), found.get(word, 0)) for word in words if word in found or word in selected]
        facets.append({"name": name, "title": title, "options": shown, "selected": selected})
    return facets


def _build_chips(wanted: ProjectFilter) -> list[dict[str, str]]:
    """One chip for each filter in force, with the address without it."""
    chips = []
    names = {"sector": "sector", "instrument": "instrument"}
    for name, title, values in (
        ("sector", _("Sector"), wanted.sectors), ("region", _("Region"), wanted.regions),
        ("state", _("State"), wanted.states), ("instrument", _("Instrument"), wanted.instruments),
        ("band", _("Risk band"), wanted.bands),
    ):  # fmt: skip
        for value in values:
            rest = [item for item in values if item != value] or None
            if name == "region":
                text = label("region", value[:2] + "0000")
            else:
                text = label(names[name], value) if name in names else state_label(
                    {"state": "project", "band": "band"}[name], value)  # fmt: skip
            chips.append({"label": title, "value": text, "remove_url": url_with(**{name: rest, "cursor": None})})
    for name, title in (
        ("q", _("Search")), ("trl_from", _("TRL from")), ("trl_to", _("TRL to")),
        ("amount_from", _("Amount from")), ("amount_to", _("Amount to")), ("own", _("Own projects")),
    ):  # fmt: skip
        if request.args.get(name):
            value = "" if name == "own" else request.args[name]
            chips.append({"label": title, "value": value, "remove_url": url_with(**{name: None, "cursor": None})})
    return chips


@blueprint.get("/projects/export.<form>")
@public
def export(form: str) -> Any:
    """Exactly the filtered rows, with the columns that the reader may see."""
    session, actor = current_session(), find_actor()
    if form not in ("csv", "xlsx"):
        raise InvalidInputError(_("Choose one of the options."), field="form")
    projects = listing.list_all_projects(session, actor=actor, wanted=_read_filter())
    qualified = is_qualified(actor)
    scores = list_score_read_ids(session, actor=actor, project_ids=[project.id for project in projects])
    rows = [_export_row(project, qualified, project.id in scores) for project in projects]
    header = _export_header(qualified)
    writer, media_type = (
        (csv_out.write_csv, csv_out.MEDIA_TYPE) if form == "csv" else (xlsx_out.write_xlsx, xlsx_out.MEDIA_TYPE)
    )
    response = Response(writer(rows, header), mimetype=media_type)
    response.headers["Content-Type"] = media_type
    response.headers["Content-Disposition"] = f'attachment; filename="projects.{form}"'
    return response


def _export_header(qualified: bool) -> list[str]:
    teaser = [
        _("Id"), _("Code"), _("Title"), _("Team"), _("Sector"), _("Region"), _("State"), _("TRL claimed"),
        _("TRL assessed"), _("MRL claimed"), _("MRL assessed"), _("TRL disputed from"), _("MRL disputed from"),
        _("Assessed until"), _("Target TRL"), _("Start"), _("End"),
        _("Budget (major units)"), _("Currency"),
    ]  # fmt: skip
    more = [_("Ask (major units)"), _("Nearest deadline"), _("Failure probability"), _("Risk band"), _("Score state")]
    return teaser + more if qualified else teaser


def _export_row(project: Any, qualified: bool, reads_score: bool) -> Sequence[Any]:
    chinese = language() == "zh"
    trl_assessed, mrl_assessed = project.levels_on(clock.day_in_zone(clock.now()))
    row = [
        project.public_id, project.code, project.title("zh" if chinese else "en"),
        project.organisation.name_zh if chinese else project.organisation.name_en, label("sector", project.sector),
        project.region_code, state_label("project", project.state), project.trl_claimed, trl_assessed,
        project.mrl_claimed, mrl_assessed, project.trl_disputed_from, project.mrl_disputed_from,
        project.levels_expire_on, project.target_trl, project.planned_start, project.planned_end,
        Money(project.total_budget_minor, project.currency).decimal(), project.currency,
    ]  # fmt: skip
    if not qualified:
        return row
    ask = sum(need.amount_minor for need in project.funding_needs)
    deadline = min((need.deadline for need in project.funding_needs), default=None)
    more = [*row, Money(ask, project.currency).decimal(), deadline]
    if not reads_score:
        return [*more, None, None, None]
    return [
        *more, project.score_probability, state_label("band", project.score_band) if project.score_band else None,
        state_label("score", project.score_state) if project.score_state else None,
    ]  # fmt: skip


@blueprint.get("/projects/<public_id>")
@public
def show_project(public_id: str) -> Any:
    """One project: ladder, way, money, milestones, evidence, score, history, as far as one may see."""
    session, actor = current_session(), find_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    access = get_access(session, project=project, actor=actor)
    shown = present_project(session, project=project, actor=actor)
    context: dict[str, Any] = {}
    if access != TEASER:
        today = clock.day_in_zone(clock.now())
        context = {
            "score": assessment_queries.find_visible_score(session, actor=actor, project_id=project.id),
            "eligibility": list_eligibility(session, project, as_of=today),
            "source_status": ASSESSMENT_NAMES["source_status"],
            "assessments": assessment_queries.list_assessments(session, actor=actor, project_id=project.id),
            "evidence_count": assessment_queries.count_evidence(session, project_id=project.id),
            "ask_minor": sum(need.amount_minor for need in project.funding_needs),
        }
    return render_template(
        "projects/show.html", project=project, shown=shown, access=access, own=access == OWN,
        room=access in (ROOM, OWN), chain=build_chain(session, project, actor), names=NAMES,
        history=build_history(session, project=project, actor=actor, access=access),
        moves=_moves_of(project, actor), **context,
    )  # fmt: skip


def _moves_of(project: Any, actor: Any) -> list[str]:
    if actor is None:
        return []
    if actor.organisation_id == project.organisation_id:
        return list_moves(project.state, "team") if actor.can(Permission.PROJECT_EDIT) else []
    return list_moves(project.state, "operator") if actor.can(Permission.PROJECT_VERIFY) else []


def _list_step(session: Any, project: Any, actor: Any) -> dict[str, Any]:
    url = url_for("projects.show_project", public_id=project.public_id)
    if project.published_at is not None:
        return {"state": "done", "when": project.published_at, "url": url}
    waits = _("the operator") if project.state == "submitted" else _("the team")
    return {"state": "current", "waits_for": waits, "url": url}


def _assess_step(session: Any, project: Any, actor: Any) -> dict[str, Any] | None:
    signed = assessment_queries.find_signed_assessment(session, project_id=project.id)
    if signed is None or actor is None:
        return {"state": "done", "when": project.assessed_on} if project.assessed_on else None
    by = signed.assessor.name("zh" if language() == "zh" else "en")
    return {
        "state": "done", "by": by, "when": project.assessed_on,
        "url": url_for("assessments.show_assessment", public_id=signed.public_id)
        if get_access(session, project=project, actor=actor) != TEASER else None,
    }  # fmt: skip


def _score_step(session: Any, project: Any, actor: Any) -> dict[str, Any] | None:
    if project.score_state is None or actor is None or get_access(session, project=project, actor=actor) == TEASER:
        return None
    score = assessment_queries.find_visible_score(session, actor=actor, project_id=project.id)
    if score is None:
        return {"state": "done", "when": None}
    url = url_for("assessments.show_score", public_id=project.public_id)
    return {"state": "done", "when": score.computed_at, "url": url}


register_step("list", _list_step)
register_step("assess", _assess_step)
register_step("score", _score_step)
