"""The array path: one dated list of events over many scenarios, by the same handlers and blocks as settlement."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from risk.sharing.applying import balance_names, opening_state, read_event, start_run
from risk.sharing.arithmetic import ArrayArithmetic
from risk.sharing.errors import EventError
from risk.sharing.handlers import HANDLERS
from risk.sharing.model import Model
from risk.sharing.run import Run
from risk.sharing.state import State

MAX_SCENARIOS = 10_000_000


@dataclass
class Paths:
    """Cash flows and balances of n scenarios.

    Attributes
    ----------
    event_ids : list of str
        Ids of the events.
    dates : list of datetime.date
        Effective date of each event.
    parties : list of str
        Parties of the terms, in their order.
    flows : dict of str to numpy.ndarray
        Per party an ``int64`` array (events, n) of minor units, positive where the party receives.
    balances : dict of str to numpy.ndarray
        Live balances after the last event, ``int64`` arrays (n,).
    values_after : dict of str to numpy.ndarray
        The balances asked for, after every event, ``int64`` arrays (events, n).
    """

    event_ids: list[str]
    dates: list[datetime.date]
    parties: list[str]
    flows: dict[str, Any]
    balances: dict[str, Any] = field(default_factory=dict)
    values_after: dict[str, Any] = field(default_factory=dict)


def run_paths(
    model: Model,
    version_hash: str,
    events: Sequence[dict[str, Any]],
    scenarios: int,
    keep_balances: Sequence[str] = (),
) -> Paths:
    """Run the events over n scenarios; see :meth:`risk.sharing.engine.Engine.run_paths`.

    Raises
    ------
    EventError
        An event is refused in some scenario in which it happens, or ``bad_scenarios``, ``bad_array``, ``id_twice``,
        ``unknown_balance``.
    AmountError
        An amount left the bound of 9e15 minor units in some scenario.
    """
    if isinstance(scenarios, bool) or not isinstance(scenarios, int) or not 1 <= scenarios <= MAX_SCENARIOS:
        raise EventError("bad_scenarios", f"scenarios must be an integer from 1 to {MAX_SCENARIOS}.", "scenarios")
    names = balance_names(model)
    for name in keep_balances:
        if name not in names:
            raise EventError("unknown_balance", f"These terms have no balance {name!r}.", "keep_balances")
    arithmetic = ArrayArithmetic(scenarios)
    numpy = arithmetic.numpy
    read = [read_event(event, arrays=True) for event in events]
    if len({event["id"] for event, _ in read}) != len(read):
        raise EventError("id_twice", "Two events of the list have the same id.", "id")
    flows = {party: numpy.zeros((len(read), scenarios), dtype=numpy.int64) for party in model.parties}
    kept = {name: numpy.zeros((len(read), scenarios), dtype=numpy.int64) for name in keep_balances}
    state = opening_state(model, version_hash, arithmetic.zero)
    for row, (event, on) in enumerate(read):
        if event["kind"] not in HANDLERS:
            raise EventError("no_array_form", "Reversals, amendments and opening balances cannot be simulated.", "kind")
        occurs = _occurs(event, arithmetic)
        arithmetic.occurs = occurs
        run = start_run(model, arithmetic, state, event, on, occurs)
        HANDLERS[event["kind"]](run, event["body"])
        arithmetic.occurs = True
        state = _merge(state, run, on)
        for party, amount in run.flows.items():
            flows[party][row] = amount if occurs is True else numpy.where(occurs, amount, 0)
        for name in keep_balances:
            kept[name][row] = Run(model, arithmetic, state, on).balance(name)
    paths = Paths(
        [event["id"] for event, _ in read],
        [on for _, on in read],
        list(model.parties),
        flows,
        values_after=kept,
    )
    if read:
        final = Run(model, arithmetic, state, read[-1][1])
        paths.balances = {name: numpy.broadcast_to(final.balance(name), (scenarios,)) for name in names}
    return paths


def _occurs(event: dict[str, Any], arithmetic: ArrayArithmetic) -> Any:
    occurs = event.get("occurs", True)
    if occurs is True:
        return True
    if getattr(occurs, "dtype", None) != "bool" or occurs.shape != (arithmetic.scenarios,):
        raise EventError("bad_array", "occurs must be a boolean array with one value per scenario.", "occurs")
    if event["kind"] in ("activate", "close"):
        raise EventError("bad_array", f"An event of kind {event['kind']} happens in every scenario.", "occurs")
    return occurs


def _merge(state: State, run: Run, on: datetime.date) -> State:
    """Return the state after the event: in scenarios where it does not happen only time has passed."""
    values, flags = run.values, run.flags
    if run.occurs is not True:
        numpy = run.arithmetic.numpy  # type: ignore[union-attr]  # only the array path gets here
        idle = Run(run.model, run.arithmetic, state, on)
        values = {
            name: value if value is idle.values[name] else numpy.where(run.occurs, value, idle.values[name])
            for name, value in values.items()
        }
    return State(state.terms_hash, run.status, on, values, {}, flags, run.results)
