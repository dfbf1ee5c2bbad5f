"""Royalties by bands against the figures of public pages (data/royalties.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from risk.sharing import royalty_to_cap, settle

Json = dict[str, Any]
GOLDEN = json.loads((Path(__file__).parent / "data" / "royalties.json").read_text(encoding="utf-8"))
UNIT = 100


def terms(story: Json, mode: str) -> Json:
    bands = [
        {"rate": band["rate"], **({"upto_minor": band["upto"] * UNIT} if "upto" in band else {})}
        for band in story["bands"]
    ]
    return royalty_to_cap(
        {
            "title": {"zh": "收入分成", "en": "Share of revenue"},
            "currency": "USD",
            "project": {"id": "project", "name": {"zh": "项目方", "en": "Project"}},
            "receiver": {"id": "centre", "name": {"zh": "中试平台", "en": "Pilot centre"}},
            "milestones": [],
            "bands": bands,
            "mode": mode,
            "base": {"zh": "销售额", "en": "sales"},
            "contract": "R-1",
            "cap_minor": 10**15,
        }
    )


def due_of(story: Json, mode: str, base: int) -> int:
    period = {"from": "2027-01-01", "to": "2027-01-31"}
    events = [
        {"id": "1", "kind": "activate", "effective_on": "2027-01-01", "body": {}},
        {"id": "2", "kind": "revenue_report", "effective_on": "2027-02-01",
         "body": {"period": period, "base_minor": base * UNIT}},
    ]  # fmt: skip
    return int(settle({"terms": terms(story, mode), "events": events})["accounts"]["1120"])


def test_1_each_rate_counts_on_its_own_part() -> None:
    # 6 % of 3,000, 8 % of 5,000, 10 % of 1,000.
    story = GOLDEN["marginal"]
    assert due_of(story, "marginal", story["base"]) == story["due"] * UNIT == sum(story["parts"]) * UNIT


def test_2_the_rate_reached_counts_on_all() -> None:
    story = GOLDEN["whole_base"]
    assert due_of(story, "whole_base", story["base"]) == story["due"] * UNIT
    assert due_of(story, "marginal", story["base"]) < story["due"] * UNIT


@pytest.mark.parametrize("story", ["marginal", "whole_base"])
def test_3_every_figure_has_its_source(story: str) -> None:
    assert "https://" in GOLDEN[story]["source"]
