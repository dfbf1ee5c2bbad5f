"""Maturity: TRL 1-9 and MRL 1-10, the evidence each level demands, and which instruments are open at a level."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from risk.errors import InvalidParameterError
from risk.tables import load_document

TRL_RANGE = (1, 9)
MRL_RANGE = (1, 10)
PILOT_BAND_TRL = (5, 7)
PILOT_BAND_MRL = (4, 8)
NOT_ASSESSED_SINCE = date(2024, 1, 1)
_RANGES = {"trl": TRL_RANGE, "mrl": MRL_RANGE}

EVIDENCE_TYPES: dict[str, tuple[str, str]] = {
    "peer_reviewed": ("同行评议论文", "peer-reviewed publication"),
    "test_report": ("检测或试验报告", "test report"),
    "demonstration": ("演示记录", "demonstration record"),
    "deployment": ("实际应用证明", "record of deployment"),
    "vendor_claim": ("供方声明", "vendor claim"),
}
"""Types of evidence with their Chinese and English names; a vendor claim never counts towards a level."""

ENVIRONMENTS: dict[str, tuple[str, str]] = {
    "laboratory": ("实验室", "laboratory"),
    "simulated": ("模拟环境", "simulated environment"),
    "relevant": ("相关环境", "relevant environment"),
    "operational": ("使用环境", "operational environment"),
}
"""Where evidence was made, from the laboratory to use, with Chinese and English names."""

INSTRUMENTS: dict[str, tuple[str, str]] = {
    "equity": ("股权", "equity"),
    "convertible": ("可转债", "convertible"),
    "loan": ("贷款", "loan"),
    "warrant_loan": ("认股权贷款", "loan with warrant"),
    "grant": ("补助", "grant"),
    "invest_first_convert_later": ("先投后股", "fund first, equity later"),
    "revenue_share": ("收入分成", "revenue share"),
    "guarantee": ("担保", "guarantee"),
    "pilot_failure_insurance": ("中试验证失败损失保险", "pilot-failure insurance"),
}
"""Instruments whose eligibility depends on the level, with their Chinese and English names."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question a level asks: ``id`` (such as ``trl-6-prototype``), the question in both languages."""

    id: str
    scale: str
    level: int
    question_zh: str
    question_en: str


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a scale: names, its criteria, and the types and environments of evidence it accepts.

    `environments` is empty where the definition of the level names none.
    """

    scale: str
    level: int
    name_zh: str
    name_en: str
    doe_scale: str | None
    evidence_types: tuple[str, ...]
    environments: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    source: str
    status: str


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether an instrument is ``open``, ``conditional`` or ``closed`` at a level, why, and what would open it.

    `code` names the row of the table, for as long as the row stands (``loan-trl-6-7-mrl-5-10``). `opened_by` says what
    may meet the condition beside a level: ``evidence``, ``pool``, ``guarantee``, ``full_guarantee``, ``policy``.
    """

    instrument: str
    answer: str
    code: str
    reason_zh: str
    reason_en: str
    opens_zh: str | None
    opens_en: str | None
    source: str
    status: str
    valid_from: date
    opened_by: tuple[str, ...] = ()


@cache
def list_levels(scale: str) -> tuple[Level, ...]:
    """Return the levels of a scale, lowest first.

    Parameters
    ----------
    scale : {"trl", "mrl"}
        Technology or manufacturing readiness.
    """
    _check_scale(scale)
    document = load_document("maturity_levels")
    source = document["sources"][scale]
    return tuple(_build_level(row, source) for row in document["level"] if row["scale"] == scale)


def get_level(scale: str, level: int) -> Level:
    """Return one level of a scale; raises :class:`InvalidParameterError` outside 1-9 (TRL) or 1-10 (MRL)."""
    check_level(scale, level)
    return list_levels(scale)[level - 1]


def check_level(scale: str, level: object, *, field: str | None = None) -> int:
    """Return `level` if it is a whole number within the scale; the error names the range.

    Raises
    ------
    InvalidParameterError
        With code ``level_out_of_range``.
    """
    _check_scale(scale)
    low, high = _RANGES[scale]
    if isinstance(level, bool) or not isinstance(level, int) or not low <= level <= high:
        allowed = f"a whole number from {low} to {high}"
        raise InvalidParameterError(field or scale, level, allowed, code="level_out_of_range")
    return level


