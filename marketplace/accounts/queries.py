"""Every SELECT of users, organisations and memberships."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.errors import LinkSpentError
from marketplace.accounts.models import AccountToken, ApiKey, Invitation, Membership, Organisation, User, UserSession
from marketplace.db import lock_rows
from marketplace.errors import NotFoundError


def visible_organisations(actor: Any) -> sa.Select[Organisation]:
    """Verified organisations are public to members; others only to themselves and the operator."""
    statement = sa.select(Organisation)
    if actor.organisation_kind in ("operator", "regulator"):
        return statement
    return statement.where(
        sa.or_(Organisation.verification_state == "verified", Organisation.id == actor.organisation_id)
    )


def get_organisation(session: orm.Session, *, actor: Any, public_id: str) -> Organisation:
    found = session.scalar(visible_organisations(actor).where(Organisation.public_id == public_id))
    if found is None:
        raise NotFoundError()
    return found


def list_organisations(session: orm.Session, *, actor: Any, kind: str | None = None) -> Sequence[Organisation]:
    statement = visible_organisations(actor).order_by(Organisation.kind, Organisation.name_en)
    if kind is not None:
        statement = statement.where(Organisation.kind == kind)
    return session.scalars(statement).all()


def find_organisation_by_credit_code(session: orm.Session, *, credit_code: str) -> Organisation | None:
    return session.scalar(sa.select(Organisation).where(Organisation.credit_code == credit_code))


def list_memberships_of(session: orm.Session, *, user_id: int) -> Sequence[Membership]:
    """The organisations that a user may act as, with their names loaded."""
    return session.scalars(
        sa.select(Membership)
        .options(orm.joinedload(Membership.organisation))
        .where(Membership.user_id == user_id, Membership.ended_at.is_(None))
        .order_by(Membership.id)
    ).all()


def find_user_by_email(session: orm.Session, *, email: str) -> User | None:
    return session.scalar(sa.select(User).where(User.email == email.strip().lower()))


def list_members(session: orm.Session, *, organisation_id: int) -> Sequence[Membership]:
    return session.scalars(
        sa.select(Membership)
        .options(orm.joinedload(Membership.user))
        .where(Membership.organisation_id == organisation_id, Membership.ended_at.is_(None))
        .order_by(Membership.id)
    ).all()


def find_user_by_uniquifier(session: orm.Session, *, uniquifier: str) -> User | None:
    return session.scalar(sa.select(User).where(User.fs_uniquifier == uniquifier, User.active.is_(True)))


def get_user(session: orm.Session, *, user_id: int) -> User:
    found = session.get(User, user_id)
    if found is None:
        raise NotFoundError()
    return found


def lock_user(session: orm.Session, *, user_id: int) -> User:
    """The user's row as it is now, held until the end of the transaction."""
    statement = lock_rows(session, sa.select(User).where(User.id == user_id))
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def find_membership(session: orm.Session, *, user_id: int, organisation_id: int) -> Membership | None:
    """The membership of a user in an organisation, ended or not."""
    return session.scalar(
        sa.select(Membership).where(Membership.user_id == user_id, Membership.organisation_id == organisation_id)
    )


def is_member(session: orm.Session, *, user_id: int, organisation_id: int) -> bool:
    found = find_membership(session, user_id=user_id, organisation_id=organisation_id)
    return found is not None and found.ended_at is None


def get_own_membership(session: orm.Session, *, actor: Any) -> Membership:
    """The membership by which the actor acts."""
    found = find_membership(session, user_id=actor.user_id, organisation_id=actor.organisation_id)
    if found is None or found.ended_at is not None:
        raise NotFoundError()
    return found


def get_member(session: orm.Session, *, actor: Any, public_id: str) -> Membership:
    """A live membership of the actor's organisation, with its user."""
    found = session.scalar(
        sa.select(Membership)
        .options(orm.joinedload(Membership.user))
        .where(
            Membership.public_id == public_id,
            Membership.organisation_id == actor.organisation_id,
            Membership.ended_at.is_(None),
        )
    )
    if found is None:
        raise NotFoundError()
    return found


def select_owners(*, organisation_id: int) -> sa.Select[Any]:
    """The live owners of an organisation who can still sign in, in id order."""
    return (
        sa.select(Membership)
        .where(
            Membership.organisation_id == organisation_id,
            Membership.role == "owner",
            Membership.ended_at.is_(None),
            Membership.user_id.in_(sa.select(User.id).where(User.active.is_(True))),
        )
        .order_by(Membership.id)
    )


def list_ids_of_kind(session: orm.Session, *, kind: str) -> Sequence[int]:
    return session.scalars(sa.select(Organisation.id).where(Organisation.kind == kind).order_by(Organisation.id)).all()


def list_operator_ids(session: orm.Session) -> Sequence[int]:
    return list_ids_of_kind(session, kind="operator")


