"""What people type into the forms of agreements: the stated meaning, or a message at the field."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import Babel

from marketplace.web.agreements.reading import Reader


@pytest.fixture(autouse=True)
def request_context():  # type: ignore[no-untyped-def]  # a fixture that only opens a context
    app = Flask("reading")
    Babel(app)
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("typed", "fraction"), [("44", "0.44"), ("6%", "0.06"), (" 3.6 ", "0.036"), ("0", "0"), ("100", "1")]
)
def test_percentage_becomes_a_decimal_fraction(typed: str, fraction: str) -> None:
    reader = Reader({"rate": typed})
    assert (reader.percent("rate"), reader.errors) == (fraction, {})


@pytest.mark.parametrize(
    "typed", ["", "-1", "101", "NaN", "1e1", "Infinity", "４４", "٣", "44 %%", "1,5", "0.00000000001"]
)
def test_anything_else_is_no_percentage(typed: str) -> None:
    reader = Reader({"rate": typed})
    reader.percent("rate")
    assert "rate" in reader.errors


@pytest.mark.parametrize("typed", ["{", "[]", "null", '{"a": 1, "a": 2}', "[" * 50_000, "x" * 400_001])
def test_document_is_one_json_object_without_repeated_keys(typed: str) -> None:
    reader = Reader({"terms": typed})
    assert reader.document("terms") == {}
    assert "terms" in reader.errors


@pytest.mark.parametrize("typed", ["0", "-5", "1.001", "1e3", "１２", "true", "9" * 40, "1 000"])
def test_amount_that_is_no_plain_figure_is_refused_at_its_field(typed: str) -> None:
    reader = Reader({"amount": typed})
    assert reader.money("amount") == 0
    assert "amount" in reader.errors


@pytest.mark.parametrize("typed", ["2027-02-30", "15/01/2027", "", "tomorrow"])
def test_day_is_a_day(typed: str) -> None:
    reader = Reader({"on": typed})
    reader.day("on")
    assert "on" in reader.errors
