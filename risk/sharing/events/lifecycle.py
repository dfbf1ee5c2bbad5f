"""Events that stop an agreement or let it go on: dispute, freeze, default, and what lifts them."""

from __future__ import annotations

from typing import Any

from risk.sharing import reading
from risk.sharing.errors import EventError
from risk.sharing.events import bodies
from risk.sharing.run import Run

BREACHES = ("drawdown", "payment", "report", "covenant")
# What each open matter stops. Facts (money that came, a milestone, a loss, a claim) are recorded all the same.
_OUT = ("drawdown_call", "distribution", "recovery", "exit", "conversion", "write_off", "close")
_SHARED_OUT = ("distribution", "recovery", "exit", "close")
_REASONS = {
    "freeze": ("agreement_frozen", "The agreement is frozen: nothing is called or paid out until it is released."),
    "dispute": ("dispute_open", "An event is in dispute: nothing is shared out until the dispute is lifted."),
    "default": ("in_default", "The party that uses the money is in default: nothing is called until it is cured."),
}
OPEN, LIFTED = "open", "lifted"


def refuse_stopped(run: Run, kind: str) -> None:
    """Refuse a kind of event that an open freeze, dispute or default stops.

    Raises
    ------
    EventError
        ``agreement_frozen``, ``dispute_open`` or ``in_default``, with the ids of what is open in ``details["open"]``.
    """
    stopped = {
        "freeze": _OUT,
        "dispute": _SHARED_OUT,
        "default": ("drawdown_call", "close") if _is_own(run) else ("close",),
    }
    for matter, kinds in stopped.items():
        names = open_matters(run.results, matter)
        if names and kind in kinds:
            code, message = _REASONS[matter]
            raise EventError(code, message, "kind", open=names)


def open_matters(results: dict[str, str], matter: str) -> list[str]:
    """Return the ids of the events that raised what is still open.

    Parameters
    ----------
    results : dict of str to str
        The results of a state.
    matter : str
        ``dispute``, ``freeze`` or ``default``.
    """
    found = (name.partition(":")[2] for name, word in results.items() if word.startswith(OPEN) and _is(name, matter))
    return sorted(found)


def _is(name: str, matter: str) -> bool:
    return name.startswith(f"{matter}:")


def _is_own(run: Run) -> bool:
    return any(_is(name, "default") and word == f"{OPEN}:{run.model.project}" for name, word in run.results.items())


def dispute(run: Run, body: dict[str, Any]) -> None:
    """Put an event of the log into dispute; until it is lifted nothing is shared out."""
    body = bodies.read(body, ("about", "reason"), ("evidence",))
    _settled_only(run)
    about = reading.identifier(body["about"], "body.about", EventError)
    run.refuse(
        about not in {event["id"] for event in run.log}, "unknown_event", "There is no such event.", "body.about"
    )
    reading.text(body["reason"], "body.reason", EventError)
    already = any(event["kind"] == "dispute" and event["body"]["about"] == about
                  and event["id"] in open_matters(run.results, "dispute") for event in run.log)  # fmt: skip
    run.refuse(already, "already_disputed", "This event is in dispute already.", "body.about")
    run.results[f"dispute:{run.event_id}"] = OPEN


def freeze(run: Run, body: dict[str, Any]) -> None:
    """Freeze the agreement: nothing is called, shared out or closed; facts are still recorded."""
    body = bodies.read(body, ("reason",), ("evidence",))
    _settled_only(run)
    reading.text(body["reason"], "body.reason", EventError)
    run.refuse(bool(open_matters(run.results, "freeze")), "already_frozen", "The agreement is frozen already.", "kind")
    run.results[f"freeze:{run.event_id}"] = OPEN


def release(run: Run, body: dict[str, Any]) -> None:
    """Lift a freeze or a dispute."""
    _lift(run, body, ("freeze", "dispute"))


def default(run: Run, body: dict[str, Any]) -> None:
    """Declare that a party is in breach, with the day until which it may cure; a loan's default is a loss event."""
    body = bodies.read(body, ("party", "breach", "cure_by", "reason"), ("evidence",))
    _settled_only(run)
    party = bodies.known(body["party"], "body.party", run.model.parties, "party")
    bodies.choice(body["breach"], "body.breach", BREACHES)
    reading.text(body["reason"], "body.reason", EventError)
    last = reading.date(body["cure_by"], "body.cure_by", EventError)
    run.refuse(last < run.on, "cure_before_default", "The day to cure lies before the default.", "body.cure_by")
    already = f"{OPEN}:{party}" in run.results.values()
    run.refuse(already, "already_in_default", f"{party} is in default already.", "body.party")
    run.results[f"default:{run.event_id}"] = f"{OPEN}:{party}"


def cure(run: Run, body: dict[str, Any]) -> None:
    """Record that a default has been cured."""
    _lift(run, body, ("default",))


def _lift(run: Run, body: dict[str, Any], matters: tuple[str, ...]) -> None:
    body = bodies.read(body, ("lifts", "reason"), ("evidence",))
    _settled_only(run)
    name = reading.identifier(body["lifts"], "body.lifts", EventError)
    reading.text(body["reason"], "body.reason", EventError)
    found = next((matter for matter in matters if name in open_matters(run.results, matter)), None)
    if found is None:
        raise EventError("nothing_to_lift", "Nothing of this kind is open under this id.", "body.lifts")
    run.results[f"{found}:{name}"] = LIFTED


def _settled_only(run: Run) -> None:
    if run.arithmetic.is_array:
        raise EventError("no_array_form", "Disputes, freezes and breaches cannot be simulated.", "kind")
