"""What a funder may write: each wrong field by its own sentence."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace.dealflow.errors import MandateEmptyRangeError, MandateInvalidError, MandateMoveRefusedError
from marketplace.dealflow.schemas import DEFAULTS, check_whole, read_mandate
from marketplace.dealflow.states import check_mandate_move
from tests.factories.dealflow import mandate_values


def whole(**changes: Any) -> dict[str, Any]:
    return {**DEFAULTS, **read_mandate(mandate_values(**changes))}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"trl_from": 7, "trl_to": 5}, "trl_to"),
        ({"mrl_from": 9, "mrl_to": 5}, "mrl_to"),
        ({"ticket_min_minor": 700_000_000}, "ticket_max_minor"),
        ({"valid_to": "2025-12-31"}, "valid_to"),
        ({"budget_to": "2025-12-31"}, "budget_to"),
        ({"budget_minor": 100_000_000}, "budget_minor"),
        ({"round_size_max_minor": 100_000_000}, "round_size_max_minor"),
        ({"ownership_min_fraction": "0.3", "ownership_max_fraction": "0.2"}, "ownership_max_fraction"),
    ],
)
def test_an_empty_range_is_refused_at_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MandateEmptyRangeError) as caught:
        check_whole(whole(**changes))
    assert caught.value.code == "mandate_empty_range"
    assert field in caught.value.errors


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"trl_from": 0}, "trl_from"),
        ({"trl_from": 5.0}, "trl_from"),
        ({"instruments": ["bonds"]}, "instruments.0"),
        ({"instruments": "equity"}, "instruments"),
        ({"instruments": []}, "instruments"),
        ({"region_prefixes": ["3"]}, "region_prefixes.0"),
        ({"region_prefixes": ["三七"]}, "region_prefixes.0"),
        ({"ticket_min_minor": 0}, "ticket_min_minor"),
        ({"ticket_max_minor": 10**16}, "ticket_max_minor"),
        ({"weights": {"local_reinvestment": "1"}}, "weights.local_reinvestment"),
        ({"weights": {"ticket": "-1"}}, "weights.ticket"),
        ({"weights": {"ticket": "NaN"}}, "weights.ticket"),
        ({"exclusions": [{"field": "scale_up_factor", "operator": "above", "value": "many"}]}, "exclusions.0.value"),
        (
            {"exclusions": [{"field": "lead_organisation_size", "operator": "above", "value": "micro"}]},
            "exclusions.0.value",
        ),
        ({"currency": "BTC"}, "currency"),
        ({"colour": "red"}, "colour"),
        ({"name_zh": "a" * 121}, "name_zh"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MandateInvalidError) as caught:
        read_mandate(mandate_values(**changes))
    assert any(path == field or path.startswith(f"{field}.") for path in caught.value.errors), caught.value.errors


def test_a_whole_mandate_needs_a_name_and_a_weight() -> None:
    with pytest.raises(MandateInvalidError) as caught:
        check_whole(whole(name_zh="", name_en="", weights={"ticket": "0"}))
    assert set(caught.value.errors) == {"name_zh", "weights"}


def test_words_are_kept_once() -> None:
    assert read_mandate({"sectors": ["chemicals", "medicine", "chemicals"]})["sectors"] == ["chemicals", "medicine"]


@pytest.mark.parametrize(("before", "after"), [("expired", "paused"), ("active", "active"), ("paused", "paused")])
def test_arrows_that_do_not_exist_are_refused(before: str, after: str) -> None:
    with pytest.raises(MandateMoveRefusedError):
        check_mandate_move(before, after)
