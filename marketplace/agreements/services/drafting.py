"""Drafting and changing terms: every change is a new version, and signatures are good for one version only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import FUND_KINDS, Permission
from marketplace.agreements import queries
from marketplace.agreements.chain import canonical, version_hash
from marketplace.agreements.eligibility import require_open
from marketplace.agreements.errors import (
    NotAPartyError,
    OrganisationTwiceError,
    PartiesDifferError,
    TermsRefusedError,
    VersionChangedError,
    from_risk,
)
from marketplace.agreements.models import Agreement, AgreementParty, AgreementVersion
from marketplace.agreements.services.compensations import require_registers
from marketplace.agreements.states import EDITABLE, require_move, require_state
from marketplace.audit.services import record_act
from marketplace.clock import day_in_zone
from marketplace.errors import InvalidInputError, NotAllowedError
from marketplace.notifications.services import notify
from marketplace.projects.queries import find_project

# Parties that stand in the terms without an organisation on the market: they are paid, and do not sign.
OUTSIDE_KINDS = ("founders", "creditors", "fiscal", "other")


@dataclass(frozen=True)
class Seat:
    """The organisation that acts for one party of the terms; none for an outsider."""

    party: str
    organisation_id: int | None


@dataclass(frozen=True)
class Commitment:
    """One closed commitment of a round, as the funding domain hands it over."""

    party: str
    organisation_id: int
    amount_minor: int


@dataclass(frozen=True)
class RoundPlan:
    """A closed round: the template's parameters, who committed what, and the other organisations by party."""

    round_id: int
    parameters: dict[str, Any]
    commitments: Sequence[Commitment]
    organisations: dict[str, int]


def check_terms(terms: Any) -> None:
    """Refuse terms that the engine cannot run; the error names the clause."""
    from risk.errors import RiskError
    from risk.sharing import validate_terms

    try:
        validate_terms(terms)
    except RiskError as error:
        raise from_risk(error, TermsRefusedError, field="terms") from error


def make_terms(parameters: dict[str, Any], *, template: str = "joint_pilot") -> dict[str, Any]:
    """The terms of a template (one of `rules.TEMPLATES`) for these parameters."""
    from risk import sharing
    from risk.errors import RiskError

    try:
        terms: dict[str, Any] = getattr(sharing, template)(parameters)
    except RiskError as error:
        raise from_risk(error, TermsRefusedError, field="parameters") from error
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        # The parameters of a template are a document that has no schema of its own; the terms made of them have one.
        raise TermsRefusedError(
            "The parameters do not fit the template.", field="parameters", rule="bad_parameters"
        ) from error
    return terms


def draft_agreement(
    session: orm.Session,
    *,
    actor: Any,
    project: Any,
    terms: dict[str, Any],
    seats: Iterable[Seat],
    title_zh: str,
    title_en: str,
    now: datetime,
    round_id: int | None = None,
) -> Agreement:
    """A new agreement of the actor's own project, or of its own fund where there is no project.

    Raises where terms, parties or project do not fit.
    """
    require_permission(actor, Permission.AGREEMENT_DRAFT)
    if project is not None and project.organisation_id != actor.organisation_id:
        raise NotAllowedError("Only the team of the project drafts its agreement.")
    check_terms(terms)
    if project is None:
        _require_fund(actor, terms)
    require_open(project, terms, on=day_in_zone(now))
    places = list(seats)
    if Seat(terms["project"], actor.organisation_id) not in places:
        if project is None:
            raise PartiesDifferError("The fund's own organisation acts for the fund.", field="parties")
        raise PartiesDifferError("The project's own organisation acts for the project.", field="parties")
    agreement = Agreement(
        project_id=project.id if project is not None else None,
        round_id=round_id,
        title_zh=_title(title_zh, "title_zh"),
        title_en=_title(title_en, "title_en"),
        currency=terms["currency"],
        drafted_by_organisation_id=actor.organisation_id,
        created_at=now,
    )
    agreement.parties = _seat_parties(terms, places)
    _require_auditors(session, agreement.parties)
    require_registers(session, terms=terms, parties=agreement.parties)
    session.add(agreement)
    session.flush()  # the version and the audit line name the agreement
    _append_version(session, agreement=agreement, terms=terms, actor=actor, note="", now=now)
    record_act(
        session,
        actor=actor,
        action="agreement.drafted",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
        details={
            **({"project": project.public_id} if project is not None else {}),
            "parties": len(agreement.parties),
        },
    )
    return agreement


