"""The period of a report: a year or a quarter, in the zone of the market."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from marketplace.linkage.errors import PeriodError

_PERIOD = re.compile(r"(?P<year>20[0-9]{2})(?:-?Q(?P<quarter>[1-4]))?", re.ASCII)


@dataclass(frozen=True)
class Period:
    """First and last day, both inside."""

    name: str
    first: date
    last: date


def parse_period(text: str) -> Period:
    """Read `2026` or `2026Q3`; raises PeriodError."""
    match = _PERIOD.fullmatch(text.strip().upper())
    if match is None:
        raise PeriodError(field="period")
    year = int(match["year"])
    if match["quarter"] is None:
        return Period(str(year), date(year, 1, 1), date(year, 12, 31))
    quarter = int(match["quarter"])
    first = date(year, 3 * quarter - 2, 1)
    last = (date(year, 3 * quarter, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return Period(f"{year}Q{quarter}", first, last)
