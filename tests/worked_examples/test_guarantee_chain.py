"""A guaranteed loan of ten million yuan, 20 / 30 / 20 / 30 between bank, local guarantor, province and nation.

The split follows the concrete chain of the national guarantee system (财金〔2024〕60号): the local guarantor pays the
bank 80 % of the net principal loss and claims 20 % and 30 % of that loss upward. All other figures are invented.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from risk.sharing import EventError, TermsError, describe_terms, guaranteed_loan, settle

Json = dict[str, Any]
YUAN = 100


def parameters() -> Json:
    return {
        "title": {"zh": "担保贷款协议", "en": "Guaranteed loan"},
        "currency": "CNY",
        "project": {"id": "project", "name": {"zh": "项目公司", "en": "Project company"}},
        "founders": {"id": "founders", "name": {"zh": "创始人", "en": "Founders"}},
        "milestones": [{"id": "M1", "name": {"zh": "许可齐备", "en": "permits in place"}}],
        "calls": [{"id": "T1", "on": "2027-03-22", "conditions": ["M1"]}],
        "bank": {
            "id": "bank", "name": {"zh": "银行", "en": "Bank"}, "rate": "0.0385",
            "amounts_minor": {"T1": 10_000_000 * YUAN},
            "repayments": [{"on": "2029-12-20", "amount_minor": 10_000_000 * YUAN}],
        },
        "guarantee": {
            "id": "local", "name": {"zh": "市担保公司", "en": "Local guarantor"}, "share": "0.80",
            "fee_minor": 150_000 * YUAN, "fee_milestone": "M1",
            "chain": [
                {"id": "province", "name": {"zh": "省再担保", "en": "Provincial re-guarantor"}, "share": "0.20"},
                {"id": "nation", "name": {"zh": "国家融担基金", "en": "National guarantee fund"}, "share": "0.30"},
            ],
        },
    }  # fmt: skip


def story(*channels: str) -> list[Json]:
    """Drawn in March 2027, in default in March 2028; collateral brings one million; recovered later: 900,000."""

    def row(on: str, kind: str, /, **body: Any) -> Json:
        return {"id": f"{on}-{kind}-{body.get('channel', '')}", "kind": kind, "effective_on": on, "body": body}

    rows = [
        row("2027-03-01", "activate"),
        row("2027-03-10", "milestone", milestone="M1", result="pass"),
        row("2027-03-10", "distribution", source="project", collect=["claim:guarantee-fee"]),
        row("2027-03-22", "drawdown_call", tranche="T1"),
        row("2027-03-22", "drawdown_paid", tranche="T1", instrument="loan"),
        row("2028-03-20", "loss_event", kind="default"),
        row("2028-03-20", "recovery", channel="collateral", proceeds_minor=1_000_000 * YUAN),
    ]
    rows += [row("2028-06-20", "pool_compensation", channel=channel) for channel in channels]
    return rows


LATER = {"id": "later", "kind": "recovery", "effective_on": "2029-03-20",
         "body": {"channel": "later", "proceeds_minor": 950_000 * YUAN, "costs_minor": 50_000 * YUAN}}  # fmt: skip


def yuan(result: Json, key: str) -> dict[str, int]:
    """Whole yuan by party; a fen anywhere fails."""
    rows = {party: divmod(total[key], YUAN) for party, total in result["parties"].items()}
    assert not any(fen for _, fen in rows.values())
    return {party: amount for party, (amount, _) in rows.items() if amount}


@pytest.mark.parametrize("order", [("reguarantee", "national_guarantee"), ("national_guarantee", "reguarantee")])
def test_the_chain_bears_the_loss_in_the_shares_of_the_contract_in_any_order(order: tuple[str, str]) -> None:
    events = [*story("guarantee", *order), LATER]
    # Net principal loss 10,000,000 − 1,000,000 = 9,000,000: 7,200,000 to the bank; 1,800,000 and 2,700,000 upward.
    result = settle({"terms": guaranteed_loan(parameters()), "events": events})
    assert yuan(result, "paid_minor") == {
        "bank": 10_000_000, "local": 7_200_000, "province": 1_800_000, "nation": 2_700_000,
        "project": 150_000,
    }  # fmt: skip
    # Recovered later, after costs: 900,000, pro rata to 1.8 : 2.7 : 1.8 : 2.7 million.
    assert yuan(result, "received_minor") == {
        "bank": 1_000_000 + 7_200_000 + 180_000, "local": 150_000 + 1_800_000 + 2_700_000 + 270_000,
        "province": 180_000, "nation": 270_000, "project": 10_000_000,
    }  # fmt: skip
    assert result["trial_balance_minor"] == 0


def test_beyond_its_cap_a_link_pays_no_more_and_the_guarantor_bears_the_rest() -> None:
    given = parameters()
    given["guarantee"]["chain"][1]["limit_minor"] = 1_000_000 * YUAN
    events = story("guarantee", "reguarantee", "national_guarantee")
    result = settle({"terms": guaranteed_loan(given), "events": events})
    assert yuan(result, "paid_minor")["nation"] == 1_000_000
    fee, upward = 150_000, 1_800_000 + 1_000_000
    assert yuan(result, "received_minor")["local"] == fee + upward
    assert yuan(result, "paid_minor")["local"] == 7_200_000


@pytest.mark.parametrize(("channels", "code"), [
    (("reguarantee",), "guarantee_unpaid"),
    (("guarantee", "pool"), "channel_missing"),
])  # fmt: skip
def test_claims_out_of_turn_are_refused(channels: tuple[str, ...], code: str) -> None:
    with pytest.raises(EventError) as refusal:
        settle({"terms": guaranteed_loan(parameters()), "events": story(*channels)})
    assert refusal.value.code == code


def test_a_link_claims_once() -> None:
    again = {**story("reguarantee")[-1], "id": "again"}
    events = [*story("guarantee", "reguarantee"), again]
    with pytest.raises(EventError) as refusal:
        settle({"terms": guaranteed_loan(parameters()), "events": events})
    assert refusal.value.code == "after_compensation"


def test_a_chain_without_a_first_payer_and_one_that_takes_too_much_are_refused() -> None:
    terms = guaranteed_loan(parameters())
    broken = copy.deepcopy(terms)
    del broken["programs"]["recoveries"]["recover"]["guarantee"]
    with pytest.raises(TermsError) as refusal:
        settle({"terms": broken, "events": []})
    assert refusal.value.code == "first_payer_missing"
    greedy = parameters()
    greedy["guarantee"]["chain"][0]["share"] = "0.6"
    with pytest.raises(TermsError) as refusal:
        guaranteed_loan(greedy)
    assert (refusal.value.code, refusal.value.field) == ("bad_parameters", "guarantee.chain")


def test_the_chain_reads_as_sentences_in_both_languages() -> None:
    for locale, words in (("zh_Hans_CN", "再担保分担"), ("en", "Share of the re-guarantor")):
        sentences = describe_terms(guaranteed_loan(parameters()), locale)
        assert any(words in row["title"] for row in sentences)
