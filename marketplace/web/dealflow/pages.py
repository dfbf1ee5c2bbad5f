"""Reading mandates: the list, one mandate with its matches and refusals, and the view of a project's team."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import render_template, request, url_for

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.dealflow import queries, services
from marketplace.dealflow.matching import Check, Match, write_match, write_share
from marketplace.dealflow.models import Mandate
from marketplace.dealflow.words import MANDATE_STATES
from marketplace.funding.queries import list_rounds
from marketplace.projects.queries import get_project, is_qualified, list_score_read_ids
from marketplace.web.chain import register_step
from marketplace.web.dealflow import blueprint
from marketplace.web.dealflow.words import NAMES, describe_check, word_of
from marketplace.web.paging import FETCH, chosen_state, cursor_row, cut_page

MATCH_PAGE = 20
_PAST_FUNDING = ("funded", "in_pilot", "extended", "completed", "partially_completed", "failed", "liquidating")


@blueprint.get("/mandates")
@requires(Permission.MANDATE_READ)
def list_mandates() -> Any:
    """One's own mandates and those of others that one may see."""
    session, actor = current_session(), current_actor()
    state = chosen_state(MANDATE_STATES)
    after = cursor_row(lambda public_id: queries.get_mandate(session, actor=actor, public_id=public_id))
    own = queries.list_mandates(session, actor=actor, state=state, own=True, limit=200) if after is None else []
    rows, pager = cut_page(
        queries.list_mandates(session, actor=actor, state=state, own=False, after_id=after, limit=FETCH)
    )
    return render_template(
        "dealflow/list.html",
        groups=[(True, own), (False, rows)],
        counts=queries.count_matches(session, actor=actor, mandate_ids=[row.id for row in (*own, *rows)]),
        total=queries.count_mandates(session, actor=actor, state=state),
        state=state,
        states=MANDATE_STATES,
        **pager,
        words=NAMES,
        reads_all=actor.organisation_kind == "regulator",
    )


