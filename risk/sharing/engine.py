"""The engine: terms in, events applied one by one, a new state and everything that follows from each event."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from risk.errors import RiskError
from risk.sharing import reading
from risk.sharing.amounts import balance_named
from risk.sharing.arithmetic import IntegerArithmetic
from risk.sharing.canonical import event_hash, normalise, terms_hash
from risk.sharing.errors import EventError
from risk.sharing.events import HANDLERS, KINDS
from risk.sharing.journal import Posting
from risk.sharing.model import Model
from risk.sharing.run import Run
from risk.sharing.state import State, state_from_json
from risk.sharing.terms import compile_terms


@dataclass(frozen=True)
class Outcome:
    """What one event did.

    Attributes
    ----------
    state : State
        The state after the event.
    postings : list of (code, party or None, amount_minor)
        Debit positive; sums to zero, memo pairs included.
    explanation : list of dict
        Tiers: see :class:`risk.sharing.explanation.Explanation`.
    balances : dict of str to int
        Live balances after the event, minor units.
    flows : dict of str to int
        Cash by party, positive where it receives.
    hash : str
        Hash of the event in the chain.
    repeated : bool
        True where the very same event had been applied before and nothing was done.
    """

    state: State
    postings: list[Posting] = field(default_factory=list)
    explanation: list[dict[str, Any]] = field(default_factory=list)
    balances: dict[str, int] = field(default_factory=dict)
    flows: dict[str, int] = field(default_factory=dict)
    hash: str = ""
    repeated: bool = False


class Engine:
    """Runs one version of terms.

    Parameters
    ----------
    terms : dict
        A terms document (``docs/terms.md``).
    previous_hash : str, optional
        Hash of the version these terms amend.

    Raises
    ------
    TermsError
        With code, clause path and sentence.
    """

    def __init__(self, terms: dict[str, Any], previous_hash: str | None = None) -> None:
        self.model: Model = compile_terms(terms)
        self.terms_hash = terms_hash(terms, previous_hash)
        self._arithmetic = IntegerArithmetic()
        self._balances = [balance_named(name) for name in balance_names(self.model)]

    def open(self) -> State:
        """Return the state before any event."""
        return opening_state(self.model, self.terms_hash)

    def load(self, text: str) -> State:
        """Return a stored state, refusing one of other terms.

        Raises
        ------
        EventError
            ``bad_state`` or ``other_terms``.
        """
        state = state_from_json(text)
        if state.terms_hash != self.terms_hash:
            raise EventError("other_terms", "The stored state belongs to another version of the terms.", "terms_hash")
        # A state stored before a counter or flag was introduced has it at its opening value.
        opening = self.open()
        return dataclasses.replace(
            state, values={**opening.values, **state.values}, flags={**opening.flags, **state.flags}
        )

    def apply(self, state: State, event: dict[str, Any]) -> Outcome:
        """Apply one event; `state` is never altered.

        Parameters
        ----------
        state : State
            The state before.
        event : dict
            ``{"id", "kind", "effective_on", "body"}``.

        Returns
        -------
        Outcome
            The new state and what follows from the event.

        Raises
        ------
        EventError
            The event is refused; its ``code`` says why.
        AmountError
            An amount left the bound of 9e15 minor units.
        """
        event, on = read_event(event)
        for earlier in state.log:
            if earlier["id"] == event["id"]:
                if earlier == event:
                    first = self._hash_in_log(state, event["id"])
                    return Outcome(state, balances=self.balances(state), hash=first, repeated=True)
                raise EventError("event_id_reused", f"The id {event['id']} belongs to another event.", "id")
        head = event_hash(event, self.terms_hash, state.head)
        log = (*state.log, event)
        if event["kind"] == "reversal":
            return self._reverse(state, event, on, head, log)
        run = start_run(self.model, self._arithmetic, state, event, on)
        HANDLERS[event["kind"]](run, event["body"])
        journal, explanation = run.journal, run.explanation
        assert journal is not None
        assert explanation is not None
        accounts = {key: amount for key, amount in journal.accounts.items() if amount}
        new = State(self.terms_hash, run.status, on, run.values, accounts, run.flags, run.results, head, log)
        flows = {party: amount for party, amount in run.flows.items() if amount}
        return Outcome(new, journal.nets_by_step(), explanation.tiers, self.balances(new), flows, head)

    def _hash_in_log(self, state: State, name: str) -> str:
        """Return the hash that an event of the log got when it was applied."""
        head: str | None = None
        for earlier in state.log:
            head = event_hash(earlier, self.terms_hash, head)
            if earlier["id"] == name:
                break
        return head or ""

    def _reverse(
        self,
        state: State,
        event: dict[str, Any],
        on: datetime.date,
        head: str,
        log: tuple[dict[str, Any], ...],
    ) -> Outcome:
        """Undo the last event that still stands; earlier ones are undone by reversing backwards."""
        body = reading.mapping(event["body"], "body", ("target",), ("reason",), EventError)
        standing = standing_events(state.log)
        if not standing or standing[-1]["id"] != body["target"]:
            last = standing[-1]["id"] if standing else None
            raise EventError(
                "not_the_last_event",
                "Only the last event that still stands can be reversed" + (f"; it is {last}." if last else "."),
                "body.target",
                last=last,
            )
        if state.last_date is not None and on < state.last_date:
            raise EventError(
                "date_before_last_event",
                "A reversal cannot be dated before what it reverses.",
                "effective_on",
            )
        before, undone = self._replay(standing)
        restored = State(
            self.terms_hash,
            before.status,
            before.last_date,
            before.values,
            before.accounts,
            before.flags,
            before.results,
            head,
            log,
        )
        postings = [(code, party, -amount) for code, party, amount in undone.postings]
        flows = {party: -amount for party, amount in undone.flows.items()}
        tier = {
            "clause": "events",
            "name": {"zh": "冲销", "en": "Reversal"},
            "why": {"zh": f"冲销事件{body['target']}", "en": f"reverses event {body['target']}"},
            "depth": 0,
            "capacity_minor": None,
            "amount_minor": 0,
            "to": [],
            "rounding": [],
        }
        return Outcome(restored, postings, [tier], self.balances(restored), flows, head)

    def _replay(self, standing: list[dict[str, Any]]) -> tuple[State, Outcome]:
        """Return the state before the last of the standing events, and what that event did."""
        state = self.open()
        for earlier in standing[:-1]:
            state = self.apply(state, earlier).state
        return state, self.apply(state, standing[-1])

    def balances(self, state: State) -> dict[str, int]:
        """Return every live balance at the state's last date, zeros left out."""
        on = state.last_date or datetime.date.min
        run = Run(self.model, self._arithmetic, state, on)
        return {balance.name: value for balance in self._balances if (value := balance.value(run))}

    def run_paths(self, events: Sequence[dict[str, Any]], scenarios: int, keep_balances: Sequence[str] = ()) -> Any:
        """Run a dated list of events over arrays of scenarios; see the docstring of :mod:`risk.sharing`.

        Parameters
        ----------
        events : sequence of dict
            Events in the order of their dates, amounts possibly ``int64`` arrays of shape ``(scenarios,)``.
        scenarios : int
            Number of scenarios n, at least 1.
        keep_balances : sequence of str, optional
            Names of balances to keep after every event.

        Returns
        -------
        risk.sharing.paths.Paths
            Cash flows by party and final balances.
        """
        from risk.sharing.paths import run_paths

        return run_paths(self.model, self.terms_hash, events, scenarios, keep_balances)


