"""Browser files: pinned scripts, addresses that change with content, and colours that can be read."""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from marketplace.config import PROJECT_ROOT
from marketplace.web.assets import VENDOR_SCRIPTS, AssetError, install_assets, resolve_asset

Speak = Callable[..., Any]
CSS = PROJECT_ROOT / "static" / "css"
TEMPLATES = PROJECT_ROOT / "templates"


def test_install_copies_both_scripts_under_hashed_names_with_gzip(tmp_path: Path) -> None:
    installed = install_assets(tmp_path)
    assert sorted(path.name.split(".")[0] for path in installed) == ["echarts", "htmx"]
    for path in installed:
        assert path.parent == tmp_path / "vendor"
        assert gzip.decompress(path.with_name(path.name + ".gz").read_bytes()) == path.read_bytes()


def test_install_twice_changes_nothing_and_leaves_no_partial_file(tmp_path: Path) -> None:
    install_assets(tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "vendor").iterdir()}
    install_assets(tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "vendor").iterdir()} == before


def test_install_refuses_a_script_with_other_bytes_and_copies_nothing(tmp_path: Path) -> None:
    changed = {"htmx.js": replace(VENDOR_SCRIPTS["htmx.js"], sha256="0" * 64)}
    with pytest.raises(AssetError, match=r"htmx\.js: SHA-256"):
        install_assets(tmp_path, scripts=changed)
    assert not (tmp_path / "vendor").exists()


def test_install_names_a_missing_package_or_file(tmp_path: Path) -> None:
    script = VENDOR_SCRIPTS["htmx.js"]
    with pytest.raises(AssetError, match="no_such_package"):
        install_assets(tmp_path, scripts={"htmx.js": replace(script, package="no_such_package")})
    with pytest.raises(AssetError, match="has no file"):
        install_assets(tmp_path, scripts={"htmx.js": replace(script, path="static/missing.js")})


def test_install_does_not_run_the_package_that_carries_the_script(tmp_path: Path) -> None:
    sys.modules.pop("vizly", None)
    install_assets(tmp_path)
    assert "vizly" not in sys.modules


def test_an_address_changes_when_the_content_does(tmp_path: Path) -> None:
    sheet = tmp_path / "css" / "page.css"
    sheet.parent.mkdir()
    sheet.write_text("a {}")
    first = resolve_asset("css/page.css", tmp_path)
    sheet.write_text("a { color: red }")
    second = resolve_asset("css/page.css", tmp_path)
    assert first[0] == second[0] == "css/page.css"
    assert first[1] != second[1]


def test_an_unknown_file_or_script_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="does not exist"):
        resolve_asset("css/absent.css", tmp_path)
    with pytest.raises(AssetError, match="third-party"):
        resolve_asset("vendor/jquery.js", tmp_path)


def test_asset_url_is_a_global_of_templates(speak: Speak) -> None:
    with speak("en") as app:
        address = app.jinja_env.from_string("{{ asset_url('css/base.css') }}").render()
        vendor = app.jinja_env.from_string("{{ asset_url('vendor/htmx.js') }}").render()
    assert re.fullmatch(r"/static/css/base\.css\?v=[0-9a-f]{12}", address)
    assert re.fullmatch(r"/static/vendor/htmx\.[0-9a-f]{12}\.js", vendor)


def _tables() -> list[dict[str, str]]:
    """Colours of the light table and of the two dark ones in tokens.css."""
    text = (CSS / "tokens.css").read_text()
    blocks = re.findall(r":root(?:\[data-theme=\"dark\"\]|:not\([^)]*\))? \{(.*?)\n\s*\}", text, re.DOTALL)
    tables = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]
    return [table for table in tables if "paper" in table]


def _luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("paper", "sheet", "sunk")
TONES = ("jade", "amber", "vermilion", "slate")
TEXT_PAIRS = [
    *product(("ink", "ink-soft", "accent", *TONES), GROUNDS),
    *((tone, f"{tone}-wash") for tone in TONES),
    *(("ink", f"{tone}-wash") for tone in (*TONES, "accent")),
    *(("accent", f"{tone}-wash") for tone in ("accent",)),
    ("on-accent", "accent"),
    ("sheet", "jade"),
    ("sheet", "vermilion"),
    ("paper", "ink"),
]


@pytest.mark.parametrize("pair", TEXT_PAIRS)
def test_every_text_pair_has_a_contrast_of_at_least_four_and_a_half(pair: tuple[str, str]) -> None:
    for table in _tables():
        assert contrast(table[pair[0]], table[pair[1]]) >= 4.5, (pair, table["paper"])


def test_borders_of_controls_and_series_of_charts_stand_out_from_the_sheet() -> None:
    for table in _tables():
        for name in ("rule-strong", *(f"series-{index}" for index in range(1, 7))):
            assert contrast(table[name], table["sheet"]) >= 3, (name, table["paper"])


def test_the_dark_table_is_the_same_for_the_system_and_for_the_switch() -> None:
    light, by_system, by_switch = _tables()
    assert by_system == by_switch
    assert set(by_switch) == set(light)


def test_style_sheets_use_only_tokens_that_exist() -> None:
    defined = set(re.findall(r"(--[\w-]+):", (CSS / "tokens.css").read_text()))
    for sheet in CSS.glob("*.css"):
        used = set(re.findall(r"var\((--[\w-]+)", sheet.read_text()))
        assert used <= defined, sheet.name


def test_colours_are_written_only_in_tokens_and_print() -> None:
    for sheet in CSS.glob("*.css"):
        if sheet.name in ("tokens.css", "print.css"):
            continue
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet.read_text()) == [], sheet.name


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_templates_hold_no_inline_style_script_or_foreign_address(path: Path) -> None:
    """The pages run under script-src 'self' and style-src 'self'."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son(click|change|submit|load|input)=", text)
    assert not re.search(r"<style", text)
    assert not re.search(r"<script(?![^>]*(\ssrc=|application/json))", text)
    assert not re.search(r"(src|href)=\"https?://", text)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_every_template_compiles(face: Flask, path: Path) -> None:
    face.jinja_env.get_template(str(path.relative_to(TEMPLATES)))
