"""The daily checkpoint: one root over the heads of all agreements, with which every party can hold the house to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.agreements import checkpoint_queries
from marketplace.agreements.chain import canonical
from marketplace.agreements.checkpoint_models import Checkpoint, CheckpointLeaf
from marketplace.agreements.merkle import find_path, find_root, hash_checkpoint, hash_leaf
from marketplace.agreements.models import Agreement
from marketplace.agreements.services.chains import check_chains
from marketplace.audit.services import record_act
from marketplace.db import insert_rows
from marketplace.ledger.services import check_ledger

JOB = "agreements.checkpoint"


def find_problem_today(session: orm.Session) -> str:
    """What is wrong with chains, checkpoints or ledger, as text; empty where everything holds."""
    if checkpoint_queries.find_checkpoint(session, day=clock.day_in_zone(clock.now())) is not None:
        return ""  # checked already today
    problem = check_chains(session).problem or check_checkpoints(session)
    if problem is None and not check_ledger(session).sound:
        problem = {"where": "ledger", "reason": "the ledger does not add to zero"}
    return canonical(problem) if problem else ""


def make_checkpoint(session: orm.Session, *, now: datetime, data: str = "") -> Checkpoint | None:
    """Write the day's checkpoint with what its check found (`data`); None where it is written or nothing exists yet."""
    day = clock.day_in_zone(now)
    heads = checkpoint_queries.list_heads(session)
    if not heads or checkpoint_queries.find_checkpoint(session, day=day) is not None:
        return None
    root = find_root([_leaf_of(row[1:]) for row in heads])
    last = checkpoint_queries.find_last_checkpoint(session)
    made_at, previous = now.isoformat(timespec="microseconds"), last.hash if last else None
    checkpoint = Checkpoint(
        day=day,
        made_at=made_at,
        agreements=len(heads),
        root=root,
        previous_hash=previous,
        hash=hash_checkpoint(
            day=day.isoformat(), made_at=made_at, agreements=len(heads), root=root, previous_hash=previous
        ),
        problem=data,
    )
    session.add(checkpoint)
    session.flush()  # the leaves name it
    names = ("version_number", "terms_hash", "event_count", "head_hash")
    insert_rows(
        session,
        CheckpointLeaf,
        [
            {
                "checkpoint_id": checkpoint.id,
                "agreement_id": row[0],
                "place": place,
                **dict(zip(names, row[2:], strict=True)),
            }
            for place, row in enumerate(heads)
        ],
    )
    record_act(
        session,
        actor=None,
        action="agreement.checkpoint_made" if not data else "agreement.checkpoint_found_a_problem",
        subject_kind="checkpoint",
        subject_id=checkpoint.public_id,
        now=now,
        details={"day": day.isoformat(), "hash": checkpoint.hash, "problem": data},
    )
    return checkpoint


def show_checkpoint(session: orm.Session, *, agreement: Agreement) -> dict[str, Any] | None:
    """What a statement shows: the newest checkpoint with this agreement, and whether its last event stood then."""
    found = checkpoint_queries.find_last_leaf(session, agreement_id=agreement.id)
    if found is None:
        return None
    checkpoint, leaf = found
    return {
        "day": checkpoint.day.isoformat(),
        "hash": checkpoint.hash,
        "agreements": checkpoint.agreements,
        "covers_last_event": leaf.event_count == agreement.event_count,
    }


def prove_inclusion(session: orm.Session, *, agreement: Agreement) -> dict[str, Any] | None:
    """The newest checkpoint of an agreement with the path from its leaf to the root, for the bundle."""
    found = checkpoint_queries.find_last_leaf(session, agreement_id=agreement.id)
    if found is None:
        return None
    checkpoint, leaf = found
    leaves = [_leaf_of(row) for row in checkpoint_queries.list_leaves(session, checkpoint_id=checkpoint.id)]
    return {
        "day": checkpoint.day.isoformat(),
        "made_at": checkpoint.made_at,
        "agreements": checkpoint.agreements,
        "version_number": leaf.version_number,
        "terms_hash": leaf.terms_hash,
        "event_count": leaf.event_count,
        "head_hash": leaf.head_hash,
        "path": find_path(leaves, leaf.place),
        "root": checkpoint.root,
        "previous_hash": checkpoint.previous_hash,
        "hash": checkpoint.hash,
    }


def check_checkpoints(session: orm.Session) -> dict[str, Any] | None:
    """The first checkpoint that does not follow from its leaves, or whose leaves the log no longer bears out."""
    previous = None
    for checkpoint in checkpoint_queries.list_checkpoints(session):
        leaves = [_leaf_of(row) for row in checkpoint_queries.list_leaves(session, checkpoint_id=checkpoint.id)]
        day = checkpoint.day.isoformat()
        stated = hash_checkpoint(
            day=day, made_at=checkpoint.made_at, agreements=len(leaves), root=checkpoint.root, previous_hash=previous
        )
        if not leaves or find_root(leaves) != checkpoint.root or stated != checkpoint.hash:
            return {"where": "checkpoints", "position": day, "reason": "the checkpoint was changed"}
        previous = checkpoint.hash
    row = checkpoint_queries.find_rewritten_leaf(session)
    if row is None:
        return None
    return {
        "where": "checkpoints",
        "position": row[0].isoformat(),
        "agreement": row[1],
        "reason": f"the log is no longer what stood here at event {row[2]}",
    }


def _leaf_of(row: Any) -> str:
    agreement, version_number, terms_hash, event_count, head_hash = row
    return hash_leaf(
        agreement=agreement,
        version_number=version_number,
        terms_hash=terms_hash,
        event_count=event_count,
        head_hash=head_hash,
    )
