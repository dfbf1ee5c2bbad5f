"""Which instruments are open at the level of a project; every domain that finances or insures asks here."""

from __future__ import annotations

from datetime import date
from typing import Any

from marketplace.projects.models import Project
from risk.maturity import INSTRUMENTS, Eligibility, assess_eligibility


def ask_eligibility(project: Project, *, instrument: str, on: date) -> Eligibility:
    """Open, conditional or closed, by the levels that stand on the day: neither a claim nor a lapsed level opens."""
    trl, mrl = project.levels_on(on)
    return assess_eligibility(instrument, trl=trl, mrl=mrl, as_of=on)


def list_eligibility(session: Any, project: Project, *, as_of: date) -> list[Eligibility]:
    """One answer for each instrument."""
    return [ask_eligibility(project, instrument=instrument, on=as_of) for instrument in INSTRUMENTS]


def describe_closure(answer: Eligibility) -> dict[str, Any]:
    """What a refusal tells: why it is closed, what would open it, and where the rule comes from."""
    return {
        "instrument": answer.instrument, "reason_zh": answer.reason_zh, "reason_en": answer.reason_en,
        "opens_zh": answer.opens_zh, "opens_en": answer.opens_en, "source": answer.source,
    }  # fmt: skip
