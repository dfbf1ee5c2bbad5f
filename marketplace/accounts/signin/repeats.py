"""Answers kept for repeats: `Idempotency-Key` on the API, the hidden `form_key` of a page's form.

The answer is stored in the act's own transaction, so only answers below 400 are kept; a repeat gets the
same bytes, another body under the same key is a conflict.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import Flask, Response, g, request

from marketplace import clock
from marketplace.accounts.access import find_actor
from marketplace.accounts.models import KeptAnswer
from marketplace.accounts.permissions import Actor
from marketplace.accounts.signin.characters import UNREADABLE, is_storable
from marketplace.db import current_session
from marketplace.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from marketplace.app import Marketplace

FORM_FIELD = "form_key"
KEPT_HEADERS = ("Content-Type", "Location")
WRITING_METHODS = ("POST", "PUT", "PATCH", "DELETE")


class KeyReusedError(ConflictError):
    code = "idempotency_key_reused"
    message = "This key was used for another request."


def _request_hash(actor: Actor) -> str:
    """Over what was sent and for whom, without the parts that differ on each rendering of the same form."""
    digest = hashlib.sha256(f"{request.method}\n{actor.organisation_public_id}\n".encode())
    digest.update(request.query_string + b"\n")
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        fields = sorted((key, value) for key, value in request.form.items(multi=True) if key != "csrf_token")
        digest.update(repr(fields).encode())
        for name in sorted(request.files):
            for upload in request.files.getlist(name):
                digest.update(f"{name}:{upload.filename}".encode())
                while chunk := upload.stream.read(65536):
                    digest.update(chunk)
                upload.stream.seek(0)
    else:
        digest.update(request.get_data())
    return digest.hexdigest()


def _key() -> str:
    if request.method not in WRITING_METHODS:
        return ""
    if request.path.startswith("/api/"):
        key = request.headers.get("Idempotency-Key", "")
    else:
        key = request.form.get(FORM_FIELD, "") if request.mimetype != "application/json" else ""
    if len(key) > 255:
        raise InvalidInputError("An idempotency key has at most 255 characters.", field="Idempotency-Key")
    if not is_storable(key):
        raise InvalidInputError(UNREADABLE, field=FORM_FIELD)
    return key


def _wait_for_the_same_key(user_id: int, key: str) -> None:
    """Repeats at one moment go one after the other, so that the later ones find the answer of the first.

    On SQLite the writer holds the file alone already.
    """
    session = current_session()
    if session.get_bind().dialect.name == "postgresql":
        digest = hashlib.sha256(f"{user_id}\n{request.path}\n{key}".encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def _replay() -> Response | None:
    g.kept_key = ""
    actor = find_actor()
    key = _key()
    if not key or actor is None:
        return None
    g.kept_key, g.kept_hash = key, _request_hash(actor)
    _wait_for_the_same_key(actor.user_id, key)
    kept = current_session().scalar(
        sa.select(KeptAnswer).where(
            KeptAnswer.user_id == actor.user_id, KeptAnswer.route == request.path, KeptAnswer.key == key
        )
    )
    if kept is None:
        return None
    g.kept_key = ""
    if kept.request_hash != g.kept_hash:
        raise KeyReusedError()
    response = Response(kept.body, status=kept.status, headers=kept.headers)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def keep_no_answer() -> None:
    """For an answer that shows a secret once, or that only leads elsewhere before the act: it is not stored."""
    g.kept_key = ""


def _keep(response: Response) -> Response:
    actor = find_actor()
    if not g.get("kept_key") or actor is None or response.status_code >= 400 or response.is_streamed:
        return response
    current_session().add(
        KeptAnswer(
            user_id=actor.user_id, route=request.path, key=g.kept_key, request_hash=g.kept_hash,
            status=response.status_code, body=response.get_data(), created_at=clock.now(),
            headers={name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
        )
    )  # fmt: skip
    return response


def register(app: Marketplace | Flask) -> None:
    app.before_request(_replay)
    app.after_request(_keep)
