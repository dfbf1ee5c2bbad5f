"""One wrong value anywhere in a request or a product is priced or refused by name, and never crashes."""

from __future__ import annotations

import copy
import datetime
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from risk.pricing import InsuranceError, price_quote, recompute_premium, scenario_a_product, scenario_a_request

ODD: list[Any] = [
    None, True, 0, -1, 1, 10**16, 1.5, float("nan"), "", "x", "1", "0", "-1", "1e3", "NaN", "Infinity", "9" * 400,
    "2027-02-30", "2027-01-10", [], {}, [None], {"a": 1}, b"x", datetime.date(2027, 1, 1),
    datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC),
]  # fmt: skip
SCORE = {
    "probability": 0.3,
    "horizon_months": 24.0,
    "state": "prior_only",
    "model_version": "m",
    "valid_until": "2027-03-01",
    "staircase": [{"probability": 0.3, "months_50": 20.0, "months_95": 60.0}],
}


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from paths(item, (*path, key))


def with_one_wrong_value(document: dict[str, Any], choice: int) -> dict[str, Any]:
    """Return a copy with one value, found by the choice, replaced by an odd one or left out."""
    picker = random.Random(choice)
    changed = copy.deepcopy(document)
    path = picker.choice([path for path in paths(changed) if len(path) > 1])
    target: Any = changed
    for key in path[:-1]:
        target = target[key]
    if isinstance(target, dict) and picker.random() < 0.15:
        del target[path[-1]]
    else:
        target[path[-1]] = copy.deepcopy(picker.choice(ODD))
    return changed


def full_document(*, by_score: bool) -> dict[str, Any]:
    request, product = scenario_a_request(), scenario_a_product()
    request["rating"] = {"centre": "some", "scale": "3"}
    request["step_down"] = [{"milestone": "M1", "on": "2027-06-01", "factor": "0.5"}]
    if by_score:
        del request["target_missed"]
        request["score"] = SCORE
    product["factors"] = [
        {"name": "centre", "field": "centre", "kind": "table", "base_level": "some", "values": {"some": "1"}},
        {"name": "scale", "field": "scale", "kind": "interval", "bands": [{"from": "0", "value": "1"}], "cap": "2"},
    ]
    product["rules"] = [{"effect": "refer", "field": "scale", "operator": "above", "value": "5"}]
    return {"request": request, "product": product}


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_one_wrong_value_is_priced_or_refused_by_name(choice, by_score):
    document = with_one_wrong_value(full_document(by_score=by_score), choice)
    refusal = quote = None
    try:
        quote = price_quote(document["request"], document["product"])
    except InsuranceError as error:
        refusal = error
    if quote is not None:
        assert recompute_premium(quote["premium"]) == quote["premium_minor"] >= 0
    else:
        assert all((refusal.code, refusal.message, refusal.field))


def test_document_without_a_wrong_value_is_priced():
    for by_score in (False, True):
        document = full_document(by_score=by_score)
        assert price_quote(document["request"], document["product"])["premium_minor"] > 0
