"""Events of loss: default, indemnity, recoveries by legal channel, compensation, write-off."""

from __future__ import annotations

from typing import Any

from risk.sharing.blocks import Facility, Node
from risk.sharing.compiling.programs import COMPENSATIONS, UPWARD
from risk.sharing.errors import EventError
from risk.sharing.events import bodies
from risk.sharing.events.funding import FAILED
from risk.sharing.events.grants import refuse_open_grants, unpaid, write_off_grants
from risk.sharing.run import Run


def loss_event(run: Run, body: dict[str, Any]) -> None:
    """Record a default, a failed test or a cost overrun, with a provision where part of the money is lost already."""
    body = bodies.read(body, ("kind",), ("amount_minor", "flags", "evidence"))
    kind = bodies.choice(body["kind"], "body.kind", ("default", "test_failure", "cost_overrun"))
    amount = run.amount(body.get("amount_minor", 0), "body.amount_minor")
    run.refuse(
        amount > exposure(run) - run.values["provisioned"],
        "loss_above_exposure",
        "The loss exceeds the money deployed that has not come back.",
        "body.amount_minor",
    )
    bodies.flags(run, body)
    if kind == "default":
        run.set_flag("default", True)
    if kind == "test_failure" and FAILED in run.flags:
        run.set_flag(FAILED, True)
    run.add("provisioned", amount)
    run.post(("5010", None), ("1510", None), amount)


def exposure(run: Run) -> Any:
    """Return the capital and principal that are out, whoever holds the claim now."""
    total = run.arithmetic.zero
    for name, value in run.values.items():
        if name.startswith(("capital:", "principal:", "subrogated:")):
            total = total + value
    return total


def _channel(run: Run, channel: str) -> Node:
    nodes = run.model.recoveries.channels if run.model.recoveries else {}
    if channel not in nodes:
        raise EventError(
            "channel_missing", f"These terms say nothing about recoveries from '{channel}'.", "body.channel"
        )
    return nodes[channel]


def _facility(run: Run, channel: str) -> Facility:
    node = _channel(run, channel)
    if not isinstance(node, Facility):
        raise EventError("channel_missing", f"'{channel}' is no layer of these terms.", "body.channel")
    return node


def _before_compensation(run: Run, what: str) -> None:
    """Refuse a recovery of higher rank once a guarantee or pool has compensated on the net loss."""
    run.refuse(
        run.flags["compensated"],
        "after_compensation",
        f"{what} comes after the compensation; what is recovered now goes by the channel 'later'.",
    )


def insurance_recovery(run: Run, body: dict[str, Any]) -> None:
    """Receive an indemnity; the layer computes it and the assignment splits it before it reaches any pot."""
    body = bodies.read(body, ("policy",), ("metrics", "paid_minor", "evidence"))
    policy = run.model.policies[bodies.known(body["policy"], "body.policy", run.model.policies, "policy")]
    _before_compensation(run, "The indemnity")
    facility = _facility(run, "insurance")
    if facility.payer != policy.party:
        raise EventError(
            "payer_differs",
            f"The layer of the terms is owed by {facility.payer}, not {policy.party}.",
            "body.policy",
        )
    bodies.metrics(run, body)
    payment = facility.layer.value(run)
    bodies.stated(run, body, "paid_minor", payment, "indemnity_differs", "indemnity")
    _receive(run, facility, payment, "1130")


def pool_compensation(run: Run, body: dict[str, Any]) -> None:
    """Compensate the lender, or the guarantor that has paid it; the payer steps into its claim for what it paid."""
    body = bodies.read(body, (), ("channel", "paid_minor", "room", "evidence"))
    channel = bodies.choice(body.get("channel", "pool"), "body.channel", COMPENSATIONS)
    run.refuse(
        run.arithmetic.negate(run.flags["default"]),
        "no_default",
        "A compensation needs a default event before it.",
    )
    run.refuse(run.flags[f"compensated:{channel}"], "after_compensation", "This compensation has already been paid.")
    if channel == "guarantee":
        run.refuse(run.flags["compensated:pool"], "after_compensation", "The pool has already compensated.")
    if channel in UPWARD:
        run.refuse(
            run.arithmetic.negate(run.flags["compensated:guarantee"]),
            "guarantee_unpaid",
            "The guarantor pays the lender first and then claims from the next.",
            "body.channel",
        )
    facility = _facility(run, channel)
    _read_room(run, body, facility)
    payment = facility.layer.value(run)
    bodies.stated(run, body, "paid_minor", payment, "compensation_differs", "compensation")
    run.set_flag("compensated", True)
    run.set_flag(f"compensated:{channel}", True)
    run.subrogates_to = facility.payer
    _receive(run, facility, payment, "1140" if channel == "pool" else "1150")
    run.subrogates_to = None