def counts_as_evidence(criterion: Criterion, evidence_type: str, environment: str | None = None) -> bool:
    """Tell whether evidence counts towards the criterion; claims, press and logos never do.

    Parameters
    ----------
    criterion : Criterion
        The question that the evidence answers.
    evidence_type : str
        A key of :data:`EVIDENCE_TYPES`.
    environment : str or None
        A key of :data:`ENVIRONMENTS`, empty where none was stated; None asks about the type alone.

    Examples
    --------
    >>> counts_as_evidence(get_criterion("trl-7-operational-result"), "test_report", "laboratory")
    False
    """
    level = get_level(criterion.scale, criterion.level)
    if evidence_type not in level.evidence_types:
        return False
    return environment is None or not level.environments or environment in level.environments


def get_criterion(identifier: str) -> Criterion:
    """Return the criterion with this id; raises :class:`InvalidParameterError` (``unknown_criterion``)."""
    criteria = _criteria_by_id()
    if identifier not in criteria:
        raise InvalidParameterError(
            "criterion", identifier, "the id of a criterion of the TRL or MRL scale", code="unknown_criterion"
        )
    return criteria[identifier]


def reached_level(criteria_met: Iterable[str], *, scale: str = "trl") -> int:
    """Return the level reached by the contiguous rule, 0 where not even level 1 is reached.

    A level is reached only when every criterion of it and of all levels below is met by accepted evidence.

    Parameters
    ----------
    criteria_met : iterable of str
        Ids of the criteria met; those of the other scale are left aside, unknown ids are refused.
    scale : {"trl", "mrl"}
        The scale asked for.

    Raises
    ------
    InvalidParameterError
        With code ``unknown_criterion`` or ``unknown_scale``.

    Examples
    --------
    >>> reached_level(["trl-1-principle", "trl-1-relevance", "trl-3-lab-result"])
    1
    """
    met = _check_criteria(criteria_met)
    reached = 0
    for level in list_levels(scale):
        if any(criterion.id not in met for criterion in level.criteria):
            break
        reached = level.level
    return reached


def list_gaps(criteria_met: Iterable[str], *, scale: str = "trl", up_to: int | None = None) -> tuple[Criterion, ...]:
    """Return the criteria still open up to a level, by default up to the next level not reached."""
    met = _check_criteria(criteria_met)
    levels = list_levels(scale)
    limit = min(reached_level(met, scale=scale) + 1, len(levels)) if up_to is None else check_level(scale, up_to)
    return tuple(criterion for level in levels[:limit] for criterion in level.criteria if criterion.id not in met)


def evidence_cover(criteria_met: Iterable[str], *, up_to: int, scale: str = "trl") -> float:
    """Return the share, 0 to 1, of the criteria demanded up to a level that accepted evidence meets.

    It is the ``evidence_cover`` input of the score when `up_to` is the start level claimed.

    Examples
    --------
    >>> evidence_cover(["trl-1-principle"], up_to=1)
    0.5
    """
    demanded = [criterion for level in list_levels(scale)[: check_level(scale, up_to)] for criterion in level.criteria]
    return 1.0 - len(list_gaps(criteria_met, scale=scale, up_to=up_to)) / len(demanded)


def project_level(element_levels: Iterable[int | None]) -> int | None:
    """Return the project's level: the lowest of its critical technology elements, None where one is not assessed."""
    levels = list(element_levels)
    if not levels or any(level is None for level in levels):
        return None
    return min(level for level in levels if level is not None)


def in_pilot_band(trl: int, mrl: int | None = None) -> bool:
    """Tell whether the levels lie in the pilot band, TRL 5-7 with MRL 4-8 (an absent MRL does not decide)."""
    trl_fits = PILOT_BAND_TRL[0] <= check_level("trl", trl) <= PILOT_BAND_TRL[1]
    return trl_fits and (mrl is None or PILOT_BAND_MRL[0] <= check_level("mrl", mrl) <= PILOT_BAND_MRL[1])


