"""A real server and a real browser: Chromium by playwright, where one is found on the machine."""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from marketplace.accounts.services.demonstration import DEMO_PASSWORD
from marketplace.app import create_app
from marketplace.config import Settings
from tests.browser.visitor import LANG, WIDTHS, Visitor

DEMO_DOMAIN = "demo.pilotage.example"

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def find_chromium() -> str | None:
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if find_chromium() is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine: install the package chromium"))


def chinese_fonts(folder: Path) -> Path | None:
    """A fontconfig file that adds the Chinese fonts of the PDF package, for machines that have none."""
    spec = find_spec("pylopdf_fonts_zh_cn")
    if spec is None or not spec.submodule_search_locations:
        return None
    fonts = spec.submodule_search_locations[0]
    path = folder / "fonts.conf"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>/usr/share/fonts</dir><dir>{fonts}</dir><cachedir>{folder}/cache</cachedir></fontconfig>"
    )
    return path


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for the test process."""
    from playwright.sync_api import sync_playwright

    fonts = chinese_fonts(tmp_path_factory.mktemp("fonts"))
    environment = {**os.environ, **({"FONTCONFIG_FILE": str(fonts)} if fonts else {})}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS, env=environment)
        yield browser
        browser.close()


class LiveServer:
    """The application behind waitress on a free port, with its worker run by hand."""

    def __init__(self, settings: Settings) -> None:
        from waitress.server import create_server

        self.app = create_app(settings)
        self.server: Any = create_server(self.app, host="127.0.0.1", port=0, threads=8, ident=None)
        self.url = f"http://127.0.0.1:{self.server.effective_port}"
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()

    def run_jobs(self) -> None:
        """What the worker would do now."""
        from marketplace.jobs.services import run_due_jobs

        run_due_jobs(self.app.database)

    def close(self) -> None:
        self.server.close()
        self.app.database.engine.dispose()


def _settings(folder: Path) -> Settings:
    return Settings(
        environment="test", instance_path=folder, secret_key="browser", password_salt="salt", totp_secret="x" * 43,
        rate_limits_enabled=False, demo_mode=True, base_url="http://127.0.0.1",
        database_url=f"sqlite:///{folder / 'market.sqlite3'}",
    )  # fmt: skip


def _built_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The market's folder, built once for all test processes of a run; the others wait for the first."""
    from tests.browser.market import build_market

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "browser-market"
    with (shared / "browser-market.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build_market(_settings(folder))
            (folder / "complete").touch()
    return folder


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The demonstration market on an embedded database, a copy for each test process."""
    folder = tmp_path_factory.mktemp("market") / "instance"
    shutil.copytree(_built_market(tmp_path_factory), folder)
    server = LiveServer(_settings(folder))
    yield server
    server.close()


@pytest.fixture(scope="session")
def states() -> dict[str, Any]:
    """Cookies of those who have signed in already, by e-mail address."""
    return {}


@pytest.fixture
def visit(market: LiveServer, chromium: Any, states: dict[str, Any]) -> Iterator[Callable[..., Visitor]]:
    """`visit("team")` is a tab signed in as that account of the demonstration; `visit()` is a stranger's."""
    contexts = []

    def open_tab(
        name: str = "", *, width: int = 1440, lang: str = "zh", dark: bool = False, fresh: bool = False
    ) -> Visitor:
        if fresh:  # acts that bind ask for a sign-in of a short while ago
            states.pop(name, None)
        context = chromium.new_context(
            viewport={"width": width, "height": WIDTHS[width]}, locale=LANG[lang], storage_state=states.get(name),
            timezone_id="Asia/Shanghai", color_scheme="dark" if dark else "light", reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(15_000)
        contexts.append(context)
        visitor = Visitor(context.new_page(), market.url)
        if name and name not in states:
            sign_in(visitor, name)
            states[name] = context.storage_state()
        return visitor

    yield open_tab
    for context in contexts:
        context.close()


def sign_in(visitor: Visitor, name: str) -> None:
    """Through the form, as people do."""
    visitor.open("/login")
    visitor.page.fill("#field-email", f"{name}@{DEMO_DOMAIN}")
    visitor.page.fill("#field-password", DEMO_PASSWORD)
    visitor.submit()
    assert visitor.path == "/", f"{name} was not let in: {visitor.text()[:200]}"
