"""Pure decisions of insurance: validity of a score, deadlines of a claim, wording and its hash, severity, panels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from marketplace import clock
from marketplace.money import Money, round_fraction

# A judgement: a score is priced from for half a year after it was computed.
SCORE_VALID_DAYS = 180
# The clocks of a claim in days: assess a complex claim, pay once agreed, refuse with reasons, pay the certain part.
ASSESS_DAYS, PAY_DAYS, REFUSE_DAYS, INTERIM_DAYS = 30, 10, 3, 60

# A whole cover in basis points.
WHOLE_BPS = 10_000


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


# What of a priced trail follows from the probability, and with the premium beside it would give it away.
_PREMIUM_FROM_SCORE = (
    "probability", "mean_payout", "second_moment", "expected_loss", "standard_deviation", "risk_load", "technical",
    "gross_unrounded",
)  # fmt: skip


def without_score(trail: dict[str, Any]) -> dict[str, Any]:
    """The trail for a reader whom the team has not let read its scores: price and terms, without the probability."""
    shown = {key: value for key, value in trail.items()
             if key not in ("trigger", "trigger_probability", "raw_score", "severity", "flags")}  # fmt: skip
    shown["trigger"] = {"factors": [row for row in trail["trigger"]["factors"] if row["name"] != "target_missed"]}
    shown["premium"] = {key: value for key, value in trail["premium"].items() if key not in _PREMIUM_FROM_SCORE}
    shown["rates"] = {key: value for key, value in trail["rates"].items() if key != "expected_loss_ratio"}
    shown["flags"] = [flag for flag in trail["flags"] if not flag.get("rests_on_score", False)]
    shown["score_left_out"] = True
    return shown


@dataclass(frozen=True)
class PanelPart:
    """What one insurer of a panel takes of the premium, in minor units."""

    share_minor: int
    # What the followers give the lead: below zero for a follower, their sum for the lead.
    fee_minor: int
    # What the insured pays this insurer; the rest of what it takes is its part of the subsidy.
    payable_minor: int

    @property
    def taken_minor(self) -> int:
        return self.share_minor + self.fee_minor

    @property
    def subsidy_minor(self) -> int:
        return self.taken_minor - self.payable_minor


def split_premium(shares_bps: Sequence[int], *, premium: Money, subsidy_minor: int, lead_fee: str) -> list[PanelPart]:
    """Split a premium by shares, the lead first: after its fee each takes the same fraction from insured and subsidy.

    Shares, what is taken and what is payable each add up to the whole to the unit.
    """
    shares = premium.allocate(shares_bps)
    fees = [share.times(Fraction(Decimal(lead_fee))).amount_minor for share in shares[1:]]
    fees = [sum(fees), *(-fee for fee in fees)]
    taken = [share.amount_minor + fee for share, fee in zip(shares, fees, strict=True)]
    # By what each takes, not by its share: so no part of the subsidy is ever below zero.
    payable = Money(premium.amount_minor - subsidy_minor, premium.currency).allocate(taken)
    return [
        PanelPart(share.amount_minor, fee, part.amount_minor)
        for share, fee, part in zip(shares, fees, payable, strict=True)
    ]


def split_by_insurer(parts: Sequence[Money], shares_bps: Sequence[int]) -> list[list[int]]:
    """Who pays how much of each part of an indemnity: a row for each part, a column for each insurer.

    Every row adds up to its part and every column to what that insurer owes of the whole, to the unit.
    """
    whole = Money(sum(part.amount_minor for part in parts), parts[0].currency)
    owed = [share.amount_minor for share in whole.allocate(shares_bps)]
    rows = []
    for part in parts:
        # What is still owed is at least the part, so no insurer is given more than it still owes.
        row = [paid.amount_minor for paid in part.allocate(owed)] if part.amount_minor else [0] * len(owed)
        owed = [left - paid for left, paid in zip(owed, row, strict=True)]
        rows.append(row)
    return rows
