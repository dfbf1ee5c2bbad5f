"""One page of the browser with everything that it complains about, and the checks that every page must pass."""

from __future__ import annotations

import functools
import re
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.browser.catalogue import find_foreign_text

WIDTHS = {1440: 900, 390: 844}
LANG = {"zh": "zh-CN", "en": "en"}
SETTLED = "() => document.readyState === 'complete' && !document.querySelector('[data-chart-picture][hidden]')"
AXE = (
    "async () => { const found = await axe.run(document, {resultTypes: ['violations']});"
    " return found.violations.map(rule => rule.id + ': ' + rule.nodes.map(node => node.target.join(' ') +"
    " ' ' + node.html.slice(0, 160)).slice(0, 3).join(' | ')); }"
)
# Elements that stick out of the page; a frame that scrolls inside itself may hold wider ones.
SIDEWAYS = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= window.innerWidth) return [];
  return [...document.querySelectorAll('body *')].filter(element => {
    const box = element.getBoundingClientRect();
    if (!box.width || box.right <= width + 1) return false;
    for (let up = element.parentElement; up; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== 'visible') return false;
    return true;
  }).map(element => element.tagName + '.' + element.className + ' ' + (element.textContent || '').trim().slice(0, 40));
}"""


@functools.cache
def axe_source() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


class Visitor:
    """A tab that is signed in, collects what goes wrong, and asks every page the same questions."""

    def __init__(self, page: Any, base_url: str) -> None:
        self.page, self.base_url = page, base_url
        self.complaints: list[str] = []
        self.expected_status: set[int] = set()
        page.on("console", self._hear_console)
        page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        page.on("requestfailed", self._hear_failure)
        page.on("response", self._hear_response)

    def _hear_console(self, message: Any) -> None:
        if message.type not in ("error", "warning"):
            return
        # Chromium repeats a refused form's status on the console; the status itself is judged with the response.
        if message.text.startswith("Failed to load resource") and self.expected_status:
            return
        self.complaints.append(f"console {message.type}: {message.text}")

    def _hear_failure(self, request: Any) -> None:
        # A page that is left while it still loads, or a download, ends its requests by itself.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"request failed: {request.url} {request.failure}")

    def _hear_response(self, response: Any) -> None:
        if response.status >= 400 and response.status not in self.expected_status:
            self.complaints.append(f"status {response.status}: {response.url}")

    def open(self, path: str, *, lang: str = "", status: int = 200) -> Visitor:
        """Open an address of the market in a language; the status must be as expected."""
        if lang:
            path += ("&" if "?" in path else "?") + urlencode({"lang": lang})
        self.expected_status = {status} if status >= 400 else set()
        response = self.page.goto(self.base_url + path)
        assert response.status == status, f"{path}: {response.status}"
        return self

    @property
    def path(self) -> str:
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def set_width(self, width: int) -> None:
        self.page.set_viewport_size({"width": width, "height": WIDTHS[width]})

    def settle(self) -> None:
        """Wait until scripts have drawn what they draw."""
        self.page.wait_for_function(SETTLED)

    def text(self) -> str:
        return str(self.page.inner_text("main"))

    def press(self, name: str, *, within: str = "main") -> None:
        """Press the button of that name and wait for the page that answers."""
        with self.page.expect_navigation():
            self.page.locator(within).get_by_role("button", name=name, exact=True).first.click()

    def submit(self, form: str = "main form.form") -> None:
        """Send a form by its main button and wait for the page that answers."""
        with self.page.expect_navigation():
            self.page.locator(form).first.locator("button.button--main, .form-acts button").first.click()

    def check(self, lang: str, *, width: int) -> list[str]:
        """What is wrong with the page as it stands: complaints, language, words, sideways scroll."""
        self.set_width(width)
        found, self.complaints = self.complaints, []
        if (shown := self.page.get_attribute("html", "lang")) != LANG[lang]:
            found.append(f"lang is {shown}")
        found += [f"sticks out at {width}: {what}" for what in self.page.evaluate(SIDEWAYS)[:3]]
        found += [f"untranslated ({lang}): {text}" for text in find_foreign_text(self.page, lang)[:8]]
        return [f"{self.path} [{lang} {width}] {line}" for line in found]

    def run_axe(self) -> list[str]:
        """Violations that axe finds on the page as it stands."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(axe_source())
        return [f"{self.path} axe {line}" for line in self.page.evaluate(AXE)]

    def links(self, pattern: str, *, within: str = "main") -> list[str]:
        """Addresses on the page that match, without their query, each once, in order."""
        found = self.page.eval_on_selector_all(f"{within} a[href]", "all => all.map(one => one.getAttribute('href'))")
        paths = (urlsplit(address).path for address in found)
        return list(dict.fromkeys(path for path in paths if re.fullmatch(pattern, path)))
