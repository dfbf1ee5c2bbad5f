"""The check of the catalogues finds what would break or spoil a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from marketplace.cli import translations


@pytest.mark.parametrize(
    ("text", "is_loose"),
    [("100%，", True), ("a % b", True), ("%%%", True), ("100 %%", False), ("%(name)s", False), ("%(share)s%%", False)],
)
def test_a_bare_per_cent_sign_is_told_from_one_that_is_filled_in(text: str, is_loose: bool) -> None:
    assert bool(translations.LOOSE_PERCENT.search(text)) is is_loose


def test_the_check_names_what_a_page_would_fail_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "zh_Hans_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "a.po").write_text(
        'msgid "Choose a template"\nmsgstr "选择模板100%，"\n\nmsgid "Nobody says this"\nmsgstr "无人"\n',
        encoding="utf-8",
    )
    (folder / "b.po").write_text('msgid "Choose a template"\nmsgstr "选择"\n', encoding="utf-8")
    monkeypatch.setattr(translations, "DIRECTORY", tmp_path)
    used = {(None, "Choose a template"): "templates/x.html:1", (None, "Another"): "templates/x.html:2"}
    monkeypatch.setattr(translations, "find_used", lambda root: used)
    assert translations.find_faults() == [
        "a.po: 'Choose a template' has a bare per cent sign, on which its page fails",
        "a.po: 'Nobody says this' is used nowhere",
        "b.po: 'Choose a template' is in a.po already",
        "templates/x.html:2: 'Another' has no Chinese",
    ]
