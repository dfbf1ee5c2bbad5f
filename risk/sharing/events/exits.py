"""Events at the end: sale or liquidation of the company, and closing the agreement."""

from __future__ import annotations

from typing import Any

from risk.sharing.errors import EventError
from risk.sharing.events import bodies
from risk.sharing.events.grants import refuse_open_grants, refuse_unpaid_grant_calls
from risk.sharing.events.servicing import check_dividends
from risk.sharing.model import EXIT_KINDS
from risk.sharing.run import Run


def exit_(run: Run, body: dict[str, Any]) -> None:
    """Share out the proceeds of a sale or a liquidation, with what is kept in the estate, by the exit program.

    A liquidation may be settled in several distributions; a sale ends the matter. A partnership hands on what it
    realises by any number of distributions and goes on; only its liquidation ends it.
    """
    body = bodies.read(
        body,
        ("kind", "proceeds_minor"),
        ("claims", "flags", "metrics", "distributable_profit_minor", "evidence"),
    )
    run.exit_kind = bodies.choice(body["kind"], "body.kind", EXIT_KINDS)
    is_sale = run.exit_kind == "trade_sale"
    over = run.flags["sold"] if run.exit_kind == "liquidation" else run.flags["exited"]
    run.refuse(over, "already_exited", "The exit has already been settled.")
    run.refuse(
        run.flags["compensated"],
        "after_compensation",
        "The exit comes after a compensation; what is recovered now goes by the channel 'later'.",
    )
    if is_sale:
        refuse_open_grants(run, "the company is sold")
        refuse_unpaid_grant_calls(run)
    program = run.model.exit
    if program is None:
        raise EventError("program_missing", "These terms have no exit program.", "body.kind")
    bodies.metrics(run, body)
    bodies.flags(run, body)
    _admit_claims(run, body.get("claims", {}))
    proceeds = run.amount(body["proceeds_minor"], "body.proceeds_minor")
    if run.exit_kind != "partnership_distribution":
        run.set_flag("exited", True)
    if is_sale:
        run.set_flag("sold", True)
    run.post(("1010", None), ("4020", None), proceeds)
    run.income = "4020"
    run.post(("4020", None), ("2030", None), proceeds)
    held = run.values["estate"]
    run.values["estate"] = run.arithmetic.zero
    run.run_program(program, run.arithmetic.check(proceeds + held, "exit proceeds"))
    check_dividends(run, body)


def _admit_claims(run: Run, data: Any) -> None:
    if not isinstance(data, dict):
        raise EventError("not_an_object", "body.claims must be an object.", "body.claims")
    for name, value in data.items():
        claim = run.model.claims[bodies.known(name, f"body.claims.{name}", run.model.claims, "claim")]
        run.refuse(
            claim.amount_minor is not None,
            "claim_is_fixed",
            f"The amount of {name} stands in the terms and is not admitted by an event.",
            f"body.claims.{name}",
        )
        run.add(f"claim:{name}", run.amount(value, f"body.claims.{name}"))


def close(run: Run, body: dict[str, Any]) -> None:
    """Close the agreement; no money may be held and no call unpaid."""
    bodies.read(body, (), ("evidence",))
    run.refuse(run.values["estate"] > 0, "not_settled", "Money is still kept in the estate.")
    run.refuse(run.values["receivable"] != 0, "not_settled", "Reported revenue is still receivable or was overpaid.")
    refuse_open_grants(run, "the agreement is closed")
    for grant in run.model.grants:
        # What a liquidation left and was written off is the funder's loss; nobody waits for it.
        run.refuse(
            run.values[f"grant_due:{grant.id}"] > run.values[f"grant_lost:{grant.id}"],
            "not_settled",
            f"{grant.id} is still to be repaid.",
        )
    for tranche in run.model.tranches.values():
        for name in tranche.amounts:
            run.refuse(
                run.values[f"called:{tranche.id}:{name}"] > 0,
                "not_settled",
                f"A call on {name} in {tranche.id} is unpaid.",
            )
    run.status = "closed"
