"""Committing to a round, making it firm, withdrawing, and what becomes of it after signing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import FUNDER_KINDS, Actor
from marketplace.audit.services import record_act
from marketplace.db import changed_rows
from marketplace.errors import NotAllowedError
from marketplace.events import CommitmentChanged, record_event
from marketplace.funding import queries
from marketplace.funding.errors import (
    AlreadyCommittedError,
    ConflictOfInterestError,
    HolderLimitError,
    IllegalMoveError,
    RoundFullError,
    RoundNotOpenError,
    TicketError,
    WrongInstrumentError,
)
from marketplace.funding.models import EQUITY_INSTRUMENTS, LOAN_INSTRUMENTS, Commitment, Round
from marketplace.funding.services.conditions import first_conditions, require_met
from marketplace.funding.states import check_commitment_move
from marketplace.money import Money
from marketplace.notifications.services import notify

HOLDER_LIMIT = 200
LINK_CAUSES = ("contract", "clause", "co_lead", "introduced_here", "none")


def make_commitment(
    session: orm.Session,
    *,
    actor: Actor,
    round_: Round,
    instrument: str,
    amount: Money,
    now: datetime,
    lead: bool = False,
    link_cause: str = "none",
    link_evidence: str = "",
    mandate_id: int | None = None,
    acknowledged: str | None = None,
) -> Commitment:
    """Take a place in an open round; the room is taken by one conditional update, late and once.

    `acknowledged`: the code of the condition that the funder was shown, where the instrument is conditional.
    """
    _check_committer(actor, round_, instrument)
    _check_amount(round_, amount, loan=instrument in LOAN_INSTRUMENTS)
    conditions = first_conditions(actor=actor, round_=round_, instrument=instrument, acknowledged=acknowledged, now=now)
    if round_.state != "open" or now >= clock.end_of_day(round_.deadline):
        raise RoundNotOpenError(state=round_.state, deadline=round_.deadline.isoformat())
    if queries.find_open_commitment(
        session, round_id=round_.id, organisation_id=actor.organisation_id, instrument=instrument
    ):
        raise AlreadyCommittedError()
    if queries.count_holders(session, round_id=round_.id) >= HOLDER_LIMIT:
        raise HolderLimitError()
    _take_room(session, round_, amount, loan=instrument in LOAN_INSTRUMENTS)
    organisation = session.get_one(Organisation, actor.organisation_id)
    commitment = Commitment(
        round_id=round_.id, organisation_id=organisation.id, instrument=instrument, amount_minor=amount.amount_minor,
        lead=lead, organisation_kind=organisation.kind, state_owned_bps=organisation.state_owned_bps,
        fiscal_bps=organisation.fiscal_bps, link_cause=link_cause if link_cause in LINK_CAUSES else "none",
        link_evidence=link_evidence[:200], mandate_id=mandate_id, conditions=conditions, committed_at=now,
    )  # fmt: skip
    session.add(commitment)
    session.flush()  # the audit line and the event name the commitment
    _tell(session, actor=actor, commitment=commitment, round_=round_, action="made", delta=amount.amount_minor, now=now)
    notify(
        session, organisation_ids=[round_.project.organisation_id], kind="commitment_made", now=now,
        parameters={"organisation": organisation.name_zh, "organisation_en": organisation.name_en, **amount.as_dict()},
        url=f"/rounds/{round_.public_id}", dedupe_key=f"commitment_made:{commitment.public_id}",
    )  # fmt: skip
    return commitment


def _check_committer(actor: Actor, round_: Round, instrument: str) -> None:
    if actor.organisation_kind not in FUNDER_KINDS:
        raise NotAllowedError()
    if not actor.verified:
        raise NotAllowedError("Only a verified organisation can commit.")
    if actor.organisation_id in (round_.project.organisation_id, round_.project.pilot_centre_id):
        raise ConflictOfInterestError()
    allowed = LOAN_INSTRUMENTS if actor.organisation_kind == "bank" else EQUITY_INSTRUMENTS
    if instrument not in allowed:
        raise WrongInstrumentError(field="instrument", instrument=instrument)


def _check_amount(round_: Round, amount: Money, *, loan: bool) -> None:
    Money(0, round_.currency) + amount  # raises on another currency
    least, most = round_.ticket_minimum_minor, round_.investor_limit_minor
    if amount.amount_minor < least:
        raise TicketError(field="amount", least_minor=least)
    if not loan and most is not None and amount.amount_minor > most:
        raise TicketError(field="amount", most_minor=most)


def _take_room(session: orm.Session, round_: Round, amount: Money, *, loan: bool) -> None:
    taken, cap = (
        (Round.committed_loan_minor, Round.loan_cap_minor) if loan else (Round.committed_minor, Round.cap_minor)
    )
    moved = changed_rows(
        session,
        sa.update(Round)
        .where(Round.id == round_.id, Round.state == "open", taken + amount.amount_minor <= cap)
        .values({taken: taken + amount.amount_minor})
        .execution_options(synchronize_session=False),
    )
    session.refresh(round_, ["committed_minor", "committed_loan_minor", "state"])
    if moved != 1:
        if round_.state != "open":
            raise RoundNotOpenError(state=round_.state)
        left = (
            round_.loan_cap_minor - round_.committed_loan_minor if loan else round_.cap_minor - round_.committed_minor
        )
        raise RoundFullError(field="amount", left_minor=left)


def _give_room_back(session: orm.Session, commitment: Commitment) -> None:
    taken = Round.committed_loan_minor if commitment.is_loan else Round.committed_minor
    changed_rows(
        session,
        sa.update(Round)
        .where(Round.id == commitment.round_id)
        .values({taken: taken - commitment.amount_minor})
        .execution_options(synchronize_session=False),
    )


def _move(session: orm.Session, commitment: Commitment, after: str, **values: Any) -> None:
    """One of two simultaneous moves wins: the state is part of the condition."""
    check_commitment_move(commitment.state, after)
    moved = changed_rows(
        session,
        sa.update(Commitment)
        .where(Commitment.id == commitment.id, Commitment.state == commitment.state)
        .values(state=after, **values)
        .execution_options(synchronize_session=False),
    )
    session.refresh(commitment, ["state", "hardened_at", "released_at"])
    if moved != 1:
        # The other move won, even where this one could follow it: whoever asked for it has not seen that state.
        raise IllegalMoveError(before=commitment.state, after=after)


def harden_commitment(session: orm.Session, *, actor: Actor, commitment: Commitment, now: datetime) -> Commitment:
    """Make a commitment firm once its conditions are met; after this only the round's end releases it."""
    if commitment.organisation_id != actor.organisation_id:
        raise NotAllowedError()
    if commitment.round.state != "open":
        raise RoundNotOpenError(state=commitment.round.state)
    check_commitment_move(commitment.state, "hard")
    require_met(session, actor=actor, commitment=commitment, now=now)
    _move(session, commitment, "hard", hardened_at=now)
    _tell(session, actor=actor, commitment=commitment, round_=commitment.round, action="hardened", delta=0, now=now)
    return commitment


