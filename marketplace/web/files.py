"""Downloads: only through the scoped query of what the file belongs to, always as an attachment."""

from __future__ import annotations

import io
from typing import Any

from flask import Blueprint, Response, current_app, g, send_file

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Actor, Permission
from marketplace.assessments.queries import get_evidence, get_report
from marketplace.audit.services import record_act
from marketplace.db import current_session
from marketplace.errors import NotFoundError
from marketplace.files.models import StoredFile

blueprint = Blueprint("files", __name__)


@blueprint.get("/files/evidence/<public_id>")
@requires(Permission.PROJECT_READ)
def download_evidence(public_id: str) -> Response:
    """The file of a piece of evidence, for those in the room of its project."""
    evidence = get_evidence(current_session(), actor=current_actor(), public_id=public_id)
    return _send(evidence.file, subject_kind="evidence", subject_id=evidence.public_id)


@blueprint.get("/files/milestone-reports/<public_id>")
@requires(Permission.PROJECT_READ)
def download_report(public_id: str) -> Response:
    """The sealed data of a milestone."""
    report = get_report(current_session(), actor=current_actor(), public_id=public_id)
    return _send(report.file, subject_kind="milestone_report", subject_id=report.public_id)


def _send(stored: StoredFile | None, *, subject_kind: str, subject_id: str) -> Response:
    if stored is None:
        raise NotFoundError()
    # Read whole, so that bytes that no longer have their hash never leave.
    content = current_app.file_store.read(stored)  # type: ignore[attr-defined]  # Marketplace
    response: Response = send_file(
        io.BytesIO(content), mimetype=stored.media_type, as_attachment=True, download_name=stored.name,
        conditional=True, etag=stored.sha256,
    )  # fmt: skip
    response.headers["Cache-Control"] = "private, no-store"
    _log_after(current_actor(), subject_kind=subject_kind, subject_id=subject_id, sha256=stored.sha256)
    return response


def _log_after(actor: Actor, *, subject_kind: str, subject_id: str, sha256: str) -> None:
    """The owner's access log: appended in a transaction of its own, because a GET writes nothing."""
    database = current_app.database  # type: ignore[attr-defined]  # Marketplace

    def write() -> Any:
        with database.transaction() as session:
            record_act(
                session, actor=actor, action="file.downloaded", subject_kind=subject_kind, subject_id=subject_id,
                now=clock.now(), details={"sha256": sha256},
            )  # fmt: skip

    g.after_transaction.append(write)
