"""Figures as people type them: what is no number is no error of ours."""

from __future__ import annotations

import pytest

from marketplace.web.figures import read_whole
from marketplace.web.insurance.words import FormReader


@pytest.mark.parametrize(("text", "value"), [("7", 7), (" 007 ", 7), ("999999999", 999_999_999)])
def test_a_whole_number_is_read(text: str, value: int) -> None:
    assert read_whole(text) == value


@pytest.mark.parametrize("text", ["", "-1", "7.0", "٧", "²", "1e9", "9" * 10, "9" * 5000])
def test_anything_else_stays_text(text: str) -> None:
    assert read_whole(text) == text


@pytest.mark.parametrize("text", ["1e-999990", "1e-99999999", "0" * 5000, "NaN", "101", "٧", "0x1"])
def test_a_share_that_is_none_is_named_at_its_field(text: str) -> None:
    reader = FormReader({"share": text}, "CNY")
    assert (reader.share("share"), list(reader.errors)) == ("0", ["share"])


def test_a_share_is_read_as_a_fraction() -> None:
    reader = FormReader({"share": " 12.5 %"}, "CNY")
    assert (reader.share("share"), reader.basis_points("share"), reader.errors) == ("0.125", 1250, {})
