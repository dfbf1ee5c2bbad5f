"""What the macros promise to a reader who does not see the picture, and to the browser that runs them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import render_template, url_for

Speak = Callable[..., Any]
IMPORTS = "".join(
    f'{{% import "macros/{name}.html" as {name} %}}'
    for name in ("layout", "status", "ladder", "tables", "forms", "charts", "settlement", "icons")
)


@pytest.fixture
def render(speak: Speak) -> Callable[..., str]:
    """Render a line of template in a language, with all macro files imported under their own names."""

    def _render(source: str, locale: str = "en", path: str = "/", **context: Any) -> str:
        with speak(locale, path) as app:
            return app.jinja_env.from_string(IMPORTS + source).render(**context)

    return _render


@pytest.mark.parametrize(
    ("call", "english", "chinese"),
    [
        ("ladder.ladder(6, 7, None, 8)", "TRL 6 assessed, 7 claimed, target 8", "TRL 评估 6 级，申报 7 级，目标 8 级"),
        ("ladder.ladder(None, 5)", "TRL not assessed, 5 claimed", "TRL 未评估，申报 5 级"),
        (
            "ladder.ladder(5, 7, 5, 8, 'MRL', 'head')",
            "MRL 5 assessed, 7 claimed, from 5 disputed, target 8",
            "MRL 评估 5 级，申报 7 级，5 级起有异议，目标 8 级",
        ),
    ],
)
def test_the_ladder_says_in_words_what_it_shows(
    render: Callable[..., str], call: str, english: str, chinese: str
) -> None:
    assert f'aria-label="{english}"' in render(f"{{{{ {call} }}}}")
    assert f'aria-label="{chinese}"' in render(f"{{{{ {call} }}}}", "zh_Hans_CN")


@pytest.mark.parametrize(("scale", "rungs", "size"), [("TRL", 9, "cell"), ("MRL", 10, "head")])
def test_the_ladder_has_as_many_rungs_as_its_scale(
    render: Callable[..., str], scale: str, rungs: int, size: str
) -> None:
    drawn = render("{{ ladder.ladder(4, 6, None, 7, scale, size) }}", scale=scale, size=size)
    assert len(re.findall(r'class="rung rung--', drawn)) == rungs
    assert drawn.count("rung--assessed") == 4
    assert drawn.count("rung--claimed") == 2
    assert drawn.count("ladder-target") == 1


def test_disputed_rungs_are_hatched_and_no_longer_drawn_as_sure(render: Callable[..., str]) -> None:
    drawn = render("{{ ladder.ladder(6, 7, 5) }}")
    assert drawn.count("rung--assessed") == 4
    assert drawn.count("rung--disputed") == drawn.count("rung-hatch") == 3
    assert "rung--claimed" not in drawn


def test_the_chain_names_the_state_in_words_and_whom_a_step_waits_for(render: Callable[..., str]) -> None:
    steps = [
        {"key": "list", "state": "done", "by": "Huacheng", "when": date(2026, 9, 1), "url": "/p"},
        {"key": "round", "state": "current", "waits_for": "<Bank>", "url": "/r"},
        {"key": "agree", "state": "waiting"},
    ]
    drawn = render("{{ ladder.chain(steps) }}", steps=steps)
    assert '<a href="/p">List</a>' in drawn
    assert "Done" in drawn
    assert "2026-09-01" in drawn
    assert "waits for &lt;Bank&gt;" in drawn
    assert drawn.count('aria-current="step"') == 1
    assert "未开始" in render("{{ ladder.chain(steps) }}", "zh_Hans_CN", steps=steps)


def test_a_badge_says_its_state_in_words(render: Callable[..., str]) -> None:
    assert render("{{ status.status_badge('commitment', 'paid') }}") == '<span class="badge badge--jade">Paid</span>'
    assert "已到账" in render("{{ status.status_badge('commitment', 'paid') }}", "zh_Hans_CN")


def test_a_claimed_level_is_not_shown_as_an_assessed_one(render: Callable[..., str]) -> None:
    assert "level--assessed" in render("{{ status.level_badge('TRL', 6) }}")
    claimed = render("{{ status.level_badge('TRL', 7, False) }}")
    assert "claimed" in claimed
    assert "level--assessed" not in claimed
    assert "not assessed" in render("{{ status.level_badge('MRL', none) }}")


def test_a_figure_opens_its_definition_source_and_date(render: Callable[..., str]) -> None:
    drawn = render(
        "{{ status.figure('2.963', 'M4', 'simulated', definition='(G+O+V+B)/(G+O+K)', source='ledger', date=day) }}",
        day=date(2026, 9, 21),
    )
    assert "<details" in drawn
    assert "Simulated" in drawn
    assert "(G+O+V+B)/(G+O+K)" in drawn
    assert "2026-09-21" in drawn


def test_a_field_in_error_links_message_hint_and_control_and_keeps_what_was_typed(
    render: Callable[..., str],
) -> None:
    drawn = render(
        "{{ forms.field('amount', 'Amount', typed, type='money', hint='in yuan', error='Too many decimals.') }}",
        typed='12.345"><script>',
    )
    assert 'aria-describedby="hint-amount error-amount"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'id="error-amount"' in drawn
    assert 'value="12.345&#34;&gt;&lt;script&gt;"' in drawn
    assert 'inputmode="decimal"' in drawn


def test_a_password_is_never_sent_back_into_the_page(render: Callable[..., str]) -> None:
    assert "secret" not in render("{{ forms.field('password', 'Password', 'secret', type='password') }}")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("forms.field('s', 'S', 'b', type='select', options=[('a', 'A'), ('b', 'B')])", '<option value="b" selected>'),
        (
            "forms.field('s', 'S', ['a'], type='select', options=[('a', 'A')], multiple=True)",
            '<option value="a" selected>',
        ),
        ("forms.field('c', 'C', True, type='checkbox')", "checked"),
        ("forms.field('t', 'T', '  first', type='textarea')", ">\n  first</textarea>"),
        ("forms.field('n', 'N', 0, type='integer')", 'value="0"'),
    ],
)
def test_every_kind_of_field_keeps_its_value(render: Callable[..., str], call: str, expected: str) -> None:
    assert expected in render(f"{{{{ {call} }}}}")


def test_a_field_that_is_not_required_says_so(render: Callable[..., str]) -> None:
    assert "(optional)" in render("{{ forms.field('a', 'A') }}")
    required = render("{{ forms.field('a', 'A', required=True) }}")
    assert "(optional)" not in required
    assert " required" in required


def test_the_error_summary_links_to_the_fields(render: Callable[..., str]) -> None:
    drawn = render("{{ forms.error_summary(errors) }}", errors=[("amount", "Too many decimals."), (None, "Closed.")])
    assert '<a href="#field-amount">Too many decimals.</a>' in drawn
    assert "Closed." in drawn


def test_a_confirm_step_is_sent_once_with_its_token_and_key(render: Callable[..., str]) -> None:
    drawn = render("{{ layout.confirm_step('Commit', [('Amount', '1')], '/go', 'Commit', warning='Final.') }}")
    assert "data-once" in drawn
    assert 'name="csrf_token" value="token"' in drawn
    assert 'name="form_key" value="key"' in drawn
    assert "This cannot be undone" in drawn


def test_a_column_head_sorts_the_other_way_the_second_time(render: Callable[..., str]) -> None:
    first = render("{{ tables.sort_header('Amount', 'amount', '') }}", path="/p?q=flow&page=4")
    assert 'href="/p?q=flow&amp;sort=amount"' in first
    assert 'aria-sort="none"' in first
    second = render("{{ tables.sort_header('Amount', 'amount', 'amount') }}", path="/p?sort=amount")
    assert 'href="/p?sort=-amount"' in second
    assert 'aria-sort="ascending"' in second


def test_a_facet_adds_and_removes_its_own_value_only(render: Callable[..., str]) -> None:
    drawn = render(
        "{{ tables.facet('Sector', 'sector', [('a', 'A', 3), ('b', 'B', 1)], ['a']) }}", path="/p?sector=a&q=x&page=2"
    )
    assert 'href="/p?q=x"' in drawn
    assert 'href="/p?q=x&amp;sector=a&amp;sector=b"' in drawn


def test_a_chart_carries_the_same_numbers_as_a_table_and_safe_data(render: Callable[..., str]) -> None:
    spec = {"kind": "bars", "categories": ["</script><b>"], "series": [{"name": "x", "values": [1]}]}
    drawn = render(
        "{{ charts.chart('c', 'Title says the finding', spec, ['Year', 'Yuan'], [['2026', '1.00']]) }}", spec=spec
    )
    block = re.search(r"data-chart-spec>(.*?)</script>", drawn, re.DOTALL)
    assert block is not None
    assert json.loads(block[1]) == spec
    assert 'role="img"' in drawn
    assert '<th scope="row">2026</th><td class="num">1.00</td>' in drawn
    assert "No figures yet" in render("{{ charts.chart('c', 'T', {}, ['a'], []) }}")


def test_a_tier_that_paid_nothing_stays_visible(render: Callable[..., str]) -> None:
    tiers = [
        {
            "clause": "seq[0]", "name": "Collateral", "amount_minor": 150_000_000, "to": "Bank", "why": "",
            "children": [{"clause": "seq[0].a", "name": "Pool", "amount_minor": 0, "to": "P", "why": "nothing left"}],
        }
    ]  # fmt: skip
    drawn = render("{{ settlement.explanation_tree(tiers) }}", tiers=tiers)
    assert "1,500,000.00" in drawn
    assert "tier--nothing" in drawn
    assert "nothing left" in drawn


def test_the_timeline_takes_days_and_instants(render: Callable[..., str]) -> None:
    drawn = render("{{ layout.timeline([{'at': day, 'title': 'Quote', 'actor': 'Insurer'}]) }}", day=date(2026, 10, 8))
    assert "2026-10-08" in drawn
    assert "Insurer" in drawn


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 502, 418])
@pytest.mark.parametrize("locale", ["zh_Hans_CN", "en"])
def test_every_refusal_has_a_page_in_both_languages_without_user_or_database(
    speak: Speak, status: int, locale: str
) -> None:
    with speak(locale):
        page = render_template(
            "errors/error.html", status=status, locale=locale, lang_attr="en" if locale == "en" else "zh-CN",
            request_id="abc-123",
        )  # fmt: skip
        assert url_for("static", filename="css/tokens.css") in page
    assert f'<html lang="{"en" if locale == "en" else "zh-CN"}">' in page
    assert "abc-123" in page
    assert len(re.findall(r"<h1>", page)) == 1
    if locale == "en":
        assert not re.search(r"[一-鿿]", re.sub("引航|中文", "", page))


def test_the_page_frame_marks_where_one_is_and_names_the_demonstration(speak: Speak) -> None:
    navigation = [
        {"key": key, "label": key.title(), "url": f"/{key}", "icon": "home", "active": key == "projects"}
        for key in ("home", "projects", "rounds", "agreements", "payments", "ledger")
    ]
    with speak("en") as app:
        page = app.jinja_env.from_string('{% extends "base.html" %}{% block content %}<h1>x</h1>{% endblock %}').render(
            navigation=navigation, locale="en", lang_attr="en", demo_mode=True, errors=[("a", "Wrong.")]
        )
    assert "Demonstration market" in page
    assert page.count('href="/projects" aria-current="page"') == 2
    assert page.count('href="/ledger"') == 2
    assert "<title>Error: Pilotage" in page
    assert page.index("There is a problem") < page.index("<h1>x</h1>")
