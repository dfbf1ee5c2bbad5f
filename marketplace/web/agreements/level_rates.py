"""What follows the assessed level in the deal form: a loan's rate, and the end of a guidance fund's first loss."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from marketplace import clock
from marketplace.projects.models import Project
from marketplace.web.agreements.reading import Reader


def list_rate_levels(project: Project) -> list[int]:
    """The levels above the assessed one that a milestone of the project proves; none where nothing is assessed."""
    assessed, _mrl = project.levels_on(clock.day_in_zone(clock.now()))
    highest = max((item.target_trl or 0 for item in project.milestones), default=0)
    return [] if assessed is None else list(range(assessed + 1, highest + 1))


def read_rate_steps(reader: Reader, project: Project, *, rate: str) -> list[dict[str, Any]]:
    """What was typed as `bank_rate_trl7` and the like, as steps of the loan; faults go to their fields."""
    from risk.errors import RiskError
    from risk.sharing.templates.level_steps import apply_level_table, loan_steps

    levels = [level for level in list_rate_levels(project) if reader.given(f"bank_rate_trl{level}")]
    if not levels:
        return []
    if reader.given("bank_step_milestone"):
        reader.fail(f"bank_rate_trl{levels[0]}", _("Choose one: a lower rate after a milestone, or rates by level."))
        return []
    assessed, _mrl = project.levels_on(clock.day_in_zone(clock.now()))
    rows: list[dict[str, Any]] = [{"trl": assessed, "value": rate}]
    rows += [{"trl": level, "value": reader.percent(f"bank_rate_trl{level}")} for level in levels]
    try:
        return loan_steps(apply_level_table(rows, trl=assessed, milestones=_proofs(project)))
    except RiskError as error:
        number = int((error.field or "[0]").partition("[")[2].partition("]")[0] or 0)
        field = f"bank_rate_trl{levels[number - 1]}" if number else "bank_rate"
        reader.fail(field, _("The rate falls from level to level, and lies between 0 and 100 %."))
        return []


def read_first_loss_end(reader: Reader, project: Project, *, subordinated: bool) -> str | None:
    """The milestone that proves the level chosen in `first_loss_until`; None where the position never ends.

    The fund bears the first loss with its whole capital or not at all, so the table has two rows: all of it at the
    assessed level, nothing from the chosen one on.
    """
    from risk.sharing.templates.level_steps import apply_level_table

    if not reader.given("first_loss_until"):
        return None
    if not subordinated:
        reader.fail("first_loss_until", _("This needs the capital that comes back last in a liquidation."))
        return None
    level = reader.whole("first_loss_until", default=0)
    if level not in list_rate_levels(project):
        reader.fail("first_loss_until", _("Choose a level that a milestone of the project proves."))
        return None
    assessed, _mrl = project.levels_on(clock.day_in_zone(clock.now()))
    rows: list[dict[str, Any]] = [{"trl": assessed, "value": "1"}, {"trl": level, "value": "0"}]
    return apply_level_table(rows, trl=assessed, milestones=_proofs(project)).steps[0].milestone


def _proofs(project: Project) -> dict[str, Any]:
    return {item.code: (item.target_trl, item.planned_on) for item in project.milestones}
