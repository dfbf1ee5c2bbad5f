"""Members of an organisation: inviting, roles, the end of a membership."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts import queries
from marketplace.accounts.errors import AlreadyMemberError, LastOwnerError, LinkSpentError
from marketplace.accounts.models import Invitation, Membership, User
from marketplace.accounts.permissions import MEMBER_ROLES, Permission
from marketplace.accounts.services.tokens import hash_secret
from marketplace.accounts.services.users import Person, add_membership, normalise_email
from marketplace.audit.services import record_act
from marketplace.db import lock_rows
from marketplace.errors import InvalidInputError, NotAllowedError

INVITATION_LIFETIME = timedelta(days=7)


def invite_member(session: orm.Session, *, actor: Any, email: str, role: str, now: datetime) -> tuple[Invitation, str]:
    """Ask an address to join the actor's organisation; returns the invitation and the secret of its link.

    An earlier open invitation of the address is replaced. Raises AlreadyMemberError.
    """
    _require_manager(actor)
    _require_role(role)
    email = normalise_email(email)
    user = queries.find_user_by_email(session, email=email)
    if user is not None and queries.is_member(session, user_id=user.id, organisation_id=actor.organisation_id):
        raise AlreadyMemberError()
    for earlier in queries.list_open_invitations(session, organisation_id=actor.organisation_id, now=now):
        if earlier.email == email:
            earlier.revoked_at = now
    secret = secrets.token_urlsafe(32)
    invitation = Invitation(
        organisation_id=actor.organisation_id, email=email, role=role, secret_hash=hash_secret(secret),
        invited_by=actor.user_public_id, created_at=now, expires_at=now + INVITATION_LIFETIME,
    )  # fmt: skip
    session.add(invitation)
    session.flush()  # the audit line names it by its public id
    _record(session, actor, "member.invited", "invitation", invitation.public_id, now, role=role)
    return invitation, secret


def revoke_invitation(session: orm.Session, *, actor: Any, invitation: Invitation, now: datetime) -> None:
    """Take back an invitation that was not yet accepted."""
    _require_manager(actor)
    if invitation.accepted_at is None:
        invitation.revoked_at = invitation.revoked_at or now
        _record(session, actor, "member.invitation_revoked", "invitation", invitation.public_id, now)


def accept_invitation(session: orm.Session, *, secret: str, user: User, now: datetime) -> Membership:
    """Join by the link; it works once and only for the address it was sent to. Raises LinkSpentError."""
    invitation = queries.get_invitation_by_secret(session, secret_hash=hash_secret(secret), now=now)
    if invitation.email != user.email:
        raise LinkSpentError()
    taken: Any = session.execute(
        sa.update(Invitation)
        .where(Invitation.id == invitation.id, Invitation.accepted_at.is_(None))
        .values(accepted_at=now)
    )
    if taken.rowcount != 1:
        raise LinkSpentError()
    membership = add_membership(session, user=user, organisation=invitation.organisation, role=invitation.role, now=now)
    person = Person(user.public_id, invitation.organisation.public_id)
    _record(session, person, "member.joined", "membership", membership.public_id, now, role=invitation.role)
    return membership


def change_role(session: orm.Session, *, actor: Any, membership: Membership, role: str, now: datetime) -> None:
    """Give a member another role; it bites on that member's next request. Raises LastOwnerError."""
    _require_manager(actor)
    _require_role(role)
    before = membership.role
    if before == role:
        return
    if before == "owner":
        _require_another_owner(session, membership)
    membership.role = role
    _record(session, actor, "member.role_changed", "membership", membership.public_id, now, before=before, after=role)


def end_membership(session: orm.Session, *, actor: Any, membership: Membership, now: datetime) -> None:
    """End a membership at once; what the member signed stays valid. Raises LastOwnerError."""
    _require_manager(actor)
    if membership.role == "owner":
        _require_another_owner(session, membership)
    membership.ended_at = now
    _record(session, actor, "member.ended", "membership", membership.public_id, now)


def _require_another_owner(session: orm.Session, membership: Membership) -> None:
    # All owners are locked in order, so that two owners cannot remove each other at one moment.
    owners = session.scalars(
        lock_rows(session, queries.select_owners(organisation_id=membership.organisation_id)).execution_options(
            populate_existing=True
        )
    ).all()
    if not any(owner.id != membership.id for owner in owners):
        raise LastOwnerError()


def _require_manager(actor: Any) -> None:
    if not actor.can(Permission.MEMBER_MANAGE):
        raise NotAllowedError(permission=str(Permission.MEMBER_MANAGE))


def _require_role(role: str) -> None:
    if role not in MEMBER_ROLES:
        raise InvalidInputError("Choose one of the roles.", field="role")


def _record(
    session: orm.Session, actor: Any, action: str, kind: str, public_id: str, now: datetime, **details: Any
) -> None:
    record_act(session, actor=actor, action=action, subject_kind=kind, subject_id=public_id, now=now, details=details)