def _require_fund(actor: Any, terms: dict[str, Any]) -> None:
    kinds = {party["id"]: party["kind"] for party in terms["parties"]}
    if kinds[terms["project"]] != "fund":
        raise PartiesDifferError("Only the agreement of a fund has no project.", field="terms")
    if actor.organisation_kind not in FUND_KINDS:
        raise NotAllowedError("Only a fund drafts the agreement of a fund.")


def draft_from_round(
    session: orm.Session, *, actor: Any, project: Any, plan: RoundPlan, title_zh: str, title_en: str, now: datetime
) -> Agreement:
    """An agreement from a closed round; raises where the terms do not hold what each party has committed."""
    terms = make_terms(plan.parameters)
    _require_commitments(terms, plan.commitments)
    given = {**plan.organisations, **{item.party: item.organisation_id for item in plan.commitments}}
    given.setdefault(terms["project"], project.organisation_id)
    seats = [Seat(party["id"], given.get(party["id"])) for party in terms["parties"]]
    return draft_agreement(
        session,
        actor=actor,
        project=project,
        terms=terms,
        seats=seats,
        title_zh=title_zh,
        title_en=title_en,
        now=now,
        round_id=plan.round_id,
    )


def _require_commitments(terms: dict[str, Any], commitments: Sequence[Commitment]) -> None:
    in_terms: dict[str, int] = {}
    for instrument in terms["instruments"]:
        in_terms[instrument["party"]] = in_terms.get(instrument["party"], 0) + instrument["commitment_minor"]
    committed: dict[str, int] = {}
    for item in commitments:
        committed[item.party] = committed.get(item.party, 0) + item.amount_minor
    differing = sorted(
        party for party in in_terms.keys() | committed.keys() if in_terms.get(party) != committed.get(party)
    )
    if differing:
        raise PartiesDifferError(
            "The amounts of the terms are not those that the round has closed with.", field="terms", parties=differing
        )


def change_terms(
    session: orm.Session,
    *,
    actor: Any,
    agreement: Agreement,
    terms: dict[str, Any],
    based_on: int,
    note: str,
    now: datetime,
) -> AgreementVersion:
    """A new version of the terms; signatures over earlier versions no longer count."""
    require_permission(actor, Permission.AGREEMENT_DRAFT)
    agreement = queries.lock_agreement(session, agreement_id=agreement.id)
    if agreement.drafted_by_organisation_id != actor.organisation_id:
        raise NotAllowedError("Only the organisation that drafted the agreement changes its terms.")
    require_state(agreement.state, EDITABLE)
    if based_on != agreement.version_number:
        raise VersionChangedError(version=agreement.version_number)
    check_terms(terms)
    _require_same_parties(agreement, terms)
    require_registers(session, terms=terms, parties=agreement.parties)
    project = find_project(session, project_id=agreement.project_id) if agreement.project_id is not None else None
    require_open(project, terms, on=day_in_zone(now))
    newest = queries.get_version(session, agreement=agreement)
    if canonical(terms) == newest.terms:
        raise InvalidInputError("These terms are the same as before.", field="terms")
    voided = len(queries.list_signatures(session, agreement_id=agreement.id, version_id=newest.id))
    version = _append_version(session, agreement=agreement, terms=terms, actor=actor, note=note.strip()[:400], now=now)
    if agreement.state == "signing":
        agreement.state = require_move(agreement.state, "negotiating")
    record_act(
        session,
        actor=actor,
        action="agreement.terms_changed",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
        details={"version": version.number, "hash": version.terms_hash, "signatures_voided": voided},
    )
    if agreement.state != "draft":
        tell_parties(
            session,
            agreement=agreement,
            kind="agreement_terms_changed",
            now=now,
            key=f"version:{version.number}",
            parameters={"version": version.number, "voided": voided},
        )
    return version


def share_draft(session: orm.Session, *, actor: Any, agreement: Agreement, now: datetime) -> None:
    """Show the draft to its parties."""
    require_permission(actor, Permission.AGREEMENT_DRAFT)
    agreement = queries.lock_agreement(session, agreement_id=agreement.id)
    if agreement.drafted_by_organisation_id != actor.organisation_id:
        raise NotAllowedError("Only the organisation that drafted the agreement shares it.")
    agreement.state = require_move(agreement.state, "negotiating")
    record_act(
        session,
        actor=actor,
        action="agreement.shared",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
    )
    tell_parties(session, agreement=agreement, kind="agreement_shared", now=now, key="shared", parameters={})


