"""The kinds of events and the function that applies each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from risk.sharing.events import exits, funding, grants, lifecycle, losses, servicing
from risk.sharing.run import Run

HANDLERS: dict[str, Callable[[Run, dict[str, Any]], None]] = {
    "activate": funding.activate,
    "drawdown_call": funding.drawdown_call,
    "drawdown_paid": funding.drawdown_paid,
    "premium_paid": funding.premium_paid,
    "milestone": funding.milestone,
    "revenue_report": servicing.revenue_report,
    "interest_due": servicing.interest_due,
    "distribution": servicing.distribution,
    "loss_event": losses.loss_event,
    "insurance_recovery": losses.insurance_recovery,
    "pool_compensation": losses.pool_compensation,
    "recovery": losses.recovery,
    "write_off": losses.write_off,
    "conversion": grants.conversion,
    "grant_audit": grants.grant_audit,
    "grant_return": grants.grant_return,
    "grant_close": grants.grant_close,
    "dispute": lifecycle.dispute,
    "freeze": lifecycle.freeze,
    "release": lifecycle.release,
    "default": lifecycle.default,
    "cure": lifecycle.cure,
    "exit": exits.exit_,
    "close": exits.close,
}
KINDS = (*HANDLERS, "opening_balances", "reversal", "amendment")
