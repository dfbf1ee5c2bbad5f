"""Whether the instruments of an agreement's terms are open at the levels that stand on the day of the act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import orm

from marketplace.agreements.errors import ConditionUnmetError, InstrumentNotOpenError
from marketplace.agreements.models import Agreement
from marketplace.assessments.services import ask_eligibility, describe_closure
from marketplace.funding.conditions import is_met
from marketplace.funding.queries import list_commitments_of_project
from marketplace.insurance.queries import list_policies_of_project
from marketplace.projects.models import Project
from risk.maturity import Eligibility, assess_eligibility

# What the table of levels calls a kind of instrument, where the terms have another word.
_NAMES = {"conditional_grant": "invest_first_convert_later"}
_INSURANCE = "pilot_failure_insurance"


@dataclass(frozen=True)
class Standing:
    """A condition of the level on one instrument of the terms, and what meets it.

    `met_by`: commitment (its condition is met on record), evidence (recorded with the agreement), terms (what opens it
    stands in them), policy (the insurer has bound one for the project), precedent (no money before a milestone that
    opens it), or None: nothing does.
    """

    instrument: str
    party: str
    answer: Eligibility
    met_by: str | None


def list_kinds(terms: Mapping[str, Any]) -> list[str]:
    """The kinds of instruments that the terms hold, as the table of levels names them, and pilot-failure cover."""
    kinds = {_NAMES.get(row["kind"], row["kind"]) for row in terms.get("instruments", ())}
    return [*sorted(kinds), *([_INSURANCE] if terms.get("policies") else [])]


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


def list_conditions(
    session: orm.Session, *, agreement: Agreement, project: Project | None, terms: Mapping[str, Any], on: date
) -> list[Standing]:
    """Every instrument of the terms that is conditional at today's levels, with what meets its condition."""
    if project is None:
        return []
    asked = {answer.instrument: answer for answer in list_answers(project, terms, on=on)}
    organisations = {party.party: party.organisation_id for party in agreement.parties}
    rows = []
    for row in (*terms.get("instruments", ()), *({**item, "kind": _INSURANCE} for item in terms.get("policies", ()))):
        answer = asked[_NAMES.get(row["kind"], row["kind"])]
        if answer.answer != "conditional":
            continue
        met_by = _find_recorded(session, project, answer, organisations.get(row["party"]))
        if met_by is None and any(
            (item["of"], item["party"], item["code"]) == (row["id"], row["party"], answer.code)
            for item in agreement.conditions
        ):
            met_by = "evidence"
        if met_by is None and set(answer.opened_by) & _list_held(terms):
            met_by = "terms"
        if met_by is None and _is_precedent(project, terms, row, on):
            met_by = "precedent"
        rows.append(Standing(row["id"], row["party"], answer, met_by))
    return rows


def require_conditions(
    session: orm.Session, *, agreement: Agreement, project: Project | None, terms: Mapping[str, Any], on: date
) -> list[Standing]:
    """What the level asks for and what meets it; raises while something is neither met nor a condition precedent."""
    rows = list_conditions(session, agreement=agreement, project=project, terms=terms, on=on)
    for row in rows:
        if row.met_by is None:
            raise ConditionUnmetError(
                clause=row.instrument, party=row.party, condition=row.answer.code, **describe_closure(row.answer)
            )
    return rows


def _find_recorded(
    session: orm.Session, project: Project, answer: Eligibility, organisation_id: int | None
) -> str | None:
    if organisation_id is None:
        return None
    if answer.instrument == _INSURANCE:
        policies = list_policies_of_project(session, project_id=project.id)
        bound = [item for item in policies if item.state in ("bound", "in_force")]
        return "policy" if any(organisation_id == insurer for item in bound for insurer, _ in item.shares) else None
    commitments = list_commitments_of_project(
        session, project_id=project.id, organisation_id=organisation_id, instrument=answer.instrument
    )
    return "commitment" if any(is_met(item.conditions, answer.code) for item in commitments) else None


def _list_held(terms: Mapping[str, Any]) -> set[str]:
    """What the terms themselves hold of the things that can open an instrument."""
    channels = terms.get("programs", {}).get("recoveries", {}).get("recover", {})
    held = {name for name in ("pool", "guarantee") if name in channels}
    layer = channels["guarantee"]["layer"] if "guarantee" in channels else {"share": "0"}
    # A guarantee whose share falls with a milestone is not one of the whole loan.
    if all(Fraction(row["share"]) == 1 for row in (layer, *layer.get("steps", ()))):
        held.add("full_guarantee")
    return held | ({"policy"} if terms.get("policies") else set())


def _is_precedent(project: Project, terms: Mapping[str, Any], row: Mapping[str, Any], on: date) -> bool:
    """Whether every drawdown of the instrument waits for a milestone that proves a level at which it is open."""
    if row["kind"] == _INSURANCE:
        return False
    kind = _NAMES.get(row["kind"], row["kind"])
    _trl, mrl = project.levels_on(on)
    opening = {
        item.code
        for item in project.milestones
        if item.target_trl and assess_eligibility(kind, trl=item.target_trl, mrl=mrl, as_of=on).answer == "open"
    }
    draws = [tranche for tranche in terms.get("tranches", ()) if row["id"] in tranche["amounts"]]
    return bool(draws) and all(opening & set(tranche.get("conditions", ())) for tranche in draws)
