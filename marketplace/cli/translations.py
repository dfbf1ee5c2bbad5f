"""`flask translations compile | check`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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


# Mistakes of ours, not refusals: nobody reads them on a page.
BUILT_IN_ERRORS = (
    "ValueError",
    "TypeError",
    "RuntimeError",
    "KeyError",
    "LookupError",
    "SettingsError",
    "DocumentError",
)
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
    for text, place in find_refusal_texts(root / "marketplace"):
        if (None, text) not in known:
            missing.setdefault(text, []).append(place)
    return missing


def find_refusal_texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Sentences of refusals: they are translated where they are shown, so no call of gettext names them."""
    for path in sorted(folder.rglob("*.py")):
        if path.relative_to(folder).parts[0] in ("demo", "api"):
            continue  # read by whoever edits the content files, or by programs
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for text in _texts_of(node):
                yield text, f"{path.relative_to(folder.parent)}:{getattr(node, 'lineno', 0)}"


def _texts_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
        found: list[ast.expr | None] = [
            item.value
            for item in node.body
            if isinstance(item, ast.Assign) and any(ast.unparse(target) == "message" for target in item.targets)
        ]
    elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1].endswith("Error"):
        found = list(node.args[:1]) if ast.unparse(node.func) not in BUILT_IN_ERRORS else []
        for keyword in node.keywords:
            if keyword.arg == "errors" and isinstance(keyword.value, ast.Dict):
                found += keyword.value.values
    elif isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Subscript) and ast.unparse(target.value) == "errors" for target in node.targets
    ):
        found = [node.value]
    else:
        found = []
    return [item.value for item in found if isinstance(item, ast.Constant) and isinstance(item.value, str)]


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
