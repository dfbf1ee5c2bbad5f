"""Reference classes: the group of real outcomes, or the stated judgement, a score stands beside."""

from __future__ import annotations

from typing import Any

from risk.tables import Figure, get_default, list_defaults

_FIRST_PILOT_LEVEL = 5


def find_reference_class(definition: str, trl_start: int | None) -> dict[str, Any]:
    """Return the reference class of a project under a definition of failure.

    Parameters
    ----------
    definition : str
        A key of ``tables/base_rates``.
    trl_start : int or None
        Start level; None gives the class of the definition as a whole.

    Returns
    -------
    dict
        ``code``, ``name_zh``, ``name_en``, ``definition_zh``, ``definition_en``, ``n``, ``events`` (None for a
        judgement), ``base_rate``, ``low``, ``high``, ``source`` and ``status``.
    """
    figure = get_default("base_rates", definition)
    if definition != "target_level_not_reached" or trl_start is None:
        return _describe(figure)
    if trl_start >= _FIRST_PILOT_LEVEL:
        return _describe(get_default("base_rates", "pilot_target_level_not_reached"))
    groups = [
        group
        for group in list_defaults("technology_groups")
        if group.get("pilot_scale") is not None and group["trl_start"] == trl_start
    ]
    n, events = sum(group["n"] for group in groups), sum(group["events"] for group in groups)
    return {
        **_describe(figure),
        "code": f"nasa_technology_start_{trl_start}",
        "name_zh": f"NASA技术项目（起始TRL {trl_start}）",
        "name_en": f"NASA technology projects, start TRL {trl_start}",
        "n": n,
        "events": events,
        "base_rate": round(events / n, 6),
        "low": None,
        "high": None,
        "source": groups[0].source,
    }


def _describe(figure: Figure) -> dict[str, Any]:
    return {
        "code": figure["code"],
        "name_zh": figure["name_zh"],
        "name_en": figure["name_en"],
        "definition_zh": figure["definition_zh"],
        "definition_en": figure["definition_en"],
        "n": figure.get("n"),
        "events": figure.get("events"),
        "base_rate": figure.value,
        "low": figure.get("low"),
        "high": figure.get("high"),
        "source": figure.source,
        "status": figure.status,
    }
