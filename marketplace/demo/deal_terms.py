"""From a closed round of the content to the parameters of the joint-pilot template and a dated story."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from marketplace.demo.deal_records import Round as RoundRecord
from marketplace.demo.records import Content, Project
from marketplace.money import round_fraction

PARTY_IDS = {
    "angel": "angel", "venture_fund": "venture", "industrial_fund": "industrial", "guidance_fund": "guidance",
}  # fmt: skip
CALL_PARTS = (50, 25, 25)
INVENTED = {
    "zh": "金额、利率与日期均为演示市场虚构。",
    "en": "Amounts, rates and dates are invented for the demonstration.",
}


@dataclass(frozen=True)
class DealPlan:
    """The template's parameters and who sits for which party."""

    parameters: dict[str, Any]
    seats: dict[str, str]


def plan_deal(record: RoundRecord, *, project: Project, content: Content) -> DealPlan:
    """Equity commitments become investors, the first loan the bank; the centre earns a fee on the last milestone."""
    names = {item.code: {"zh": item.name_zh, "en": item.name_en} for item in content.organisations}
    kinds = {item.code: item.kind for item in content.organisations}
    seats: dict[str, str] = {"project": project.team}
    used: Counter[str] = Counter()
    investors: list[dict[str, Any]] = []
    for commitment in record.commitments:
        if commitment.instrument == "loan" or commitment.state == "released":
            continue
        kind = kinds[commitment.investor]
        used[kind] += 1
        party = PARTY_IDS[kind] + (f"-{used[kind]}" if used[kind] > 1 else "")
        seats[party] = commitment.investor
        investors.append(
            {"id": party, "kind": kind, "name": names[commitment.investor],
             "amounts_minor": dict(zip(("T1", "T2", "T3"), _parts(commitment.amount_minor), strict=True))}
        )  # fmt: skip
    equity = sum(sum(item["amounts_minor"].values()) for item in investors)
    milestones = [{"id": item.code, "name": {"zh": item.name_zh, "en": item.name_en}} for item in project.milestones]
    start = record.closed_on or record.deadline_on
    calls = [
        {"id": f"T{number + 1}", "on": (start + timedelta(days=days)).isoformat(),
         "conditions": [milestones[number - 1]["id"]] if number else []}
        for number, days in enumerate((4, 120, 240))
    ]  # fmt: skip
    parameters: dict[str, Any] = {
        "title": {"zh": record.title_zh, "en": record.title_en},
        "invented": INVENTED,
        "currency": "CNY",
        "project": {"id": "project", "name": names[project.team]},
        "founders": {"id": "founders", "name": {"zh": "创始团队", "en": "Founders"}},
        "milestones": milestones,
        "calls": calls,
        "investors": investors,
        "investors_share": _share(equity, record.pre_money_minor),
        "preference_rate": "0.06",
    }
    loan = next((item for item in record.commitments if item.instrument == "loan"), None)
    if loan is not None:
        seats["bank"] = loan.investor
        half = loan.amount_minor // 2
        parameters["bank"] = {
            "id": "bank", "name": names[loan.investor], "rate": "0.0385",
            "amounts_minor": {"T2": half, "T3": loan.amount_minor - half},
            "repayments": [
                {"on": _quarter_day(project.planned_end + timedelta(days=days)), "amount_minor": amount}
                for days, amount in ((180, half), (365, loan.amount_minor - half))
            ],
        }  # fmt: skip
    if project.pilot_centre is not None:
        seats["centre"] = project.pilot_centre
        parameters["centre"] = {
            "id": "centre", "name": names[project.pilot_centre], "success_fee_minor": 30_0000_00,
            "milestone": milestones[-1]["id"], "contract": f"DEMO-{record.code}",
        }  # fmt: skip
    return DealPlan(parameters, seats)


def _parts(amount_minor: int) -> list[int]:
    first, second = (amount_minor * part // 100 for part in CALL_PARTS[:2])
    return [first, second, amount_minor - first - second]


def _share(equity: int, pre_money: int) -> str:
    share = Fraction(equity, equity + pre_money) if pre_money else Fraction(3, 10)
    return f"0.{round_fraction(share * 10_000):04d}"


def _quarter_day(day: date) -> str:
    """The 20th of the last month of the day's quarter, when loans are settled."""
    return date(day.year, (day.month - 1) // 3 * 3 + 3, 20).isoformat()


def quarter_days(first: date, last: date) -> list[date]:
    """Every settlement day after `first` up to `last`."""
    days = [date(year, month, 20) for year in range(first.year, last.year + 1) for month in (3, 6, 9, 12)]
    return [day for day in days if first < day <= last]
