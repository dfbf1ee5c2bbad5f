"""Every SELECT of funding; `visible_rounds` and `visible_commitments` are the scopes of all doors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.assessments.portfolio import Holding
from marketplace.funding.errors import RoundNotFoundError
from marketplace.funding.models import Commitment, DecisionFile, FundingRefusal, LinkageRule, Round
from marketplace.projects.models import Project
from marketplace.projects.queries import visible_projects

OVERSEERS = ("operator", "regulator", "auditor")


def visible_rounds(actor: Any) -> sa.Select[Round]:
    """The team's own rounds in every state; to others those of visible projects once they are open."""
    statement = sa.select(Round).join(Round.project)
    if actor.organisation_kind in OVERSEERS:
        return statement.where(Round.state != "draft")
    committed = sa.select(Commitment.round_id).where(Commitment.organisation_id == actor.organisation_id)
    seen = visible_projects(actor).with_only_columns(Project.id)
    return statement.where(
        sa.or_(
            Project.organisation_id == actor.organisation_id,
            sa.and_(Round.state != "draft", Round.project_id.in_(seen)) if actor.verified else sa.false(),
            Round.id.in_(committed),
        )
    )


def sees_all_commitments(actor: Any, round_: Round) -> bool:
    """The team, those who committed, and the overseers see who else is in; rival bids stay closed to others."""
    if actor.organisation_kind in OVERSEERS or round_.project.organisation_id == actor.organisation_id:
        return True
    return any(
        item.organisation_id == actor.organisation_id and item.state != "released" for item in round_.commitments
    )


def _whole(statement: sa.Select[Round]) -> sa.Select[Round]:
    return statement.options(
        orm.contains_eager(Round.project).joinedload(Project.organisation),
        orm.selectinload(Round.commitments).joinedload(Commitment.organisation),
        orm.selectinload(Round.linkage_rules),
    )


def get_round(session: orm.Session, *, actor: Any, public_id: str) -> Round:
    found = session.scalar(
        _whole(visible_rounds(actor).where(Round.public_id == public_id)).execution_options(populate_existing=True)
    )
    if found is None:
        raise RoundNotFoundError()
    return found


def find_round(session: orm.Session, *, round_id: int) -> Round | None:
    """One round by its database id, for handlers and builders that act for the house."""
    statement = _whole(sa.select(Round).join(Round.project).where(Round.id == round_id))
    return session.scalar(statement.execution_options(populate_existing=True))


def list_rounds(
    session: orm.Session, *, actor: Any, state: str | None = None, after_id: int | None = None, limit: int = 50
) -> Sequence[Round]:
    statement = _whole(visible_rounds(actor)).order_by(Round.id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(Round.state == state)
    if after_id is not None:
        statement = statement.where(Round.id < after_id)
    return session.scalars(statement).all()


def count_rounds(session: orm.Session, *, actor: Any, state: str | None = None) -> int:
    statement = visible_rounds(actor)
    if state is not None:
        statement = statement.where(Round.state == state)
    return session.scalar(sa.select(sa.func.count()).select_from(statement.with_only_columns(Round.id).subquery())) or 0


def list_rounds_of_project(session: orm.Session, *, actor: Any, project_id: int) -> Sequence[Round]:
    return session.scalars(_whole(visible_rounds(actor).where(Round.project_id == project_id)).order_by(Round.id)).all()


def visible_commitments(actor: Any) -> sa.Select[Commitment]:
    """One's own commitments, and those in the rounds of one's own projects; overseers see all."""
    statement = sa.select(Commitment).join(Commitment.round).join(Round.project)
    if actor.organisation_kind in OVERSEERS:
        return statement
    return statement.where(
        sa.or_(Commitment.organisation_id == actor.organisation_id, Project.organisation_id == actor.organisation_id)
    )


def get_commitment(session: orm.Session, *, actor: Any, public_id: str) -> Commitment:
    found = session.scalar(
        visible_commitments(actor)
        .options(
            orm.contains_eager(Commitment.round).contains_eager(Round.project), orm.joinedload(Commitment.organisation)
        )
        .where(Commitment.public_id == public_id)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise RoundNotFoundError("There is no such commitment that you may see.")
    return found


def list_commitments(session: orm.Session, *, actor: Any) -> Sequence[Commitment]:
    return session.scalars(
        visible_commitments(actor)
        .options(
            orm.contains_eager(Commitment.round).contains_eager(Round.project), orm.joinedload(Commitment.organisation)
        )
        .order_by(Commitment.id.desc())
    ).all()


def list_commitment_holdings(session: orm.Session, *, actor: Any) -> list[Holding]:
    """What the actor's organisation has committed and neither took back nor failed to pay, for its portfolio."""
    rows = session.scalars(
        visible_commitments(actor)
        .options(orm.contains_eager(Commitment.round).contains_eager(Round.project))
        .where(Commitment.organisation_id == actor.organisation_id, Commitment.state.not_in(("released", "defaulted")))
    )
    return [Holding(row.round.project, row.amount_minor, row.round.currency) for row in rows]


def list_commitments_of_project(
    session: orm.Session, *, project_id: int, organisation_id: int, instrument: str
) -> Sequence[Commitment]:
    """What an organisation has promised a project with one instrument and not taken back, for other domains."""
    return session.scalars(
        sa.select(Commitment)
        .join(Commitment.round)
        .where(
            Round.project_id == project_id,
            Commitment.organisation_id == organisation_id,
            Commitment.instrument == instrument,
            Commitment.state != "released",
        )
    ).all()


def find_open_commitment(
    session: orm.Session, *, round_id: int, organisation_id: int, instrument: str
) -> Commitment | None:
    return session.scalar(
        sa.select(Commitment).where(
            Commitment.round_id == round_id,
            Commitment.organisation_id == organisation_id,
            Commitment.instrument == instrument,
            Commitment.state != "released",
        )
    )


def count_holders(session: orm.Session, *, round_id: int) -> int:
    return session.scalar(
        sa.select(sa.func.count(sa.distinct(Commitment.organisation_id))).where(
            Commitment.round_id == round_id, Commitment.state != "released"
        )
    ) or 0  # fmt: skip


def get_rule(session: orm.Session, *, round_id: int, public_id: str) -> LinkageRule:
    rule = session.scalar(
        sa.select(LinkageRule).where(LinkageRule.round_id == round_id, LinkageRule.public_id == public_id)
    )
    if rule is None:
        raise RoundNotFoundError("There is no such rule.")
    return rule


def find_decision_file(session: orm.Session, *, round_id: int) -> DecisionFile | None:
    return session.scalar(sa.select(DecisionFile).where(DecisionFile.round_id == round_id))


def list_refusals(session: orm.Session, *, round_id: int) -> Sequence[FundingRefusal]:
    return session.scalars(
        sa.select(FundingRefusal).where(FundingRefusal.round_id == round_id).order_by(FundingRefusal.id)
    ).all()
