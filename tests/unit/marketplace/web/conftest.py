"""A bare application with our formatting and assets, without a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import Babel, force_locale

from marketplace.config import PROJECT_ROOT
from marketplace.web import assets, formatting

CATALOGUES = PROJECT_ROOT / "marketplace" / "translations" / "zh_Hans_CN" / "LC_MESSAGES"
CATALOGUE = CATALOGUES / "common.po"


@pytest.fixture
def face(tmp_path: Path) -> Flask:
    """Formatting, labels and assets registered as the real application does it."""
    compiled = tmp_path / "zh_Hans_CN" / "LC_MESSAGES"
    compiled.mkdir(parents=True)
    areas = sorted(path.stem for path in CATALOGUES.glob("*.po"))
    for area in areas:
        with (CATALOGUES / f"{area}.po").open("rb") as source, (compiled / f"{area}.mo").open("wb") as target:
            write_mo(target, read_po(source, locale="zh_Hans_CN"))
    app = Flask("face", template_folder=str(PROJECT_ROOT / "templates"), static_folder=str(PROJECT_ROOT / "static"))
    app.config.update(
        TESTING=True,
        SECRET_KEY="only for this test",
        BABEL_DOMAIN=";".join(areas),
        BABEL_TRANSLATION_DIRECTORIES=";".join([str(tmp_path)] * len(areas)),
        BABEL_DEFAULT_LOCALE="zh_Hans_CN",
    )
    Babel(app)
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.globals.update(csrf_token=lambda: "token", new_form_key=lambda: "key")
    formatting.register(app)
    assets.register(app)
    return app


@pytest.fixture
def speak(face: Flask) -> Callable[[str], Any]:
    """`with speak("en"):` runs a piece of code as a page in that language."""

    @contextmanager
    def in_language(locale: str, path: str = "/") -> Iterator[Flask]:
        with face.test_request_context(path), force_locale(locale):
            yield face

    return in_language
