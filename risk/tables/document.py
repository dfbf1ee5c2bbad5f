"""``docs/evidence.md`` from the tables: ``python -m risk.tables.document > docs/evidence.md``."""

from __future__ import annotations

import sys

from risk.tables import FIGURE_TABLES, Figure, load_document, load_figures

_EXPLAINED = ("low", "high", "standard_error", "n", "events", "lower", "upper", "bound", "caveat", "interval")
_HEAD = """# Evidence behind the score

Made from `risk/tables/*.toml` by `python -m risk.tables.document`; do not edit by hand.

Status: *verified* (read in the source), *verified_secondary* (read in a report of the source), *computed* (by us, from
the data named), *judgement* (ours; a setting), *unverified* (shown, never used). There is no open outcome data on
Chinese pilot tests: every score stays `prior_only` until the market has outcomes of its own.
"""


def render() -> str:
    """Return the document as Markdown."""
    parts = [_HEAD]
    for name in FIGURE_TABLES:
        document = load_document(name)
        parts.append(f"\n## {document['title_en']} ({document['title_zh']})\n\n`{name}`\n")
        parts.append("\n| figure | value | unit | status | from | source |\n| --- | --- | --- | --- | --- | --- |\n")
        parts.extend(_line(figure) for figure in load_figures(name).values())
    return "".join(parts)


def _line(figure: Figure) -> str:
    value = "" if figure.value is None else f"{figure.value:g}"
    facts = ", ".join(f"{name} {_show(figure[name])}" for name in _EXPLAINED if name in figure.extra)
    shown = f"{value} ({facts})" if value and facts else value or facts or "none"
    cells = (f"`{figure.key}`", shown, figure.unit, figure.status, figure.valid_from.isoformat(), figure.source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _show(value: object) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


if __name__ == "__main__":
    sys.stdout.write(render())
