"""What an agreement has come to: the whole log settled, and one party's statement of account."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import orm

from marketplace.agreements import queries
from marketplace.agreements.errors import NotAPartyError
from marketplace.agreements.models import Agreement, AgreementParty
from marketplace.agreements.rules import TEAM
from marketplace.agreements.running import CASH_KINDS, engine_event, log_document
from marketplace.agreements.services.checkpoints import show_checkpoint


def settle_agreement(session: orm.Session, *, agreement: Agreement, until: date | None = None) -> dict[str, Any]:
    """The log settled from its first event (until a day where one is given), as `python -m risk settle` would."""
    from risk.sharing import settle

    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    rows = [
        engine_event(event)
        for event in queries.list_events(session, agreement_id=agreement.id)
        if event.kind not in CASH_KINDS and (until is None or event.effective_on <= until)
    ]
    settled: dict[str, Any] = settle(log_document(version, rows))
    return settled


def require_statement_reader(agreement: Agreement, *, actor: Any, party: str) -> AgreementParty:
    """A party reads its own statement; the team, the operator and the regulator read all of them."""
    wanted = queries.get_party(agreement, party)
    own = queries.find_party_of(agreement, actor.organisation_id)
    sees_all = actor.organisation_kind in queries.OVERSEERS or (own is not None and own.role in TEAM)
    if not sees_all and (own is None or own.id != wanted.id):
        raise NotAPartyError("This is the statement of another party.")
    return wanted


def make_statement(
    session: orm.Session, *, agreement: Agreement, party: AgreementParty, until: date | None = None
) -> dict[str, Any]:
    """One party's statement: what was called, paid, distributed by tier, lost, and what is still to be paid."""
    settled = settle_agreement(session, agreement=agreement, until=until)
    own = settled["parties"][party.party]
    payments = [
        row
        for row in queries.list_payments(session, agreement_id=agreement.id)
        if party.id in (row.payer_party_id, row.payee_party_id)
        and row.purpose != "deployment"
        and row.state != "cancelled"
        and (until is None or row.due_on <= until)
    ]
    paid, received = own["paid_minor"], own["received_minor"]
    return {
        "agreement": agreement.public_id,
        "party": party.party,
        "currency": agreement.currency,
        "until": until.isoformat() if until else None,
        "committed_minor": _committed(settled, agreement, session, party.party),
        "called_minor": _called(settled, party.party),
        "paid_minor": paid,
        "received_minor": received,
        "net_minor": own["net_minor"],
        "capital_not_returned_minor": own["capital_not_returned_minor"],
        "loss_borne_minor": own["loss_borne_minor"],
        "gain_conceded_minor": own["gain_conceded_minor"],
        "xirr": own["xirr"],
        "dpi": f"{received / paid:.4f}" if paid else None,
        "tiers": _tiers(settled, party.party),
        "lines": _lines(settled, party.party),
        "waiting_to_pay_minor": _open(payments, payer=party.id),
        "waiting_to_receive_minor": _open(payments, payee=party.id),
        "head": agreement.head_hash,
        "checkpoint": show_checkpoint(session, agreement=agreement),
        "terms_hash": settled["terms_hash"],
    }


def _committed(settled: dict[str, Any], agreement: Agreement, session: orm.Session, party: str) -> int:
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    return sum(
        item["commitment_minor"] for item in queries.load_terms(version)["instruments"] if item["party"] == party
    )


def _called(settled: dict[str, Any], party: str) -> int:
    return sum(
        posting["amount_minor"]
        for event in settled["events"]
        if event["kind"] == "drawdown_call"
        for posting in event["postings"]
        if posting["code"] == "1110" and posting["party"] == party
    )


def _tiers(settled: dict[str, Any], party: str) -> list[dict[str, Any]]:
    """What each tier of each program has brought this party."""
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    names: dict[str, dict[str, str]] = {}
    for event in settled["events"]:
        for tier in event["explanation"]:
            for leaf in tier["to"]:
                if leaf["party"] == party:
                    sums[event["kind"], tier["clause"], leaf["legal_basis"] or ""] += leaf["amount_minor"]
                    names[tier["clause"]] = tier["name"]
    return [
        {"kind": kind, "clause": clause, "name": names[clause], "legal_basis": basis, "amount_minor": amount}
        for (kind, clause, basis), amount in sums.items()
        if amount
    ]


def _lines(settled: dict[str, Any], party: str) -> list[dict[str, Any]]:
    """The party's cash by event with the running balance."""
    balance, rows = 0, []
    for event in settled["events"]:
        amount = event["flows"].get(party, 0)
        if amount:
            balance += amount
            rows.append(
                {
                    "on": event["effective_on"],
                    "event": event["id"],
                    "kind": event["kind"],
                    "amount_minor": amount,
                    "balance_minor": balance,
                }
            )
    return rows


def _open(payments: list[Any], *, payer: int | None = None, payee: int | None = None) -> int:
    return sum(
        row.amount_minor
        for row in payments
        if row.state == "waiting"
        and (row.payer_party_id == payer if payer is not None else row.payee_party_id == payee)
    )
