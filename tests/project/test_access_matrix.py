"""The access matrix, made from the routes themselves: whatever is added later is covered without a change here.

Every route carries a mark (`@public`, `@signed_in`, `@requires(permission)`); every permission is tried over HTTP by
members of every kind; a route that nobody marked, or that lets a regulator write, fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.accounts.access import Access, find_access
from marketplace.accounts.permissions import ORGANISATION_KINDS, Permission, permissions_of
from marketplace.app import Marketplace
from marketplace.audit.models import AuditLine
from tests.conftest import table_counts

# Views of libraries, which carry no mark of ours; each is listed with what it is.
LIBRARY_VIEWS = {
    "static": "files of the pages, the same for everybody",
    "api-docs.openapi_json": "the description of the API, public on purpose",
    "swagger_ui.show": "the readable copy of that description",
    "swagger_ui.static": "its files",
}
# What anybody may write: signing in and what leads there, and callers that prove themselves by signature.
PUBLIC_WRITES = {
    "security.login", "security.second_factor", "security.logout", "security.register", "security.confirm_registration",
    "security.forgot_password", "security.reset_password", "security.accept_invitation", "accounts.confirm_email",
}  # fmt: skip
# What a regulator may write: its own way of signing in, nothing of the market.
OWN_ACCOUNT = {
    "security.verify", "accounts.change_password", "accounts.change_email", "accounts.end_session",
    "accounts.end_other_sessions", "accounts.switch_organisation", "accounts.set_up_second_factor",
    "accounts.new_recovery_codes", "accounts.remove_second_factor",
}  # fmt: skip
# Pages that exist only under a setting, and answer 404 without it.
UNDER_A_SETTING = {"help.show_mail"}
# Reading routes that answer 422 until their query says what is wanted.
NEEDS_A_QUERY = {"api_linkage.show_live"}
MEMBERS = [
    *((kind, "owner") for kind in ORGANISATION_KINDS),
    ("bank", "editor"), ("bank", "signatory"), ("bank", "viewer"), ("project_team", "editor"), ("operator", "viewer"),
]  # fmt: skip
SAMPLES = {
    "IntegerConverter": 987654321,
    "FloatConverter": 1.5,
    "UUIDConverter": "00000000-0000-4000-8000-000000000000",
}


@dataclass(frozen=True)
class Route:
    endpoint: str
    method: str
    path: str
    has_object: bool
    access: Access | None

    def __str__(self) -> str:
        return f"{self.method} {self.path} ({self.endpoint})"

    @property
    def on_api(self) -> bool:
        return self.path.startswith("/api/")


def list_routes(app: Marketplace) -> Iterator[Route]:
    """Every route and method, with made-up ids in place of its parameters."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint in LIBRARY_VIEWS:
            continue
        values = {
            name: (rule.defaults or {}).get(name, SAMPLES.get(type(converter).__name__, "xxx_nothing"))
            for name, converter in rule._converters.items()
        }
        for word in (value for value in values if hasattr(rule._converters[value], "items")):
            values[word] = next(iter(rule._converters[word].items))
        view = app.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            path = adapter.build(rule.endpoint, values, method=method)
            yield Route(rule.endpoint, method, path, bool(values), find_access(view, method))


def send(browser: Any, route: Route, token: str) -> Any:
    """The request as page or program would send it, with a right token and an empty body."""
    if route.method == "GET":
        return browser.client.get(route.path)
    headers = {"X-CSRFToken": token}
    body: dict[str, Any] = {"json": {}} if route.on_api else {"data": {"csrf_token": token}}
    return browser.client.open(route.path, method=route.method, headers=headers, **body)


def token_of(browser: Any, page: str) -> str:
    text = browser.get(page).get_data(as_text=True)
    return str(text.split('name="csrf_token" value="')[1].split('"')[0])


def test_every_route_is_marked(app: Marketplace) -> None:
    unmarked = [str(route) for route in list_routes(app) if route.access is None]
    assert unmarked == [], "mark these views with @public, @signed_in or @requires"


def test_listed_exceptions_exist_or_are_of_libraries(app: Marketplace) -> None:
    endpoints = set(app.view_functions)
    assert {*PUBLIC_WRITES, *OWN_ACCOUNT} <= endpoints


