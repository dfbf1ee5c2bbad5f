"""The models that make the scores: which is in use, whether it still holds, and how another comes into use."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, require_fresh_sign_in, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import map_user_names
from marketplace.assessments import score_queries
from marketplace.assessments.monitoring import MINIMUM_GROUP, MINIMUM_OUTCOMES, open_calibration, stability_limit
from marketplace.assessments.score_models import RiskModelVersion
from marketplace.assessments.services import decide_promotion, propose_promotion
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.projects.queries import SUPERVISING_KINDS
from marketplace.web.assessments.base import blueprint
from marketplace.web.assessments.score_words import NAMES as SCORE_NAMES
from marketplace.web.assessments.words import NAMES
from marketplace.web.formatting import number, percent


@blueprint.get("/risk-models")
@requires(Permission.SCORE_READ)
def list_risk_models() -> Any:
    """Every model that ever made a score, and candidates."""
    rows = score_queries.list_models(current_session())
    return render_template("assessments/models.html", rows=rows)


@blueprint.get("/risk-models/<public_id>")
@requires(Permission.SCORE_READ)
def show_model(public_id: str) -> Any:
    """One model: where it comes from, its calibration and drift, its checks and promotions."""
    return _render(public_id)


@blueprint.post("/risk-models/<public_id>/propose")
@requires(Permission.MODEL_PROMOTE)
def propose(public_id: str) -> Any:
    """Propose that a candidate make the scores."""
    session = current_session()
    model = score_queries.get_model(session, public_id=public_id)
    try:
        propose_promotion(
            session, actor=current_actor(), model=model, ground=request.form.get("ground", ""), now=clock.now()
        )
    except InvalidInputError as error:
        return _render(public_id, typed=request.form, errors=error.errors or {"": error.message}), 422
    flash(_("The proposal waits for a second person."), "success")
    return redirect(url_for("assessments.show_model", public_id=public_id))


@blueprint.post("/risk-models/<public_id>/decide")
@requires(Permission.MODEL_PROMOTE)
def decide_model(public_id: str) -> Any:
    """The second person confirms or refuses."""
    require_fresh_sign_in()
    session = current_session()
    model = score_queries.get_model(session, public_id=public_id)
    decision = request.form.get("decision", "")
    try:
        if decision not in ("confirm", "refuse"):
            raise InvalidInputError(errors={"decision": "Choose one of the options."})
        decide_promotion(
            session, actor=current_actor(), model=model, confirmed=decision == "confirm",
            note=request.form.get("note", ""), now=clock.now(),
        )  # fmt: skip
    except InvalidInputError as error:
        return _render(public_id, typed=request.form, errors=error.errors or {"": error.message}), 422
    flash(_("The decision is recorded."), "success")
    return redirect(url_for("assessments.show_model", public_id=public_id))


def _render(public_id: str, *, typed: Any = None, errors: dict[str, str] | None = None) -> str:
    session, actor = current_session(), current_actor()
    model = score_queries.get_model(session, public_id=public_id)
    checks = score_queries.list_checks(session, model_id=model.id)
    # What the last check kept: nothing is counted for a reader, and the page says of when it is.
    nothing: dict[str, Any] = {"calibration": {"n": 0, "reliability": []}, "drift": None}
    content = checks[0].content if checks else nothing
    supervises = actor.organisation_kind in SUPERVISING_KINDS
    calibration = open_calibration(content["calibration"], supervises=supervises)
    promotions = score_queries.list_promotions(session, model_id=model.id)
    messages = {name: _(message) for name, message in (errors or {}).items()}
    pending = next((row for row in promotions if row.state == "open"), None)
    may_promote = actor.can(Permission.MODEL_PROMOTE)
    people = {name for row in promotions for name in (row.proposed_by, row.decided_by) if name}
    return render_template(
        "assessments/model.html", model=model, names={**NAMES, **SCORE_NAMES}, calibration=calibration,
        drift=content["drift"], minimum=MINIMUM_OUTCOMES, minimum_group=MINIMUM_GROUP,
        stability_limit=stability_limit(), checks=checks, promotions=promotions, supervises=supervises,
        checked_at=checks[0].checked_at if checks else None,
        people=map_user_names(session, public_ids=people) if may_promote else {},
        may_propose=may_promote and model.state == "candidate" and pending is None,
        may_decide=may_promote and pending is not None and pending.proposed_by != actor.user_public_id,
        measures=_describe_measures(model.metrics), coefficients=_coefficients(model),
        chart=_reliability_chart(calibration), typed=typed or {}, messages=messages,
        errors=[(name or None, message) for name, message in messages.items()],
    )  # fmt: skip


def _describe_measures(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """The measures of the training report on rows held out, beside those of the model without own outcomes."""
    names = {
        "roc_auc": _("AUC"), "brier": _("Brier score"), "brier_constant": _("Brier score of the base rate"),
        "log_loss": _("Log loss"), "ece": _("Calibration error (ECE)"),
    }  # fmt: skip
    found, prior = metrics.get("measures") or {}, metrics.get("measures_prior") or {}
    return [
        {"name": title, **found[name], "prior": (prior.get(name) or {}).get("value")}
        for name, title in names.items()
        if name in found
    ]


def _coefficients(model: RiskModelVersion) -> list[tuple[str, float]]:
    """The vector as decimal figures; the stored hexadecimal ones are exact."""
    return [(name, float.fromhex(text)) for name, text in sorted(model.coefficients.items())]


def _reliability_chart(calibration: dict[str, Any]) -> dict[str, Any] | None:
    rows = calibration["reliability"]
    if not rows:
        return None
    names = [_("group %(number)s", number=index + 1) for index in range(len(rows))]
    outside = sum(not row["low"] <= row["observed"] <= row["high"] for row in rows)
    return {
        "title": _("In %(outside)s of %(count)s groups the share of failures lies outside its 95%% range",
                   outside=outside, count=len(rows)),
        "spec": {
            "kind": "bars", "format": "percent", "categories": names,
            "series": [
                {"name": _("Predicted"), "values": [row["predicted"] for row in rows]},
                {"name": _("Observed"), "values": [row["observed"] for row in rows], "tone": "amber"},
            ],
        },
        "head": [_("Group"), _("Projects"), _("Predicted"), _("Observed"), _("95%% range, low") % {},
                 _("95%% range, high") % {}],
        "rows": [
            [name, number(row["n"]), percent(row["predicted"], 0), percent(row["observed"], 0), percent(row["low"], 0),
             percent(row["high"], 0)]
            for name, row in zip(names, rows, strict=True)
        ],
    }  # fmt: skip