def terminate_agreement(
    session: orm.Session, *, actor: Any, agreement: Agreement, reason: str, on: date, now: datetime
) -> None:
    """End the talks before signing; an agreement in force ends by its events only."""
    agreement = queries.lock_agreement(session, agreement_id=agreement.id)
    party = queries.find_party_of(agreement, actor.organisation_id)
    if party is None and agreement.drafted_by_organisation_id != actor.organisation_id:
        raise NotAPartyError()
    require_permission(actor, Permission.AGREEMENT_SIGN)
    require_state(agreement.state, EDITABLE)
    if not reason.strip():
        raise InvalidInputError("Say why the agreement ends.", field="reason")
    agreement.state = require_move(agreement.state, "terminated")
    agreement.ended_on, agreement.end_reason = on, reason.strip()[:400]
    record_act(
        session,
        actor=actor,
        action="agreement.terminated",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
        details={"reason": agreement.end_reason},
    )
    tell_parties(session, agreement=agreement, kind="agreement_terminated", now=now, key="terminated", parameters={})


def tell_parties(
    session: orm.Session,
    *,
    agreement: Agreement,
    kind: str,
    now: datetime,
    key: str,
    parameters: dict[str, Any],
    without: int | None = None,
) -> None:
    """One notice to every organisation of the agreement."""
    notify(
        session,
        organisation_ids=[
            party.organisation_id
            for party in agreement.parties
            if party.organisation_id is not None and party.organisation_id != without
        ],
        kind=kind,
        parameters={"title_zh": agreement.title_zh, "title_en": agreement.title_en, **parameters},
        url=f"/agreements/{agreement.public_id}",
        dedupe_key=f"agreement:{agreement.public_id}:{key}",
        now=now,
    )


def _append_version(
    session: orm.Session, *, agreement: Agreement, terms: dict[str, Any], actor: Any, note: str, now: datetime
) -> AgreementVersion:
    previous = queries.get_version(session, agreement=agreement).terms_hash if agreement.version_number else None
    version = AgreementVersion(
        agreement_id=agreement.id,
        number=agreement.version_number + 1,
        terms=canonical(terms),
        terms_hash=version_hash(terms, previous),
        previous_hash=previous,
        note=note,
        created_at=now,
        created_by_user=actor.user_public_id,
        created_by_organisation=actor.organisation_public_id,
    )
    session.add(version)
    agreement.version_number = version.number
    agreement.currency = terms["currency"]
    session.flush()  # signatures and simulations name the version
    return version


def _seat_parties(terms: dict[str, Any], seats: list[Seat]) -> list[AgreementParty]:
    by_party = {seat.party: seat.organisation_id for seat in seats}
    if len(by_party) != len(seats) or set(by_party) != {party["id"] for party in terms["parties"]}:
        raise PartiesDifferError(field="parties", parties=sorted(party["id"] for party in terms["parties"]))
    taken = [number for number in by_party.values() if number is not None]
    if len(taken) != len(set(taken)):
        raise OrganisationTwiceError(field="parties")
    rows = []
    for party in terms["parties"]:
        if by_party[party["id"]] is None and party["kind"] not in OUTSIDE_KINDS:
            raise PartiesDifferError(
                "This party needs an organisation that signs for it.", field="parties", party=party["id"]
            )
        rows.append(
            AgreementParty(
                party=party["id"],
                organisation_id=by_party[party["id"]],
                role=party["kind"],
                capacity=party.get("capacity", "principal"),
                name_zh=party["name"]["zh"],
                name_en=party["name"]["en"],
            )
        )
    return rows


def _require_auditors(session: orm.Session, parties: Iterable[AgreementParty]) -> None:
    """Who certifies under the terms must be an auditor on the market too, not a friend of those who gain."""
    for party in parties:
        if party.role != "auditor" or party.organisation_id is None:
            continue
        if session.get_one(Organisation, party.organisation_id).kind != "auditor":
            raise PartiesDifferError("An audit organisation acts for the auditor.", field="parties", party=party.party)


def _require_same_parties(agreement: Agreement, terms: dict[str, Any]) -> None:
    """A change of the parties is another agreement: those who sit at the table have been told who the others are."""
    before = {(party.party, party.role) for party in agreement.parties}
    if {(party["id"], party["kind"]) for party in terms["parties"]} != before:
        raise PartiesDifferError(
            "A new version keeps the parties; draft a new agreement to change them.", field="terms"
        )


def _title(text: str, field: str) -> str:
    words = text.strip()
    if not 1 <= len(words) <= 200:
        raise InvalidInputError("Enter a title of at most 200 characters.", field=field)
    return words
