"""Recording and verifying the audit trail."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.audit import queries
from marketplace.audit.models import AuditLine

PENDING_KEY = "pending_audit_lines"
GENESIS = "0" * 64
_ADVISORY_LOCK = 7_160_001


def record_act(
    session: orm.Session,
    *,
    actor: Any,
    action: str,
    subject_kind: str,
    subject_id: str,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    """Note an act; the unit of work writes it just before the commit, so the chain is locked only briefly."""
    session.info.setdefault(PENDING_KEY, []).append(
        {
            "occurred_at": now,
            "actor_user": getattr(actor, "user_public_id", "") or "",
            "actor_organisation": getattr(actor, "organisation_public_id", "") or "",
            "action": action,
            "subject_kind": subject_kind,
            "subject_id": subject_id,
            "details": details or {},
        }
    )


def compute_hash(line: dict[str, Any], previous_hash: str) -> str:
    """SHA-256 over the tag, the hash before, and the canonical line."""
    # In UTC, as it is read back: the act may have named its instant in another zone.
    moment = line["occurred_at"].astimezone(UTC).isoformat(timespec="microseconds")
    body = {**line, "occurred_at": moment}
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"pilotage-audit-1\n{previous_hash}\n{canonical}".encode()).hexdigest()


def write_pending_lines(session: orm.Session) -> None:
    """Append the noted acts to the chain; called by the unit of work before its commit."""
    pending = session.info.pop(PENDING_KEY, None)
    if not pending:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    last = queries.find_last_line(session)
    number, previous = (last.id, last.hash) if last else (0, GENESIS)
    rows = []
    for line in pending:
        number += 1
        digest = compute_hash({"id": number, **line}, previous)
        rows.append({"id": number, **line, "previous_hash": previous, "hash": digest})
        previous = digest
    session.execute(sa.insert(AuditLine), rows)


def forget_pending_lines(session: orm.Session) -> None:
    """Drop the acts of a transaction that was rolled back."""
    session.info.pop(PENDING_KEY, None)


@dataclass(frozen=True)
class AuditCheck:
    """Lines read and, where the chain breaks, the first bad line with what is wrong with it."""

    lines: int
    broken_at: int | None
    reason: str | None


def verify_chain(session: orm.Session) -> AuditCheck:
    """Walk the whole chain; a changed, missing or reordered line is named."""
    previous, number = GENESIS, 0
    for line in queries.iterate_lines(session):
        number += 1
        body = {
            name: getattr(line, name)
            for name in (
                "id",
                "occurred_at",
                "actor_user",
                "actor_organisation",
                "action",
                "subject_kind",
                "subject_id",
                "details",
            )
        }
        if line.id != number:
            return AuditCheck(number, number, "line is missing")
        if line.previous_hash != previous:
            return AuditCheck(number, line.id, "chain is broken before this line")
        if compute_hash(body, previous) != line.hash:
            return AuditCheck(number, line.id, "line was changed")
        previous = line.hash
    return AuditCheck(number, None, None)
