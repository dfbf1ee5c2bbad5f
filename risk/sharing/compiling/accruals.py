"""Reading what accrues: rates with their day counts and steps, preferences, hurdle accounts."""

from __future__ import annotations

from math import lcm
from typing import Any

from risk.sharing import reading
from risk.sharing.accrual_model import Accrual, Hurdle, Periods, RateStep
from risk.sharing.arithmetic import BOUND
from risk.sharing.day_counts import DAY_COUNTS
from risk.sharing.errors import TermsError
from risk.sharing.model import Model

METHODS = ("simple", "compound")
PERIODS = {"year": 12, "quarter": 3}
# An accrual's numerator is at most this many times its denominator; the product must stay inside 64 bits.
_LONGEST = reading.HIGHEST_RATE * (reading.LAST_YEAR - reading.FIRST_YEAR + 1)
_FINEST = min(BOUND, (2**63 - 1) // _LONGEST)


def read_rate(model: Model, data: Any, path: str, name: str, party: str, base: str) -> Accrual:
    """Return the accrual of `data` with its rate, day count and steps."""
    rate = reading.rate(data["rate"], f"{path}.rate")
    day_count = reading.choice(data["day_count"], f"{path}.day_count", tuple(DAY_COUNTS))
    steps = []
    for index, item in enumerate(reading.sequence(data.get("steps", []), f"{path}.steps")):
        where = f"{path}.steps[{index}]"
        item = reading.mapping(item, where, ("milestone", "from", "rate"))
        steps.append(
            RateStep(
                reading.known(
                    item["milestone"],
                    f"{where}.milestone",
                    model.milestones,
                    "unknown_milestone",
                    "milestone",
                ),
                reading.date(item["from"], f"{where}.from"),
                reading.rate(item["rate"], f"{where}.rate"),
            )
        )
    denominator = lcm(rate.denominator, *(step.rate.denominator for step in steps)) * DAY_COUNTS[day_count]
    if denominator > _FINEST:
        raise TermsError("rate_too_fine", f"The rates of {path} have too many decimals together.", f"{path}.rate")
    steps.sort(key=lambda step: step.since)
    method = reading.choice(data.get("method", "simple"), f"{path}.method", METHODS)
    periods = _periods(data["compound"], f"{path}.compound") if "compound" in data else None
    if periods is not None and method != "compound":
        raise TermsError("not_compound", f"{path}.compound stands beside the method '{method}'.", f"{path}.compound")
    if method == "compound" and periods is None and steps:
        raise TermsError(
            "steps_compound_daily",
            f"{path}: a return that compounds every day has one rate; state the periods at whose ends it compounds.",
            f"{path}.steps",
        )
    return Accrual(name, party, base, rate, tuple(steps), day_count, denominator, method, periods)


def _periods(data: Any, path: str) -> Periods:
    data = reading.mapping(data, path, ("per", "within", "from"))
    per = reading.choice(data["per"], f"{path}.per", tuple(PERIODS))
    reading.choice(data["within"], f"{path}.within", ("simple",))
    since = reading.date(data["from"], f"{path}.from")
    if since.day > 28:
        raise TermsError("bad_day", f"{path}.from must be a day from 1 to 28 of its month.", f"{path}.from")
    return Periods(PERIODS[per], since)


def read_accrual(model: Model, data: Any, path: str) -> Accrual:
    """Return a preference on a party's capital."""
    data = reading.mapping(data, path, ("id", "party", "base", "rate", "day_count"), ("method", "compound", "steps"))
    party = reading.known(data["party"], f"{path}.party", model.parties, "unknown_party", "party")
    if data["base"] not in [f"capital:{name}" for name in model.parties]:
        raise TermsError(
            "unknown_base",
            f'{path}.base must be the capital of a party, such as "capital:{party}".',
            f"{path}.base",
        )
    return read_rate(model, data, path, data["id"], party, data["base"])


def read_hurdle(model: Model, data: Any, path: str) -> Hurdle:
    """Return a hurdle account of a party."""
    data = reading.mapping(data, path, ("id", "party", "rate", "day_count", "carry_excess"))
    if not isinstance(data["carry_excess"], bool):
        raise TermsError("not_a_truth_value", f"{path}.carry_excess must be true or false.", f"{path}.carry_excess")
    return Hurdle(
        data["id"],
        reading.known(data["party"], f"{path}.party", model.parties, "unknown_party", "party"),
        reading.rate(data["rate"], f"{path}.rate"),
        reading.choice(data["day_count"], f"{path}.day_count", tuple(DAY_COUNTS)),
        data["carry_excess"],
    )
