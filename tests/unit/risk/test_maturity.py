"""Maturity: contiguous rule, lowest element, pilot band, instrument eligibility by level."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk import maturity
from risk.errors import InvalidParameterError
from risk.tables import STATUSES, load_document

TODAY = date(2026, 11, 23)
ANSWERS = {"open", "conditional", "closed"}


def met_up_to(scale, level):
    return {c.id for item in maturity.list_levels(scale)[:level] for c in item.criteria}


@pytest.mark.parametrize(("scale", "highest"), [("trl", 9), ("mrl", 10)])
def test_every_level_has_names_in_both_languages_and_criteria(scale, highest):
    levels = maturity.list_levels(scale)
    assert [item.level for item in levels] == list(range(1, highest + 1))
    for item in levels:
        assert any("\u4e00" <= char <= "\u9fff" for char in item.name_zh)
        assert item.name_en.isascii()
        assert item.criteria
        assert set(item.evidence_types) <= set(maturity.EVIDENCE_TYPES) - {"vendor_claim"}
        for criterion in item.criteria:
            assert criterion.id.startswith(f"{scale}-{item.level}-")
            assert criterion.question_zh.endswith("？")
            assert criterion.question_en.endswith("?")


def test_criterion_ids_are_unique():
    ids = [c.id for scale in ("trl", "mrl") for item in maturity.list_levels(scale) for c in item.criteria]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("level", range(10))
def test_a_level_is_reached_when_it_and_all_below_are_met(level):
    assert maturity.reached_level(met_up_to("trl", level)) == level


def test_a_hole_below_holds_the_level_down():
    met = met_up_to("trl", 7) - {"trl-4-breadboard"}
    assert maturity.reached_level(met) == 3


def test_criteria_of_the_other_scale_do_not_count():
    assert maturity.reached_level(met_up_to("mrl", 10), scale="trl") == 0


@given(st.sets(st.sampled_from(sorted(met_up_to("trl", 9)))))
def test_more_evidence_never_lowers_the_level(met):
    level = maturity.reached_level(met)
    for identifier in met_up_to("trl", 9):
        assert maturity.reached_level(met | {identifier}) >= level


@given(st.sets(st.sampled_from(sorted(met_up_to("mrl", 10)))))
def test_meeting_the_gaps_reaches_the_next_level(met):
    level = maturity.reached_level(met, scale="mrl")
    gaps = {criterion.id for criterion in maturity.list_gaps(met, scale="mrl")}
    assert not gaps & met
    assert maturity.reached_level(met | gaps, scale="mrl") >= min(level + 1, 10)


def test_evidence_cover_is_the_share_of_criteria_met_up_to_the_level():
    assert maturity.evidence_cover([], up_to=6) == 0.0
    assert maturity.evidence_cover(met_up_to("trl", 6), up_to=6) == 1.0
    # two of the four criteria of levels 1 and 2; what lies above does not count
    assert maturity.evidence_cover([*met_up_to("trl", 1), "trl-5-problems"], up_to=2) == 0.5


def test_unknown_criterion_and_scale_are_refused():
    with pytest.raises(InvalidParameterError) as error:
        maturity.reached_level(["trl-6-logo"])
    assert error.value.code == "unknown_criterion"
    with pytest.raises(InvalidParameterError) as error:
        maturity.list_levels("crl")
    assert error.value.code == "unknown_scale"


@pytest.mark.parametrize("evidence_type", ["vendor_claim", "press_item", "logo"])
def test_claims_and_press_never_count_as_evidence(evidence_type):
    for scale in ("trl", "mrl"):
        for item in maturity.list_levels(scale):
            assert not any(maturity.counts_as_evidence(c, evidence_type) for c in item.criteria)


def test_paper_alone_does_not_prove_a_prototype():
    criterion = maturity.get_criterion("trl-6-prototype")
    assert not maturity.counts_as_evidence(criterion, "peer_reviewed")
    assert maturity.counts_as_evidence(criterion, "test_report")


def test_project_level_is_the_lowest_element_and_unknown_while_one_is_not_assessed():
    assert maturity.project_level([6, 4, 7]) == 4
    assert maturity.project_level([6, None]) is None
    assert maturity.project_level([]) is None


def test_pilot_band_is_trl_5_to_7_with_mrl_4_to_8():
    assert [level for level in range(1, 10) if maturity.in_pilot_band(level)] == [5, 6, 7]
    assert [level for level in range(1, 11) if maturity.in_pilot_band(6, level)] == [4, 5, 6, 7, 8]


@pytest.mark.parametrize("level", [0, 10, -1, 6.5, "6", True, None])
def test_levels_outside_the_scale_are_refused(level):
    with pytest.raises(InvalidParameterError) as error:
        maturity.check_level("trl", level)
    assert error.value.code == "level_out_of_range"
    assert "1 to 9" in error.value.message


@pytest.mark.parametrize("instrument", maturity.INSTRUMENTS)
def test_every_level_has_an_answer_with_reason_and_source(instrument):
    for trl, mrl in product(range(1, 10), [None, *range(1, 11)]):
        result = maturity.assess_eligibility(instrument, trl=trl, mrl=mrl, as_of=TODAY)
        assert result.answer in ANSWERS
        assert result.reason_zh
        assert result.reason_en
        assert result.source
        assert (result.opens_en is None) == (result.answer == "open")
        assert (result.opens_zh is None) == (result.answer == "open")


def test_pilot_cover_needs_the_pilot_band():
    def answer(trl, mrl):
        return maturity.assess_eligibility("pilot_failure_insurance", trl=trl, mrl=mrl, as_of=TODAY).answer

    assert answer(6, 5) == "open"
    assert answer(6, 4) == "conditional"
    assert answer(2, 2) == "closed"
    assert answer(9, 10) == "closed"


def test_a_loan_in_the_pilot_band_is_conditional_and_open_once_qualified():
    assert maturity.assess_eligibility("loan", trl=6, mrl=5, as_of=TODAY).answer == "conditional"
    assert maturity.assess_eligibility("loan", trl=6, mrl=4, as_of=TODAY).answer == "closed"
    assert maturity.assess_eligibility("loan", trl=8, mrl=8, as_of=TODAY).answer == "open"


def test_without_an_assessed_level_every_instrument_is_conditional():
    for instrument in maturity.INSTRUMENTS:
        result = maturity.assess_eligibility(instrument, trl=None, mrl=None, as_of=TODAY)
        assert result.answer == "conditional"
        assert "assessment" in result.opens_en


def test_before_the_first_rules_the_question_is_refused():
    with pytest.raises(InvalidParameterError) as error:
        maturity.assess_eligibility("loan", trl=6, mrl=5, as_of=date(2020, 1, 1))
    assert error.value.code == "no_rule_in_force"


def test_unknown_instrument_and_level_are_refused():
    with pytest.raises(InvalidParameterError) as error:
        maturity.assess_eligibility("lottery", trl=6, mrl=5, as_of=TODAY)
    assert error.value.code == "unknown_instrument"
    with pytest.raises(InvalidParameterError) as error:
        maturity.assess_eligibility("loan", trl=6, mrl=11, as_of=TODAY)
    assert error.value.field == "mrl"


@pytest.mark.parametrize("table", ["eligibility_capital", "eligibility_credit"])
def test_eligibility_rows_are_whole(table):
    for rule in load_document(table)["rule"]:
        assert rule["instrument"] in maturity.INSTRUMENTS
        assert rule["answer"] in ANSWERS
        assert rule["status"] in STATUSES
        assert rule["status"] != "unverified"
        assert isinstance(rule["valid_from"], date)
        assert 1 <= rule["trl"][0] <= rule["trl"][1] <= 9
        low, high = rule.get("mrl", [1, 10])
        assert 1 <= low <= high <= 10
