"""One event being applied: working copies of the counters, what was paid to whom, and why."""

from __future__ import annotations

import datetime
from typing import Any

from risk.sharing import accrual, reading
from risk.sharing.amounts import Balance, balance_named
from risk.sharing.arithmetic import BOUND, Arithmetic
from risk.sharing.blocks import Cap, Facility, IntoPot, Keep, Node, Share, To, When
from risk.sharing.errors import EventError
from risk.sharing.explanation import Explanation
from risk.sharing.journal import Journal
from risk.sharing.model import Model
from risk.sharing.state import State


class Run:
    """Working context of one event; the state it starts from is never altered.

    Parameters
    ----------
    model : Model
        The compiled terms.
    arithmetic : IntegerArithmetic or ArrayArithmetic
        The number type.
    state : State
        The state before the event.
    on : datetime.date
        Effective date.
    occurs : bool or boolean array
        Where the event happens.
    """

    def __init__(
        self, model: Model, arithmetic: Arithmetic, state: State, on: datetime.date, occurs: Any = True
    ) -> None:
        self.model = model
        self.arithmetic = arithmetic
        self.on = on
        self.occurs = occurs
        self.values: dict[str, Any] = dict(state.values)
        self.flags: dict[str, Any] = dict(state.flags)
        self.results = dict(state.results)
        self.reports = dict(state.reports)
        self.status = state.status
        self.log = state.log
        self.event_id = ""
        self.journal = None if arithmetic.is_array else Journal(state.accounts, model.project)
        self.explanation = None if arithmetic.is_array else Explanation(model)
        self.flows: dict[str, Any] = {}
        self.metrics: dict[str, Any] = {}
        self.room: dict[str, Any] = {}
        self.exit_kind: str | None = None
        self.income = "4010"
        self.dividends: Any = arithmetic.zero
        self.pots: dict[str, Any] = {}
        self.subrogates_to: str | None = None
        accrual.advance(self, state.last_date)

    # what the body says -------------------------------------------------------------------------------------------

    def refuse(self, bad: Any, code: str, message: str, field: str | None = None, **details: Any) -> None:
        """Raise :class:`EventError` where `bad` holds in a scenario in which the event happens."""
        if self.arithmetic.any(self.arithmetic.both(bad, self.occurs)):
            raise EventError(code, message, field, **details)

    def amount(self, data: Any, path: str) -> Any:
        """Return an amount of the body: an integer or, in simulation, an int64 array; zero where nothing happens."""
        if self.arithmetic.is_array and hasattr(data, "dtype"):
            if data.dtype != "int64" or data.shape != (self.arithmetic.scenarios,):
                raise EventError("bad_array", f"{path} must be an int64 array with one value per scenario.", path)
            if data.size and (int(data.min()) < 0 or int(data.max()) > BOUND):
                raise EventError("amount_out_of_range", f"{path} must stay within 0 and {BOUND}.", path)
            value = data
        else:
            value = reading.minor(data, path, EventError)
        return self.arithmetic.where(self.occurs, value, 0) + self.arithmetic.zero

    def truth(self, data: Any, path: str) -> Any:
        """Return a truth value of the body, or in simulation a boolean array."""
        if isinstance(data, bool):
            return data
        is_array = self.arithmetic.is_array and getattr(data, "dtype", None) == "bool"
        if is_array and data.shape == (self.arithmetic.scenarios,):
            return data
        raise EventError("not_a_truth_value", f"{path} must be true or false.", path)

    def set_flag(self, name: str, value: Any) -> None:
        """Set a flag where the event happens."""
        self.flags[name] = self.arithmetic.where(self.occurs, value, self.flags[name])

    def add(self, name: str, amount: Any) -> None:
        """Add to a counter, within the bound."""
        self.values[name] = self.arithmetic.check(self.values[name] + amount, name)

    def balance(self, name: str) -> Any:
        """Return a live balance by its name."""
        return balance_named(name).value(self)

    def flow(self, party: str, amount: Any) -> None:
        """Record a cash flow, positive where the party receives."""
        before = self.flows.get(party, self.arithmetic.zero)
        self.flows[party] = self.arithmetic.check(before + amount, "cash flow", party)

    def post(self, debit: tuple[str, str | None], credit: tuple[str, str | None], amount: Any) -> None:
        """Post where the journal is kept."""
        if self.journal is not None:
            self.journal.move(debit, credit, amount)

    # what the programs do -----------------------------------------------------------------------------------------

    def into_program(self, program: Node, amount: Any, income: str) -> None:
        """Put money into the pot and run a program and then the parts it collected into."""
        self.income = income
        self.post((income, None), ("2030", None), amount)
        self.run_program(program, amount)

    def check_concessions(self) -> None:
        """Refuse concessions above the stated share of the giver's own realised gains."""
        for giver, cap in self.model.concession_caps.items():
            gain = self.values[f"gain:{giver}"]
            allowed, _ = self.arithmetic.muldivmod(gain, cap.numerator, cap.denominator)
            self.refuse(
                self.values[f"conceded:{giver}"] > allowed + 1,
                "concession_above_cap",
                f"{giver} would concede more than the stated share of its own realised gains.",
            )

    def run_program(self, program: Node, amount: Any) -> None:
        """Run a program over a pot that is already posted."""
        rest = program.run(self, self.arithmetic.check(amount, program.path))
        if self.arithmetic.happens(rest != 0):
            raise EventError(
                "pot_not_shared_out", f"{program.path} left a part of the pot without a payee.", program.path
            )
        for name, part in self.model.pots.items():
            collected = self.pots.pop(name, None)
            if collected is not None:
                part.run(self, collected)
        self.check_concessions()

    def pay(self, leaf: To, amount: Any) -> None:
        """Pay a leaf."""
        if not self.arithmetic.any(amount > 0):
            return
        party = leaf.party
        if leaf.settles is not None:
            self.settle(leaf.settles, amount, leaf.path)
        self.flow(party, amount)
        self.add(f"received:{party}", amount)
        if leaf.conceded_by:
            giver = leaf.conceded_by
            self.refuse(
                self.arithmetic.both(amount > 0, self.values[f"capital:{giver}"] > 0),
                "concession_before_principal",
                f"{giver} may concede only after its own principal has come back.",
                leaf.path,
            )
            self.add(f"conceded:{giver}", amount)
            self.add(f"gain:{giver}", amount)
        elif leaf.settles is None or leaf.settles.kind == "preference":
            self.add(f"gain:{party}", amount)
        if leaf.legal_basis == "dividend":
            self.dividends = self.dividends + amount
        if self.journal is not None and self.explanation is not None:
            self.journal.pay(leaf, party, amount, self.income, compensation=self.subrogates_to is not None)
            self.explanation.paid(leaf, party, amount)

    def keep(self, leaf: Keep, amount: Any) -> None:
        """Keep money in the estate."""
        self.add("estate", amount)
        if self.explanation is not None and amount:
            self.explanation.paid(leaf, "estate", amount)

    def collect(self, leaf: IntoPot, amount: Any) -> None:
        """Collect money in a part that is shared out after the program."""
        if leaf.settles is not None:
            self.settle(leaf.settles, amount, leaf.path)
            if self.journal is not None:
                self.journal.preference(leaf.settles, self.model.accruals[leaf.settles.ids[0]].party, amount)
        self.pots[leaf.pot] = self.pots.get(leaf.pot, self.arithmetic.zero) + amount
        if self.explanation is not None and amount:
            self.explanation.paid(leaf, f"pot:{leaf.pot}", amount)

    def settle(self, balance: Balance, amount: Any, clause: str) -> None:
        """Lower what a payment settles."""
        self.refuse(
            amount > balance.value(self),
            "more_than_owed",
            f"{clause} pays more than {balance.name} is owed.",
            clause,
        )
        if balance.kind == "preference":
            accrual.pay_preference(self, self.model.accruals[balance.ids[0]], amount)
        elif balance.kind in ("principal", "principal_due", "loss_borne"):
            self._settle_principal(balance, amount)
        else:
            self.values[balance.name] = self.values[balance.name] - amount
            if balance.kind == "grant_due":
                self._take_back_loss(balance.ids[0])

    def _take_back_loss(self, grant: str) -> None:
        """Lower what was written off of a grant to what is still to be repaid of it, and reverse that write-off."""
        name = f"grant_lost:{grant}"
        lost = self.arithmetic.minimum(self.values[name], self.values[f"grant_due:{grant}"])
        back, self.values[name] = self.values[name] - lost, lost
        self.post(("1160", self.model.project), ("5020", None), back)
        self.post(("5020", None), ("3015", self.model.instruments[grant].party), back)

    def _settle_principal(self, balance: Balance, amount: Any) -> None:
        loan = balance.ids[0]
        lender = self.model.instruments[loan].party
        holder = balance.ids[1] if balance.kind == "loss_borne" else lender
        name = f"principal:{loan}" if holder == lender else f"subrogated:{loan}:{holder}"
        self.values[name] = self.values[name] - amount
        if self.subrogates_to is not None:
            # Whoever compensates steps into the holder's claim; the debtor has repaid nothing.
            self.add(f"subrogated:{loan}:{self.subrogates_to}", amount)
            if self.journal is not None:
                self.journal.subrogate(holder, self.subrogates_to, amount)
        elif holder == lender:
            self.add(f"repaid:{loan}", amount)

    def use_limit(self, limit: str, amount: Any) -> None:
        """Use up a limit."""
        self.add(f"limit_used:{limit}", amount)
        party = self.model.limits[limit].party
        self.post(("9021", party), ("9020", party), amount)

    def open_tier(self, node: Cap | Facility, capacity: Any, amount: Any) -> None:
        """Begin a tier of the explanation."""
        if self.explanation is not None:
            self.explanation.open(node, capacity, amount)

    def open_rest(self, node: Share | When, amount: Any) -> bool:
        """Begin a tier that takes all that is left, where no tier is open."""
        return self.explanation is not None and self.explanation.open_rest(node, amount)

    def close_tier(self) -> None:
        """End the innermost tier."""
        if self.explanation is not None:
            self.explanation.close()

    def note_rounding(self, node: Share, units: list[Any]) -> None:
        """Record who got the rounding units of a split."""
        if self.explanation is not None:
            self.explanation.rounding(node, units)
