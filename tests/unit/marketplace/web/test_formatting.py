"""How numbers, money and time read in either language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask_babel import Babel
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from marketplace.money import LIMIT_MINOR, AmountTooLargeError, UnknownCurrencyError
from marketplace.web import formatting

Speak = Callable[..., Any]
SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("amount_minor", "currency", "chinese", "english"),
    [
        (505_055_556, "CNY", f"5,050,555.56{SPACE}元", f"CNY{SPACE}5,050,555.56"),
        (0, "CNY", f"0.00{SPACE}元", f"CNY{SPACE}0.00"),
        (-7_081_937, "CNY", f"−70,819.37{SPACE}元", f"CNY{SPACE}−70,819.37"),
        (1_500, "JPY", f"1,500{SPACE}日元", f"JPY{SPACE}1,500"),
        (-1, "USD", f"−0.01{SPACE}美元", f"USD{SPACE}−0.01"),
        (LIMIT_MINOR, "CNY", f"90,000,000,000,000.00{SPACE}元", f"CNY{SPACE}90,000,000,000,000.00"),
        (None, "CNY", "—", "—"),
    ],
)
def test_money_is_exact_to_the_fen_in_both_languages(
    speak: Speak, amount_minor: int | None, currency: str, chinese: str, english: str
) -> None:
    with speak("zh_Hans_CN"):
        assert formatting.money_plain(amount_minor, currency) == chinese
    with speak("en"):
        assert formatting.money_plain(amount_minor, currency) == english


def test_a_negative_amount_is_marked_and_a_column_may_leave_the_unit_out(speak: Speak) -> None:
    with speak("zh_Hans_CN"):
        assert "money--negative" in formatting.money(-100)
        assert "money--negative" not in formatting.money(100)
        assert formatting.money_plain(123_456, unit=False) == "1,234.56"


def test_money_refuses_what_the_ledger_could_not_hold(speak: Speak) -> None:
    with speak("en"):
        with pytest.raises(AmountTooLargeError):
            formatting.money(LIMIT_MINOR + 1)
        with pytest.raises(UnknownCurrencyError):
            formatting.money(1, "XYZ")


@pytest.mark.parametrize(
    ("amount_minor", "chinese", "english"),
    [
        (1_600_000_000, f"1,600{SPACE}万元", f"CNY{SPACE}16{SPACE}m"),
        (11_000_000_000, f"1.1{SPACE}亿元", f"CNY{SPACE}110{SPACE}m"),
        (999_999_999_999, f"100{SPACE}亿元", f"CNY{SPACE}10{SPACE}bn"),
        (999_999, f"1{SPACE}万元", f"CNY{SPACE}10{SPACE}k"),
        (123_400, f"1,234.00{SPACE}元", f"CNY{SPACE}1.23{SPACE}k"),
        (99, f"0.99{SPACE}元", f"CNY{SPACE}0.99"),
        (-356_390_619, f"−356.39{SPACE}万元", f"CNY{SPACE}−3.56{SPACE}m"),
        (0, f"0.00{SPACE}元", f"CNY{SPACE}0.00"),
    ],
)
def test_a_headline_uses_the_units_of_its_language(speak: Speak, amount_minor: int, chinese: str, english: str) -> None:
    with speak("zh_Hans_CN"):
        assert formatting.money_short(amount_minor) == chinese
    with speak("en"):
        assert formatting.money_short(amount_minor) == english


def test_a_headline_carries_the_exact_amount(speak: Speak) -> None:
    with speak("zh_Hans_CN"):
        assert f'title="16,000,000.01{SPACE}元"' in formatting.money_headline(1_600_000_001)
        assert f'data-exact="16,000,000.01{SPACE}元"' in formatting.money_headline(1_600_000_001)


@settings(max_examples=100, deadline=None)
@given(st.integers(-LIMIT_MINOR, LIMIT_MINOR))
def test_the_exact_text_reads_back_as_the_amount(amount_minor: int) -> None:
    app = Flask("plain")
    Babel(app, default_locale="en")
    with app.test_request_context():
        text = formatting.money_plain(amount_minor, unit=False)
    assert int(Decimal(text.replace(",", "").replace("−", "-")) * 100) == amount_minor


def test_a_constant_in_a_template_follows_the_language_of_each_page(face: Flask, speak: Speak) -> None:
    """Jinja folds filters over constants; a page compiled in Chinese must still read English later."""
    template = face.jinja_env.from_string("{{ 1600000000|money_short }}")
    with speak("zh_Hans_CN"):
        assert "万元" in template.render()
    with speak("en"):
        assert template.render() == f"CNY{SPACE}16{SPACE}m"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234567, None, "1,234,567"),
        (-0.004, 2, "0.00"),
        (-3, None, "−3"),
        (0.125, 2, "0.12"),
        (Decimal("2.963"), None, "2.963"),
        (1e3, None, "1,000"),
        (None, None, "—"),
    ],
)
def test_numbers_are_grouped_and_zero_has_no_sign(value: Any, decimals: int | None, text: str) -> None:
    assert formatting.number(value, decimals) == text


def test_percent_reads_decimal_strings_as_fractions() -> None:
    assert formatting.percent("0.08") == "8.0%"
    assert formatting.percent("0.36363636", 2) == "36.36%"
    assert formatting.percent("-0.5", 0) == "−50%"
    assert formatting.percent(None) == "—"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.3, "30%"),
        (0.347, "30%"),
        (0.061, "6%"),
        (0.012, "1%"),
        (0.004, "<1%"),
        (0.0, "<1%"),
        (0.96, "96%"),
        (0.998, ">99%"),
    ],
)
def test_a_probability_is_said_with_one_figure_and_never_as_certain(value: float, text: str) -> None:
    assert formatting.one_significant(value) == text


def test_a_probability_outside_its_range_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        formatting.one_significant(1.2)


def test_a_probability_comes_with_its_interval_or_says_there_is_not_enough_data(speak: Speak) -> None:
    with speak("zh_Hans_CN"):
        assert formatting.probability_words(0.3, 0.2, 0.45) == "约 30%（20% 至 45%）"
        assert formatting.probability_words(None) == "数据不足"
    with speak("en"):
        assert formatting.probability_words(0.3, 0.2, 0.45) == "about 30% (20% to 45%)"
        assert formatting.probability_words(None) == "Not enough data"


def test_an_instant_shows_shanghai_time_and_names_the_zone_on_hover(speak: Speak) -> None:
    with speak("en"):
        shown = formatting.instant(datetime(2026, 12, 31, 17, 30, 5, tzinfo=UTC))
    assert ">2027-01-01 01:30<" in shown
    assert 'datetime="2026-12-31T17:30:05Z"' in shown
    assert "2027-01-01 01:30:05 Asia/Shanghai (UTC+8)" in shown


def test_an_instant_without_zone_is_read_as_utc(speak: Speak) -> None:
    with speak("en"):
        assert ">2026-06-01 08:00<" in formatting.instant(datetime(2026, 6, 1))


def test_a_date_is_iso_or_in_words(speak: Speak) -> None:
    day = date(2027, 1, 5)
    with speak("zh_Hans_CN"):
        assert formatting.format_date(day) == '<time datetime="2027-01-05">2027-01-05</time>'
        assert ">2027年1月5日<" in formatting.format_date(day, "long")
    with speak("en"):
        assert ">5 January 2027<" in formatting.format_date(day, "long")
        assert ">2027-01-01<" in formatting.format_date(datetime(2026, 12, 31, 17, 0, tzinfo=UTC))
        assert formatting.format_date(None) == "—"


@pytest.mark.parametrize(
    ("deadline", "chinese", "english"),
    [
        (date(2026, 11, 24), "还剩 1 天", "1 day left"),
        (date(2026, 12, 3), "还剩 10 天", "10 days left"),
        (date(2026, 11, 23), "今天截止", "Due today"),
        (date(2026, 11, 21), "逾期 2 天", "2 days overdue"),
        (datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "还剩 1 天", "1 day left"),
        (None, "无截止日期", "No deadline"),
    ],
)
def test_days_left_counts_days_of_shanghai(speak: Speak, deadline: Any, chinese: str, english: str) -> None:
    today = date(2026, 11, 23)
    with speak("zh_Hans_CN"):
        assert formatting.days_left(deadline, today) == chinese
    with speak("en"):
        assert formatting.days_left(deadline, today) == english


def test_changed_address_keeps_other_filters_and_quotes_every_value() -> None:
    arguments = MultiDict([("sector", "chemicals"), ("sector", "medicine"), ("page", "3"), ("q", "连续流 & co")])
    changed = formatting.changed_address("/projects", arguments, {"page": None, "sort": "-amount"})
    assert changed == (
        "/projects?sector=chemicals&sector=medicine&q=%E8%BF%9E%E7%BB%AD%E6%B5%81%20%26%20co&sort=-amount"
    )
    assert formatting.changed_address("/projects", arguments, dict.fromkeys(arguments)) == "/projects"
    assert formatting.changed_address("/p", MultiDict(), {"sector": ["a", "b"]}) == "/p?sector=a&sector=b"


def test_url_with_works_on_the_present_page(speak: Speak) -> None:
    with speak("en", "/projects?q=flow&page=2"):
        assert formatting.url_with(page=3) == "/projects?q=flow&page=3"


def test_a_link_to_a_page_that_is_not_installed_is_none(speak: Speak) -> None:
    with speak("en"):
        assert formatting.endpoint_url("nowhere.show") is None
        assert formatting.endpoint_url("static", filename="css/base.css") == "/static/css/base.css"


def test_a_file_size_reads_in_the_unit_a_person_uses() -> None:
    assert [formatting.file_size(size) for size in (512, 1536, 20 * 2**20)] == ["512 B", "1.5 KB", "20.0 MB"]


def test_text_in_the_other_language_is_shown_when_one_is_missing(speak: Speak) -> None:
    with speak("en"):
        assert formatting.in_language("中文", "English") == "English"
        assert formatting.in_language("中文", "") == "中文"
    with speak("zh_Hans_CN"):
        assert formatting.in_language("中文", "English") == "中文"


def test_what_a_user_typed_is_escaped_in_money_markup(speak: Speak) -> None:
    with speak("en"):
        shown = render_template_string("{{ value|date }}{{ text }}", value=date(2027, 1, 5), text="<script>")
    assert "&lt;script&gt;" in shown
    assert "<time" in shown
