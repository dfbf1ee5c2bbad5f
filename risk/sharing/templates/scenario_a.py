"""Scenario A: one fine-chemicals pilot as terms and as the events of its three endings.

Every rate, price, probability and yield in it is invented for the example and marked so in the terms.
"""

from __future__ import annotations

from typing import Any

from risk.errors import InvalidParameterError
from risk.sharing.templates.joint_pilot import joint_pilot

Json = dict[str, Any]
ENDINGS = ("failure_without_cover", "hard_failure", "success")
YUAN = 100
INVESTORS = ("angel", "industrial", "guidance")


def parameters() -> Json:
    """Return the parameters of the joint pilot template that express scenario A."""
    return {
        "title": {
            "zh": "精细化工连续流中试联合投资协议",
            "en": "Joint agreement on a continuous-flow fine-chemicals pilot",
        },
        "invented": {
            "zh": "触发概率、利率、价格和收率均为示例虚构数据。",
            "en": "Trigger probability, rates, prices and yields are invented for the example.",
        },
        "currency": "CNY",
        "project": {"id": "project", "name": {"zh": "项目公司", "en": "Project company"}},
        "founders": {"id": "founders", "name": {"zh": "创始人和高校", "en": "Founders and university"}},
        "milestones": [
            {"id": "M0", "name": {"zh": "许可齐备、保单生效", "en": "permits in place and policy bound"}},
            {"id": "M1", "name": {"zh": "50%负荷连续运行72小时", "en": "72 hours at 50% load"}},
            {"id": "M2", "name": {"zh": "机械竣工", "en": "mechanical completion"}},
            {
                "id": "M3",
                "name": {"zh": "168小时收率不低于82%", "en": "yield of at least 82% over 168 hours"},
            },
        ],
        "calls": [
            {"id": "T1", "on": "2027-01-15", "conditions": ["M0"]},
            {"id": "T2", "on": "2027-06-21", "conditions": ["M1"]},
            {"id": "T3", "on": "2027-12-21", "conditions": ["M2"]},
        ],
        "investors": [
            _investor("angel", "angel", "天使投资人", "Angel investor", 800_000, 600_000),
            _investor("industrial", "industrial_fund", "产业基金", "Industrial fund", 2_000_000, 1_500_000),
            _investor("guidance", "guidance_fund", "政府引导基金", "Guidance fund", 1_600_000, 1_200_000),
        ],
        "investors_share": "0.44",
        "preference_rate": "0.06",
        "bank": _bank(),
        "insurer": _insurer(),
        "pool": _pool(),
        "centre": {
            "id": "centre",
            "name": {"zh": "中试平台", "en": "Pilot centre"},
            "success_fee_minor": 600_000 * YUAN,
            "milestone": "M3",
            "contract": "A-CENTRE-2027-01",
        },
        "guidance": _guidance(),
    }


def _bank() -> Json:
    return {
        "id": "bank",
        "name": {"zh": "银行", "en": "Bank"},
        "rate": "0.04",
        "amounts_minor": {"T2": 3_000_000 * YUAN, "T3": 2_000_000 * YUAN},
        "repayments": [
            {"on": "2029-06-20", "amount_minor": 2_500_000 * YUAN},
            {"on": "2029-12-20", "amount_minor": 2_500_000 * YUAN},
        ],
        "step_down": {"milestone": "M3", "from": "2028-09-20", "rate": "0.036"},
    }


def _insurer() -> Json:
    return {
        "id": "insurer",
        "name": {"zh": "保险公司", "en": "Insurer"},
        "premium_minor": 680_657 * YUAN,
        "paid_by": {"project": 380_657 * YUAN, "province": 300_000 * YUAN},
        "subsidy_party": {"id": "province", "name": {"zh": "省级财政", "en": "Province"}},
        "deductible_minor": 930_000 * YUAN,
        "share": "0.5",
        "limit_minor": 4_000_000 * YUAN,
        "assigned_to_bank": "0.4",
    }


def _pool() -> Json:
    return {
        "id": "pool",
        "name": {"zh": "风险补偿资金池", "en": "Risk-compensation pool"},
        "share": "0.4",
        "limits": [
            {
                "id": "pool-loan",
                "amount_minor": 1_500_000 * YUAN,
                "name": {"zh": "单笔贷款补偿上限", "en": "limit for one loan"},
            },
            {
                "id": "pool-year",
                "amount_minor": 1_100_000 * YUAN,
                "name": {"zh": "本年度剩余额度", "en": "room left this year"},
            },
        ],
    }


def _guidance() -> Json:
    approval = {
        "zh": "引导基金投资决策委员会（示例）",
        "en": "Investment committee of the guidance fund (example)",
    }
    return {
        "party": "guidance",
        "subordination_approval": {"body": approval, "number": "A-EXAMPLE-2026-11", "on": "2026-12-20"},
        "concession": {
            "keep_rate": "0.03",
            "beneficiaries": {"angel": 2, "industrial": 5},
            "cap_share_of_gain": "1",
            "conditions": [
                {
                    "id": "early-stage",
                    "name": {"zh": "项目属于早期投资", "en": "the investment counts as early stage"},
                },
                {
                    "id": "concession-approved",
                    "name": {"zh": "让利已获批准", "en": "the concession is approved"},
                },
            ],
            "approval": {"body": approval, "number": "A-EXAMPLE-2026-12", "on": "2026-12-20"},
        },
    }


def _investor(name: str, kind: str, zh: str, en: str, first: int, later: int) -> Json:
    return {
        "id": name,
        "kind": kind,
        "name": {"zh": zh, "en": en},
        "amounts_minor": {"T1": first * YUAN, "T2": later * YUAN, "T3": later * YUAN},
    }