def page_organisations(
    session: orm.Session, *, actor: Any, kind: str | None = None, state: str | None = None, words: str = "",
    after: tuple[str, int] | None = None, limit: int = 50,
) -> tuple[Sequence[Organisation], int]:  # fmt: skip
    """One page of the organisations that the actor sees, by English name, and how many there are in all."""
    statement = visible_organisations(actor)
    if kind:
        statement = statement.where(Organisation.kind == kind)
    if state:
        statement = statement.where(Organisation.verification_state == state)
    if words:
        statement = statement.where(
            sa.or_(
                Organisation.name_zh.icontains(words, autoescape=True),
                Organisation.name_en.icontains(words, autoescape=True),
                Organisation.credit_code == words.upper(),
            )
        )
    total = session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0
    if after is not None:
        statement = statement.where(sa.tuple_(Organisation.name_en, Organisation.id) > sa.tuple_(*after))
    rows = session.scalars(statement.order_by(Organisation.name_en, Organisation.id).limit(limit)).all()
    return rows, total


def get_token(session: orm.Session, *, kind: str, id_hash: str, now: datetime) -> AccountToken:
    """A link that can still be used; raises LinkSpentError."""
    token = session.get(AccountToken, id_hash)
    if token is None or token.kind != kind or token.expires_at <= now:
        raise LinkSpentError()
    return token


def get_invitation_by_secret(session: orm.Session, *, secret_hash: str, now: datetime) -> Invitation:
    """An open invitation with its organisation; raises LinkSpentError."""
    found = session.scalar(
        sa.select(Invitation)
        .options(orm.joinedload(Invitation.organisation))
        .where(
            Invitation.secret_hash == secret_hash,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > now,
        )
    )
    if found is None:
        raise LinkSpentError()
    return found


def list_open_invitations(session: orm.Session, *, organisation_id: int, now: datetime) -> Sequence[Invitation]:
    return session.scalars(
        sa.select(Invitation)
        .where(
            Invitation.organisation_id == organisation_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > now,
        )
        .order_by(Invitation.id)
    ).all()


def get_invitation(session: orm.Session, *, actor: Any, public_id: str) -> Invitation:
    found = session.scalar(
        sa.select(Invitation).where(
            Invitation.public_id == public_id, Invitation.organisation_id == actor.organisation_id
        )
    )
    if found is None:
        raise NotFoundError()
    return found


def list_api_keys(session: orm.Session, *, actor: Any) -> Sequence[ApiKey]:
    """The keys of the acting membership, newest first."""
    return session.scalars(
        sa.select(ApiKey)
        .join(ApiKey.membership)
        .where(Membership.user_id == actor.user_id, Membership.organisation_id == actor.organisation_id)
        .order_by(ApiKey.id.desc())
    ).all()


def get_api_key(session: orm.Session, *, actor: Any, public_id: str) -> ApiKey:
    found = next((key for key in list_api_keys(session, actor=actor) if key.public_id == public_id), None)
    if found is None:
        raise NotFoundError()
    return found


def list_sessions_of(session: orm.Session, *, user_id: int, now: datetime) -> Sequence[UserSession]:
    """The open browser sessions of a user, newest first."""
    return session.scalars(
        sa.select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.expires_at > now)
        .order_by(UserSession.created_at.desc())
    ).all()


def map_organisation_names(session: orm.Session) -> dict[str, tuple[str, str]]:
    """Public id to (Chinese, English) name, for pages that show parties by their id."""
    statement = sa.select(Organisation.public_id, Organisation.name_zh, Organisation.name_en)
    return {public_id: (chinese, english) for public_id, chinese, english in session.execute(statement)}


def search_organisations(session: orm.Session, *, actor: Any, text: str, limit: int = 20) -> Sequence[Organisation]:
    """Visible organisations whose name, code or id contains the text."""
    columns = (Organisation.name_zh, Organisation.name_en, Organisation.credit_code, Organisation.public_id)
    matches = sa.or_(*(sa.func.lower(column).contains(text.lower(), autoescape=True) for column in columns))
    return session.scalars(visible_organisations(actor).where(matches).order_by(Organisation.id).limit(limit)).all()


def find_demonstration_accounts(session: orm.Session) -> Sequence[Membership]:
    """The published accounts of the demonstration market, one row a membership."""
    return session.scalars(
        sa.select(Membership)
        .join(Membership.user)
        .options(orm.contains_eager(Membership.user), orm.joinedload(Membership.organisation))
        .where(User.email.endswith("@demo.pilotage.example"), Membership.ended_at.is_(None))
        .order_by(Membership.id)
    ).all()


def map_user_names(session: orm.Session, *, public_ids: Iterable[str]) -> dict[str, str]:
    """Public id to the Chinese name of a user, for pages of the operator that show who acted."""
    users = session.scalars(sa.select(User).where(User.public_id.in_(list(public_ids))))
    return {user.public_id: user.name_zh for user in users}
