"""Pages of the rounds: the arithmetic of the linkage rules, who is in, commit, close."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.assessments.services import ask_eligibility
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, MarketplaceError
from marketplace.funding import queries, services
from marketplace.funding.conditions import list_open
from marketplace.funding.models import (
    BASES,
    CLOSING_RULES,
    EQUITY_INSTRUMENTS,
    LOAN_INSTRUMENTS,
    READINGS,
    REFUSAL_REASONS,
    RULE_KINDS,
    Round,
)
from marketplace.funding.services.evaluation import evaluate_rule
from marketplace.funding.states import ROUND_STATES
from marketplace.money import parse_amount
from marketplace.projects.queries import get_project
from marketplace.web.chain import register_step
from marketplace.web.condition_words import readable, readable_answer
from marketplace.web.errors import status_of
from marketplace.web.paging import FETCH, chosen_state, cursor_row, cut_page

blueprint = Blueprint("funding", __name__)


@blueprint.get("/rounds")
@requires(Permission.ROUND_READ)
def list_rounds() -> Any:
    """Rounds that the organisation may see."""
    session, actor = current_session(), current_actor()
    state = chosen_state(ROUND_STATES)
    after = cursor_row(lambda public_id: queries.get_round(session, actor=actor, public_id=public_id))
    rows, pager = cut_page(queries.list_rounds(session, actor=actor, state=state, after_id=after, limit=FETCH))
    return render_template(
        "funding/list.html",
        rounds=rows,
        total=queries.count_rounds(session, actor=actor, state=state),
        state=state,
        states=[word for word in ROUND_STATES if word != "draft" or actor.can(Permission.ROUND_MANAGE)],
        **pager,
    )


@blueprint.get("/rounds/<public_id>")
@requires(Permission.ROUND_READ)
def show_round(public_id: str) -> Any:
    """One round: its room, who is in, the linkage rules with their arithmetic, the next step."""
    return _render(queries.get_round(current_session(), actor=current_actor(), public_id=public_id))


def _ask_conditions(round_: Round, instruments: tuple[str, ...]) -> list[Any]:
    """The conditions under which the instruments of the form stand today."""
    today = clock.day_in_zone(clock.now())
    answers = [ask_eligibility(round_.project, instrument=word, on=today) for word in instruments]
    return [readable_answer(answer) for answer in answers if answer.answer == "conditional"]


def _render(round_: Round, *, values: Any = None, errors: dict[str, str] | None = None, form: str = "") -> Any:
    session, actor = current_session(), current_actor()
    own = round_.project.organisation_id == actor.organisation_id
    everything = queries.sees_all_commitments(actor, round_)
    shown = [item for item in round_.commitments if everything or item.organisation_id == actor.organisation_id]
    translated = {name: _(text) for name, text in (errors or {}).items()}
    instruments = LOAN_INSTRUMENTS if actor.organisation_kind == "bank" else EQUITY_INSTRUMENTS
    page = render_template(
        "funding/show.html",
        round=round_,
        own=own,
        commitments=shown,
        everything=everything,
        rules=[
            (rule, {reading: evaluate_rule(rule, round_.commitments, reading=reading) for reading in READINGS})
            for rule in round_.linkage_rules
        ],
        organisations={item.organisation.public_id: item.organisation for item in round_.commitments},
        may_commit=actor.can(Permission.COMMITMENT_MAKE) and round_.state == "open" and not own,
        instruments=instruments,
        conditions=_ask_conditions(round_, instruments),
        mine=[item for item in round_.commitments if item.organisation_id == actor.organisation_id],
        decision=queries.find_decision_file(session, round_id=round_.id) if everything else None,
        refusals=queries.list_refusals(session, round_id=round_.id) if own else [],
        rule_kinds=RULE_KINDS,
        readings=READINGS,
        bases=BASES,
        reasons=REFUSAL_REASONS,
        values=values or {},
        form=form,
        field_errors=translated,
        errors=list(translated.items()),
        deadline_instant=clock.end_of_day(round_.deadline),
    )
    return (page, 422) if errors else page


def _refused(round_: Round, form: str, error: MarketplaceError) -> Any:
    """The form again with what was typed, when the refusal belongs to a field; else the error page."""
    fields = getattr(error, "errors", None) or ({error.field: error.message} if error.field else {})
    if not fields:
        raise error
    current_session().expire(round_)
    fresh = queries.get_round(current_session(), actor=current_actor(), public_id=round_.public_id)
    page, _status = _render(fresh, values=request.form, errors=fields, form=form)
    return page, status_of(error)


@blueprint.post("/rounds/<public_id>/commit")
@requires(Permission.COMMITMENT_MAKE)
def make_commitment(public_id: str) -> Any:
    """Take a place in the round."""
    session, actor = current_session(), current_actor()
    round_ = queries.get_round(session, actor=actor, public_id=public_id)
    try:
        services.make_commitment(
            session,
            actor=actor,
            round_=round_,
            instrument=request.form.get("instrument", ""),
            amount=parse_amount(request.form.get("amount", ""), round_.currency, field="amount"),
            lead=bool(request.form.get("lead")),
            acknowledged=_acknowledged(request.form),
            now=clock.now(),
        )
    except MarketplaceError as error:
        return _refused(round_, "commit", error)
    flash(_("Your commitment is recorded. It is soft until you make it firm."), "jade")
    return redirect(url_for("funding.show_round", public_id=public_id))


def _acknowledged(form: Any) -> str | None:
    """The code of the condition that stood on the page beside the instrument chosen, once the box is ticked."""
    return form.get(f"condition_{form.get('instrument', '')}") if form.get("acknowledged") else None


@blueprint.get("/commitments/<public_id>/condition")
@requires(Permission.ROUND_READ)
def show_condition(public_id: str) -> Any:
    """The conditions of one commitment, and what its funder can do about them."""
    return _render_condition(public_id)


def _render_condition(public_id: str, *, values: Any = None, errors: dict[str, str] | None = None) -> Any:
    session, actor, now = current_session(), current_actor(), clock.now()
    commitment = queries.get_commitment(session, actor=actor, public_id=public_id)
    mine = commitment.organisation_id == actor.organisation_id and commitment.state == "soft"
    today = ask_eligibility(commitment.round.project, instrument=commitment.instrument, on=clock.day_in_zone(now))
    carried = [row["code"] for row in commitment.conditions]
    page = render_template(
        "funding/condition.html",
        commitment=commitment,
        round=commitment.round,
        today=today,
        conditions=[readable(row) for row in commitment.conditions],
        to_acknowledge=readable_answer(today)
        if mine and today.answer == "conditional" and today.code not in carried
        else None,
        to_meet=next((row for row in list_open(commitment.conditions)
                      if mine and row["code"] == today.code and "evidence" in row["opened_by"]), None),
        mine=mine,
        values=values or {},
        field_errors=errors or {},
        errors=list((errors or {}).items()),
    )  # fmt: skip
    return (page, 422) if errors else page


@blueprint.post("/commitments/<public_id>/condition/acknowledge")
@requires(Permission.COMMITMENT_MAKE)
def acknowledge_condition(public_id: str) -> Any:
    """Take on the condition that a changed level or rule puts on one's own commitment."""
    session, actor = current_session(), current_actor()
    commitment = queries.get_commitment(session, actor=actor, public_id=public_id)
    services.acknowledge_condition(
        session, actor=actor, commitment=commitment, code=request.form.get("code", ""), now=clock.now()
    )
    flash(_("The condition is recorded with your commitment."), "jade")
    return redirect(url_for("funding.show_condition", public_id=public_id))


