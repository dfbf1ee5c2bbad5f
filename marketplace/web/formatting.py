"""How numbers, money and time are written in either language: the Jinja filters and globals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Flask, current_app, request, url_for
from flask_babel import get_locale, gettext, ngettext
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.urls import iri_to_uri

from marketplace import clock
from marketplace.money import EXPONENTS, Money
from marketplace.web.amount_words import amount_in_words
from marketplace.web.labels import label, names, state_label, tone

MINUS = "\N{MINUS SIGN}"
NO_VALUE = "\N{EM DASH}"
CURRENCY_WORDS_ZH = {"CNY": "元", "USD": "美元", "EUR": "欧元", "HKD": "港元", "JPY": "日元"}
HEADLINE_UNITS = {
    "zh": ((10**8, "亿"), (10**4, "万")),
    "en": ((10**9, " bn"), (10**6, " m"), (10**3, " k")),
}


def language() -> str:
    """`zh` or `en`, the language of the page being written."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh"


def in_language(chinese: str | None, english: str | None) -> str:
    """The text in the page's language, or the other one where it is missing."""
    first, second = (english, chinese) if language() == "en" else (chinese, english)
    return first or second or ""


def written(text: str | None) -> Markup | str:
    """Words that somebody wrote once, in one language only: marked as such for readers' voices."""
    if not text:
        return NO_VALUE
    chinese = sum("\u3400" <= letter <= "\u9fff" for letter in text)
    latin = sum(letter.isascii() and letter.isalpha() for letter in text)
    tongue = "zh-CN" if chinese * 3 > latin else "en"
    return Markup('<span class="written" lang="{}">{}</span>').format(tongue, text)


def number(value: float | Decimal | None, decimals: int | None = None) -> str:
    """Grouped figure with a true minus sign; `decimals` fixes the places."""
    if value is None:
        return NO_VALUE
    places = decimals
    if places is None:
        places = 0 if isinstance(value, int) else max(0, -_exponent(Decimal(str(value)).normalize()))
    text = f"{_quantise(Decimal(str(value)), places):,.{places}f}"
    return text.replace("-", MINUS)


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _quantise(value: Decimal, places: int) -> Decimal:
    """Round half to even; a value that rounds to nothing loses its sign."""
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    return abs(rounded) if rounded == 0 else rounded


def money_plain(amount_minor: int | None, currency: str = "CNY", *, unit: bool = True) -> str:
    """Exact amount as text: `5,050,555.56 元` or `CNY 5,050,555.56`."""
    if amount_minor is None:
        return NO_VALUE
    figure = number(Money(amount_minor, currency).decimal(), EXPONENTS[currency])
    if not unit:
        return figure
    if language() == "en":
        return f"{currency}\N{NO-BREAK SPACE}{figure}"
    return f"{figure}\N{NO-BREAK SPACE}{CURRENCY_WORDS_ZH[currency]}"


def money(amount_minor: int | None, currency: str = "CNY", *, unit: bool = True) -> Markup:
    """Exact amount that never breaks across lines and is marked when it is negative."""
    classes = "money money--negative" if (amount_minor or 0) < 0 else "money"
    return Markup('<span class="{}">{}</span>').format(classes, money_plain(amount_minor, currency, unit=unit))


def money_short(amount_minor: int | None, currency: str = "CNY") -> str:
    """Rounded amount for a headline: `1,600 万元`, `1.1 亿元`, `CNY 16 m`."""
    if amount_minor is None:
        return NO_VALUE
    amount = Money(amount_minor, currency).decimal()
    figure, suffix = _scaled(amount, HEADLINE_UNITS[language()], EXPONENTS[currency])
    if language() == "en":
        return f"{currency}\N{NO-BREAK SPACE}{figure}{suffix.replace(' ', chr(0xA0))}"
    return f"{figure}\N{NO-BREAK SPACE}{suffix}{CURRENCY_WORDS_ZH[currency]}"


def _scaled(amount: Decimal, units: tuple[tuple[int, str], ...], exponent: int) -> tuple[str, str]:
    """Largest unit that keeps one figure before the point, at most two decimals, no idle zeros."""
    for size, suffix in units:
        # The rounded value decides, so that 999,999.99 reads 1 m and not 1,000 k.
        if abs(_quantise(amount / size, 2)) >= 1:
            scaled = _quantise(amount / size, 2)
            places = max(0, -_exponent(scaled.normalize()))
            return number(scaled, places), suffix
    return number(amount, exponent), ""


def money_headline(amount_minor: int | None, currency: str = "CNY") -> Markup:
    """Rounded amount whose exact figure shows on hover and in print."""
    if amount_minor is None:
        return Markup('<span class="money-headline">{}</span>').format(NO_VALUE)
    return Markup('<span class="money-headline" title="{0}" data-exact="{0}">{1}</span>').format(
        money_plain(amount_minor, currency), money_short(amount_minor, currency)
    )


def percent(value: str | float | Decimal | None, decimals: int = 1) -> str:
    """A fraction as a percentage: `"0.08"` gives `8.0%`."""
    if value is None:
        return NO_VALUE
    return number(Decimal(str(value)) * 100, decimals) + "%"


def percent_of(value: Fraction | None, decimals: int = 2) -> str:
    """An exact share as a percentage."""
    return NO_VALUE if value is None else percent(str(Decimal(value.numerator) / Decimal(value.denominator)), decimals)


def ratio(value: Fraction | None, decimals: int = 3) -> str:
    """An exact ratio with its decimals, as people compare it with a threshold."""
    return NO_VALUE if value is None else number(Decimal(value.numerator) / Decimal(value.denominator), decimals)


