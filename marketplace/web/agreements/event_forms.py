"""The body of each kind of event as form fields, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _

from marketplace.web.agreements.reading import MISSING, Reader

# Field names by kind, in the order of the form; the template knows how each is typed.
FORM_FIELDS: dict[str, tuple[str, ...]] = {
    "drawdown_call": ("tranche",),
    "revenue_report": ("period_from", "period_to", "base", "due", "restates"),
    "interest_due": ("instrument", "final"),
    "distribution": ("source", "collect", "amount", "distributable_profit"),
    "loss_event": ("loss_kind", "amount"),
    "pool_compensation": ("channel",),
    "recovery": ("recovery_channel", "proceeds", "costs"),
    "write_off": (),
    "exit": ("exit_kind", "proceeds", "claims", "flags"),
    "reversal": ("target", "reason"),
    "close": (),
    "conversion": ("grant", "amount", "pre_money", "shares_before", "new_money", "largest_other_shares", "evidence"),
    "grant_audit": ("grant", "eligible", "ineligible", "unspent", "evidence"),
    "grant_return": ("grant", "early", "part"),
    "grant_close": ("grant", "evidence"),
    "dispute": ("about", "reason"),
    "freeze": ("reason",),
    "release": ("lifts", "reason"),
    "default": ("party", "breach", "cure_by", "reason"),
    "cure": ("lifts", "reason"),
}


def read_body(kind: str, reader: Reader, model: Any) -> dict[str, Any]:
    """The body of an event from its form; mistakes are left with the reader."""
    read = _READERS.get(kind)
    return read(reader, model) if read else {}


def _drawdown_call(reader: Reader, _model: Any) -> dict[str, Any]:
    return {"tranche": reader.text("tranche", longest=64)}


def _revenue_report(reader: Reader, model: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "period": {"from": reader.day("period_from"), "to": reader.day("period_to")},
        "base_minor": reader.money("base", allow_zero=True),
    }
    # Where the terms say the rate, what is due is theirs to compute; a figure typed beside it is checked against it.
    if model.revenue_share is None or reader.given("due"):
        body["due_minor"] = reader.money("due", allow_zero=True)
    if reader.given("restates"):
        body["restates"] = True
    return body


def _interest_due(reader: Reader, _model: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"instrument": reader.text("instrument", longest=64)}
    if reader.given("final"):
        body["final"] = True
    return body


def _distribution(reader: Reader, model: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"source": reader.text("source", longest=16)}
    chosen = [name for name in collectable(model) if reader.given(f"collect:{name}")]
    if bool(chosen) == reader.given("amount"):
        reader.fail("amount", _("Enter an amount, or choose what is to be paid exactly; not both."))
    elif chosen:
        body["collect"] = chosen
    else:
        body["amount_minor"] = reader.money("amount")
    if reader.given("distributable_profit"):
        body["distributable_profit_minor"] = reader.money("distributable_profit")
    return body


def collectable(model: Any) -> list[str]:
    """The balances that the project can be asked to pay exactly."""
    loans = [name for loan in model.loans for name in (f"interest_due:{loan.id}", f"principal_due:{loan.id}")]
    grants = [f"grant_due:{grant.id}" for grant in model.grants]
    return loans + grants + [f"claim:{claim}" for claim in model.claims]


def _loss_event(reader: Reader, _model: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": reader.text("loss_kind", longest=32)}
    if reader.given("amount"):
        body["amount_minor"] = reader.money("amount")
    return body


def _pool_compensation(reader: Reader, _model: Any) -> dict[str, Any]:
    return {"channel": reader.text("channel", longest=16)}


def _recovery(reader: Reader, _model: Any) -> dict[str, Any]:
    return {
        "channel": reader.text("recovery_channel", longest=16),
        "proceeds_minor": reader.money("proceeds"),
        "costs_minor": reader.money("costs", required=False, allow_zero=True),
    }


def _exit(reader: Reader, model: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "kind": reader.text("exit_kind", longest=16),
        "proceeds_minor": reader.money("proceeds", allow_zero=True),
    }
    claims = {
        claim.id: reader.money(f"claim:{claim.id}")
        for claim in model.claims.values()
        if claim.amount_minor is None and reader.given(f"claim:{claim.id}")
    }
    if claims:
        body["claims"] = claims
    if model.flags:
        body["flags"] = {flag: reader.given(f"flag:{flag}") for flag in model.flags}
    return body


def _reversal(reader: Reader, _model: Any) -> dict[str, Any]:
    return {"target": reader.text("target", longest=64), "reason": reader.text("reason", longest=400)}


def _conversion(reader: Reader, _model: Any) -> dict[str, Any]:
    return {
        "instrument": reader.text("grant", longest=64),
        "amount_minor": reader.money("amount"),
        "pre_money_minor": reader.money("pre_money"),
        "shares_before": _shares(reader, "shares_before"),
        "new_money_minor": reader.money("new_money", allow_zero=True),
        "largest_other_shares": _shares(reader, "largest_other_shares"),
        "evidence": reader.text("evidence", longest=400),
    }


def _shares(reader: Reader, name: str) -> int:
    if not reader.given(name):
        reader.fail(name, MISSING)
    return reader.whole(name, default=0)


def _grant_audit(reader: Reader, _model: Any) -> dict[str, Any]:
    parts = {f"{name}_minor": reader.money(name, allow_zero=True) for name in ("eligible", "ineligible", "unspent")}
    return {**_grant_close(reader, _model), **parts}


def _grant_return(reader: Reader, _model: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"instrument": reader.text("grant", longest=64)}
    if reader.given("early"):
        body["early"] = True
    if reader.given("part"):
        body["amount_minor"] = reader.money("part")
    return body


def _grant_close(reader: Reader, _model: Any) -> dict[str, Any]:
    return {"instrument": reader.text("grant", longest=64), "evidence": reader.text("evidence", longest=400)}


def _stopping(*names: str) -> Callable[[Reader, Any], dict[str, Any]]:
    def read(reader: Reader, _model: Any) -> dict[str, Any]:
        return {
            name: reader.day(name) if name == "cure_by" else reader.text(name, longest=400 if name == "reason" else 64)
            for name in names
        }

    return read


_READERS: dict[str, Callable[[Reader, Any], dict[str, Any]]] = {
    "drawdown_call": _drawdown_call,
    "revenue_report": _revenue_report,
    "interest_due": _interest_due,
    "distribution": _distribution,
    "loss_event": _loss_event,
    "pool_compensation": _pool_compensation,
    "recovery": _recovery,
    "exit": _exit,
    "reversal": _reversal,
    "conversion": _conversion,
    "grant_audit": _grant_audit,
    "grant_return": _grant_return,
    "grant_close": _grant_close,
    **{kind: _stopping(*FORM_FIELDS[kind]) for kind in ("dispute", "freeze", "release", "default", "cure")},
}