@blueprint.post("/commitments/<public_id>/condition/meet")
@requires(Permission.COMMITMENT_MAKE)
def meet_condition(public_id: str) -> Any:
    """Record by which document the condition is met."""
    session, actor, form = current_session(), current_actor(), request.form
    commitment = queries.get_commitment(session, actor=actor, public_id=public_id)
    try:
        day = date.fromisoformat(form.get("document_on", ""))
    except ValueError:
        day = None
    try:
        services.meet_condition(
            session, actor=actor, commitment=commitment, code=form.get("code", ""), ground=form.get("ground", ""),
            document_number=form.get("document_number", ""), document_on=day, now=clock.now(),
        )  # fmt: skip
    except InvalidInputError as error:
        shown = {name: _(text) for name, text in error.errors.items()}
        return _render_condition(public_id, values=form, errors=shown)
    flash(_("The condition is met. Your commitment can be made firm now."), "jade")
    return redirect(url_for("funding.show_round", public_id=commitment.round.public_id))


@blueprint.post("/commitments/<public_id>/harden")
@requires(Permission.COMMITMENT_MAKE)
def harden_commitment(public_id: str) -> Any:
    """Make one's own commitment firm."""
    session, actor = current_session(), current_actor()
    commitment = queries.get_commitment(session, actor=actor, public_id=public_id)
    services.harden_commitment(session, actor=actor, commitment=commitment, now=clock.now())
    flash(_("Your commitment is firm."), "jade")
    return redirect(url_for("funding.show_round", public_id=commitment.round.public_id))


