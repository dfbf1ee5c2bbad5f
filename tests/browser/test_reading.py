"""Reading: language switch, keyboard, charts with their tables, dark colours, large type, pages for strangers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.test_acts import project_path
from tests.browser.visitor import Visitor

Visit = Callable[..., Visitor]
SUCCESS = "flow-chem-s"


def test_the_language_switch_keeps_page_and_filters_and_stays(visit: Visit) -> None:
    reader = visit("industrial").open("/projects?sector=chemicals&trl_from=5", lang="zh")
    count = reader.page.locator("main tbody tr").count()
    assert count >= 1
    with reader.page.expect_navigation():
        reader.page.get_by_role("link", name="English").click()
    query = parse_qs(urlsplit(reader.page.url).query)
    assert (query["sector"], query["trl_from"], query["lang"]) == (["chemicals"], ["5"], ["en"])
    assert reader.page.locator("main tbody tr").count() == count
    assert reader.check("en", width=1440) == []
    reader.open("/rounds")
    assert reader.check("en", width=390) == []


def test_the_keyboard_reaches_the_content_the_search_and_the_main_act(visit: Visit) -> None:
    team = visit("team").open("/projects", lang="en")
    page = team.page
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip-link"
    box = page.locator(".skip-link").bounding_box()
    assert box
    assert box["y"] >= 0
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"
    page.keyboard.press("/")
    assert page.evaluate("() => document.activeElement.id") == "site-search"
    page.locator("#main").focus()
    for _step in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.matches('main .button--main')"):
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert team.path.startswith("/projects/new")


def test_signing_in_needs_the_keyboard_only(visit: Visit, market: Any) -> None:
    stranger = visit().open("/login", lang="zh")
    page = stranger.page
    page.locator("#main").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("manager@demo.pilotage.example")
    page.keyboard.press("Tab")
    page.keyboard.type("pilot-test-2027")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert stranger.path == "/"
    page.locator("details.menu summary").first.press("Enter")
    page.keyboard.press("Escape")
    assert page.locator("details.menu[open]").count() == 0


@pytest.mark.parametrize("dark", [False, True])
def test_the_staircase_has_a_name_a_unit_and_a_table_of_the_same_numbers(visit: Visit, market: Any, dark: bool) -> None:
    path = project_path(market, SUCCESS) + "/score"
    reader = visit("industrial", dark=dark).open(path, lang="zh")
    reader.settle()
    page = reader.page
    assert page.locator("[data-chart-picture] canvas, [data-chart-picture] svg").count() >= 1
    assert (page.get_attribute("[data-chart-picture]", "aria-label") or "").strip()
    steps = page.evaluate("() => JSON.parse(document.querySelector('[data-chart-spec]').textContent).steps.length")
    page.locator("[data-chart-table] summary").click()
    assert page.locator("[data-chart-table] tbody tr").count() == steps >= 1
    assert reader.check("zh", width=390) == [] == reader.run_axe()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_strangers_find_the_start_help_and_sign_in_pages_clean(visit: Visit, lang: str) -> None:
    stranger = visit(lang=lang)
    found = []
    for path in ("/", "/login", "/register", "/password/forgot", "/help", "/help/glossary", "/help/evidence",
                 "/help/about", "/help/risk", "/help/privacy", "/help/complaints", "/help/accessibility"):  # fmt: skip
        stranger.open(path, lang=lang).settle()
        found += stranger.check(lang, width=1440) + stranger.run_axe() + stranger.check(lang, width=390)
    stranger.open("/nothing-here", lang=lang, status=404)
    found += stranger.check(lang, width=390) + stranger.run_axe()
    assert not found, "\n".join(found)


def test_dark_colours_and_large_type_lose_nothing(visit: Visit, market: Any) -> None:
    reader = visit("guidance", dark=True)
    found = []
    for path in ("/", "/projects", "/rounds", "/payments", project_path(market, SUCCESS)):
        reader.open(path, lang="zh").settle()
        found += reader.run_axe()
        reader.page.evaluate("() => { document.documentElement.dataset.size = 'large'; }")
        found += reader.check("zh", width=390)
    assert not found, "\n".join(found)
