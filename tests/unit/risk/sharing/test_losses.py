"""Losses: guarantee before pool, subrogation, the order of write-off and compensation, renamed parties."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from risk.sharing import Engine, EventError, settle
from risk.sharing.templates.scenario_a import scenario_a

Json = dict[str, Any]


def with_guarantee() -> Json:
    """Return scenario A's hard failure with a guarantor that pays half of the net principal loss before the pool."""
    document = copy.deepcopy(scenario_a("hard_failure"))
    terms = document["terms"]
    terms["parties"].append({"id": "guarantor", "kind": "guarantor", "name": {"zh": "担保机构", "en": "Guarantor"}})
    recover = terms["programs"]["recoveries"]["recover"]
    to_bank = {"party": "bank", "legal_basis": "pool_compensation", "rank": 4, "settles": "principal:loan"}
    recover["guarantee"] = {"layer": {"payer": "guarantor", "loss": {"bal": "net_principal_loss:loan"}, "share": "0.5",
                                      "then": {"to": to_bank}}}  # fmt: skip
    later = recover["later"]["seq"][0]["cap"]
    borne = "loss_borne:loan:guarantor"
    later["amount"]["sum"].append({"bal": borne})
    leg = {"party": "guarantor", "legal_basis": "guarantee_recourse", "rank": 6, "settles": borne}
    later["then"]["share"]["legs"].append({"id": "guarantor", "balance": borne, "then": {"to": leg}})
    place = [event["kind"] for event in document["events"]].index("pool_compensation")
    guarantee = {"id": "g", "kind": "pool_compensation", "effective_on": "2028-12-28", "body": {"channel": "guarantee"}}
    document["events"].insert(place, guarantee)
    return document


def test_the_pool_compensates_what_the_guarantee_leaves() -> None:
    result = settle(with_guarantee())
    parties, net_loss = result["parties"], 30_603_229
    guarantee = 15_301_614  # half of an odd number of units, to even
    pool = 6_120_646  # 40 % of what is left
    assert parties["guarantor"]["paid_minor"] == guarantee
    assert parties["pool"]["paid_minor"] == pool
    back = {party: parties[party]["received_minor"] for party in ("guarantor", "pool")}
    assert back == {"guarantor": 9_400_000, "pool": 3_760_000}
    bank_bears = net_loss - guarantee - pool
    borne = {party: result["accounts"][f"3040:{party}"] for party in ("bank", "guarantor", "pool")}
    assert borne == {"bank": bank_bears - (18_800_000 - 13_160_000), "guarantor": guarantee - 9_400_000,
                     "pool": pool - 3_760_000}  # fmt: skip
    assert result["trial_balance_minor"] == 0


def test_a_guarantee_after_the_pool_is_refused() -> None:
    document = with_guarantee()
    rows = document["events"]
    place = [event["id"] for event in rows].index("g")
    rows[place], rows[place + 1] = rows[place + 1], {**rows[place], "effective_on": "2028-12-29"}
    with pytest.raises(EventError) as refusal:
        settle(document)
    assert refusal.value.code == "after_compensation"


def test_compensation_before_or_after_the_write_off_leaves_the_same_accounts() -> None:
    document = scenario_a("hard_failure")
    rows = document["events"]
    first = settle(document)["accounts"]
    place = [event["kind"] for event in rows].index("pool_compensation")
    rows[place], rows[place + 1] = {**rows[place + 1], "effective_on": "2028-12-29"}, rows[place]
    assert settle(document)["accounts"] == first


def test_renaming_the_parties_permutes_the_result_only() -> None:
    document = scenario_a("success")
    names = {"angel": "zz-angel", "industrial": "aa-industrial", "guidance": "mm-guidance", "founders": "bb-founders"}
    text = json.dumps(document)
    for old, new in names.items():
        text = text.replace(f'"{old}"', f'"{new}"').replace(f":{old}", f":{new}").replace(f'"{old}-', f'"{new}-')
        text = text.replace(f"preference-{old}", f"preference-{new}")
    # The parts of the template and the events keep their own names.
    for name in ("guidance-sale", "guidance-liquidation"):
        text = text.replace(f"mm-{name}", name)
    text = text.replace('"kind": "zz-angel"', '"kind": "angel"').replace('"kind": "bb-founders"', '"kind": "founders"')
    before, after = settle(document)["parties"], settle(json.loads(text))["parties"]
    for party, total in before.items():
        assert after[names.get(party, party)]["net_minor"] == total["net_minor"]


def test_more_proceeds_never_lower_what_anybody_gets_by_more_than_a_unit() -> None:
    document = scenario_a("success")
    engine = Engine(document["terms"])
    state = engine.open()
    for event in document["events"]:
        if event["kind"] == "exit":
            break
        state = engine.apply(state, event).state
    previous: dict[str, int] = {}
    for proceeds in [*range(60), *range(10**9, 4 * 10**9, 97_000_003)]:
        row = {**event, "body": {**event["body"], "proceeds_minor": proceeds}}
        flows = engine.apply(state, row).flows
        assert sum(flows.values()) == proceeds
        assert all(flows.get(party, 0) >= amount - 1 for party, amount in previous.items())
        previous = flows
