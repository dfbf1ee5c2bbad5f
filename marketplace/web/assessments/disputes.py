"""Objections: raising one, the assessor's word on it, its outcome, and the log of all."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.assessments import log_queries
from marketplace.assessments.errors import DisputeNotFoundError
from marketplace.assessments.models import Assessment, AssessmentDispute
from marketplace.assessments.services import answer_dispute, raise_dispute, state_on_dispute
from marketplace.assessments.words import DISPUTE_STATES
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.projects.queries import list_organisation_names
from marketplace.web.assessments.base import blueprint
from marketplace.web.assessments.showing import act_on
from marketplace.web.assessments.words import NAMES
from marketplace.web.assessments.words_of_disputes import GROUNDS
from marketplace.web.formatting import in_language
from risk.maturity import get_criterion


@blueprint.get("/objections")
@requires(Permission.ASSESSMENT_READ)
def list_disputes() -> Any:
    """The log: who objected to what on which ground, until when it is decided, and how it ended."""
    state = request.args.get("state") or None
    if state is not None and state not in DISPUTE_STATES:
        raise InvalidInputError(_("Choose one of the options."), field="state")
    session, actor = current_session(), current_actor()
    rows = log_queries.list_disputes(session, actor=actor, state=state)
    names = list_organisation_names(session, public_ids={row.raised_by for row in rows})
    return render_template(
        "assessments/disputes.html", rows=[describe_dispute(row) for row in rows], state=state, states=DISPUTE_STATES,
        organisations={public_id: in_language(*pair) for public_id, pair in names.items()}, names=NAMES,
        grounds=GROUNDS, today=clock.day_in_zone(clock.now()),
    )  # fmt: skip


def describe_dispute(row: AssessmentDispute) -> dict[str, Any]:
    """A row of the log with the item in words."""
    elements = {each.public_id: in_language(each.name_zh, each.name_en) for each in row.assessment.project.elements}
    criterion = get_criterion(row.criterion) if row.criterion else None
    return {
        "dispute": row,
        "criterion": criterion,
        "element": elements.get(row.element, ""),
        "question": in_language(criterion.question_zh, criterion.question_en) if criterion else "",
    }


@blueprint.post("/assessments/<public_id>/dispute")
@requires(Permission.ASSESSMENT_READ)
def dispute(public_id: str) -> Any:
    """Object to one judgement or to the whole."""
    element, _bar, criterion = request.form.get("item", "").partition("|")

    def act(session: Any, **names: Any) -> None:
        raise_dispute(
            session, reason=request.form.get("objection", ""), ground=request.form.get("ground") or "other",
            element=element, criterion=criterion, **names,
        )  # fmt: skip

    return act_on(public_id, act, renamed={"reason": "objection"})


@blueprint.post("/assessments/<public_id>/disputes/<dispute_id>/statement")
@requires(Permission.ASSESSMENT_DECIDE)
def state_on(public_id: str, dispute_id: str) -> Any:
    """What the assessor says to an objection."""

    def act(session: Any, *, assessment: Assessment, **names: Any) -> None:
        state_on_dispute(
            session, assessment=assessment, dispute=_find(assessment, dispute_id),
            statement=request.form.get(f"statement-{dispute_id}", ""), **names,
        )  # fmt: skip

    return act_on(public_id, act, renamed={"statement": f"statement-{dispute_id}"})


@blueprint.post("/assessments/<public_id>/disputes/<dispute_id>")
@requires(Permission.PROJECT_VERIFY)
def answer(public_id: str, dispute_id: str) -> Any:
    """Record how an objection ended."""

    def act(session: Any, *, assessment: Assessment, **names: Any) -> None:
        found = _find(assessment, dispute_id)
        outcome = request.form.get(f"outcome-{dispute_id}")
        if outcome not in ("upheld", "dismissed"):
            raise InvalidInputError(errors={"outcome": "Choose one of the options."})
        answer_dispute(
            session, assessment=assessment, dispute=found, upheld=outcome == "upheld",
            answer=request.form.get(f"answer-{dispute_id}", ""), **names,
        )  # fmt: skip

    renamed = {name: f"{name}-{dispute_id}" for name in ("outcome", "answer")}
    return act_on(public_id, act, renamed=renamed)


def _find(assessment: Assessment, dispute_id: str) -> AssessmentDispute:
    found = next((row for row in assessment.disputes if row.public_id == dispute_id), None)
    if found is None:
        raise DisputeNotFoundError()
    return found
