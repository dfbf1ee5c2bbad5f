"""A holder's projects together: by level and band, expected failures with their range, where it all stands."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import orm

from marketplace.assessments.counts import count_distribution, count_interval
from marketplace.assessments.score_queries import list_latest_scores
from marketplace.projects.states import ENDED_STATES

LEVELS = (0.8, 0.95)


@dataclass(frozen=True)
class Holding:
    """What one holder has in one project, in minor units of one currency."""

    project: Any
    amount_minor: int
    currency: str


# Who holds what is another domain's business: a function from session and actor to holdings.
HoldingsReader = Callable[..., Iterable[Holding]]


@dataclass(frozen=True)
class Line:
    """One project of the portfolio; `score` is None where there is none that the holder may read."""

    project: Any
    amounts: Mapping[str, int]
    score: Any

    @property
    def probability(self) -> float | None:
        return None if self.score is None else self.score.content["probability"]


@dataclass(frozen=True)
class FailureCount:
    """How many of the scored projects fail: the expectation and ranges of the count.

    `ranges`: counts at the stated probabilities, independently (Poisson-binomial). `wide_ranges`: the same with every
    probability at the lower end of its own 80 % interval for the lower bound, and at the upper end for the upper one:
    what is uncertain about the model is common to all projects, so their errors do not cancel.
    """

    projects: int
    expected: float
    ranges: Mapping[float, tuple[int, int]]
    wide_ranges: Mapping[float, tuple[int, int]]


@dataclass(frozen=True)
class Share:
    """A part of the portfolio with its share of the money, by currency."""

    key: str
    projects: int
    amounts: Mapping[str, int]
    shares: Mapping[str, float]
    expected: float | None


@dataclass(frozen=True)
class Portfolio:
    """Everything that the page, the export and the API show."""

    lines: tuple[Line, ...]
    # How many projects are held whose pilots have ended; they are in nothing else.
    ended: int
    totals: Mapping[str, int]
    failures: FailureCount | None
    by_level: tuple[Share, ...]
    by_band: tuple[Share, ...]
    by_sector: tuple[Share, ...]
    by_region: tuple[Share, ...]
    # Herfindahl index of the sectors' shares by currency: 1 where all is in one sector.
    sector_concentration: Mapping[str, float]

    @property
    def not_scored(self) -> int:
        return sum(line.probability is None for line in self.lines)


def build_portfolio(session: orm.Session, *, actor: Any, holdings: HoldingsReader, on: date) -> Portfolio:
    """Read the holdings by the function given, and the scores that the holder may read."""
    return compose_portfolio(
        list(holdings(session, actor=actor)),
        lambda ids: list_latest_scores(session, actor=actor, project_ids=ids),
        on=on,
    )


def compose_portfolio(
    holdings: list[Holding], find_scores: Callable[[set[int]], Mapping[int, Any]], *, on: date
) -> Portfolio:
    """Put holdings and scores together, by the levels of a day; several holdings of one project are one line.

    A pilot that has ended is left out: it can no longer fail, and is only counted.
    """
    ended = {holding.project.id for holding in holdings if holding.project.state in ENDED_STATES}
    holdings = [holding for holding in holdings if holding.project.id not in ended]
    projects: dict[int, Any] = {}
    amounts: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    totals: dict[str, int] = defaultdict(int)
    for holding in holdings:
        projects[holding.project.id] = holding.project
        amounts[holding.project.id][holding.currency] += holding.amount_minor
        totals[holding.currency] += holding.amount_minor
    scores = find_scores(set(projects))
    lines = tuple(
        Line(project, dict(amounts[number]), scores.get(number)) for number, project in sorted(projects.items())
    )
    by_sector = _split(lines, totals, lambda line: line.project.sector)
    return Portfolio(
        lines=lines, ended=len(ended), totals=dict(totals), failures=count_failures(lines),
        by_level=_split(lines, totals, lambda line: str(line.project.deciding_levels(on)[0] or "")),
        by_band=_split(lines, totals, lambda line: (line.score.band or "") if line.score else ""),
        by_sector=by_sector, by_region=_split(lines, totals, lambda line: (line.project.region_code or "")[:2]),
        sector_concentration={
            currency: math.fsum(part.shares.get(currency, 0.0) ** 2 for part in by_sector) for currency in totals
        },
    )  # fmt: skip


def count_failures(lines: Iterable[Line]) -> FailureCount | None:
    """The number of failures among the scored lines; None where none is scored."""
    scored = [line.score.content for line in lines if line.probability is not None]
    if not scored:
        return None
    middle = count_distribution([content["probability"] for content in scored])
    low = count_distribution([content["interval_80"][0] for content in scored])
    high = count_distribution([content["interval_80"][1] for content in scored])
    return FailureCount(
        projects=len(scored),
        expected=math.fsum(content["probability"] for content in scored),
        ranges={level: count_interval(middle, level) for level in LEVELS},
        wide_ranges={level: (count_interval(low, level)[0], count_interval(high, level)[1]) for level in LEVELS},
    )


def _split(lines: Iterable[Line], totals: Mapping[str, int], key_of: Callable[[Line], str]) -> tuple[Share, ...]:
    parts: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        parts[key_of(line)].append(line)
    shares = []
    for key, members in parts.items():
        amounts: dict[str, int] = defaultdict(int)
        for line in members:
            for currency, amount_minor in line.amounts.items():
                amounts[currency] += amount_minor
        known = [line.probability for line in members if line.probability is not None]
        shares.append(
            Share(
                key, len(members), dict(amounts),
                {currency: amount / totals[currency] for currency, amount in amounts.items() if totals[currency]},
                math.fsum(known) if known else None,
            )
        )  # fmt: skip
    return tuple(sorted(shares, key=lambda part: (part.key == "", part.key)))
