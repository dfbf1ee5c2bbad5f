"""Pure decisions of insurance: validity of a score, deadlines of a claim, wording and its hash, severity."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from marketplace import clock
from marketplace.money import round_fraction

# A judgement: a score is priced from for half a year after it was computed.
SCORE_VALID_DAYS = 180
# The clocks of a claim in days: assess a complex claim, pay once agreed, refuse with reasons, pay the certain part.
ASSESS_DAYS, PAY_DAYS, REFUSE_DAYS, INTERIM_DAYS = 30, 10, 3, 60


def score_valid_until(computed_at: datetime) -> date:
    """The last day on which a quote may be priced from a score."""
    return clock.day_in_zone(computed_at) + timedelta(days=SCORE_VALID_DAYS)


def hash_content(content: Any) -> str:
    """SHA-256 over the canonical JSON of what is frozen."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def compute_loss(
    *, share_of_limit: str, limit_minor: int, deductible_minor: int, insurer_share: str, sum_insured_minor: int
) -> int:
    """The ground-up loss at which the insurer pays this share of its limit, at most the whole schedule."""
    payment = Fraction(Decimal(share_of_limit)) * limit_minor
    loss = deductible_minor + payment / Fraction(Decimal(insurer_share))
    return min(round_fraction(loss), sum_insured_minor)


@dataclass(frozen=True)
class Deadline:
    """One clock of a claim: what is due by which day, and whether that was done in time."""

    key: str
    due_on: date
    done_on: date | None
    late: bool


def list_deadlines(claim: Any, *, today: date) -> list[Deadline]:
    """The clocks that run, or ran, for a claim; the day of the event itself is not counted."""
    notified = clock.day_in_zone(claim.notified_at)
    assessed, agreed, refused = (_day(moment) for moment in (claim.assessed_at, claim.agreed_at, claim.refused_at))
    rows = [("assess", notified + timedelta(days=ASSESS_DAYS), assessed or refused)]
    if agreed is not None:
        rows.append(("pay", agreed + timedelta(days=PAY_DAYS), claim.settled_on))
    elif claim.determination == "no_insured_event" and assessed is not None:
        rows.append(("refuse", assessed + timedelta(days=REFUSE_DAYS), refused))
    if claim.settled_on is None and refused is None:
        rows.append(("interim", notified + timedelta(days=INTERIM_DAYS), None))
    return [Deadline(key, due, done, (done or today) > due) for key, due, done in rows]


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else clock.day_in_zone(moment)
