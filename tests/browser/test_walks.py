"""Each role walks its navigation and the pages of the main job: status, console, language, width, axe."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

import pytest

from tests.browser.visitor import Visitor

ROLES = (
    "team", "angel", "venture", "industrial", "guidance", "bank", "insurer", "assessor", "testing", "operator",
    "regulator", "centre", "pool", "auditor", "manager", "guarantor",
)  # fmt: skip
ID = "[a-z]+_[0-9A-Za-z]+"
# What to open from each list; the first that matches, and what to open from there.
FROM_LISTS: dict[str, tuple[str, ...]] = {
    "/projects": (f"/projects/{ID}",),
    "/mandates": (f"/mandates/{ID}",),
    "/assessments": (f"/assessments/{ID}",),
    "/quotes": (f"/quote-requests/{ID}", f"/quotes/{ID}", f"/policies/{ID}"),
    "/rounds": (f"/rounds/{ID}",),
    "/agreements": (f"/agreements/{ID}",),
    "/pools": (f"/pools/{ID}",),
    "/payments": (f"/payments/{ID}",),
    "/ledger": ("/ledger/agreement:[^/]+",),
    "/linkage": (f"/linkage/funds/{ID}/[0-9]+",),
    "/schemes": (f"/schemes/{ID}",),
    "/organisations": (f"/organisations/{ID}",),
}
# Long runs open every page of every role in both languages; others open each kind of page in both at least once.
EVERYTHING = os.environ.get("SOAK") == "1"
# axe is slow: each kind of page is examined once in each language by each test process.
EXAMINED: set[tuple[str, str]] = set()


def kind_of(path: str) -> str:
    """An address without its ids."""
    return re.sub(rf"{ID}|agreement:[^/]+|/[0-9]+", "*", path.partition("?")[0])


def navigation_of(visitor: Visitor) -> list[str]:
    visitor.open("/")
    return visitor.links("/[a-z-]*", within="nav.side")


def pages_of(visitor: Visitor) -> Iterator[str]:
    """The pages of the navigation and the first thing of each list."""
    for path in navigation_of(visitor):
        yield path
        for pattern in FROM_LISTS.get(path, ()):
            visitor.open(path)
            yield from visitor.links(pattern)[:1]
    yield from ("/inbox", "/account")


def examine(visitor: Visitor, path: str, lang: str, width: int) -> list[str]:
    """Open a page and ask everything of it; the width is changed while it is open."""
    visitor.open(path, lang=lang).settle()
    found = visitor.check(lang, width=width)
    if (kind_of(path), lang) not in EXAMINED:
        EXAMINED.add((kind_of(path), lang))
        found += visitor.run_axe()
    other = 390 if width == 1440 else 1440
    return found + visitor.check(lang, width=other)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_walks_its_pages_in_both_languages_and_widths(visit: Callable[..., Visitor], role: str) -> None:
    visitor = visit(role)
    paths = list(dict.fromkeys(pages_of(visitor)))
    assert len(paths) >= 5, paths
    found, shift = [], ROLES.index(role)
    for number, path in enumerate(paths):
        width = 1440 if number % 2 else 390
        for turn, lang in enumerate(("zh", "en")):
            # A kind of page that this process has examined in a language comes up in it for every second role.
            if EVERYTHING or (kind_of(path), lang) not in EXAMINED or (number // 2 + shift + turn) % 2:
                found += examine(visitor, path, lang, width)
    assert not found, "\n".join(found)