def opening_state(model: Model, version_hash: str, zero: Any = 0) -> State:
    """Return the state before any event, every counter at zero."""
    flags = {f"milestone:{name}": False for name in model.milestones}
    flags |= {f"flag:{name}": False for name in model.flags}
    flags |= {f"called:{name}": False for name in model.tranches}
    flags |= {f"premium:{name}": False for name in model.policies}
    flags |= dict.fromkeys(
        ("default", "compensated", "compensated:pool", "compensated:guarantee", "exited", "sold", "written_off"),
        False,
    )
    return State(version_hash, values=dict.fromkeys(model.value_names, zero), flags=flags)


def read_event(event: Any, *, arrays: bool = False) -> tuple[dict[str, Any], datetime.date]:
    """Return the event in canonical form and its date.

    Raises
    ------
    EventError
        ``missing_key``, ``unknown_key``, ``unknown_kind``, ``bad_date``, ``float_in_amount`` and the like.
    """
    optional = ("body", "occurs") if arrays else ("body",)
    event = dict(reading.mapping(event, "event", ("id", "kind", "effective_on"), optional, EventError))
    if not arrays:
        try:
            event = normalise(event)
        except RiskError as error:
            code = "float_in_amount" if error.code == "float_in_document" else error.code
            raise EventError(code, error.message, error.field) from error
        except RecursionError as error:
            raise EventError("too_deep", "The event is nested too deeply to read.", "body") from error
    event.setdefault("body", {})
    reading.identifier(event["id"], "id", EventError)
    if event["kind"] not in KINDS:
        raise EventError("unknown_kind", f"There is no kind of event called {str(event['kind'])[:60]!r}.", "kind")
    if not isinstance(event["body"], dict):
        raise EventError("not_an_object", "body must be an object.", "body")
    return event, reading.date(event["effective_on"], "effective_on", EventError)


def start_run(
    model: Model, arithmetic: Any, state: State, event: dict[str, Any], on: datetime.date, occurs: Any = True
) -> Run:
    """Return the working context of an event, after the checks that hold for every kind."""
    if state.status == "closed":
        raise EventError("agreement_closed", "The agreement is closed.", "kind")
    if state.status == "open" and event["kind"] != "activate":
        raise EventError("not_active", "The agreement has not been activated.", "kind")
    if state.last_date is not None and on < state.last_date:
        raise EventError(
            "date_before_last_event",
            f"The event is dated {on}, before the last one of {state.last_date}; reverse later events first.",
            "effective_on",
        )
    return Run(model, arithmetic, state, on, occurs)


def standing_events(log: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events that were neither reversed nor are reversals, in order."""
    reversed_ids = {event["body"]["target"] for event in log if event["kind"] == "reversal"}
    return [event for event in log if event["kind"] != "reversal" and event["id"] not in reversed_ids]


def balance_names(model: Model) -> list[str]:
    """Return the names of the live balances of these terms."""
    names = ["estate"]
    for kind in ("capital", "contributed", "received", "gain", "conceded"):
        names += [f"{kind}:{party}" for party in model.parties]
    for loan in model.loans:
        names += [f"{kind}:{loan.id}" for kind in ("principal", "principal_due", "interest_due", "net_principal_loss")]
        names += [f"loss_borne:{loan.id}:{party}" for party in model.parties]
    names += [f"preference:{name}" for name in model.accruals]
    names += [f"claim:{name}" for name in model.claims]
    names += [f"limit_left:{name}" for name in model.limits]
    return names
