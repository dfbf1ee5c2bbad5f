"""Organisations: registering, asking for verification, deciding on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts import queries
from marketplace.accounts.credit_code import parse_credit_code
from marketplace.accounts.errors import CreditCodeTakenError, OwnOrganisationError
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import ORGANISATION_KINDS, Permission
from marketplace.accounts.services.users import Person, add_membership, create_user
from marketplace.accounts.states import require_move
from marketplace.audit.services import record_act
from marketplace.db import lock_rows
from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError
from marketplace.events import OrganisationVerified, record_event
from marketplace.notifications.services import notify

# The platform's own staff and its supervisors are set up by command, never by the public form.
OPEN_KINDS = tuple(kind for kind in ORGANISATION_KINDS if kind not in ("operator", "regulator"))


def register_organisation(
    session: orm.Session, *, kind: str, name_zh: str, name_en: str, credit_code: str, region_code: str, now: datetime,
    actor: Any = None, **values: Any,
) -> Organisation:  # fmt: skip
    """A new organisation, not yet verified; `values` are further columns (profile_zh, state_owned_bps, facts ...).

    Raises InvalidCreditCodeError and CreditCodeTakenError.
    """
    if kind not in ORGANISATION_KINDS:
        raise InvalidInputError("Choose one of the kinds of organisation.", field="kind")
    code = parse_credit_code(credit_code)
    require_free_credit_code(session, code)
    organisation = Organisation(
        kind=kind, name_zh=name_zh, name_en=name_en, credit_code=code, region_code=region_code, created_at=now,
        verification_state="none", **values,
    )  # fmt: skip
    session.add(organisation)
    session.flush()  # members and audit name the organisation by its id
    _record(session, actor, "organisation.registered", organisation, now, kind=kind)
    return organisation


def require_free_credit_code(session: orm.Session, credit_code: str) -> None:
    """Raise CreditCodeTakenError when an organisation has this code."""
    if queries.find_organisation_by_credit_code(session, credit_code=credit_code) is not None:
        raise CreditCodeTakenError(field="credit_code")


def edit_profile(
    session: orm.Session, *, actor: Any, organisation: Organisation, profile_zh: str, profile_en: str, region_code: str,
    now: datetime,
) -> None:  # fmt: skip
    """The texts that an owner keeps himself; name, kind and code stay as they were checked."""
    if not actor.can(Permission.MEMBER_MANAGE) or actor.organisation_id != organisation.id:
        raise NotAllowedError()
    organisation.profile_zh, organisation.profile_en, organisation.region_code = profile_zh, profile_en, region_code
    _record(session, actor, "organisation.profile_edited", organisation, now)


def request_verification(session: orm.Session, *, actor: Any, organisation: Organisation, now: datetime) -> None:
    """Ask the operator to verify one's organisation; every operator gets a notice."""
    if not actor.can(Permission.MEMBER_MANAGE) or actor.organisation_id != organisation.id:
        raise NotAllowedError()
    _move(session, organisation, "pending")
    organisation.verification_requested_at = now
    _record(session, actor, "organisation.verification_requested", organisation, now)
    notify(
        session, organisation_ids=queries.list_operator_ids(session), kind="organisation.verification_requested",
        parameters={"name_zh": organisation.name_zh, "name_en": organisation.name_en},
        url=f"/organisations/{organisation.public_id}", now=now,
        dedupe_key=f"verification_requested:{organisation.public_id}:{now.isoformat()}",
    )  # fmt: skip


def decide_verification(
    session: orm.Session, *, actor: Any, organisation: Organisation, decision: str, note: str, now: datetime
) -> None:
    """Verify, reject or freeze; nobody decides on an organisation that he belongs to, and a refusal says why."""
    if not actor.can(Permission.ORGANISATION_VERIFY):
        raise NotAllowedError(permission=str(Permission.ORGANISATION_VERIFY))
    if queries.is_member(session, user_id=actor.user_id, organisation_id=organisation.id):
        raise OwnOrganisationError()
    if decision not in ("verified", "rejected", "frozen"):
        raise InvalidInputError("Choose a decision.", field="decision")
    if decision != "verified" and not note.strip():
        raise InvalidInputError("Say why; the organisation reads this note.", field="note")
    _move(session, organisation, decision)
    organisation.verification_note = note.strip()
    if decision == "verified":
        _mark_verified(session, organisation, now=now, by=actor.user_public_id)
    _record(session, actor, f"organisation.{decision}", organisation, now, note=note.strip())
    notify(
        session, organisation_ids=[organisation.id], kind=f"organisation.{decision}",
        parameters={"note": organisation.verification_note}, url="/organisation", now=now,
        dedupe_key=f"verification:{organisation.public_id}:{decision}:{now.isoformat()}",
    )  # fmt: skip


def verify_organisation(
    session: orm.Session, *, organisation: Organisation, actor: Any, now: datetime, note: str = ""
) -> None:
    """Ask and decide in one go, for the demonstration market and imports; `actor` is a member of the operator."""
    if organisation.verification_state in ("none", "rejected", "expired"):
        _move(session, organisation, "pending")
        organisation.verification_requested_at = now
    decide_verification(session, actor=actor, organisation=organisation, decision="verified", note=note, now=now)


def bootstrap_operator(
    session: orm.Session, *, email: str, password_hash: str, name: str, name_zh: str, name_en: str, credit_code: str,
    now: datetime, region_code: str = "110000", kind: str = "operator",
) -> Any:  # fmt: skip
    """The first operator (or regulator), set up from the shell; returns its owner's membership.

    Nobody stands above the first operator, so it verifies itself once, and only while there is none of its kind.
    """
    if queries.list_ids_of_kind(session, kind=kind):
        raise ConflictError("There is an organisation of this kind already; its owner invites further members.")
    organisation = register_organisation(
        session, kind=kind, name_zh=name_zh, name_en=name_en, credit_code=credit_code, region_code=region_code, now=now
    )
    _move(session, organisation, "pending")
    _move(session, organisation, "verified")
    _mark_verified(session, organisation, now=now, by="setup")
    user = create_user(session, email=email, password_hash=password_hash, name=name, now=now)
    _record(session, Person(user.public_id), "organisation.verified", organisation, now, note="set-up")
    return add_membership(session, user=user, organisation=organisation, role="owner", now=now)


def _move(session: orm.Session, organisation: Organisation, wanted: str) -> None:
    """Draw an arrow on the row as it is now, so that of two decisions at one moment one loses."""
    locked = lock_rows(session, sa.select(Organisation).where(Organisation.id == organisation.id))
    session.scalar(locked.execution_options(populate_existing=True))
    require_move(organisation.verification_state, wanted)
    organisation.verification_state = wanted
    session.flush()  # a second decision in this transaction must see the first


def _mark_verified(session: orm.Session, organisation: Organisation, *, now: datetime, by: str) -> None:
    organisation.verified_at, organisation.verified_by = now, by
    record_event(session, OrganisationVerified(organisation_id=organisation.id))


def _record(
    session: orm.Session, actor: Any, action: str, organisation: Organisation, now: datetime, **details: Any
) -> None:
    record_act(
        session, actor=actor, action=action, subject_kind="organisation", subject_id=organisation.public_id, now=now,
        details=details,
    )  # fmt: skip
