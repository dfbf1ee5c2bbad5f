"""Server-side sessions: an opaque id in the cookie, its hash and the content in a table.

They are written in a short transaction of their own after the request's transaction has ended, and only
when the content changed, so that a GET stays read-only and a refused act keeps its flash message.
"""

from __future__ import annotations

import copy
import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import Flask, Request, Response, g, request
from flask import session as flask_session
from flask.sessions import SessionInterface, SessionMixin

from marketplace import clock
from marketplace.accounts.models import User, UserSession
from marketplace.accounts.services.users import end_sessions_of
from marketplace.db import READ, WRITE

if TYPE_CHECKING:
    from marketplace.app import Marketplace

__all__ = [
    "ServerSession", "end_sessions_of", "forget_changes", "hash_id", "new_session_id", "register", "renew_session",
]  # fmt: skip


class ServerSession(dict[str, Any], SessionMixin):
    """The content of one session; `id` is the cookie's value."""

    def __init__(self, content: dict[str, Any], session_id: str, *, is_new: bool) -> None:
        super().__init__(content)
        self.id = session_id
        self.is_new = is_new
        self.original = copy.deepcopy(content)  # a change inside a list or dict is a change
        self.retired: list[str] = []
        self.new = is_new
        self.accessed = True

    @property
    def changed(self) -> bool:
        return dict(self) != self.original or bool(self.retired)

    def forget_changes(self) -> None:
        """Back to what the browser brought: the request's act was refused at its very end."""
        if self.retired:
            self.id = self.retired[0]
            self.retired = []
        self.clear()
        self.update(copy.deepcopy(self.original))

    def renew_id(self) -> None:
        """A new id at sign-in, sign-out and change of rights; the old one dies."""
        self.retired.append(self.id)
        self.id = new_session_id()


def new_session_id() -> str:
    return secrets.token_urlsafe(32)


def renew_session() -> None:
    """Give the running session a new id, at sign-in, sign-out and change of rights."""
    current: Any = flask_session
    current.renew_id()


def forget_changes() -> None:
    """Drop what the running request put into its session."""
    current: Any = flask_session
    current.forget_changes()


def hash_id(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()


class DatabaseSessionInterface(SessionInterface):
    """Flask's session kept in the table `user_session`."""

    def __init__(self, app: Marketplace, *, lifetime: timedelta, secure: bool) -> None:
        self.app = app
        self.lifetime = lifetime
        self.secure = secure
        self.cookie_name = "__Host-session" if secure else "session"

    def open_session(self, app: Flask, request: Request) -> ServerSession:
        session_id = request.cookies.get(self.cookie_name, "")
        if len(session_id) == 43:
            with self.app.database.transaction(READ) as session:
                row = session.get(UserSession, hash_id(session_id))
            if row is not None and row.expires_at > clock.now():
                return ServerSession(row.content, session_id, is_new=False)
        return ServerSession({}, new_session_id(), is_new=True)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        # There is none where the database was away when the request began.
        if not isinstance(session, ServerSession) or not session.changed:
            return
        if not session and session.is_new:
            return
        row_id, content, retired = hash_id(session.id), dict(session), [hash_id(old) for old in session.retired]
        if content:
            response.set_cookie(
                self.cookie_name, session.id, httponly=True, secure=self.secure, samesite="Lax", path="/",
                max_age=int(self.lifetime.total_seconds()),
            )  # fmt: skip
        else:
            response.delete_cookie(self.cookie_name, path="/", secure=self.secure, httponly=True, samesite="Lax")
        agent = request.headers.get("User-Agent", "")[:200]
        # A session that was ended while this request ran stays ended; only a new or renewed id makes a row.
        makes_row = session.is_new or bool(retired)
        self._defer(lambda: self._write(row_id, content, retired, agent=agent, makes_row=makes_row))

    def _defer(self, write: Callable[[], None]) -> None:
        pending = g.get("after_transaction")
        if pending is None:
            write()
        else:
            pending.append(write)

    def _write(self, row_id: str, content: dict[str, Any], retired: list[str], *, agent: str, makes_row: bool) -> None:
        now = clock.now()
        with self.app.database.transaction(WRITE) as session:
            for old in [*retired, *([] if content else [row_id])]:
                session.execute(sa.delete(UserSession).where(UserSession.id_hash == old))
            if not content:
                return
            uniquifier = content.get("_user_id")
            found = sa.select(User.id).where(User.fs_uniquifier == uniquifier)
            user_id = session.scalar(found) if uniquifier else None
            row = session.get(UserSession, row_id)
            if row is None:
                if not makes_row:
                    return
                row = UserSession(id_hash=row_id, created_at=now)
                session.add(row)
            row.user_id, row.user_agent = user_id, agent
            row.content, row.expires_at = content, now + self.lifetime


def register(app: Marketplace) -> None:
    app.session_interface = DatabaseSessionInterface(
        app,
        lifetime=timedelta(hours=app.settings.session_hours),
        secure=app.settings.base_url.startswith("https:"),
    )