def assess_eligibility(instrument: str, *, trl: int | None, mrl: int | None, as_of: date) -> Eligibility:
    """Return whether an instrument is open at the assessed levels on a date.

    Parameters
    ----------
    instrument : str
        A key of :data:`INSTRUMENTS`.
    trl, mrl : int or None
        Assessed levels; None where not assessed.
    as_of : datetime.date
        The rules in force on this date decide.

    Raises
    ------
    InvalidParameterError
        Unknown instrument, level out of range, or a date before the first rules.
    """
    if instrument not in INSTRUMENTS:
        raise InvalidParameterError(
            "instrument", instrument, "one of " + ", ".join(INSTRUMENTS), code="unknown_instrument"
        )
    if mrl is not None:
        check_level("mrl", mrl)
    if trl is None:
        return _not_assessed(instrument, as_of)
    check_level("trl", trl)
    for rule in _rules(instrument, as_of):
        mrl_range = rule.get("mrl")
        if not rule["trl"][0] <= trl <= rule["trl"][1]:
            continue
        if mrl_range is None or (mrl is not None and mrl_range[0] <= mrl <= mrl_range[1]):
            return _build_eligibility(rule)
    raise _no_rule(instrument, as_of)


def _no_rule(instrument: str, as_of: date) -> InvalidParameterError:
    return InvalidParameterError(
        "as_of",
        as_of.isoformat(),
        f"a date on which rules for {instrument} are in force",
        code="no_rule_in_force",
    )


def _rules(instrument: str, as_of: date) -> list[dict]:
    rows = [*load_document("eligibility_capital")["rule"], *load_document("eligibility_credit")["rule"]]
    return [
        row
        for row in rows
        if row["instrument"] == instrument
        and row["valid_from"] <= as_of
        and (row.get("valid_to") is None or as_of < row["valid_to"])
    ]


def _build_eligibility(rule: dict) -> Eligibility:
    return Eligibility(
        instrument=rule["instrument"],
        answer=rule["answer"],
        code=_code_of(rule),
        reason_zh=rule["reason_zh"],
        reason_en=rule["reason_en"],
        opens_zh=rule.get("opens_zh"),
        opens_en=rule.get("opens_en"),
        source=rule["source"],
        status=rule["status"],
        valid_from=rule["valid_from"],
        opened_by=tuple(rule.get("opened_by", ())),
    )


def _code_of(rule: dict) -> str:
    levels = [f"{scale}-{rule[scale][0]}-{rule[scale][1]}" for scale in _RANGES if scale in rule]
    return "-".join([rule["instrument"].replace("_", "-"), *levels])


def _not_assessed(instrument: str, as_of: date) -> Eligibility:
    if as_of < NOT_ASSESSED_SINCE:
        raise _no_rule(instrument, as_of)
    return Eligibility(
        instrument=instrument,
        answer="conditional",
        code=instrument.replace("_", "-") + "-not-assessed",
        reason_zh="技术成熟度尚未评定，适用的工具取决于评定等级。",
        reason_en="The technology level is not assessed, and the level decides which instrument fits.",
        opens_zh="完成独立的技术成熟度评价。",
        opens_en="An independent readiness assessment.",
        source="Pilotage rule: maturity decides",
        status="judgement",
        valid_from=NOT_ASSESSED_SINCE,
    )


def _build_level(row: dict, source: str) -> Level:
    criteria = tuple(
        Criterion(item["id"], row["scale"], row["level"], item["question_zh"], item["question_en"])
        for item in row["criterion"]
    )
    return Level(
        scale=row["scale"],
        level=row["level"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        doe_scale=row.get("doe_scale"),
        evidence_types=tuple(row["evidence_types"]),
        environments=tuple(row.get("environments", ())),
        criteria=criteria,
        source=source,
        status=row["status"],
    )


@lru_cache(maxsize=1)
def _criteria_by_id() -> dict[str, Criterion]:
    return {
        criterion.id: criterion for scale in _RANGES for level in list_levels(scale) for criterion in level.criteria
    }


def _check_criteria(criteria_met: Iterable[str]) -> frozenset[str]:
    met = frozenset(criteria_met)
    for identifier in met:
        get_criterion(identifier)
    return met


def _check_scale(scale: str) -> None:
    if scale not in _RANGES:
        raise InvalidParameterError("scale", scale, "trl or mrl", code="unknown_scale")
