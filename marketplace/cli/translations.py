"""`flask translations compile | check`."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from marketplace.config import PROJECT_ROOT

group = AppGroup("translations", help="The Chinese catalogues.")
DIRECTORY = PROJECT_ROOT / "marketplace" / "translations"


def compile_catalogues(directory: Path = DIRECTORY) -> int:
    """Write each .po as .mo; returns how many."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    paths = sorted(directory.glob("*/LC_MESSAGES/*.po"))
    for path in paths:
        with path.open("rb") as source:
            catalogue = read_po(source, locale=path.parts[-3])
        with path.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalogue)
    return len(paths)


# Keyword arguments of babel's extraction: which argument is the text, the plural, the context.
KEYWORDS = {
    "_": None, "gettext": None, "lazy_gettext": None, "_l": None, "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2), "lazy_pgettext": ((1, "c"), 2),
}  # fmt: skip


def find_untranslated(root: Path = PROJECT_ROOT) -> dict[str, list[str]]:
    """Texts used in templates and code that no Chinese catalogue has, with where they stand."""
    from babel.messages.extract import extract_from_dir
    from babel.messages.pofile import read_po

    known: set[tuple[str | None, str]] = set()
    for path in DIRECTORY.glob("zh_Hans_CN/LC_MESSAGES/*.po"):
        with path.open("rb") as source:
            for entry in read_po(source, locale="zh_Hans_CN"):
                if entry.id and entry.string and not entry.fuzzy:
                    known.add((entry.context, entry.id if isinstance(entry.id, str) else entry.id[0]))
    missing: dict[str, list[str]] = {}
    sources = (("templates", "**.html", "jinja2.ext:babel_extract"), ("marketplace", "**.py", "python"))
    for folder, pattern, method in sources:
        options = {pattern: {"extensions": "jinja2.ext.do,jinja2.ext.i18n"}} if folder == "templates" else {}
        found = extract_from_dir(root / folder, [(pattern, method)], options_map=options, keywords=KEYWORDS)
        for name, line, ids, _comments, context in found:
            text = ids if isinstance(ids, str) else next(part for part in ids if part != context)
            if text and (context, text) not in known:
                missing.setdefault(text, []).append(f"{folder}/{name}:{line}")
    return missing


@group.command("compile")
def compile_() -> None:
    """Compile the catalogues."""
    click.echo(f"{compile_catalogues()} catalogues compiled")


@group.command("check")
def check() -> None:
    """Name every text that has no Chinese."""
    missing = find_untranslated()
    for text, places in sorted(missing.items()):
        click.echo(f"{places[0]}: {text!r}")
    if missing:
        raise click.ClickException(f"{len(missing)} texts have no translation")
    click.echo("every text is translated")


def register(app: Flask) -> None:
    app.cli.add_command(group)
