"""The words of a notice: by its kind, in the page's language; the parameters are data of the act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _

from marketplace.notifications.models import Notification
from marketplace.web.formatting import in_language, money_plain
from marketplace.web.labels import label, state_label


def _amount(values: dict[str, Any]) -> str:
    return money_plain(values.get("amount_minor"), values.get("currency", "CNY"))


def _name(values: dict[str, Any]) -> str:
    return in_language(values.get("name_zh", ""), values.get("name_en", ""))


def _title(values: dict[str, Any]) -> str:
    return in_language(values.get("title_zh", ""), values.get("title_en", ""))


WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "payment_due": lambda v: _("%(amount)s are to be paid by %(day)s.", amount=_amount(v), day=v.get("due_on", "")),
    "payment_confirmed": lambda v: _("%(amount)s are confirmed as paid.", amount=_amount(v)),
    "commitment_made": lambda v: _(
        "%(name)s committed %(amount)s to your round.",
        name=in_language(v.get("organisation", ""), v.get("organisation_en", "")),
        amount=_amount(v),
    ),
    "commitment_condition_met": lambda v: _(
        "A condition of a commitment to the round %(title)s is met.", title=_title(v)
    ),
    "round_refused": lambda v: _(
        "A funder declined your round: %(reason)s.", reason=label("refusal_reason", v.get("reason", "other"))
    ),
    "round_closed": lambda v: _("The round %(title)s is closed.", title=_title(v)),
    "score.computed": lambda v: _("A risk score was computed for %(title)s.", title=_title(v)),
    "score.opened": lambda v: _("A team lets you read the risk score of %(title)s.", title=_title(v)),
    "score.contested": lambda v: _(
        "The team of %(title)s contests its score; answer by %(day)s.", title=_title(v), day=v.get("due_on", "")
    ),
    "score.contest_overdue": lambda v: _(
        "The contest of the score of %(title)s should have been answered by %(day)s.",
        title=_title(v),
        day=v.get("due_on", ""),
    ),
    "score.contest_answered": lambda v: _("Your contest of the score of %(title)s is answered.", title=_title(v)),
    "model.proposed": lambda v: _(
        "The risk model %(model)s is proposed; a second person decides.", model=v.get("model", "")
    ),
    "model.retrained": lambda v: _(
        "The risk model %(model)s, trained on %(outcomes)s outcomes of this market, waits as a candidate.",
        model=v.get("model", ""),
        outcomes=v.get("outcomes", ""),
    ),
    "model.check_broke": lambda v: _("The risk model %(model)s no longer holds; see why.", model=v.get("model", "")),
    "project.access_granted": lambda v: _("You were given access to %(title)s.", title=_title(v)),
    "organisation.verification_requested": lambda v: _("An organisation asks to be verified."),
    "organisation.verified": lambda v: _("Your organisation is verified."),
    "organisation.rejected": lambda v: _("Your organisation was not verified; the note says why."),
    "organisation.frozen": lambda v: _("Your organisation was frozen; the note says why."),
    "milestone.finding": lambda v: _("A finding on a milestone of %(title)s was recorded.", title=_title(v)),
    "assessment.dispute_answered": lambda v: _(
        "A dispute over the assessment of %(title)s was answered.", title=_title(v)
    ),
    "assessment.dispute_stated": lambda v: _(
        "The assessor wrote on an objection to the assessment of %(title)s.", title=_title(v)
    ),
    "assessment.dispute_late": lambda v: _(
        "An objection to the assessment of %(title)s waits beyond its day for a decision.", title=_title(v)
    ),
    "assessment.expires_soon": lambda v: _(
        "The assessment of %(title)s ends on %(day)s; without a new one the project counts as not assessed.",
        title=_title(v),
        day=v.get("day", ""),
    ),
    "assessment.expired": lambda v: _("The assessment of %(title)s has expired.", title=_title(v)),
    "quote_requested": lambda v: _("You are asked for a quote for %(title)s.", title=_title(v)),
    "signing_key_replaced": lambda v: _("A party of your agreements uses a new signing key."),
    "agreement_simulated": lambda v: _("The simulation of %(title)s is done.", title=_title(v)),
    "agreement_condition_met": lambda v: _("A condition of the agreement %(title)s is met.", title=_title(v)),
    "agreement_terms_changed": lambda v: _(
        "The terms of %(title)s changed; earlier signatures are void.", title=_title(v)
    ),
    "agreement_shared": lambda v: _("The agreement %(title)s is shared with you.", title=_title(v)),
    "agreement_signed": lambda v: _("A party signed %(title)s.", title=_title(v)),
    "agreement_activated": lambda v: _("The agreement %(title)s is active.", title=_title(v)),
    "agreement_terminated": lambda v: _("The agreement %(title)s is terminated.", title=_title(v)),
    "agreement_event": lambda v: _("An event was recorded in %(title)s.", title=_title(v)),
    "agreement_event_proposed": lambda v: _("An event of %(title)s waits for your confirmation.", title=_title(v)),
    "agreement_event_refused": lambda v: _("An event of %(title)s was refused.", title=_title(v)),
    "pool.bank_added": lambda v: _("Your bank lends under the pool %(name)s now.", name=_name(v)),
    "pool.filed": lambda v: _("A bank filed claim no. %(number)s with %(name)s.", number=v["number"], name=_name(v)),
    "pool.refused": lambda v: _("%(name)s refused your filing no. %(number)s.", number=v["number"], name=_name(v)),
    "pool.withdrawn": lambda v: _(
        "A bank withdrew filing no. %(number)s with %(name)s.", number=v["number"], name=_name(v)
    ),
    "agreement_fact_refused": lambda v: _("A fact could not be recorded in %(title)s.", title=_title(v)),
}
# Kinds that end in a state: the wording carries the state's own word.
PREFIXES: dict[str, Callable[[str, dict[str, Any]], str]] = {
    "project": lambda state, v: _("%(title)s: %(state)s.", title=_title(v), state=state_label("project", state)),
    "assessment": lambda state, v: _(
        "Assessment of %(title)s: %(state)s.", title=_title(v), state=state_label("assessment", state)
    ),
    "milestone": lambda state, v: _(
        "Milestone of %(title)s: %(state)s.", title=_title(v), state=state_label("milestone", state)
    ),
    "quote": lambda state, v: _(
        "Insurance quote for %(title)s: %(state)s.", title=_title(v), state=state_label("quote", state)
    ),
    "panel": lambda state, v: _(
        "Co-insurance of %(title)s: %(state)s.", title=_title(v), state=state_label("panel_line", state)
    ),
    "policy": lambda state, v: _(
        "Insurance policy of %(title)s: %(state)s.", title=_title(v), state=state_label("policy", state)
    ),
    "claim": lambda state, v: _(
        "Insurance claim of %(title)s: %(state)s.", title=_title(v), state=state_label("claim", state)
    ),
}


def describe_notice(notice: Notification) -> str:
    """One sentence in the page's language."""
    known = WORDS.get(notice.kind)
    if known is not None:
        return known(notice.parameters)
    prefix, _dot, state = notice.kind.partition(".")
    worded = PREFIXES.get(prefix)
    if worded is not None and state:
        return worded(state, notice.parameters)
    return _("Something happened that concerns you: %(kind)s.", kind=notice.kind)
