"""Anniversaries."""

from __future__ import annotations

from datetime import date


def years_later(day: date, years: int) -> date:
    """Return the anniversary of a day; the last day of February stands in for a 29th that the year lacks."""
    if (day.month, day.day) == (2, 29):
        return date(day.year + years, 2, 28)
    return day.replace(year=day.year + years)