def scenario_a_terms() -> Json:
    """Return the terms of scenario A."""
    return joint_pilot(parameters())


def scenario_a(ending: str) -> Json:
    """Return terms and events of one ending of scenario A.

    Parameters
    ----------
    ending : str
        ``failure_without_cover`` (A-F1), ``hard_failure`` (A-F2) or ``success`` (A-S).

    Returns
    -------
    dict
        ``{"terms": ..., "events": [...]}`` for :func:`risk.sharing.settle`.
    """
    if ending not in ENDINGS:
        raise InvalidParameterError("ending", ending, f"one of {', '.join(ENDINGS)}")
    endings = {
        "failure_without_cover": _failure_without_cover,
        "hard_failure": _hard_failure,
        "success": _success,
    }
    events = _Events()
    _until_the_decision(events)
    endings[ending](events)
    return {"terms": scenario_a_terms(), "events": events.rows}


class _Events:
    def __init__(self) -> None:
        self.rows: list[Json] = []

    def add(self, on: str, kind: str, /, **body: Any) -> None:
        self.rows.append({"id": f"A-{len(self.rows) + 1:02d}-{kind}", "kind": kind, "effective_on": on, "body": body})

    def interest(self, on: str) -> None:
        self.add(on, "interest_due", instrument="loan")
        self.add(on, "distribution", source="project", collect=["interest_due:loan"])

    def draw(self, on: str, tranche: str, *, loan: bool) -> None:
        self.add(on, "drawdown_call", tranche=tranche)
        for party in INVESTORS:
            self.add(on, "drawdown_paid", tranche=tranche, instrument=f"{party}-equity")
        if loan:
            self.add(on, "drawdown_paid", tranche=tranche, instrument="loan")


def _until_the_decision(events: _Events) -> None:
    events.add("2027-01-10", "activate")
    events.add("2027-01-14", "milestone", milestone="M0", result="pass")
    events.draw("2027-01-15", "T1", loan=False)
    events.add("2027-01-15", "premium_paid", policy="policy", amount_minor=680_657 * YUAN)
    events.add("2027-06-18", "milestone", milestone="M1", result="pass")
    events.draw("2027-06-21", "T2", loan=True)
    events.interest("2027-09-20")
    events.add("2027-12-17", "milestone", milestone="M2", result="pass")
    events.interest("2027-12-20")
    events.draw("2027-12-21", "T3", loan=True)
    for on in ("2028-03-20", "2028-06-20"):
        events.interest(on)


def _failure_without_cover(events: _Events) -> None:
    """Yield 78 %: the milestone is missed, but no insured event (below 75 %) has happened."""
    events.interest("2028-09-20")
    events.add("2028-09-30", "milestone", milestone="M3", result="fail")
    events.add("2028-12-20", "interest_due", instrument="loan")
    events.add(
        "2028-12-20",
        "exit",
        kind="liquidation",
        proceeds_minor=9_600_000 * YUAN,
        claims={"costs-and-wages": 270_000 * YUAN, "centre-services": 400_000 * YUAN},
    )
    events.add("2028-12-31", "write_off")
    events.add("2028-12-31", "close")


def _hard_failure(events: _Events) -> None:
    """Yield 71 %, determined on 2028-10-20: an insured event, a default, and every legal channel in its rank."""
    events.interest("2028-09-20")
    events.add("2028-09-30", "milestone", milestone="M3", result="fail")
    events.add("2028-10-20", "loss_event", kind="test_failure")
    events.add("2028-12-20", "interest_due", instrument="loan")
    events.add("2028-12-20", "loss_event", kind="default")
    events.add(
        "2028-12-20",
        "recovery",
        channel="collateral",
        proceeds_minor=1_600_000 * YUAN,
        costs_minor=100_000 * YUAN,
    )
    events.add(
        "2028-12-20",
        "insurance_recovery",
        policy="policy",
        metrics={"accepted_spend": 8_400_000 * YUAN},
        paid_minor=3_735_000 * YUAN,
    )
    events.add(
        "2028-12-20",
        "exit",
        kind="liquidation",
        proceeds_minor=120_000 * YUAN,
        claims={"costs-and-wages": 270_000 * YUAN, "centre-services": 400_000 * YUAN},
    )
    events.add("2028-12-29", "pool_compensation")
    events.add("2028-12-31", "write_off")
    events.add("2029-06-29", "recovery", channel="later", proceeds_minor=200_000 * YUAN, costs_minor=12_000 * YUAN)
    events.add("2029-12-31", "close")


def _success(events: _Events) -> None:
    """M3 passes on 2028-09-20: the margin steps down, the centre is paid, the loan repaid, the company sold."""
    events.interest("2028-09-20")
    events.add("2028-09-20", "milestone", milestone="M3", result="pass")
    events.add("2028-09-28", "distribution", source="project", collect=["claim:success-fee"])
    for on in ("2028-12-20", "2029-03-20"):
        events.interest(on)
    events.add("2029-06-20", "interest_due", instrument="loan")
    events.add("2029-06-20", "distribution", source="project", collect=["interest_due:loan", "principal_due:loan"])
    events.interest("2029-09-20")
    events.add("2029-12-20", "interest_due", instrument="loan")
    events.add("2029-12-20", "distribution", source="project", collect=["interest_due:loan", "principal_due:loan"])
    events.add(
        "2030-06-30",
        "exit",
        kind="trade_sale",
        proceeds_minor=33_000_000 * YUAN,
        flags={"early-stage": True, "concession-approved": True},
    )
    events.add("2030-06-30", "close")