def one_significant(value: float | Decimal) -> str:
    """A probability as a percentage with one significant figure; the ends never read 0% or 100%."""
    share = Decimal(str(value))
    if not 0 <= share <= 1:
        raise ValueError("a probability lies between 0 and 1")
    if share < Decimal("0.01"):
        return "<1%"
    if share > Decimal("0.99"):
        return ">99%"
    percentage = share * 100
    # Above 90 the distance to certainty carries the meaning, so it keeps the figure: 97%, not 100%.
    shown = percentage if percentage < 90 else 100 - percentage
    rounded = _quantise(shown, -shown.adjusted())
    result = rounded if percentage < 90 else 100 - rounded
    return f"{int(result)}%"


def probability_words(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """A probability as it may be said: one significant figure with its interval."""
    if value is None:
        return gettext("Not enough data")
    if low is None or high is None:
        return gettext("about %(value)s", value=one_significant(value))
    return gettext(
        "about %(value)s (%(low)s to %(high)s)",
        value=one_significant(value),
        low=percent(low, 0),
        high=percent(high, 0),
    )


def format_date(value: date | datetime | None, style: str = "short") -> Markup:
    """A day: `2027-01-15`, or in words with `style="long"`; an instant is shown as its Shanghai day."""
    if value is None:
        return Markup(NO_VALUE)
    day = clock.day_in_zone(_aware(value)) if isinstance(value, datetime) else value
    text = day.isoformat()
    if style == "long":
        words = f"{day.day} {day:%B} {day.year}" if language() == "en" else f"{day.year}年{day.month}月{day.day}日"
        text = words
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), text)


def _aware(value: datetime) -> datetime:
    """Instants come from the database in UTC; some drivers hand them back without the zone."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def instant(value: datetime | None) -> Markup:
    """A moment in Shanghai time, with seconds and zone on hover."""
    if value is None:
        return Markup(NO_VALUE)
    utc = _aware(value).astimezone(UTC)
    local = utc.astimezone(ZoneInfo(clock.DEFAULT_ZONE))
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%SZ}",
        f"{local:%Y-%m-%d %H:%M:%S} Asia/Shanghai (UTC+8)",
        f"{local:%Y-%m-%d %H:%M}",
    )


def days_left(deadline: date | datetime | None, today: date | None = None) -> str:
    """Days to a deadline in words; a deadline day ends at 24:00 in Shanghai."""
    if deadline is None:
        return gettext("No deadline")
    due = clock.day_in_zone(_aware(deadline)) if isinstance(deadline, datetime) else deadline
    days = (due - (today or clock.day_in_zone(clock.now()))).days
    if days == 0:
        return gettext("Due today")
    if days < 0:
        return ngettext("%(num)s day overdue", "%(num)s days overdue", -days)
    return ngettext("%(num)s day left", "%(num)s days left", days)


def months(value: float | None) -> str:
    """A length of time in whole months."""
    if value is None:
        return NO_VALUE
    return ngettext("%(num)s month", "%(num)s months", int(_quantise(Decimal(str(value)), 0)))


def file_size(size_bytes: int) -> str:
    """Size of a file in the unit a person reads."""
    for size, unit in ((2**30, "GB"), (2**20, "MB"), (2**10, "KB")):
        if size_bytes >= size:
            return f"{number(Decimal(size_bytes) / size, 1)} {unit}"
    return f"{size_bytes} B"


def changed_address(path: str, arguments: MultiDict[str, str], changes: dict[str, object]) -> str:
    """A path with some query fields replaced; None removes a field, a list gives it several times."""
    kept = MultiDict((key, value) for key, value in arguments.items(multi=True) if key not in changes)
    for key, value in changes.items():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is not None and item != "":
                kept.add(key, str(item))
    query = "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in kept.items(multi=True))
    return iri_to_uri(path) + (f"?{query}" if query else "")


def _quoted(text: str) -> str:
    return quote(text, safe="")


def url_with(**changes: object) -> str:
    """The present page with some query fields changed: filters, sort and page live in the address."""
    return changed_address(request.path, request.args, changes)


def endpoint_url(endpoint: str, **values: object) -> str | None:
    """Address of a page, or None where this installation has no such page: the frame then leaves the link out."""
    if endpoint not in current_app.view_functions:
        return None
    return url_for(endpoint, **values)  # type: ignore[arg-type]  # values of a route may be of any type


FILTERS: dict[str, Callable[..., object]] = {
    "money": money,
    "money_plain": money_plain,
    "money_headline": money_headline,
    "money_short": money_short,
    "percent": percent,
    "probability_words": probability_words,
    "one_significant": one_significant,
    "date": format_date,
    "instant": instant,
    "days_left": days_left,
    "months": months,
    "number": number,
    "percent_of": percent_of,
    "ratio": ratio,
    "file_size": file_size,
    "amount_in_words": amount_in_words,
    "written": written,
}
GLOBALS: dict[str, Callable[..., object]] = {
    "in_language": in_language,
    "url_with": url_with,
    "endpoint_url": endpoint_url,
    "label": label,
    "state_label": state_label,
    "tone": tone,
    "names": names,
}


def _evaluated_late(function: Callable[..., object]) -> Callable[..., object]:
    """Jinja computes a filter over constants once for all languages unless the filter asks for the context."""

    @pass_context
    def late(_context: Context, *arguments: object, **options: object) -> object:
        return function(*arguments, **options)

    return late


def register(app: Flask) -> None:
    """Add the filters and globals to the application's templates."""
    app.jinja_env.filters.update({name: _evaluated_late(function) for name, function in FILTERS.items()})
    app.jinja_env.globals.update(GLOBALS)