def _read_room(run: Run, body: dict[str, Any], facility: Facility) -> None:
    """Read ``room``: what the register of each shared limit has left; simulation may take the limits as untouched."""
    shared = [name for name in facility.layer.limits if run.model.limits[name].shared is not None]
    data = body.get("room", {})
    if not isinstance(data, dict):
        raise EventError("not_an_object", "body.room must be an object.", "body.room")
    for name in data:
        bodies.known(name, f"body.room.{name}", shared, "shared_limit")
    missing = next((name for name in shared if name not in data), None)
    if missing is not None and (data or not run.arithmetic.is_array):
        raise EventError(
            "room_missing",
            f"The limit {missing} is shared with other agreements; say what its register has left.",
            f"body.room.{missing}",
        )
    run.room = {name: run.amount(value, f"body.room.{name}") for name, value in data.items()}


def _receive(run: Run, facility: Facility, payment: Any, receivable: str) -> None:
    owner = None if receivable == "1140" else facility.payer
    run.post((receivable, owner), ("4030", None), payment)
    run.post(("1010", None), (receivable, owner), payment)
    run.flow(facility.payer, -payment)
    run.into_program(facility, payment, "4030")


def recovery(run: Run, body: dict[str, Any]) -> None:
    """Receive proceeds of collateral or estate, or after a compensation, less the costs of recovering."""
    body = bodies.read(body, ("channel", "proceeds_minor"), ("costs_minor", "evidence"))
    channel = bodies.choice(body["channel"], "body.channel", ("collateral", "estate", "later"))
    if channel == "later":
        run.refuse(
            run.arithmetic.negate(run.flags["compensated"]),
            "before_compensation",
            "Nothing was compensated yet; name the channel the money came from.",
            "body.channel",
        )
    else:
        _before_compensation(run, "This recovery")
    proceeds = run.amount(body["proceeds_minor"], "body.proceeds_minor")
    costs = run.amount(body.get("costs_minor", 0), "body.costs_minor")
    run.refuse(costs > proceeds, "costs_above_proceeds", "The costs exceed the proceeds.", "body.costs_minor")
    net = proceeds - costs
    run.post(("1010", None), ("4030", None), net)
    run.into_program(_channel(run, channel), net, "4030")


def write_off(run: Run, body: dict[str, Any]) -> None:
    """Write off what is still deployed and allocate the loss to those whose capital or claim did not come back.

    What a liquidation left to be repaid of a grant is the funder's loss; where that came after a write-off, a second
    one allocates this alone.
    """
    bodies.read(body, (), ("evidence",))
    again = run.flags["written_off"]
    nothing_left = run.arithmetic.negate(unpaid(run) > 0)
    run.refuse(run.arithmetic.both(again, nothing_left), "already_written_off", "The loss was already written off.")
    run.refuse(
        run.arithmetic.negate(run.arithmetic.either(run.flags["default"], run.flags["exited"])),
        "no_default",
        "A write-off needs a default or an exit before it.",
    )
    refuse_open_grants(run, "what is deployed is written off")
    run.set_flag("written_off", True)
    write_off_grants(run)
    journal = run.journal
    if journal is None or again:
        return
    journal.move(("5020", None), ("1510", None), journal.balance("1510"))
    for party, loss in losses(run).items():
        provision = min(loss, max(journal.balance("5010"), 0))
        journal.move(("3040", party), ("5010", None), provision)
        journal.move(("3040", party), ("5020", None), loss - provision)


def losses(run: Run) -> dict[str, Any]:
    """Return each party's capital and claims that did not come back."""
    result: dict[str, Any] = {}

    def add(party: str, amount: Any) -> None:
        result[party] = result.get(party, 0) + amount

    for party in run.model.parties:
        add(party, run.values[f"capital:{party}"])
    for loan in run.model.loans:
        add(loan.party, run.values[f"principal:{loan.id}"])
        for party in run.model.parties:
            if party != loan.party:
                add(party, run.values[f"subrogated:{loan.id}:{party}"])
    return result
