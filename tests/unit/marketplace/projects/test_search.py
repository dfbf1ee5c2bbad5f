"""Search words: what a person types finds what a person wrote, in either language."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.projects.search import build_search_text, list_query_tokens, list_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Flow-Chem Pilot", ["flow", "chem", "pilot"]),
        ("连续流", ["连续", "续流"]),
        ("酸", ["酸"]),
        ("3000升釜", ["3000", "升釜"]),
        ("ＡＢＣ１２", ["abc12"]),
        ("𠮷野家", ["𠮷野", "野家"]),
        ("MRL5碳化SiC", ["mrl5", "碳化", "sic"]),
        ("  ,.!%_'\"", []),
        ("Straße", ["strasse"]),
    ],
)
def test_text_is_cut_into_words_and_pairs(text: str, tokens: list[str]) -> None:
    assert list_tokens(text) == tokens


@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 40), st.integers(1, 20))
@settings(max_examples=200)
def test_every_word_of_a_text_finds_it(first: str, second: str, start: int, length: int) -> None:
    stored = build_search_text(first, second)
    for token in list_query_tokens(first) + list_query_tokens(second):
        assert f" {token} " in stored


@given(st.text(alphabet="连续流微通道反应器", min_size=2, max_size=30), st.data())
@settings(max_examples=200)
def test_any_piece_of_chinese_finds_its_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    piece = text[start : start + data.draw(st.integers(1, 6))]
    stored = build_search_text(text)
    assert all(f" {token} " in stored for token in list_query_tokens(piece))


@given(st.text(max_size=80))
@settings(max_examples=200)
def test_tokens_hold_no_space_and_no_pattern_characters(text: str) -> None:
    for token in list_tokens(text):
        assert token
        assert not set(token) & set(" %_\\'\"")
