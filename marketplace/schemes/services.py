"""Keeping scheme rules: the operator adds versions, nothing is overwritten."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.audit.services import record_act
from marketplace.errors import ConflictError, InvalidInputError
from marketplace.schemes.models import RULE_STATUSES, SchemeRule


class RuleVersionExistsError(ConflictError):
    code = "rule_version_exists"
    message = "This rule already has a version from that day on."


def record_rule(session: orm.Session, *, actor: Any, now: datetime, **values: Any) -> SchemeRule:
    """Add a dated version of a rule; an open earlier version ends the day before."""
    required = ("code", "kind", "document_number", "title_zh", "title_en", "text_zh", "text_en", "source", "status")
    errors = {name: "This field is needed." for name in required if not str(values.get(name) or "").strip()}
    if values.get("status") not in RULE_STATUSES:
        errors["status"] = "Choose one of the statuses."
    valid_from, valid_to = values.get("valid_from"), values.get("valid_to")
    if not isinstance(valid_from, date):
        raise InvalidInputError(errors={**errors, "valid_from": "Enter the day from which the rule is in force."})
    if valid_to is not None and valid_to < valid_from:
        errors["valid_to"] = "The end lies before the start."
    if errors:
        raise InvalidInputError(errors=errors)
    same = sa.select(SchemeRule).where(SchemeRule.code == values["code"])
    if session.scalar(same.where(SchemeRule.valid_from == valid_from)) is not None:
        raise RuleVersionExistsError(field="valid_from")
    for earlier in session.scalars(same.where(SchemeRule.valid_from < valid_from, SchemeRule.valid_to.is_(None))):
        earlier.valid_to = valid_from - timedelta(days=1)
    rule = SchemeRule(**values, recorded_by=getattr(actor, "user_public_id", "") or "", recorded_at=now)
    session.add(rule)
    session.flush()  # the audit line names the rule's public id
    record_act(session, actor=actor, action="scheme.rule_recorded", subject_kind="scheme_rule",
               subject_id=rule.public_id, now=now, details={"code": rule.code})  # fmt: skip
    return rule
