"""What the page of an agreement shows: its clauses in words, its live figures, and what waits for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import orm

from marketplace.agreements import queries
from marketplace.agreements.models import Agreement, AgreementVersion
from marketplace.agreements.rules import TEAM
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
