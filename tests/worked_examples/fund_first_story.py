"""The parameters and the four invented endings of fund first, equity later (data/fund_first.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]
GOLDEN: Json = json.loads((Path(__file__).parent / "data" / "fund_first.json").read_text(encoding="utf-8"))
GRANT = "grant"


def parameters() -> Json:
    terms = GOLDEN["terms"]
    return {
        "title": {"zh": "先投后股协议", "en": "Fund first, equity later"},
        "invented": {"zh": "数据为虚构", "en": "The figures are invented"},
        "currency": "CNY",
        "project": {"id": "project", "name": {"zh": "中试公司", "en": "Pilot company"}},
        "funder": {"id": "guidance", "name": {"zh": "引导基金", "en": "Guidance fund"},
                   "amounts_minor": terms["calls"]},
        "shareholders": {"id": "shareholders", "name": {"zh": "其他股东", "en": "Other shareholders"}},
        "auditor": {"id": "auditor", "name": {"zh": "会计师事务所", "en": "Audit firm"}},
        "milestones": [{"id": "M1", "name": {"zh": "小批提纯", "en": "small lots"}},
                       {"id": "M2", "name": {"zh": "满塔运行", "en": "full column"}}],
        "calls": [{"id": "T1", "on": "2027-02-15", "conditions": []},
                  {"id": "T2", "on": "2027-10-15", "conditions": ["M1"]}],
        "discount": terms["discount"], "holding_cap": terms["holding_cap"], "convert_by": terms["convert_by"],
        "price_rule": {"zh": "独立第三方领投", "en": "led by an independent third party"},
        "exemption": {"zh": "失败原因属技术不确定性的，结项免责。",
                      "en": "Where the cause is technical uncertainty, the case closes with exemption."},
    }  # fmt: skip


def row(on: str, kind: str, /, **body: Any) -> Json:
    return {"id": f"{on}-{kind}", "kind": kind, "effective_on": on, "body": body}


def drawn(*calls: str) -> list[Json]:
    rows = [row("2027-02-01", "activate"), row("2027-02-15", "drawdown_call", tranche="T1"),
            row("2027-02-16", "drawdown_paid", tranche="T1", instrument=GRANT)]  # fmt: skip
    if "T2" in calls:
        rows += [row("2027-09-30", "milestone", milestone="M1", result="pass"),
                 row("2027-10-15", "drawdown_call", tranche="T2"),
                 row("2027-10-18", "drawdown_paid", tranche="T2", instrument=GRANT)]  # fmt: skip
    return rows


def story_converted() -> list[Json]:
    golden = GOLDEN["converted"]
    terms_of_round = dict(golden["round"])
    on, sale = terms_of_round.pop("on"), dict(golden["sale"])
    sold_on = sale.pop("on")
    return [
        *drawn("T1", "T2"),
        row("2028-12-15", "milestone", milestone="M2", result="pass"),
        row(on, "conversion", instrument=GRANT, **terms_of_round),
        row(sold_on, "exit", kind="trade_sale", **sale),
        row("2031-07-01", "close"),
    ]


def story_failed() -> list[Json]:
    golden = GOLDEN["failed"]
    audit, liquidation = dict(golden["audit"]), dict(golden["liquidation"])
    return [
        *drawn("T1", "T2"),
        row(golden["failed_on"], "milestone", milestone="M2", result="fail"),
        row(audit.pop("on"), "grant_audit", instrument=GRANT, **audit),
        row(golden["returned_on"], "distribution", source="project", collect=[f"grant_due:{GRANT}"]),
        row(golden["closed_on"], "grant_close", instrument=GRANT),
        row(liquidation.pop("on"), "exit", kind="liquidation", **liquidation),
        row("2028-12-01", "close"),
    ]


def story_ineligible() -> list[Json]:
    golden = GOLDEN["ineligible"]
    audit, repaid, liquidation = dict(golden["audit"]), golden["repaid"], dict(golden["liquidation"])
    return [
        *drawn("T1"),
        row(golden["failed_on"], "milestone", milestone="M1", result="fail"),
        row(audit.pop("on"), "grant_audit", instrument=GRANT, **audit),
        row(repaid["on"], "distribution", source="project", amount_minor=repaid["amount_minor"]),
        row(golden["closed_on"], "grant_close", instrument=GRANT),
        row(liquidation.pop("on"), "exit", kind="liquidation", **liquidation),
        row("2027-12-21", "close"),
    ]


def story_lost() -> list[Json]:
    golden = GOLDEN["lost"]
    audit, repaid, liquidation = dict(golden["audit"]), golden["repaid"], dict(golden["liquidation"])
    return [
        *drawn("T1"),
        row(golden["failed_on"], "milestone", milestone="M1", result="fail"),
        row(audit.pop("on"), "grant_audit", instrument=GRANT, **audit),
        row(repaid["on"], "distribution", source="project", amount_minor=repaid["amount_minor"]),
        row(golden["closed_on"], "grant_close", instrument=GRANT),
        row(liquidation.pop("on"), "exit", kind="liquidation", **liquidation),
        row(golden["written_off_on"], "write_off"),
        row("2028-01-31", "close"),
    ]


STORIES = {
    "converted": story_converted, "failed": story_failed, "ineligible": story_ineligible, "lost": story_lost,
}  # fmt: skip


def conversion(**changes: Any) -> Json:
    body = {key: value for key, value in GOLDEN["converted"]["round"].items() if key != "on"}
    return row(changes.pop("on", "2029-03-15"), "conversion", **{"instrument": GRANT, **body, **changes})


ABOVE = {key: value for key, value in GOLDEN["converted"]["above_cap"].items()
         if key not in ("shares", "holding_millionths")}  # fmt: skip
