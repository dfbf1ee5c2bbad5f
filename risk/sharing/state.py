"""The state of an agreement: counters that drive the programs, account balances, flags and the log of events."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from typing import Any

from risk.sharing.canonical import canonical_json
from risk.sharing.errors import EventError


@dataclass(frozen=True)
class State:
    """An immutable snapshot; :meth:`risk.sharing.engine.Engine.apply` returns a new one.

    Attributes
    ----------
    terms_hash : str
        Version hash of the terms.
    status : str
        ``open`` (nothing happened), ``active`` or ``closed``.
    last_date : datetime.date or None
        Effective date of the last event; accruals have run to this date.
    values : dict of str to int (or int64 array in simulation)
        Counters in minor units, carries in millionths; names as in ``docs/terms.md``.
    accounts : dict of str to int
        Ledger balances by ``code`` or ``code:party``, debit positive.
    flags : dict of str to bool (or boolean array in simulation)
        ``milestone:M3``, ``default``, ``flag:...``.
    results : dict
        The latest result word of each milestone.
    reports : dict
        What was due by the latest report of each period of revenue, in minor units (settlement only).
    head : str or None
        Hash of the last event.
    log : tuple of dict
        Every event applied, reversed ones and reversals included.
    """

    terms_hash: str
    status: str = "open"
    last_date: datetime.date | None = None
    values: dict[str, Any] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    flags: dict[str, Any] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    reports: dict[str, int] = field(default_factory=dict)
    head: str | None = None
    log: tuple[dict[str, Any], ...] = ()

    def core(self) -> dict[str, Any]:
        """Return everything but the log and its head: what a reversal restores."""
        return {
            "terms_hash": self.terms_hash,
            "status": self.status,
            "last_date": self.last_date.isoformat() if self.last_date else None,
            "values": self.values,
            "accounts": self.accounts,
            "flags": self.flags,
            "results": self.results,
            "reports": self.reports,
        }

    def to_json(self) -> str:
        """Return the state as canonical JSON."""
        return canonical_json({**self.core(), "head": self.head, "log": list(self.log)})


def state_from_json(text: str) -> State:
    """Return the state written by :meth:`State.to_json`.

    Raises
    ------
    EventError
        ``bad_state`` where the text is not such a state.
    """
    try:
        data = json.loads(text)
        last = data["last_date"]
        return State(
            terms_hash=data["terms_hash"],
            status=data["status"],
            last_date=datetime.date.fromisoformat(last) if last else None,
            values=data["values"],
            accounts=data["accounts"],
            flags=data["flags"],
            results=data["results"],
            reports=data.get("reports", {}),
            head=data["head"],
            log=tuple(data["log"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise EventError("bad_state", "The stored state of the agreement cannot be read.", "state") from error
