"""Other readings of the declarations: how a return runs, how days are counted, how money is rounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from risk.sharing.day_counts import DAY_COUNTS
from risk.sharing.readings.change import REMOVED, Change, Json, Path

_METHODS = {
    "simple": {"zh": "单利", "en": "simple"},
    "compound": {"zh": "按日复利", "en": "compounded daily"},
    "year": {"zh": "按年复利", "en": "compounded yearly"},
    "quarter": {"zh": "按季复利", "en": "compounded quarterly"},
}
_ROUNDINGS = {
    "half_even": {"zh": "四舍六入五成双", "en": "half to even"},
    "half_up": {"zh": "四舍五入", "en": "half up"},
}


def declared(terms: Json) -> Iterator[Change]:
    """Yield the other readings of a valid document's declarations."""
    yield from _rounding(terms)
    first = _first_year(terms)
    for place, row in enumerate(terms.get("accruals", [])):
        yield from _method(row, ("accruals", place), first)
        yield from _day_counts(row, ("accruals", place))
        yield from _steps(row, ("accruals", place))
    for place, row in enumerate(terms.get("hurdles", [])):
        yield from _day_counts(row, ("hurdles", place))
        yield from _excess(row, ("hurdles", place))
    for place, row in enumerate(terms.get("instruments", [])):
        if row["kind"] == "loan":
            yield from _day_counts(row, ("instruments", place))
            yield from _steps(row, ("instruments", place))
            yield from _carry(row, ("instruments", place))


def _first_year(terms: Json) -> str:
    """Return 1 January of the year of the first drawdown: the start of the calendar's years and quarters."""
    days = [tranche["on"] for tranche in terms.get("tranches", [])]
    return f"{min(days)[:4]}-01-01" if days else ""


def _rounding(terms: Json) -> Iterator[Change]:
    stated = terms.get("rounding", "half_even")
    for other in _ROUNDINGS:
        if other != stated:
            yield Change("rounding", ("rounding",), other, _instead("舍入", "Rounding", _ROUNDINGS, other, stated))


def _method(row: Json, path: Path, first: str) -> Iterator[Change]:
    stated = row["compound"]["per"] if "compound" in row else row.get("method", "simple")
    plain = {key: value for key, value in row.items() if key not in ("method", "compound")}
    since = row.get("compound", {}).get("from", first)
    for other in _METHODS:
        if other == stated or (other in ("year", "quarter") and not since):
            continue
        value = {**plain, "method": "simple" if other == "simple" else "compound"}
        if other in ("year", "quarter"):
            value["compound"] = {"per": other, "within": "simple", "from": since}
        words = _instead(f"收益 {row['id']} ", f"Return {row['id']}", _METHODS, other, stated)
        yield Change("accrual_method", path, value, words)


def _day_counts(row: Json, path: Path) -> Iterator[Change]:
    for other in DAY_COUNTS:
        if other != row["day_count"]:
            words = {
                "zh": f"{row['id']} 的计息天数按 {other}，而非 {row['day_count']}",
                "en": f"Days of {row['id']} counted by {other} instead of {row['day_count']}",
            }
            yield Change("day_count", (*path, "day_count"), other, words)


def _steps(row: Json, path: Path) -> Iterator[Change]:
    for place, step in enumerate(row.get("steps", [])):
        words = {
            "zh": f"{row['id']} 的利率在里程碑 {step['milestone']} 之后不调整",
            "en": f"The rate of {row['id']} does not step after milestone {step['milestone']}",
        }
        yield Change("rate_step", (*path, "steps", place), REMOVED, words)


def _excess(row: Json, path: Path) -> Iterator[Change]:
    other = not row["carry_excess"]
    zh = "超额部分结转并继续计息" if other else "超额部分不结转"
    en = "carries its surplus on" if other else "starts again from nil after a surplus"
    words = {"zh": f"门槛 {row['id']}：{zh}", "en": f"Hurdle {row['id']} {en}"}
    yield Change("carry_excess", (*path, "carry_excess"), other, words)


def _carry(row: Json, path: Path) -> Iterator[Change]:
    other = "none" if row.get("carry", "none") == "carried" else "carried"
    zh = "每期分别舍入" if other == "none" else "尾差结转至下期"
    en = "rounded in each period alone" if other == "none" else "with its fraction carried to the next period"
    yield Change(
        "interest_rounding",
        (*path, "carry"),
        other,
        {"zh": f"{row['id']} 的利息{zh}", "en": f"Interest of {row['id']} {en}"},
    )


def _instead(zh: str, en: str, names: dict[str, Any], other: str, stated: str) -> dict[str, str]:
    return {
        "zh": f"{zh}按“{names[other]['zh']}”，而非“{names[stated]['zh']}”",
        "en": f"{en} {names[other]['en']} instead of {names[stated]['en']}",
    }