@blueprint.get("/mandates/<public_id>")
@requires(Permission.MANDATE_READ)
def show_mandate(public_id: str) -> Any:
    """What the mandate asks, and the projects that meet all of it, the best first."""
    session, actor = current_session(), current_actor()
    mandate = queries.get_mandate(session, actor=actor, public_id=public_id)
    reads = queries.reads_matches(actor, mandate)
    page = _page_number()
    rows, total = [], 0
    if reads:
        total = queries.count_matches(session, actor=actor, mandate_ids=[mandate.id]).get(mandate.id, 0)
        found = queries.list_matches(
            session, actor=actor, mandate_id=mandate.id, limit=MATCH_PAGE, offset=(page - 1) * MATCH_PAGE
        )
        scores = list_score_read_ids(session, actor=actor, project_ids=[row.project_id for row in found])
        rows = [{**_show_stored(row), "reads_score": row.project_id in scores} for row in found]
    return render_template(
        "dealflow/show.html",
        mandate=mandate,
        own=mandate.organisation_id == actor.organisation_id,
        reads=reads,
        qualified=is_qualified(actor),
        matches=rows,
        total=total,
        rank=(page - 1) * MATCH_PAGE,
        page=page,
        pages=-(-total // MATCH_PAGE),
        rounds=_open_rounds(),
        limits=_show_limits(mandate),
        words=NAMES,
        word_of=word_of,
    )


@blueprint.get("/mandates/<public_id>/refused")
@requires(Permission.MANDATE_READ)
def list_refused(public_id: str) -> Any:
    """Why not: the projects that look for money and do not match, each with what stands against it."""
    session, actor = current_session(), current_actor()
    mandate = queries.get_mandate(session, actor=actor, public_id=public_id)
    projects = queries.list_unmatched_projects(session, actor=actor, mandate_id=mandate.id)
    found = services.compute_match(session, actor=actor, mandate=mandate, projects=projects, now=clock.now())
    rows = [_show_match(project, match) for project, match in found if not match.holds]
    rows.sort(key=lambda row: row["refused"])
    return render_template("dealflow/refused.html", mandate=mandate, rows=rows)


@blueprint.get("/mandates/<public_id>/projects/<project_id>")
@requires(Permission.MANDATE_READ)
def explain_pair(public_id: str, project_id: str) -> Any:
    """Every constraint and every part of the score for one project, computed now."""
    session, actor = current_session(), current_actor()
    mandate = queries.get_mandate(session, actor=actor, public_id=public_id)
    project = get_project(session, actor=actor, public_id=project_id)
    ((_project, match),) = services.compute_match(
        session, actor=actor, mandate=mandate, projects=[project], now=clock.now()
    )
    return render_template(
        "dealflow/pair.html", mandate=mandate, row=_show_match(project, match), rounds=_open_rounds(), words=NAMES
    )


@blueprint.get("/projects/<public_id>/mandates")
@requires(Permission.PROJECT_READ)
def show_project_view(public_id: str) -> Any:
    """For the team: which mandates would take the project, and what stands against it in the others."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    views = services.compute_project_view(session, actor=actor, project=project, now=clock.now())
    rows = [
        {"view": view, "mandate": view.mandate, **_checks(view.match)}
        for view in views
    ]  # fmt: skip
    return render_template("dealflow/project.html", project=project, rows=rows, words=NAMES)


def _page_number() -> int:
    text = request.args.get("page", "1")
    return min(int(text), 1000) if text.isascii() and text.isdigit() and len(text) < 5 and int(text) > 0 else 1


def _open_rounds() -> dict[int, Any]:
    """Open rounds that the actor may see, by project."""
    actor = current_actor()
    if not actor.can(Permission.ROUND_READ):
        return {}
    return {row.project_id: row for row in list_rounds(current_session(), actor=actor, state="open", limit=500)}


def _show_limits(mandate: Mandate) -> list[dict[str, str]]:
    return [
        {
            "field": word_of("exclusion_field", row["field"]),
            "operator": word_of("exclusion_operator", row["operator"]),
            "value": _limit_value(row),
            "reason_zh": row["reason_zh"],
            "reason_en": row["reason_en"],
        }
        for row in mandate.exclusions
    ]


def _limit_value(row: dict[str, str]) -> str:
    kinds = {"lead_organisation_size": "organisation_size", "sector": "sector", "solids_handling": "truth"}
    kind = kinds.get(row["field"])
    return row["value"] if kind is None else word_of(kind, row["value"])


def _checks(match: Match) -> dict[str, Any]:
    described = [describe_check(check) for check in match.checks]
    return {
        "holding": [row for row in described if row["holds"]],
        "refusing": [row for row in described if not row["holds"]],
        "refused": sum(not row["holds"] for row in described),
    }


def _parts(parts: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Parts with the share of the whole weight that each carries."""
    total = sum(Decimal(part["weight"]) for part in parts)
    return [
        {**part, "share": str(Decimal(part["weight"]) / total), "weighs": Decimal(part["weight"]) > 0} for part in parts
    ]


def _show_match(project: Any, match: Match) -> dict[str, Any]:
    content = write_match(match)
    score = None if match.score is None else write_share(match.score)
    return {"project": project, "score": score, "parts": _parts(content["parts"]), **_checks(match)}


def _show_stored(row: Any) -> dict[str, Any]:
    """A stored match as it was computed."""
    checks = tuple(Check(item["code"], item["holds"], item["values"]) for item in row.content["checks"])
    return {
        "project": row.project, "score": row.score, "parts": _parts(row.content["parts"]),
        "computed_at": row.computed_at, "first_seen_at": row.first_seen_at, **_checks(Match(checks, (), None)),
    }  # fmt: skip


def _match_step(session: Any, project: Any, actor: Any) -> dict[str, Any] | None:
    """The step of the main job: done once a mandate that the reader knows of takes the project."""
    if actor is None:
        return None
    found = queries.find_known_match(session, actor=actor, project=project)
    if project.organisation_id == actor.organisation_id:
        url = url_for("dealflow.show_project_view", public_id=project.public_id)
        # Once the money is found the matches are forgotten; the step stays done.
        done = found is not None or project.state in _PAST_FUNDING
        return {"state": "done" if done else "waiting", "url": url, "when": found.first_seen_at if found else None}
    if found is None:
        return None
    url = url_for("dealflow.explain_pair", public_id=found.mandate.public_id, project_id=project.public_id)
    return {"state": "done", "url": url, "when": found.first_seen_at}


register_step("match", _match_step)
