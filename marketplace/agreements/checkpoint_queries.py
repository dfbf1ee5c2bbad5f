"""Every SELECT of the chains and of their checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.agreements.checkpoint_models import Checkpoint, CheckpointLeaf
from marketplace.agreements.models import Agreement, AgreementEvent, AgreementVersion

# Rows of a chain held at once: some 2 MB.
CHAIN_ROWS = 5000


def find_checkpoint(session: orm.Session, *, day: date) -> Checkpoint | None:
    return session.scalar(sa.select(Checkpoint).where(Checkpoint.day == day))


def find_last_checkpoint(session: orm.Session) -> Checkpoint | None:
    return session.scalar(sa.select(Checkpoint).order_by(Checkpoint.id.desc()).limit(1))


def find_last_leaf(session: orm.Session, *, agreement_id: int) -> tuple[Checkpoint, CheckpointLeaf] | None:
    """The newest checkpoint that an agreement stands in, and its leaf."""
    row = session.execute(
        sa.select(Checkpoint, CheckpointLeaf)
        .join(CheckpointLeaf, CheckpointLeaf.checkpoint_id == Checkpoint.id)
        .where(CheckpointLeaf.agreement_id == agreement_id)
        .order_by(Checkpoint.id.desc())
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def list_checkpoints(session: orm.Session) -> Sequence[Checkpoint]:
    return session.scalars(sa.select(Checkpoint).order_by(Checkpoint.id)).all()


def list_leaves(session: orm.Session, *, checkpoint_id: int) -> Sequence[Any]:
    """The leaves of a checkpoint by place, each with its agreement's public id."""
    return session.execute(
        sa.select(
            Agreement.public_id, CheckpointLeaf.version_number, CheckpointLeaf.terms_hash, CheckpointLeaf.event_count,
            CheckpointLeaf.head_hash,
        )
        .join(Agreement, Agreement.id == CheckpointLeaf.agreement_id)
        .where(CheckpointLeaf.checkpoint_id == checkpoint_id)
        .order_by(CheckpointLeaf.place)
    ).all()  # fmt: skip


def list_heads(session: orm.Session) -> Sequence[Any]:
    """Where every agreement stands now: its newest version and its last event."""
    return session.execute(
        sa.select(
            Agreement.id, Agreement.public_id, Agreement.version_number, AgreementVersion.terms_hash,
            Agreement.event_count, Agreement.head_hash,
        )
        .join(
            AgreementVersion,
            sa.and_(
                AgreementVersion.agreement_id == Agreement.id, AgreementVersion.number == Agreement.version_number
            ),
        )
        .order_by(Agreement.id)
    ).all()  # fmt: skip


def find_rewritten_leaf(session: orm.Session) -> Any:
    """The first leaf whose event or version is no longer what the checkpoint saw."""
    event, version = orm.aliased(AgreementEvent), orm.aliased(AgreementVersion)
    return session.execute(
        sa.select(Checkpoint.day, Agreement.public_id, CheckpointLeaf.event_count)
        .select_from(CheckpointLeaf)
        .join(Checkpoint, Checkpoint.id == CheckpointLeaf.checkpoint_id)
        .join(Agreement, Agreement.id == CheckpointLeaf.agreement_id)
        .outerjoin(
            event,
            sa.and_(event.agreement_id == CheckpointLeaf.agreement_id, event.number == CheckpointLeaf.event_count),
        )
        .outerjoin(
            version,
            sa.and_(
                version.agreement_id == CheckpointLeaf.agreement_id, version.number == CheckpointLeaf.version_number
            ),
        )
        .where(
            sa.or_(
                sa.func.coalesce(event.hash, "") != sa.func.coalesce(CheckpointLeaf.head_hash, ""),
                sa.func.coalesce(version.terms_hash, "") != CheckpointLeaf.terms_hash,
            )
        )
        .order_by(CheckpointLeaf.id)
        .limit(1)
    ).first()


def iterate_chain_rows(session: orm.Session) -> Iterator[tuple[Any, ...]]:
    """Every event of every agreement in the order of its chain, as the driver's own tuples, the day as ISO text."""
    statement = sa.select(
        AgreementEvent.agreement_id, AgreementEvent.number, AgreementEvent.event_id, AgreementEvent.kind,
        sa.cast(AgreementEvent.effective_on, sa.String), AgreementEvent.body, AgreementEvent.recorded_at,
        AgreementEvent.actor_user, AgreementEvent.actor_organisation, AgreementEvent.version_hash,
        AgreementEvent.previous_hash, AgreementEvent.hash,
    ).order_by(AgreementEvent.agreement_id, AgreementEvent.number)  # fmt: skip
    # Every column is a number or text, so nothing of SQLAlchemy's rows is needed: they were most of the walk's time.
    with session.connection().execute(statement, execution_options={"stream_results": True}) as result:
        # The one row that a streaming result has read ahead; the rest is the driver's.
        if (first := result.fetchone()) is not None:
            yield tuple(first)
        cursor = result.cursor
        while cursor is not None and (part := cursor.fetchmany(CHAIN_ROWS)):
            yield from part


def map_chain_ends(session: orm.Session) -> dict[int, tuple[str, int, str | None]]:
    """Public id, count of events and head of every agreement, by its database id."""
    statement = sa.select(Agreement.id, Agreement.public_id, Agreement.event_count, Agreement.head_hash)
    return {row[0]: (row[1], row[2], row[3]) for row in session.execute(statement)}


def iterate_versions(session: orm.Session) -> Iterator[Sequence[Any]]:
    statement = sa.select(
        AgreementVersion.agreement_id, AgreementVersion.number, AgreementVersion.terms, AgreementVersion.terms_hash,
        AgreementVersion.previous_hash,
    ).order_by(AgreementVersion.agreement_id, AgreementVersion.number)  # fmt: skip
    yield from session.execute(statement.execution_options(yield_per=200))
