"""`flask translations compile | check`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from marketplace.config import PROJECT_ROOT

group = AppGroup("translations", help="The Chinese catalogues.")
DIRECTORY = PROJECT_ROOT / "marketplace" / "translations"
# Templates fill every text in; a sign that is neither a name to fill in nor doubled raises there.
LOOSE_PERCENT = re.compile(r"(?<!%)%(?:%%)*(?![%(])")


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
    "_": None, "__": None, "gettext": None, "lazy_gettext": None, "_l": None, "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2), "lazy_pgettext": ((1, "c"), 2),
}  # fmt: skip


def find_used(root: Path = PROJECT_ROOT) -> dict[tuple[str | None, str], str]:
    """Texts used in templates and code by context and text, with the first place where each stands."""
    from babel.messages.extract import extract_from_dir

    used: dict[tuple[str | None, str], str] = {}
    jinja: dict[str, str] = {"extensions": "jinja2.ext.do,jinja2.ext.i18n"}
    sources: tuple[tuple[str, str, str, dict[str, str]], ...] = (
        ("templates", "**.html", "jinja2.ext:babel_extract", jinja),
        ("templates", "**.txt", "jinja2.ext:babel_extract", jinja),
        ("marketplace", "**.py", "python", {}),
    )
    for folder, pattern, method, options in sources:
        found = extract_from_dir(root / folder, [(pattern, method)], options_map={pattern: options}, keywords=KEYWORDS)
        for name, line, ids, _comments, context in found:
            text = ids if isinstance(ids, str) else next(part for part in ids if part != context)
            if text:
                used.setdefault((context, text), f"{folder}/{name}:{line}")
    for text, place in find_refusal_texts(root / "marketplace"):
        used.setdefault((None, text), place)
    return used


def read_catalogues() -> Iterator[tuple[str, tuple[str | None, str], bool]]:
    """Name of the catalogue, context and text, and whether it has Chinese, of every entry."""
    from babel.messages.pofile import read_po

    for path in sorted(DIRECTORY.glob("zh_Hans_CN/LC_MESSAGES/*.po")):
        with path.open("rb") as source:
            for entry in read_po(source, locale="zh_Hans_CN"):
                if entry.id:
                    text = entry.id if isinstance(entry.id, str) else entry.id[0]
                    yield path.name, (entry.context, text), bool(entry.string) and not entry.fuzzy


def find_faults(root: Path = PROJECT_ROOT) -> list[str]:
    """Name the texts without Chinese, those with more than one, and those that nothing shows any more."""
    used = find_used(root)
    # Handed to gettext as values: texts of libraries and of our own tables of words.
    values = {*_texts_of_marshmallow(), *_constants(root / "marketplace"), *_constants(root / "risk")}
    seen: dict[tuple[str | None, str], str] = {}
    faults = []
    for name, key, translated in read_catalogues():
        if key in seen:
            faults.append(f"{name}: {key[1]!r} is in {seen[key]} already")
        if key not in used and (key[0] is not None or key[1] not in values):
            faults.append(f"{name}: {key[1]!r} is used nowhere")
        if translated:
            seen.setdefault(key, name)
    faults += [f"{place}: {key[1]!r} has no Chinese" for key, place in used.items() if key not in seen]
    faults += [
        f"{name}: {key[1]!r} has a bare per cent sign, on which its page fails"
        for name, key, texts in read_texts()
        if used.get(key, "").startswith("templates/") and any(LOOSE_PERCENT.search(text) for text in texts)
    ]
    return sorted(faults)


def read_texts() -> Iterator[tuple[str, tuple[str | None, str], list[str]]]:
    """Name of the catalogue, context and text, and all that the entry says in both languages."""
    from babel.messages.pofile import read_po

    for path in sorted(DIRECTORY.glob("zh_Hans_CN/LC_MESSAGES/*.po")):
        with path.open("rb") as source:
            for entry in read_po(source, locale="zh_Hans_CN"):
                if entry.id:
                    both = [[part] if isinstance(part, str) else list(part) for part in (entry.id, entry.string or "")]
                    yield path.name, (entry.context, both[0][0]), [text for part in both for text in part]


def _texts_of_marshmallow() -> set[str]:
    import marshmallow

    classes = [marshmallow.Schema, *(item for item in vars(marshmallow.fields).values() if isinstance(item, type))]
    tables = [getattr(item, "default_error_messages", {}) for item in classes]
    return {text for table in tables for text in table.values()} | {
        str(text) for text in marshmallow.Schema._default_error_messages.values()
    }


def _constants(folder: Path) -> set[str]:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {node.value for node in nodes if isinstance(node.value, str)}


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
    """Name every text that has no Chinese, has it twice, or is used nowhere."""
    faults = find_faults()
    for fault in faults:
        click.echo(fault)
    if faults:
        raise click.ClickException(f"{len(faults)} faults in the catalogues")
    click.echo("every text is translated, once")


def register(app: Flask) -> None:
    app.cli.add_command(group)
