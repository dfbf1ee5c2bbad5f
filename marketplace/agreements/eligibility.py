"""Whether the instruments of an agreement's terms are open at the levels that stand on the day of the act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from marketplace.agreements.errors import InstrumentNotOpenError
from marketplace.assessments.services import ask_eligibility, describe_closure
from marketplace.projects.models import Project
from risk.maturity import Eligibility

# What the table of levels calls a kind of instrument, where the terms have another word.
_NAMES = {"conditional_grant": "invest_first_convert_later"}


def list_kinds(terms: Mapping[str, Any]) -> list[str]:
    """The kinds of instruments that the terms hold, as the table of levels names them, and pilot-failure cover."""
    kinds = {_NAMES.get(row["kind"], row["kind"]) for row in terms.get("instruments", ())}
    return [*sorted(kinds), *(["pilot_failure_insurance"] if terms.get("policies") else [])]


def list_answers(project: Project, terms: Mapping[str, Any], *, on: date) -> list[Eligibility]:
    """Open, conditional or closed, for each kind of instrument of the terms."""
    return [ask_eligibility(project, instrument=kind, on=on) for kind in list_kinds(terms)]


def require_open(project: Project | None, terms: Mapping[str, Any], *, on: date) -> None:
    """Refuse terms with an instrument that is closed at the assessed level; an agreement of a fund has no level."""
    if project is None:
        return
    for answer in list_answers(project, terms, on=on):
        if answer.answer == "closed":
            raise InstrumentNotOpenError(**describe_closure(answer))