@blueprint.post("/commitments/<public_id>/release")
@requires(Permission.COMMITMENT_MAKE)
def release_commitment(public_id: str) -> Any:
    """Withdraw one's own soft commitment."""
    session, actor = current_session(), current_actor()
    commitment = queries.get_commitment(session, actor=actor, public_id=public_id)
    services.release_commitment(session, actor=actor, commitment=commitment, now=clock.now())
    flash(_("Your commitment is withdrawn."), "amber")
    return redirect(url_for("funding.show_round", public_id=commitment.round.public_id))


@blueprint.post("/rounds/<public_id>/refuse")
@requires(Permission.COMMITMENT_MAKE)
def refuse_round(public_id: str) -> Any:
    """Say no, with a reason code."""
    session, actor = current_session(), current_actor()
    round_ = queries.get_round(session, actor=actor, public_id=public_id)
    try:
        services.refuse_round(
            session, actor=actor, round_=round_, reason=request.form.get("reason", ""),
            note=request.form.get("note", ""), now=clock.now(),
        )  # fmt: skip
    except InvalidInputError as error:
        return _refused(round_, "refuse", error)
    flash(_("Your refusal is recorded; the team sees its reason, not your note."), "slate")
    return redirect(url_for("funding.show_round", public_id=public_id))


@blueprint.post("/rounds/<public_id>/linkage-rules")
@requires(Permission.ROUND_READ)
def add_linkage_rule(public_id: str) -> Any:
    """Set a linkage rule for the round."""
    session, actor = current_session(), current_actor()
    round_ = queries.get_round(session, actor=actor, public_id=public_id)
    try:
        services.add_linkage_rule(
            session,
            actor=actor,
            round_=round_,
            kind=request.form.get("kind", ""),
            threshold=request.form.get("threshold", "").strip(),
            reading=request.form.get("reading", ""),
            base=request.form.get("base", "committed"),
            binding=bool(request.form.get("binding")),
            document_number=request.form.get("document_number", "").strip()[:120],
            now=clock.now(),
        )
    except InvalidInputError as error:
        return _refused(round_, "rule", error)
    flash(_("The rule is set and evaluated below."), "jade")
    return redirect(url_for("funding.show_round", public_id=public_id))


@blueprint.post("/rounds/<public_id>/close")
@requires(Permission.ROUND_MANAGE)
def close_round(public_id: str) -> Any:
    """Close the round and freeze the decision file."""
    session, actor = current_session(), current_actor()
    round_ = queries.get_round(session, actor=actor, public_id=public_id)
    services.close_round(session, actor=actor, round_=round_, now=clock.now())
    flash(_("The round is closed and its decision file is frozen."), "jade")
    return redirect(url_for("funding.show_round", public_id=public_id))


@blueprint.post("/rounds/<public_id>/end")
@requires(Permission.ROUND_MANAGE)
def end_round(public_id: str) -> Any:
    """End the round without closing it; every commitment is released."""
    session, actor = current_session(), current_actor()
    round_ = queries.get_round(session, actor=actor, public_id=public_id)
    try:
        services.fail_round(
            session, actor=actor, round_=round_, state=request.form.get("state", "withdrawn"),
            reason=request.form.get("reason", ""), now=clock.now(),
        )  # fmt: skip
    except InvalidInputError as error:
        return _refused(round_, "end", error)
    flash(_("The round has ended; every commitment is released."), "amber")
    return redirect(url_for("funding.show_round", public_id=public_id))


