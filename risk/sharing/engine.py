"""The engine: terms in, events applied one by one, a new state and everything that follows from each event."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from risk.sharing import opening, reading
from risk.sharing.amendment import carry_over
from risk.sharing.amounts import balance_named
from risk.sharing.applying import balance_names, opening_state, read_event, standing_events, start_run
from risk.sharing.arithmetic import IntegerArithmetic
from risk.sharing.canonical import event_hash, terms_hash
from risk.sharing.compiling.declarations import REVENUE_DUE
from risk.sharing.errors import EventError
from risk.sharing.handlers import HANDLERS
from risk.sharing.journal import Posting
from risk.sharing.model import Model
from risk.sharing.paths import Paths, run_paths
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
    earlier_flows : list of (datetime.date, dict of str to int)
        Cash that moved elsewhere before an agreement was brought in, by day; nothing of it becomes payable.
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
    earlier_flows: list[tuple[datetime.date, dict[str, int]]] = field(default_factory=list)
    hash: str = ""
    repeated: bool = False


class Engine:
    """Runs one version of terms.

    Parameters
    ----------
    terms : dict
        A terms document (``docs/terms.md``).
    previous_hash : str, optional
        Hash of the version that was written before these terms.
    amends : Engine, optional
        The engine of the version that is in force until these terms take effect by an event ``amendment``. A log that
        began under it is applied from its first event by this engine, each event under the terms then in force.

    Raises
    ------
    TermsError
        With code, clause path and sentence.
    """

    def __init__(self, terms: dict[str, Any], previous_hash: str | None = None, amends: Engine | None = None) -> None:
        self.amends = amends
        self.model: Model = compile_terms(terms)
        self.terms_hash = terms_hash(terms, previous_hash)
        self._arithmetic = IntegerArithmetic()
        self._balances = [balance_named(name) for name in balance_names(self.model)]

    def open(self) -> State:
        """Return the state before any event, under the first of the versions."""
        return opening_state(self.model, self.terms_hash) if self.amends is None else self.amends.open()

    def in_force(self, state: State) -> Engine:
        """Return the engine, this one or one that it amends, under whose terms a state stands.

        Raises
        ------
        EventError
            ``version_superseded``: the state has gone on to terms that this engine does not know.
        """
        engine: Engine = self
        while engine.terms_hash != state.terms_hash:
            if engine.amends is None:
                raise EventError(
                    "version_superseded", "The agreement runs under another version of the terms.", "terms_hash"
                )
            engine = engine.amends
        return engine

    def load(self, text: str) -> State:
        """Return a stored state, refusing one of other terms.

        Raises
        ------
        EventError
            ``bad_state`` or ``other_terms``.
        """
        state = state_from_json(text)
        engine: Engine | None = self
        while engine is not None and engine.terms_hash != state.terms_hash:
            engine = engine.amends
        if engine is None:
            raise EventError("other_terms", "The stored state belongs to another version of the terms.", "terms_hash")
        # A state stored before a counter or flag was introduced has it at its opening value, or what it would count.
        opening = opening_state(engine.model, engine.terms_hash)
        opening.values[REVENUE_DUE] = sum(state.reports.values())
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
        if event["kind"] == "amendment":
            return self._amend(state, event, on)
        engine = self.in_force(state)
        return engine._apply_new(state, event, on)

    def _apply_new(self, state: State, event: dict[str, Any], on: datetime.date) -> Outcome:
        """Apply an event that is not in the log yet, under these very terms."""
        head = event_hash(event, self.terms_hash, state.head)
        log = (*state.log, event)
        if event["kind"] == "reversal":
            return self._reverse(state, event, on, head, log)
        if event["kind"] == opening.KIND:
            past = opening.bring_in(self.model, state, event, on)
            new = dataclasses.replace(past.state, head=head, log=log)
            return Outcome(new, past.postings, past.explanation, self.balances(new), {}, past.flows, head)
        run = start_run(self.model, self._arithmetic, state, event, on)
        HANDLERS[event["kind"]](run, event["body"])
        journal, explanation = run.journal, run.explanation
        assert journal is not None
        assert explanation is not None
        accounts = {key: amount for key, amount in journal.accounts.items() if amount}
        new = State(
            self.terms_hash, run.status, on, run.values, accounts, run.flags, run.results, run.reports, head, log
        )
        flows = {party: amount for party, amount in run.flows.items() if amount}
        return Outcome(new, journal.nets_by_step(), explanation.tiers, self.balances(new), flows, hash=head)

    def _amend(self, state: State, event: dict[str, Any], on: datetime.date) -> Outcome:
        """Bring the version that follows the one in force into force; what stands is carried over or it is refused."""
        before = self.in_force(state)
        if before is self:
            raise EventError("no_new_version", "There is no signed version that follows the one in force.", "kind")
        new: Engine = self
        while new.amends is not before:
            assert new.amends is not None, "the version in force was found on this way"
            new = new.amends
        body = reading.mapping(event["body"], "body", ("terms_hash",), ("version",), EventError)
        if body["terms_hash"] != new.terms_hash:
            raise EventError(
                "other_version", "The amendment names another version than the one that follows.", "body.terms_hash"
            )
        run = start_run(before.model, self._arithmetic, state, event, on)
        carried = carry_over(before.model, new.model, run, new.terms_hash)
        head = event_hash(event, new.terms_hash, state.head)
        journal = run.journal
        assert journal is not None
        after = dataclasses.replace(carried, head=head, log=(*state.log, event))
        tier = _note(
            "amendment",
            {"zh": "协议变更生效", "en": "Amendment takes effect"},
            {
                "zh": "余额和进度转入新条款，此前的分录不变",
                "en": "balances and progress go over; entries before it stay",
            },
        )
        return Outcome(after, journal.nets_by_step(), [tier], new.balances(after), {}, hash=head)

    def _hash_in_log(self, state: State, name: str) -> str:
        """Return the hash that an event of the log got when it was applied."""
        lineage: list[Engine] = [self]
        while lineage[0].amends is not None:
            lineage.insert(0, lineage[0].amends)
        head: str | None = None
        for earlier in state.log:
            if earlier["kind"] == "amendment":
                lineage.pop(0)
            head = event_hash(earlier, lineage[0].terms_hash, head)
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
        if standing[-1]["kind"] == "amendment":
            raise EventError(
                "amendment_stands", "An amendment is signed; another amendment changes it, no reversal.", "body.target"
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
            before.reports,
            head,
            log,
        )
        postings = [(code, party, -amount) for code, party, amount in undone.postings]
        flows = {party: -amount for party, amount in undone.flows.items()}
        tier = _note(
            "events",
            {"zh": "冲销", "en": "Reversal"},
            {"zh": f"冲销事件{body['target']}", "en": f"reverses event {body['target']}"},
        )
        earlier = [(day, {party: -amount for party, amount in rows.items()}) for day, rows in undone.earlier_flows]
        return Outcome(restored, postings, [tier], self.balances(restored), flows, earlier, head)

    def _replay(self, standing: list[dict[str, Any]]) -> tuple[State, Outcome]:
        """Return the state before the last of the standing events, and what that event did."""
        state = self.open()
        for earlier in standing[:-1]:
            state = self.apply(state, earlier).state
        return state, self.apply(state, standing[-1])

    def balances(self, state: State) -> dict[str, int]:
        """Return every live balance at the state's last date, zeros left out."""
        engine = self.in_force(state)
        if engine is not self:
            return engine.balances(state)
        on = state.last_date or datetime.date.min
        run = Run(self.model, self._arithmetic, state, on)
        return {balance.name: value for balance in self._balances if (value := balance.value(run))}

    def run_paths(self, events: Sequence[dict[str, Any]], scenarios: int, keep_balances: Sequence[str] = ()) -> Paths:
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
        Paths
            Cash flows by party and final balances.
        """
        return run_paths(self.model, self.terms_hash, events, scenarios, keep_balances)


def _note(clause: str, name: dict[str, str], why: dict[str, str]) -> dict[str, Any]:
    """Return a line of the explanation that moves no money."""
    return {
        "clause": clause, "name": name, "why": why, "depth": 0, "capacity_minor": None, "amount_minor": 0, "to": [],
        "rounding": [],
    }  # fmt: skip