def release_commitment(session: orm.Session, *, actor: Actor, commitment: Commitment, now: datetime) -> Commitment:
    """Withdraw a soft commitment; its room goes back to the round."""
    if commitment.organisation_id != actor.organisation_id:
        raise NotAllowedError()
    if commitment.state != "soft":
        check_commitment_move(commitment.state, "soft")
    _move(session, commitment, "released", released_at=now)
    _give_room_back(session, commitment)
    _tell(
        session, actor=actor, commitment=commitment, round_=commitment.round, action="released",
        delta=-commitment.amount_minor, now=now,
    )  # fmt: skip
    return commitment


def release_all(session: orm.Session, *, actor: Any, round_: Round, now: datetime) -> None:
    """Let every commitment go when a round fails or is withdrawn."""
    for commitment in round_.commitments:
        if commitment.state in ("soft", "hard"):
            _move(session, commitment, "released", released_at=now)
            _give_room_back(session, commitment)
            _tell(
                session, actor=actor, commitment=commitment, round_=round_, action="released",
                delta=-commitment.amount_minor, now=now,
            )  # fmt: skip


def _find_firm(session: orm.Session, *, round_id: int, organisation_id: int) -> Commitment | None:
    return session.scalar(
        sa.select(Commitment).where(
            Commitment.round_id == round_id,
            Commitment.organisation_id == organisation_id,
            Commitment.state.in_(("hard", "called", "paid")),
        )
    )


def record_called(session: orm.Session, *, round_id: int, organisation_id: int) -> None:
    """The agreement has called part of the commitment."""
    commitment = _find_firm(session, round_id=round_id, organisation_id=organisation_id)
    if commitment is not None and commitment.state != "called":
        _move(session, commitment, "called")


def record_paid(session: orm.Session, *, round_id: int, organisation_id: int, amount_minor: int) -> None:
    """A confirmed payment has arrived; the commitment is paid when all of it has."""
    commitment = _find_firm(session, round_id=round_id, organisation_id=organisation_id)
    if commitment is None:
        return
    commitment.paid_minor += amount_minor
    if commitment.paid_minor >= commitment.amount_minor and commitment.state == "called":
        commitment.state = "paid"
    session.flush()  # the linkage rules on the paid base read the column


def _tell(
    session: orm.Session, *, actor: Any, commitment: Commitment, round_: Round, action: str, delta: int, now: datetime
) -> None:
    record_act(
        session, actor=actor, action=f"commitment.{action}", subject_kind="round", subject_id=round_.public_id, now=now,
        details={"commitment": commitment.public_id, "amount_minor": commitment.amount_minor,
                 **({"conditions": [row["code"] for row in commitment.conditions]} if commitment.conditions else {})},
    )  # fmt: skip
    record_event(
        session,
        CommitmentChanged(
            round_id=round_.id, commitment_id=commitment.id, organisation_id=commitment.organisation_id,
            mandate_delta_minor=delta, state=commitment.state, instrument=commitment.instrument,
            currency=round_.currency, mandate_id=commitment.mandate_id,
        ),
    )  # fmt: skip
