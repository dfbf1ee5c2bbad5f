"""From terms and drawn scenarios to the dated list of events that the sharing engine runs over arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from risk.sharing.amounts import Metric
from risk.sharing.arithmetic import ArrayArithmetic
from risk.sharing.blocks import Facility
from risk.sharing.compiling.programs import COMPENSATIONS
from risk.sharing.model import Instrument, Model
from risk.simulation.calendar import years_later
from risk.simulation.course import Course, Failure
from risk.simulation.drivers import Drivers
from risk.simulation.errors import SimulationError
from risk.simulation.fund import build_fund_events, fund_drivers, is_fund
from risk.simulation.grants import Call, GrantCourse, grant_drivers
from risk.simulation.sampling import Booleans, Integers, Sample

Event = dict[str, Any]
# Order of the events of one day: what is due for the past first, then decisions, then what follows from them.
_ORDER = (
    "activate", "interest", "servicing", "milestone", "fee", "call", "paid", "premium", "revenue", "shared",
    "final-interest", "default", "insurance", "collateral", "converted", "returned", "audited", "repaid", "exit",
    "exempted", *COMPENSATIONS, "later",
)  # fmt: skip


def required_drivers(model: Model) -> list[str]:
    """Return the names of the drivers without which these terms cannot be simulated.

    Raises
    ------
    SimulationError
        ``terms_not_simulable`` where the terms have neither an exit program nor a share of revenue, or an
        insurance layer over anything but one reported amount.
    """
    if model.exit is None and model.revenue_share is None:
        raise SimulationError(
            "The terms have neither an exit program nor a share of revenue, so no outcome can be simulated.",
            code="terms_not_simulable",
            field="programs.exit",
        )
    if is_fund(model):
        return fund_drivers(model)
    names = [*grant_drivers(model), *(f"pass:{milestone}" for milestone in model.milestones)]
    names += [f"flag:{flag}" for flag in model.flags]
    names += [f"claim:{claim.id}" for claim in model.claims.values() if claim.amount_minor is None]
    if _insurance(model) is not None:
        names += ["insured_cause", "determination_agrees", "accepted_spend", "hard_estate_value"]
    if model.revenue_share is not None:
        names.append("yearly_revenue")
    channels = _channels(model)
    if "collateral" in channels:
        names.append("hard_pledged_value")
    if "later" in channels:
        names.append("later_recovery")
    return names


def check_milestones(model: Model, drivers: Drivers) -> None:
    """Raise ``missing_driver`` or ``unknown_driver`` where calendar and terms name other milestones."""
    given = {item.id for item in drivers.milestones}
    for name in model.milestones:
        if name not in given:
            raise SimulationError(
                f"The milestone {name} of the terms has no day in the drivers.",
                code="missing_driver",
                field="milestones",
            )
    for name in sorted(given - set(model.milestones)):
        raise SimulationError(f"The terms have no milestone {name}.", code="unknown_driver", field="milestones")


def build_events(model: Model, drivers: Drivers, sample: Sample) -> list[Event]:
    """Return the events of a chunk in order of date, with arrays of shape (n,) where scenarios differ.

    Parameters
    ----------
    model : Model
        The compiled terms.
    drivers : Drivers
        The calendar.
    sample : Sample
        The draws of n scenarios.

    Returns
    -------
    list of dict
        Events for :meth:`risk.sharing.Engine.run_paths`.
    """
    if is_fund(model):
        return build_fund_events(model, drivers, sample)
    return _Builder(model, drivers, Course(drivers, sample)).build()


def scenario_log(events: Sequence[Event], place: int) -> list[Event]:
    """Return the log of one scenario alone, in whole numbers, as :func:`risk.sharing.settle` takes it.

    Parameters
    ----------
    events : sequence of dict
        Events of a chunk as made by :func:`build_events`.
    place : int
        Place of the scenario in the chunk.

    Returns
    -------
    list of dict
        Only the events that happen in this scenario.
    """
    log = []
    for event in events:
        occurs = event.get("occurs", True)
        if occurs is True or bool(occurs[place]):
            log.append(
                {
                    **{key: event[key] for key in ("id", "kind", "effective_on")},
                    "body": _at(event["body"], place),
                }
            )
    return log


def _at(value: Any, place: int) -> Any:
    if isinstance(value, Mapping):
        body = {key: _at(item, place) for key, item in value.items()}
        if "passed" in body:
            body["result"] = "pass" if body.pop("passed") else "fail"
        return body
    if isinstance(value, np.ndarray):
        return value[place].item()
    return value


def _channels(model: Model) -> Mapping[str, Any]:
    return model.recoveries.channels if model.recoveries else {}


def _insurance(model: Model) -> Facility | None:
    node = _channels(model).get("insurance")
    if not isinstance(node, Facility) or not model.policies:
        return None
    if not isinstance(node.layer.loss, Metric):
        raise SimulationError(
            "The insurance layer must run over one reported amount to be simulated.",
            code="terms_not_simulable",
            field=node.path,
        )
    return node


class _Builder:
    def __init__(self, model: Model, drivers: Drivers, course: Course) -> None:
        self.model, self.drivers, self.course = model, drivers, course
        self.sample = course.sample
        self.rows: list[tuple[date, int, int, Event]] = []
        self.budget = sum(item.commitment_minor for item in model.instruments.values())

    def build(self) -> list[Event]:
        self._add("activate", "activate", self.drivers.start, {})
        fees = [c.id for c in self.model.claims.values() if c.milestone is None and c.amount_minor is not None]
        if fees:
            body = {"source": "project", "collect": [f"claim:{fee}" for fee in fees]}
            self._add("fee", "distribution", self.drivers.start, body)
        self._premiums()
        self._milestones()
        self._calls()
        for loan in self.model.loans:
            self._service(loan)
        self._revenue()
        for failure in self.course.failures():
            self._fail(failure)
        self._exits()
        self._grant()
        return [event for *_, event in sorted(self.rows, key=lambda row: row[:3])]

    def _add(
        self, step: str, kind: str, on: date, body: Event, occurs: Booleans | None = None, *, name: str = ""
    ) -> None:
        event: Event = {
            "id": "-".join(part for part in (step, name, on.isoformat()) if part),
            "kind": kind,
            "effective_on": on.isoformat(),
            "body": body,
        }
        if occurs is not None:
            event["occurs"] = occurs
        self.rows.append((on, _ORDER.index(step), len(self.rows), event))

    def _milestones(self) -> None:
        for item in self.drivers.milestones:
            reached = self.course.up_to(item.id)
            passed = self.sample.passed[item.id]
            self._add(
                "milestone",
                "milestone",
                item.on,
                {"milestone": item.id, "passed": passed},
                reached,
                name=item.id,
            )
            fees = [c.id for c in self.model.claims.values() if c.milestone == item.id and c.amount_minor is not None]
            if fees:
                body = {"source": "project", "collect": [f"claim:{fee}" for fee in fees]}
                self._add("fee", "distribution", item.on, body, passed, name=item.id)

    def _premiums(self) -> None:
        # Cover starts with the first money: nothing is insured before it, and no premium is due before it.
        on = min((self._call_date(t) for t in self.model.tranches.values()), default=self.drivers.start)
        for policy in self.model.policies.values():
            alive = self.course.alive(on)
            self._add("premium", "premium_paid", on, {"policy": policy.id}, alive, name=policy.id)

    def _call_date(self, tranche: Any) -> date:
        decided = {item.id: item.on for item in self.drivers.milestones}
        conditions = [decided[condition.split(":", 1)[1]] for condition in tranche.conditions]
        return max([tranche.on, self.drivers.start, *conditions])

    def _calls(self) -> None:
        for tranche in self.model.tranches.values():
            on = self._call_date(tranche)
            alive = self._called(tranche)
            self._add("call", "drawdown_call", on, {"tranche": tranche.id}, alive, name=tranche.id)
            for instrument, amount in tranche.amounts.items():
                if amount:
                    body = {"tranche": tranche.id, "instrument": instrument}
                    self._add("paid", "drawdown_paid", on, body, alive, name=f"{tranche.id}-{instrument}")

    def _called(self, tranche: Any) -> Booleans:
        """Where a tranche is called: nothing is drawn after a miss, a commercial failure or a sale."""
        on = self._call_date(tranche)
        return self.course.alive(on) & self.course.going(on)

    def _drawn_share(self, day: date) -> float:
        drawn = sum(
            sum(tranche.amounts.values()) for tranche in self.model.tranches.values() if self._call_date(tranche) < day
        )
        return drawn / self.budget if self.budget else 0.0

    def _service(self, loan: Instrument) -> None:
        drawn = [self._call_date(t) for t in self.model.tranches.values() if t.amounts.get(loan.id)]
        if not drawn:
            return
        first, last = min(drawn), max([day for day, _ in loan.repayments], default=self.drivers.end)
        repaid = {day for day, _ in loan.repayments if first < day <= self.drivers.end}
        settled = set(_settlement_days(loan, first, min(last, self.drivers.end)))
        for day in sorted(repaid | settled):
            going = self.course.going(day)
            if day in settled:
                self._add("interest", "interest_due", day, {"instrument": loan.id}, going, name=loan.id)
            collect = [f"interest_due:{loan.id}", f"principal_due:{loan.id}"]
            self._add(
                "servicing",
                "distribution",
                day,
                {"source": "project", "collect": collect},
                going,
                name=loan.id,
            )
        for place, day in enumerate(self.course.exit_dates):
            if first < day <= last:
                body = {"instrument": loan.id, "final": True}
                self._add(
                    "final-interest",
                    "interest_due",
                    day,
                    body,
                    self.course.sold_on(place),
                    name=f"sale-{loan.id}",
                )

    def _revenue(self) -> None:
        if "yearly_revenue" not in self.sample.amounts or self.model.operating is None:
            return
        last = self.drivers.milestones[-1].on
        due_share = self.sample.revenue_due_share
        previous, counted = last, np.zeros(self.course.size, dtype=np.int64)
        for year in range(1, (self.drivers.end - last).days // 365 + 1):
            on = years_later(last, year)
            ramp = min(year / 3, 1.0)
            base = np.rint(self.sample.amounts["yearly_revenue"] * ramp).astype(np.int64)
            period = {"from": previous.isoformat(), "to": on.isoformat()}
            body = {"period": period, "base_minor": base}
            terms = self.model.revenue_share
            if terms is not None:
                arithmetic = ArrayArithmetic(self.course.size)
                total = counted + terms.due(arithmetic, base, self.model.rounding)
                due = terms.payable(arithmetic, total) - terms.payable(arithmetic, counted)
            else:
                due = body["due_minor"] = np.minimum(np.rint(base * due_share).astype(np.int64), base)
            going = self.course.going(on) & self.course.success
            if terms is not None:
                counted = np.where(going, total, counted)
            self._add("revenue", "revenue_report", on, body, going)
            self._add("shared", "distribution", on, {"source": "revenue", "amount_minor": due}, going)
            previous = on

    def _fail(self, failure: Failure) -> None:
        share = self._drawn_share(failure.missed_on)
        if share == 0:
            return
        on, occurs, name = failure.liquidated_on, failure.occurs, failure.id
        hard = occurs & self.sample.hard if failure.technical else np.zeros(self.course.size, dtype=np.bool_)
        channels = _channels(self.model)
        for loan in self.model.loans:
            body = {"instrument": loan.id, "final": True}
            self._add("final-interest", "interest_due", on, body, occurs, name=f"{name}-{loan.id}")
        if self.model.loans:
            self._add("default", "loss_event", on, {"kind": "default"}, occurs, name=name)
        insurance = _insurance(self.model)
        if insurance is not None and failure.technical:
            spend = self._scaled("accepted_spend", share)
            policy = next(p.id for p in self.model.policies.values() if p.party == insurance.payer)
            body = {"policy": policy, "metrics": {insurance.layer.loss.name: spend}}
            self._add("insurance", "insurance_recovery", on, body, hard & self.sample.covered, name=name)
        if "collateral" in channels:
            body = {"channel": "collateral", "proceeds_minor": self._scaled("hard_pledged_value", share)}
            self._add("collateral", "recovery", on, body, hard, name=name)
        if self.model.exit is not None:
            self._add("exit", "exit", on, self._liquidation(hard, share), occurs, name=name)
        if self.model.loans:
            compensated = [channel for channel in COMPENSATIONS if channel in channels]
            for channel in compensated:
                self._add(channel, "pool_compensation", on, {"channel": channel}, occurs, name=name)
            if "later" in channels and compensated:
                body = {"channel": "later", "proceeds_minor": self._scaled("later_recovery", share)}
                self._add("later", "recovery", failure.recovered_on, body, occurs, name=name)

    def _liquidation(self, hard: Booleans, share: float) -> Event:
        sale = np.maximum(self._scaled("soft_sale_value", share) - self._overrun(), 0)
        if hard.any():
            sale = np.where(hard, self._scaled("hard_estate_value", share), sale)
        claims = {
            claim.id: self.sample.amounts[f"claim:{claim.id}"]
            for claim in self.model.claims.values()
            if claim.amount_minor is None
        }
        return {
            "kind": "liquidation",
            "proceeds_minor": sale,
            "claims": claims,
            "flags": dict(self.sample.flags),
        }

    def _exits(self) -> None:
        if self.model.exit is None:
            return
        proceeds = np.maximum(self.sample.amounts["exit_value"] - self._overrun(), 0)
        for place, day in enumerate(self.course.exit_dates):
            body = {"kind": "trade_sale", "proceeds_minor": proceeds, "flags": dict(self.sample.flags)}
            self._add("exit", "exit", day, body, self.course.sold_on(place), name="sale")

    def _grant(self) -> None:
        if not self.model.grants:
            return
        # What a sale brings in is a price too, for whoever is sold before the next round.
        sale = np.maximum(self.sample.amounts["exit_value"] - self._overrun(), 0)
        (item,) = self.model.grants
        calls = [
            Call(self._call_date(t), t.amounts[item.id], self._called(t))
            for t in self.model.tranches.values()
            if t.amounts.get(item.id)
        ]
        grant = GrantCourse(self.model, self.course, sale, calls)
        for row in (*grant.conversions(), *grant.failures(self._grant_paid)):
            self._add(row.step, row.kind, row.on, row.body, row.occurs, name=row.name)

    def _grant_paid(self, day: date) -> int:
        """What of the grant is drawn before a day."""
        (grant,) = self.model.grants
        return sum(t.amounts.get(grant.id, 0) for t in self.model.tranches.values() if self._call_date(t) < day)

    def _overrun(self) -> Integers:
        # Cost beyond what was committed is met by the company, so it lowers what a sale brings in.
        overrun: Integers = np.rint(self.sample.cost_growth * self.budget).astype(np.int64)
        return overrun

    def _scaled(self, name: str, share: float) -> Integers:
        if name not in self.sample.amounts:
            return np.zeros(self.course.size, dtype=np.int64)
        amounts = self.sample.amounts[name]
        return amounts if share >= 1.0 else np.rint(amounts * share).astype(np.int64)


def _settlement_days(loan: Instrument, first: date, last: date) -> list[date]:
    days = [
        date(year, month, loan.settled_day)
        for year in range(first.year, last.year + 1)
        for month in sorted(loan.settled_months)
    ]
    return [day for day in days if first < day <= last]
