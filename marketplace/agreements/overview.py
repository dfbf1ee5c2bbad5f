"""What the page of an agreement shows: its clauses in words, its live figures, and what waits for whom."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import orm

from marketplace.agreements import amendment_queries, queries
from marketplace.agreements.models import Agreement, AgreementVersion
from marketplace.agreements.rules import RAISING_KINDS, TEAM
from marketplace.agreements.running import engine_for, load_state

# Live balances worth a line on the page, in the order of the page.
SHOWN_BALANCES = (
    "capital",
    "preference",
    "principal",
    "interest_due",
    "grant",
    "grant_due",
    "grant_lost",
    "shares",
    "claim",
    "limit_left",
    "estate",
)


@dataclass(frozen=True)
class Step:
    """Something that the agreement waits for, and the party it waits for."""

    what: str
    party: str
    done: bool
    link: str = ""
    amount_minor: int | None = None


def describe_clauses(version: AgreementVersion, locale: str) -> list[dict[str, Any]]:
    """The clauses in plain sentences, grouped by the part of the document they stand in."""
    from risk.sharing import describe_terms

    groups: list[dict[str, Any]] = []
    for row in describe_terms(queries.load_terms(version), locale):
        parts = row["clause"].split(".")
        part = ".".join(parts[:2]) if parts[0] == "programs" else parts[0]
        if not groups or groups[-1]["part"] != part:
            groups.append({"part": part, "key": parts[1] if parts[0] == "programs" else parts[0], "rows": []})
        groups[-1]["rows"].append(row)
    return groups


def redline(version: AgreementVersion, locale: str) -> dict[str, Any]:
    """What a version changes of the one that it amends: in words, and every changed value of the document."""
    from risk.sharing import compare_terms

    assert version.base is not None, "only the version of an amendment is compared"
    changes: dict[str, Any] = compare_terms(queries.load_terms(version.base), queries.load_terms(version), locale)
    return changes


def list_balances(session: orm.Session, *, agreement: Agreement, locale: str) -> list[dict[str, Any]]:
    """The live balances of an agreement in force, named by the parties and instruments they belong to."""
    if agreement.active_version_number is None:
        return []
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    engine = engine_for(version)
    state = load_state(session, agreement=agreement, version=version)
    language = "zh" if locale.startswith("zh") else "en"
    rows = []
    for name, amount in engine.balances(state).items():
        kind, _, which = name.partition(":")
        if kind in SHOWN_BALANCES:
            rows.append({"name": name, "kind": kind, "of": _name_of(engine.model, kind, which, language),
                         "amount_minor": amount, "as_of": state.last_date})  # fmt: skip
    rows.sort(key=lambda row: SHOWN_BALANCES.index(row["kind"]))
    # Below zero: paid too much before a restatement, and kept back from the next distribution.
    receivable = state.values["receivable"]
    if receivable:
        rows.append({"name": "receivable", "kind": "receivable" if receivable > 0 else "overpaid", "of": "",
                     "amount_minor": abs(receivable), "as_of": state.last_date})  # fmt: skip
    return rows


def _name_of(model: Any, kind: str, which: str, language: str) -> str:
    if not which:
        return ""
    if kind == "preference":
        accrual = model.accruals[which]
        return f"{model.parties[accrual.party].name[language]} ({float(accrual.rate * 100):g}%)"
    named = {"claim": model.claims, "limit_left": model.limits}.get(kind)
    if named is not None:
        return str(named[which].name[language])
    if which in model.instruments:
        which = model.instruments[which].party
    return str(model.parties[which].name[language])


def list_open_matters(session: orm.Session, *, agreement: Agreement) -> list[dict[str, Any]]:
    """Freezes, disputes and breaches that are open, with who raised them, oldest first."""
    from risk.sharing.events.lifecycle import open_matters

    if agreement.state != "active":
        return []
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    results = load_state(session, agreement=agreement, version=version).results
    named = {name for matter in RAISING_KINDS for name in open_matters(results, matter)}
    parties = {party.organisation.public_id: party for party in agreement.parties if party.organisation}
    return [
        {"event": event, "body": json.loads(event.body), "raised_by": parties.get(event.actor_organisation)}
        for event in queries.list_events(session, agreement_id=agreement.id)
        if event.event_id in named
    ]


def list_next_steps(session: orm.Session, *, agreement: Agreement) -> list[Step]:
    """What waits for whom: sharing, simulation, signatures, then calls, proposals and payments."""
    if agreement.state == "draft":
        return [Step("share", _team(agreement), done=False)]
    if agreement.state in ("negotiating", "signing"):
        return _steps_to_signing(session, agreement)
    if agreement.state != "active":
        return []
    steps = [
        Step("payment", row.payer.party, done=False, amount_minor=row.amount_minor, link=str(row.payment_id))
        for row in queries.list_payments(session, agreement_id=agreement.id, state="waiting")
    ]
    steps += [
        Step(f"confirm_{proposal.kind}", "", done=False, link=proposal.public_id)
        for proposal in queries.list_proposals(session, agreement_id=agreement.id, state="waiting")
    ]
    amendment = amendment_queries.find_amendment(session, agreement=agreement)
    if amendment is not None and amendment.state != "signed":
        steps += _steps_to_signing(session, agreement)
    return steps + _calls_left(session, agreement)


def _team(agreement: Agreement) -> str:
    return next((party.party for party in agreement.parties if party.role in TEAM), "")


def _steps_to_signing(session: orm.Session, agreement: Agreement) -> list[Step]:
    version = queries.get_version(session, agreement=agreement)
    simulated = queries.find_latest_simulation(session, agreement=agreement, terms_hash=version.terms_hash)
    signed = {
        signature.party_id
        for signature in queries.list_signatures(session, agreement_id=agreement.id, version_id=version.id)
    }
    return [Step("simulate", _team(agreement), done=simulated is not None)] + [
        Step("sign", party.party, done=party.id in signed)
        for party in agreement.parties
        if party.organisation_id is not None
    ]


def _calls_left(session: orm.Session, agreement: Agreement) -> list[Step]:
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    engine = engine_for(version)
    state = load_state(session, agreement=agreement, version=version)
    left = [item for item in engine.model.tranches.values() if not state.flags[f"called:{item.id}"]]
    steps = []
    for tranche in left[:1]:
        open_conditions = [name.split(":", 1)[1] for name in tranche.conditions if not state.flags[name]]
        what, who = ("milestone", "") if open_conditions else ("call", _team(agreement))
        steps.append(
            Step(what, who, done=False, link=", ".join(open_conditions) or tranche.id,
                 amount_minor=sum(tranche.amounts.values()))
        )  # fmt: skip
    return steps
