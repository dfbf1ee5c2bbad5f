"""Where each scenario stands on the calendar: until when it is alive, where it fails, when it exits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from risk.simulation.drivers import Drivers
from risk.simulation.sampling import Booleans, Sample

EXIT_STEP_DAYS = 182
_DAYS_PER_YEAR = 365


@dataclass(frozen=True)
class Failure:
    """One way in which pilots end: where, and the days of the miss, the liquidation and later recoveries."""

    id: str
    occurs: Booleans
    missed_on: date
    liquidated_on: date
    recovered_on: date
    technical: bool


@dataclass(frozen=True)
class Course:
    """What happens when, for one chunk of n scenarios.

    Parameters
    ----------
    drivers : Drivers
        Calendar and lags.
    sample : Sample
        The draws of the chunk.
    """

    drivers: Drivers
    sample: Sample

    @property
    def size(self) -> int:
        """Number of scenarios."""
        return len(self.sample.hard)

    @cached_property
    def success(self) -> Booleans:
        """Where the last milestone is passed."""
        return self.sample.passed[self.drivers.milestones[-1].id]

    @cached_property
    def exit_dates(self) -> list[date]:
        """Days on which a sale may happen: every 182 days after the last milestone, and the last day."""
        last = self.drivers.milestones[-1].on
        count = (self.drivers.end - last).days // EXIT_STEP_DAYS
        dates = [last + timedelta(days=EXIT_STEP_DAYS * step) for step in range(1, count + 1)]
        if not dates or dates[-1] != self.drivers.end:
            dates.append(self.drivers.end)
        return dates

    @cached_property
    def exit_place(self) -> NDArray[np.int64]:
        """Place of each scenario's sale in :attr:`exit_dates`; meaningful where it is sold."""
        last = self.drivers.milestones[-1].on
        offsets = np.array([(day - last).days for day in self.exit_dates])
        wanted = (self.sample.exit_years + self.sample.delay_years) * _DAYS_PER_YEAR
        place: NDArray[np.int64] = np.minimum(np.searchsorted(offsets, wanted), len(offsets) - 1)
        return place

    @cached_property
    def sold(self) -> Booleans:
        """Where the company is sold in the end."""
        return self.success & ~self.sample.commercial_failure

    @cached_property
    def commercial_failure_on(self) -> date:
        """Day on which a company that passed its last milestone fails nevertheless."""
        lag = timedelta(days=self.drivers.lags["commercial_failure"])
        return min(self.drivers.milestones[-1].on + lag, self.drivers.end)

    def sold_on(self, place: int) -> Booleans:
        """Where the company is sold on one of the exit dates."""
        return self.sold & (self.exit_place == place)

    def reached(self, day: date) -> Booleans:
        """Where every milestone decided before a day was passed; one decided on it does not count yet."""
        before = [item.id for item in self.drivers.milestones if item.on < day]
        return self.sample.passed[before[-1]] if before else np.ones(self.size, dtype=np.bool_)

    def up_to(self, milestone: str) -> Booleans:
        """Where every milestone before one was passed, by order, as two may be decided on one day."""
        names = [item.id for item in self.drivers.milestones]
        place = names.index(milestone)
        return self.sample.passed[names[place - 1]] if place else np.ones(self.size, dtype=np.bool_)

    def alive(self, day: date) -> Booleans:
        """Where every milestone decided up to and on a day was passed."""
        return self.reached(day + timedelta(days=1))

    def going(self, day: date) -> Booleans:
        """Where the company still pays on a day: no milestone missed, not failed and not sold before."""
        going = self.reached(day)
        if day >= self.commercial_failure_on:
            going = going & ~(self.success & self.sample.commercial_failure)
        places = [place for place, exit_day in enumerate(self.exit_dates) if exit_day < day]
        if places:
            going = going & ~(self.sold & (self.exit_place <= places[-1]))
        return going

    def failures(self) -> list[Failure]:
        """Return every way to fail: at each milestone, and commercially after the last one."""
        found = []
        for item in self.drivers.milestones:
            missed = self.up_to(item.id) & ~self.sample.passed[item.id]
            found.append(self._failure(item.id, missed, item.on, technical=True))
        commercial = self.success & self.sample.commercial_failure
        found.append(self._failure("commercial", commercial, self.commercial_failure_on, technical=False))
        return found

    def _failure(self, name: str, occurs: Booleans, missed_on: date, *, technical: bool) -> Failure:
        lags = self.drivers.lags
        return Failure(
            id=name,
            occurs=occurs,
            missed_on=missed_on,
            liquidated_on=missed_on + timedelta(days=lags["liquidation"]),
            recovered_on=missed_on + timedelta(days=lags["recovery"]),
            technical=technical,
        )
