"""The gate at every door: which permission a view needs; the access matrix test reads the marks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marketplace import clock
from marketplace.accounts.errors import FreshSignInNeededError, NotVerifiedError
from marketplace.accounts.permissions import Actor, Permission
from marketplace.audit.services import record_act
from marketplace.db import current_session, remember_after_refusal
from marketplace.errors import NotAllowedError, NotSignedInError

FRESH_FOR = timedelta(minutes=15)
_actor: ContextVar[Actor | None] = ContextVar("current_actor", default=None)
_signed_in_at: ContextVar[datetime | None] = ContextVar("signed_in_at", default=None)


@dataclass(frozen=True)
class Access:
    """What a view asks: nothing (public), a signed-in member, or a permission."""

    public: bool = False
    permission: Permission | None = None


def set_actor(actor: Actor | None) -> None:
    """Set by the edge of each request; None for nobody."""
    _actor.set(actor)


def set_signed_in_at(moment: datetime | None) -> None:
    """Set by the edge: when the member of this browser session last proved who he is; None for an API key."""
    _signed_in_at.set(moment)


def require_fresh_sign_in() -> None:
    """First line of a view whose act binds (signing, confirming money, changing how one signs in).

    Raises FreshSignInNeededError when the sign-in is older than 15 minutes or the caller is an API key; the
    page door then asks for the password and leads back.
    """
    moment = _signed_in_at.get()
    if moment is None or not timedelta(0) <= clock.now() - moment <= FRESH_FOR:
        raise FreshSignInNeededError()


def require_verified(actor: Actor) -> None:
    """Raise NotVerifiedError for a member of an organisation that the operator has not verified."""
    if not actor.verified:
        raise NotVerifiedError()


def find_actor() -> Actor | None:
    return _actor.get()


def current_actor() -> Actor:
    """The member who acts; raises when nobody is signed in."""
    actor = _actor.get()
    if actor is None:
        raise NotSignedInError()
    return actor


def public(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view that anybody may open."""
    view.access = Access(public=True)  # type: ignore[attr-defined]  # a mark that the matrix test reads
    return view


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view for any member of any organisation."""
    return _guard(view, Access())


def requires(permission: Permission) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark and guard a view by one permission; a denial is written to the audit trail."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        return _guard(view, Access(permission=permission))

    return decorate


def require_permission(actor: Actor, permission: Permission) -> None:
    """The same check for services that are reached by several doors."""
    if not actor.can(permission):
        raise NotAllowedError(permission=str(permission))


def find_access(view: Any, method: str) -> Access | None:
    """The mark of a view function, through wrappers and method views; None for a view that nobody marked."""
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        view = getattr(view_class, ("GET" if method == "HEAD" else method).lower(), None)
    found = getattr(view, "access", None)
    return found if isinstance(found, Access) else None


def check_access(access: Access, *, view: str, writing: bool = False) -> None:
    """Raise NotSignedInError or NotAllowedError; a denial is written to the audit trail.

    A regulator reads and changes nothing but its own account, whatever its permissions are called.
    """
    if access.public:
        return
    actor = current_actor()
    permission = access.permission
    if permission is None or (actor.can(permission) and not (writing and actor.organisation_kind == "regulator")):
        return
    moment, asked = clock.now(), str(permission)
    remember_after_refusal(
        current_session(),
        lambda session: record_act(
            session, actor=actor, action="access.denied", subject_kind="permission", subject_id=asked, now=moment,
            details={"view": view},
        ),
    )  # fmt: skip
    raise NotAllowedError(permission=asked)


def _guard(view: Callable[..., Any], access: Access) -> Callable[..., Any]:
    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        check_access(access, view=view.__name__)
        return view(*args, **kwargs)

    guarded.access = access  # type: ignore[attr-defined]  # a mark that the matrix test reads
    return guarded
