"""Time: instants in UTC, days in the zone of the agreement; tests pass their own `now`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DEFAULT_ZONE = "Asia/Shanghai"


def now() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)


def day_in_zone(instant: datetime, zone: str = DEFAULT_ZONE) -> date:
    """The calendar day of an instant in a zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def start_of_day(day: date, zone: str = DEFAULT_ZONE) -> datetime:
    """The first instant of a calendar day of a zone, in UTC."""
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)


def end_of_day(day: date, zone: str = DEFAULT_ZONE) -> datetime:
    """A deadline date ends at 24:00 of its zone: the first instant of the next day, in UTC."""
    return start_of_day(day + timedelta(days=1), zone)
