"""Day counts: what part of a year passes between two dates, as an exact whole number over a fixed basis."""

from __future__ import annotations

import datetime
from calendar import isleap
from functools import lru_cache

# Day count -> basis: parts of which a year has that many. Act/Act counts in parts of 365 x 366, so that days of common
# and of leap years are both whole.
DAY_COUNTS = {"A365F": 365, "A360": 360, "Act/Act": 365 * 366, "30E/360": 360}


@lru_cache(maxsize=4096)
def year_parts(day_count: str, start: datetime.date, end: datetime.date) -> int:
    """Return the year fraction from `start` to `end` as a numerator over ``DAY_COUNTS[day_count]``.

    Parameters
    ----------
    day_count : str
        ``A365F`` and ``A360``: actual days over 365 and 360; ``Act/Act``: days in leap years over 366 and the others
        over 365; ``30E/360``: months of 30 days, a 31st counted as the 30th.
    start, end : datetime.date
        Dates in order; the first day counts, the last does not.

    Returns
    -------
    int
        Not negative. Adding up over dates in between: parts(a, c) = parts(a, b) + parts(b, c), for each of the four.

    Notes
    -----
    2006 ISDA Definitions, section 4.16 (b), (d), (e) and (g).
    """
    if day_count == "30E/360":
        return _thirty(end) - _thirty(start)
    if day_count == "Act/Act":
        return _actual(end) - _actual(start)
    return (end - start).days


def _thirty(day: datetime.date) -> int:
    # February has no rule of its own: from 28 February to 1 March three days of thirty pass (two in a leap year).
    return 360 * day.year + 30 * day.month + min(day.day, 30)


def _actual(day: datetime.date) -> int:
    """Return parts of 1/(365 x 366) year since the beginning of the year 1."""
    whole_years = (day.year - 1) * 365 * 366
    passed = (day - datetime.date(day.year, 1, 1)).days
    return whole_years + passed * (365 if isleap(day.year) else 366)
