"""What matching may know of a project: figures and words only, read once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from marketplace.assessments.services import ask_eligibility
from marketplace.projects.models import Project, ScoreConsent
from marketplace.projects.search import list_tokens

# Cover and guarantees are asked beside the money, so they do not count towards the size of the round.
_NOT_MONEY = ("guarantee", "pilot_failure_insurance")


@dataclass(frozen=True)
class Ask:
    """Money of one kind that a project asks for, and whether the assessed level closes or conditions the instrument."""

    instrument: str
    amount_minor: int
    smallest_ticket_minor: int
    open: bool = True
    conditional: bool = False


@dataclass(frozen=True)
class ProjectFacts:
    """One project as a mandate sees it; None means not known."""

    organisation_ids: frozenset[int]
    state: str
    currency: str
    sector: str
    region_code: str
    trl: int | None
    mrl: int | None
    assessed: bool
    asks: tuple[Ask, ...]
    pilot_site_booked: bool
    ip_owned: bool
    insurance_bound: bool
    probability: Decimal | None
    band: str | None
    figures: dict[str, Decimal | None]
    words: dict[str, str | None]
    tokens: frozenset[str]
    # Whom the team lets read the score, by organisation and by kind; nobody unless it says so.
    score_open_to: frozenset[int] = frozenset()
    score_open_kinds: frozenset[str] = frozenset()

    def seen_by(self, organisation: Any) -> ProjectFacts:
        """The facts as this funder may know them: without the score where the team did not let it read the score."""
        consented = organisation.id in self.score_open_to or organisation.kind in self.score_open_kinds
        if consented and organisation.verification_state == "verified":
            return self
        return replace(self, probability=None, band=None)

    @property
    def round_size_minor(self) -> int:
        return sum(ask.amount_minor for ask in self.asks if ask.instrument not in _NOT_MONEY)


def build_facts(project: Project, *, insured: bool, today: date, consents: Iterable[ScoreConsent] = ()) -> ProjectFacts:
    """Read a project whose team and funding needs are loaded; `consents` are those of it that stand."""
    consents = list(consents)
    share, standing = project.unproven_equipment_share, project.levels_on(today)
    trl, mrl = project.deciding_levels(today)
    return ProjectFacts(
        organisation_ids=frozenset(
            number for number in (project.organisation_id, project.pilot_centre_id) if number is not None
        ),
        state=project.state,
        currency=project.currency,
        sector=project.sector,
        region_code=project.region_code,
        trl=trl,
        mrl=mrl,
        assessed=standing[0] is not None,
        asks=tuple(_read_ask(project, need, today) for need in project.funding_needs),
        pilot_site_booked=project.pilot_centre_id is not None,
        ip_owned=_owns_rights(project),
        insurance_bound=insured,
        probability=None if project.score_probability is None else Decimal(project.score_probability),
        band=project.score_band,
        figures={
            "scale_up_factor": _figure(project.scale_up_factor),
            "new_process_steps": _figure(project.new_process_steps),
            "unproven_equipment_share": _figure(share),
            "recycle_streams": _figure(project.recycle_streams),
        },
        words={
            "lead_organisation_size": project.lead_organisation_size or None,
            "solids_handling": None if project.solids_handling is None else str(project.solids_handling).lower(),
            "sector": project.sector,
        },
        tokens=frozenset(
            token
            for text in (project.title_zh, project.title_en, project.summary_zh, project.summary_en)
            for token in list_tokens(text)
        ),
        score_open_to=frozenset(row.organisation_id for row in consents if row.organisation_id is not None),
        score_open_kinds=frozenset(row.organisation_kind for row in consents if row.organisation_kind is not None),
    )


def _figure(value: str | int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _read_ask(project: Project, need: Any, today: date) -> Ask:
    answer = ask_eligibility(project, instrument=need.instrument, on=today)
    return Ask(
        need.instrument, need.amount_minor, need.smallest_ticket_minor, open=answer.answer != "closed",
        conditional=answer.answer == "conditional",
    )  # fmt: skip


def _owns_rights(project: Project) -> bool:
    """A right counts as owned where the team itself is named as its owner."""
    team = {name.strip().casefold() for name in (project.organisation.name_zh, project.organisation.name_en) if name}
    return any(str(right.get("owner", "")).strip().casefold() in team for right in project.ip)
