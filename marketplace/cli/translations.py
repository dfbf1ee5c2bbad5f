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


def find_untranslated(root: Path = PROJECT_ROOT) -> dict[str, list[str]]:
    """Message ids used in templates and code that no Chinese catalogue has, with where they stand."""
    from babel.messages.extract import extract_from_dir
    from babel.messages.pofile import read_po

    known: set[str] = set()
    for path in DIRECTORY.glob("zh_Hans_CN/LC_MESSAGES/*.po"):
        with path.open("rb") as source:
            for message in read_po(source, locale="zh_Hans_CN"):
                if message.id and message.string and not message.fuzzy:
                    known.update([message.id] if isinstance(message.id, str) else message.id[:1])
    missing: dict[str, list[str]] = {}
    keywords = {"_": None, "gettext": None, "lazy_gettext": None, "_l": None, "N_": None, "ngettext": (1, 2)}
    for folder, method in (("templates", "jinja2.ext:babel_extract"), ("marketplace", "python")):
        pattern = "**.html" if folder == "templates" else "**.py"
        found = extract_from_dir(root / folder, [(pattern, method), ("**.txt", method)], keywords=keywords)
        for name, line, ids, *_rest in found:
            text = ids[0] if isinstance(ids, tuple) else ids
            if text and text not in known:
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
