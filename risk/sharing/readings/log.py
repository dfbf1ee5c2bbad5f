"""Other readings of the log: from when money counts, whether the last day counts, whether a restatement applies."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from risk.sharing.readings.change import Change, Json


def dated(events: list[Json]) -> Iterator[Change]:
    """Yield the other readings of a log whose last event is the one that is explained."""
    for days, zh, en in ((1, "多计一天", "One day more is counted"), (-1, "少计一天", "One day less is counted")):
        yield Change("last_day", (), None, {"zh": f"至本次结算{zh}", "en": f"{en} up to this settlement"}, _moved(days))
    if any(event["kind"] == "drawdown_paid" for event in events):
        words = {"zh": "收益自缴款通知日起算，而非到账日", "en": "Money counts from its call instead of its payment"}
        yield Change("from_call", (), None, words, from_call)
    if any((event.get("body") or {}).get("restates") for event in events):
        words = {"zh": "更正后的收入报告不适用", "en": "Restated revenue reports do not apply"}
        yield Change("restatement_off", (), None, words, _without_restatements)


class _moved:
    """The event that is explained, some days later."""

    def __init__(self, days: int) -> None:
        self.days = datetime.timedelta(days=days)

    def __call__(self, events: list[Json]) -> list[Json]:
        """Return the log with its last event on another day."""
        on = datetime.date.fromisoformat(events[-1]["effective_on"]) + self.days
        return [*events[:-1], {**events[-1], "effective_on": on.isoformat()}]


def from_call(events: list[Json]) -> list[Json]:
    """Return the log with each payment of a call on the day of the call, in the order of the dates."""
    calls: dict[str, str] = {}
    rows = []
    for event in events:
        if event["kind"] == "drawdown_call":
            calls[event["body"]["tranche"]] = event["effective_on"]
        elif event["kind"] == "drawdown_paid":
            event = {**event, "effective_on": calls.get(event["body"].get("tranche"), event["effective_on"])}
        rows.append(event)
    # The sort is stable, so the order within a day stays; the explained event stays the last.
    return [*sorted(rows[:-1], key=lambda row: row["effective_on"]), rows[-1]]


def _without_restatements(events: list[Json]) -> list[Json]:
    return [event for event in events[:-1] if not (event.get("body") or {}).get("restates")] + events[-1:]
