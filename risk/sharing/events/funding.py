"""Events of funding: activation, drawdowns, the insurance premium, milestones."""

from __future__ import annotations

from typing import Any

from risk.sharing.events import bodies
from risk.sharing.run import Run

# Kept where the terms hold a conditional grant, whose exemption rests on a failure on record: a failed test that was
# reported stays, a failed milestone counts (in a flag of its own) until a later result of it.
FAILED = "failed"
RESULTS = ("pass", "conditional", "partial", "fail", "void")


def failed_milestone(name: str) -> str:
    """Return the flag that says whether a milestone's latest result is a failure."""
    return f"{FAILED}:{name}"


def activate(run: Run, body: dict[str, Any]) -> None:
    """Activate the agreement: commitments and limits are entered as memo pairs, fees of the first day are due."""
    bodies.read(body, (), ("reference",))
    run.refuse(run.status != "open", "already_active", "The agreement is already active.")
    run.status = "active"
    for instrument in run.model.instruments.values():
        run.post(("9010", instrument.party), ("9011", instrument.party), instrument.commitment_minor)
    for limit in run.model.limits.values():
        run.post(("9020", limit.party), ("9021", limit.party), limit.amount_minor)
    for claim in run.model.claims.values():
        if claim.amount_minor is not None and claim.milestone is None:
            run.add(f"claim:{claim.id}", claim.amount_minor)


def drawdown_call(run: Run, body: dict[str, Any]) -> None:
    """Call a tranche; its conditions precedent must have passed."""
    body = bodies.read(body, ("tranche",))
    tranche = run.model.tranches[bodies.known(body["tranche"], "body.tranche", run.model.tranches, "tranche")]
    for condition in tranche.conditions:
        name = condition.split(":", 1)[1]
        run.refuse(
            run.arithmetic.negate(run.flags[condition]),
            "condition_precedent_open",
            f"Tranche {tranche.id} may be called only after milestone {name} has passed.",
            "body.tranche",
            milestone=name,
        )
    run.refuse(
        run.flags[f"called:{tranche.id}"],
        "already_called",
        f"Tranche {tranche.id} was already called.",
        "body.tranche",
    )
    for grant in run.model.grants:
        # Nothing is left to be tried with the money, and what is neither converted nor audited would block the close.
        run.refuse(
            run.arithmetic.both(run.flags["exited"], tranche.amounts.get(grant.id, 0) > 0),
            "already_exited",
            f"Nothing of {grant.id} is called after the company was sold or is being liquidated.",
            "body.tranche",
        )
    run.set_flag(f"called:{tranche.id}", True)
    for name, amount in tranche.amounts.items():
        instrument = run.model.instruments[name]
        party = instrument.party
        run.add(f"called:{tranche.id}:{name}", amount)
        run.post(("1110", party), (instrument.account, party), amount)
        run.post(("9011", party), ("9010", party), amount)


def drawdown_paid(run: Run, body: dict[str, Any]) -> None:
    """Receive a called amount, all of it where no amount is stated, and deploy it in the project."""
    body = bodies.read(body, ("tranche", "instrument"), ("amount_minor",))
    tranche = run.model.tranches[bodies.known(body["tranche"], "body.tranche", run.model.tranches, "tranche")]
    name = bodies.known(body["instrument"], "body.instrument", tranche.amounts, "instrument")
    instrument = run.model.instruments[name]
    unpaid = run.values[f"called:{tranche.id}:{name}"]
    amount = run.amount(body["amount_minor"], "body.amount_minor") if "amount_minor" in body else unpaid
    run.refuse(
        amount > unpaid,
        "more_than_called",
        f"More is paid on {name} than was called and is unpaid.",
        "body.amount_minor",
    )
    run.refuse(amount == 0, "nothing_to_pay", f"Nothing is called and unpaid on {name}.", "body.instrument")
    run.add(f"called:{tranche.id}:{name}", -amount)
    run.add(instrument.paid_in, amount)
    run.add(f"contributed:{instrument.party}", amount)
    run.flow(instrument.party, -amount)
    run.flow(run.model.project, amount)
    run.post(("1010", None), ("1110", instrument.party), amount)
    run.post(("1510", None), ("1010", None), amount)


def premium_paid(run: Run, body: dict[str, Any]) -> None:
    """Record that the premium reached the insurer directly, from the project and from any subsidy."""
    body = bodies.read(body, ("policy",), ("amount_minor",))
    policy = run.model.policies[bodies.known(body["policy"], "body.policy", run.model.policies, "policy")]
    run.refuse(
        run.flags[f"premium:{policy.id}"],
        "already_paid",
        f"The premium of {policy.id} was already paid.",
        "body.policy",
    )
    bodies.stated(run, body, "amount_minor", policy.premium_minor, "premium_differs", "premium")
    run.set_flag(f"premium:{policy.id}", True)
    for payer, amount in policy.paid_by.items():
        run.flow(payer, -amount)
    run.flow(policy.party, policy.premium_minor)
    run.post(("5030", None), ("2010", policy.party), policy.premium_minor)
    run.post(("2010", policy.party), ("4010", None), policy.premium_minor)


def milestone(run: Run, body: dict[str, Any]) -> None:
    """Record a milestone's result; a pass makes the fees that depend on it due."""
    body = bodies.read(body, ("milestone",), ("result", "passed", "flags", "decided_by", "evidence"))
    name = bodies.known(body["milestone"], "body.milestone", run.model.milestones, "milestone")
    if "passed" in body:
        passed = run.truth(body["passed"], "body.passed")
    else:
        result = bodies.choice(body.get("result"), "body.result", RESULTS)
        passed = result == "pass"
        run.results[name] = result
    already = run.flags[f"milestone:{name}"]
    run.refuse(already, "milestone_already_passed", f"Milestone {name} has already passed.", "body.milestone")
    run.set_flag(f"milestone:{name}", run.arithmetic.either(already, passed))
    if failed_milestone(name) in run.flags:
        failed = run.arithmetic.negate(passed) if "passed" in body else run.results[name] == "fail"
        run.set_flag(failed_milestone(name), failed)
    bodies.flags(run, body)
    for claim in run.model.claims.values():
        if claim.milestone == name and claim.amount_minor is not None:
            run.add(f"claim:{claim.id}", run.arithmetic.where(passed, claim.amount_minor, 0))