def test_public_routes_write_only_where_it_is_listed(app: Marketplace) -> None:
    writing = {
        route.endpoint
        for route in list_routes(app)
        if route.access is not None and route.access.public and route.method != "GET"
        and not getattr(app.view_functions[route.endpoint], "csrf_exempt", False)
    }  # fmt: skip
    assert writing <= PUBLIC_WRITES


def test_every_permission_of_a_route_is_given_to_somebody(app: Marketplace) -> None:
    given = set().union(*(permissions_of(kind, role) for kind, role in MEMBERS))
    used = {route.access.permission for route in list_routes(app) if route.access and route.access.permission}
    assert used <= given
    assert used <= set(Permission)


def test_nobody_is_sent_to_sign_in_and_changes_nothing(app: Marketplace, browser: Any) -> None:
    token = token_of(browser, "/login")
    before = table_counts(app.database)
    wrong = []
    for route in list_routes(app):
        if route.access is None or route.access.public:
            continue
        answer = send(browser, route, token)
        if route.on_api or route.method != "GET":
            expected = answer.status_code == 401
        else:
            expected = answer.status_code == 302 and answer.headers["Location"].startswith("/login?next=")
        if not expected:
            wrong.append(f"{route}: {answer.status_code}")
    assert wrong == []
    assert table_counts(app.database) == before


@pytest.mark.parametrize(("kind", "role"), MEMBERS, ids=lambda value: str(value))
def test_member_is_let_through_by_permission_only(
    app: Marketplace, browser: Any, make: Any, kind: str, role: str
) -> None:
    member = make.member(kind, role)
    browser.sign_in(member.user)
    token, allowed = token_of(browser, "/account"), permissions_of(kind, role)
    before = table_counts(app.database)
    wrong, denied = [], 0
    for route in list_routes(app):
        if route.access is None or route.access.public:
            continue
        permission = route.access.permission
        lacking = permission is not None and permission not in allowed
        if route.method == "GET":
            answer = send(browser, route, token)
            may_be_missing = route.has_object or route.endpoint in UNDER_A_SETTING
            expected = (403,) if lacking else (200, 302, 303, 404) if may_be_missing else (200, 302, 303)
            if route.endpoint in NEEDS_A_QUERY and not lacking:
                expected = (422,)
        elif lacking or (kind == "regulator" and route.endpoint not in OWN_ACCOUNT):
            answer, expected = send(browser, route, token), (403,)
        else:
            continue
        denied += answer.status_code == 403
        if answer.status_code not in expected:
            wrong.append(f"{route}: {answer.status_code}, expected {expected}")
    assert wrong == []
    after = table_counts(app.database)
    with app.database.transaction("read") as session:
        denials = session.scalar(sa.select(sa.func.count()).where(AuditLine.action == "access.denied"))
    assert denials == denied, "every denial has its line in the audit trail"
    assert after.pop("audit_line") == before.pop("audit_line") + denied
    assert after == before, "neither reading nor a refusal changes anything"


def test_writing_without_the_token_of_the_session_is_refused(
    app: Marketplace, browser: Any, new_browser: Any, make: Any
) -> None:
    member = make.member("project_team")
    browser.sign_in(member.user)
    stranger = new_browser().sign_in(make.member("project_team").user)
    foreign, own = token_of(stranger, "/account"), token_of(browser, "/account")
    before = table_counts(app.database)
    wrong = []
    for route in list_routes(app):
        if route.method == "GET" or route.access is None:
            continue
        if getattr(app.view_functions[route.endpoint], "csrf_exempt", False):
            continue
        if route.access.permission is not None and route.access.permission not in member.actor.permissions:
            continue
        tries = {
            "none": {}, "foreign": {"X-CSRFToken": foreign},
            "evil origin": {"X-CSRFToken": own, "Origin": "https://evil.example"},
        }  # fmt: skip
        for name, headers in tries.items():
            body: dict[str, Any] = {"json": {}} if route.on_api else {"data": {}}
            answer = browser.client.open(route.path, method=route.method, headers=headers, **body)
            if answer.status_code != 400:
                wrong.append(f"{route} with {name}: {answer.status_code}")
        text = browser.client.open(
            route.path, method=route.method, data=b'{"a": 1}', headers={"Content-Type": "text/plain"}
        )
        if text.status_code != 400:
            wrong.append(f"{route} as text/plain: {text.status_code}")
    assert wrong == []
    assert table_counts(app.database) == before
