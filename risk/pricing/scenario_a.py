"""The policy of the worked example "one pilot, settled three ways"; every figure here is invented."""

from __future__ import annotations

from typing import Any

INVENTED = "invented for the worked example"


def scenario_a_product() -> dict[str, Any]:
    """Return the product version of the example; its filing number is fictional and marked so."""
    return {
        "code": "pilot-failure-a",
        "insurer": "insurer",
        "line": "pilot_failure",
        "version": "2026-1",
        "filing_number": "EXAMPLE-0001",
        "filing_is_fictional": True,
        "valid_from": "2026-07-01",
        "valid_to": "2027-06-30",
        "currency": "CNY",
        "sum_min_minor": 100_000_000,
        "sum_max_minor": 5_000_000_000,
        "term_days_min": 180,
        "term_days_max": 1_095,
        "limit_max_minor": 1_000_000_000,
        "cost_items": ["materials", "personnel", "centre_fees", "testing"],
        "deductible_options": ["0.10", "0.20"],
        "insurer_share_options": ["0.40", "0.50", "0.70"],
        "trigger_map": {
            "insured_cause": {
                "value": "0.5",
                "basis": "judgement",
                "source": INVENTED,
                "text_en": "Yield below 75 % for a technical cause, given that the target is missed",
                "text_zh": "目标未达成时，收率因技术原因低于 75% 的可能性",
            },
            "determination_agrees": {
                "value": "0.8",
                "basis": "judgement",
                "source": INVENTED,
                "text_en": "The determination panel finds the insured event, given an insured cause",
                "text_zh": "存在承保原因时，认定小组认定保险事故成立的可能性",
            },
        },
        "severity": {
            "kind": "table",
            "basis": "judgement",
            "source": INVENTED,
            "rows": [{"probability": "1", "loss_minor": 813_000_000}],
        },
        "loadings": {
            "fixed_minor": 2_000_000,
            "variable": "0.05",
            "commission": "0.10",
            "profit": "0.10",
            "risk": "0.05",
        },
        "commission_cap": "0.15",
        "min_premium_minor": 5_000_000,
        "rounding": {"unit_minor": 100, "mode": "half_even"},
        "validity_days": 30,
    }


def scenario_a_request() -> dict[str, Any]:
    """Return the request of the example: 9.3 million yuan in four items, half of it above 930,000."""
    return {
        "as_of": "2026-12-20",
        "currency": "CNY",
        "period": {"start": "2027-01-10", "end": "2029-01-09", "deadline": "2028-09-30"},
        "schedule": [
            {"code": "materials", "sum_insured_minor": 260_000_000},
            {"code": "personnel", "sum_insured_minor": 290_000_000},
            {"code": "centre_fees", "sum_insured_minor": 300_000_000},
            {"code": "testing", "sum_insured_minor": 80_000_000},
        ],
        "terms": {"deductible_minor": 93_000_000, "limit_minor": 400_000_000, "insurer_share": "0.50"},
        "target_missed": {
            "value": "0.30",
            "basis": "judgement",
            "source": INVENTED,
            "text_en": "Target level not reached by the deadline, by the score",
            "text_zh": "评分给出的到期未达目标等级的可能性",
        },
        "subsidies": [{"payer": "province", "share": "0.50", "cap_minor": 30_000_000, "source": INVENTED}],
        "assignments": [{"party": "bank", "share": "0.40"}],
    }
