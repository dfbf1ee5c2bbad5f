"""Pages of the operation: what waits, jobs, the audit trail; the regulator reads them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import list_organisations, map_organisation_names
from marketplace.assessments.score_queries import list_contests
from marketplace.audit.queries import list_lines_filtered
from marketplace.audit.services import verify_chain
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.jobs import queries as job_queries
from marketplace.jobs.models import JOB_STATES
from marketplace.jobs.services import cancel_job, retry_job
from marketplace.payments.queries import count_payments, list_anomalies
from marketplace.projects.queries import list_projects_in_state
from marketplace.web.paging import chosen_state

blueprint = Blueprint("operator", __name__)
PAGE_SIZE = 100


@blueprint.get("/operation")
@requires(Permission.AUDIT_READ)
def show_overview() -> Any:
    """What waits for the operator; every number opens its list."""
    session, actor = current_session(), current_actor()
    waiting = [item for item in list_organisations(session, actor=actor) if item.verification_state == "pending"]
    return render_template(
        "operator/overview.html",
        organisations=waiting,
        projects=list_projects_in_state(session, actor=actor, state="submitted"),
        payments=count_payments(session, actor=actor, state="recorded"),
        anomalies=list_anomalies(session, actor=actor),
        parked=job_queries.list_jobs(session, actor=actor, state="parked"),
        contests=len(list_contests(session, actor=actor, state="open")) if actor.can(Permission.SCORE_ANSWER) else None,
        jobs_waiting=job_queries.count_waiting(session),
    )


@blueprint.get("/operation/jobs")
@requires(Permission.AUDIT_READ)
def list_jobs() -> Any:
    """Background jobs, newest first."""
    state = chosen_state(JOB_STATES)
    jobs = job_queries.list_jobs(current_session(), actor=current_actor(), state=state)
    return render_template("operator/jobs.html", jobs=jobs, state=state, states=JOB_STATES)


@blueprint.get("/jobs/<public_id>")
@requires(Permission.JOB_READ)
def show_job(public_id: str) -> Any:
    """The progress of one job that the organisation asked for."""
    job = job_queries.get_job(current_session(), actor=current_actor(), public_id=public_id)
    return render_template("operator/job.html", job=job)


@blueprint.post("/jobs/<public_id>/retry")
@requires(Permission.JOB_MANAGE)
def retry(public_id: str) -> Any:
    """Let a parked job run again."""
    session, actor = current_session(), current_actor()
    job = job_queries.get_job(session, actor=actor, public_id=public_id)
    retry_job(session, actor=actor, job=job, now=clock.now())
    flash(_("The job runs again."), "jade")
    return redirect(url_for("operator.show_job", public_id=public_id))


@blueprint.post("/jobs/<public_id>/cancel")
@requires(Permission.JOB_READ)
def cancel(public_id: str) -> Any:
    """Stop a job that has not ended."""
    session, actor = current_session(), current_actor()
    job = job_queries.get_job(session, actor=actor, public_id=public_id)
    cancel_job(session, actor=actor, job=job, now=clock.now())
    flash(_("The job is cancelled."), "amber")
    return redirect(url_for("operator.show_job", public_id=public_id))


@blueprint.get("/operation/audit")
@requires(Permission.AUDIT_READ)
def show_audit() -> Any:
    """The audit trail with filters, newest first, and whether its chain is whole."""
    session = current_session()
    before = request.args.get("cursor", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 16):
        raise InvalidInputError(_("This page address is not valid."), field="cursor")
    filters = {name: request.args.get(name, "").strip() for name in ("action", "subject_kind", "subject_id")}
    lines = list_lines_filtered(session, before=int(before) if before else None, limit=PAGE_SIZE + 1, **filters)
    return render_template(
        "operator/audit.html",
        lines=lines[:PAGE_SIZE],
        filters=filters,
        names=map_organisation_names(session),
        next_cursor=lines[PAGE_SIZE - 1].id if len(lines) > PAGE_SIZE else None,
        first=not before,
        check=verify_chain(session) if request.args.get("verify") else None,
    )