@blueprint.post("/rounds/<public_id>/launch")
@requires(Permission.ROUND_MANAGE)
def launch_round(public_id: str) -> Any:
    """Open a round that was kept as a draft."""
    session, actor = current_session(), current_actor()
    round_ = queries.get_round(session, actor=actor, public_id=public_id)
    services.launch_round(session, actor=actor, round_=round_, now=clock.now())
    flash(_("The round is open."), "jade")
    return redirect(url_for("funding.show_round", public_id=public_id))


@blueprint.get("/projects/<project_id>/rounds/new")
@requires(Permission.ROUND_MANAGE)
def new_round(project_id: str) -> Any:
    """The form that opens a round."""
    project = get_project(current_session(), actor=current_actor(), public_id=project_id)
    return render_template("funding/new.html", project=project, values={}, field_errors={}, closing_rules=CLOSING_RULES)


@blueprint.post("/projects/<project_id>/rounds/new")
@requires(Permission.ROUND_MANAGE)
def open_round(project_id: str) -> Any:
    """Open a round of one's own project."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=project_id)
    form, errors = request.form, {}
    amounts: dict[str, int | None] = {}
    for name in ("target", "minimum", "cap", "loan_cap", "ticket_minimum", "investor_limit", "pre_money"):
        text = form.get(name, "").strip()
        if not text and name in ("investor_limit", "pre_money", "loan_cap", "minimum"):
            amounts[name] = None
            continue
        try:
            amounts[name] = parse_amount(text, project.currency, field=name, allow_zero=True).amount_minor
        except InvalidInputError as error:
            errors[name] = error.message
    try:
        deadline = date.fromisoformat(form.get("deadline", ""))
    except ValueError:
        errors["deadline"] = "Enter a day, for example 2027-01-15."
    try:
        if errors:
            raise InvalidInputError(errors=errors)
        round_ = services.open_round(
            session,
            actor=actor,
            project=project,
            title_zh=form.get("title_zh", "")[:160],
            title_en=form.get("title_en", "")[:200],
            target_minor=amounts["target"] or 0,
            minimum_minor=amounts["minimum"] or 0,
            cap_minor=amounts["cap"] or 0,
            loan_cap_minor=amounts["loan_cap"] or 0,
            ticket_minimum_minor=amounts["ticket_minimum"] or 0,
            investor_limit_minor=amounts["investor_limit"],
            pre_money_minor=amounts["pre_money"] or 0,
            closing_rule=form.get("closing_rule", "minimum"),
            deadline=deadline,
            as_draft=bool(form.get("as_draft")),
            now=clock.now(),
        )
    except InvalidInputError as error:
        shown = {name: _(text) for name, text in error.errors.items()}
        page = render_template(
            "funding/new.html", project=project, values=form, field_errors=shown, errors=list(shown.items()),
            closing_rules=CLOSING_RULES,
        )  # fmt: skip
        return page, 422
    flash(_("The round is open."), "jade")
    return redirect(url_for("funding.show_round", public_id=round_.public_id))


def _round_step(session: Any, project: Any, actor: Any) -> dict[str, Any] | None:
    """The step of the main job: current while a round is open, done once one is closed."""
    if actor is None or not actor.can(Permission.ROUND_READ):
        return None
    rounds = queries.list_rounds_of_project(session, actor=actor, project_id=project.id)
    closed = next((item for item in rounds if item.state == "closed"), None)
    found = closed or next((item for item in reversed(rounds) if item.state == "open"), None)
    if found is None:
        return None
    url = url_for("funding.show_round", public_id=found.public_id)
    if closed is not None:
        return {"state": "done", "when": closed.closed_at, "url": url}
    return {"state": "current", "when": found.created_at, "url": url}


register_step("round", _round_step)
