"""What an amendment changes, in words: clause by clause, from the sentences that the terms themselves render to."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any

from risk.sharing.wording.clauses import describe_terms

# Figures, dates and Latin words are compared whole, Chinese by the character.
_TOKENS = re.compile(r"[A-Za-z]+|\d[\d,.:/-]*\d|\d|\s+|.", re.DOTALL)
Row = dict[str, Any]
_MOST_VALUES = 400


def compare_terms(before: dict[str, Any], after: dict[str, Any], locale: str) -> dict[str, Any]:
    """Return the difference between two versions in words and as data.

    Parameters
    ----------
    before, after : dict
        Two valid terms documents.
    locale : str
        ``zh_Hans_CN`` (any ``zh…``) or ``en``.

    Returns
    -------
    dict
        ``clauses``: rows with ``change`` (``added``, ``removed``, ``changed``), ``clause``, ``title`` and ``parts``,
        a list of ``(mark, text)`` where the mark is ``same``, ``gone`` or ``new``; ``unchanged``: how many sentences
        stay; ``values``: every value of the document that differs, with ``path``, ``before`` and ``after`` (None where
        there is none), so that nothing changes that no sentence tells.

    Raises
    ------
    TermsError
        One of the documents is not valid.
    InvalidParameterError
        The locale is neither Chinese nor English.
    """
    old, new = describe_terms(before, locale), describe_terms(after, locale)
    rows: list[Row] = []
    unchanged = 0
    matcher = SequenceMatcher(None, [_text(row) for row in old], [_text(row) for row in new], autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind == "equal":
            unchanged += end - start
        else:
            rows += _pair(old[start:end], new[first:last])
    return {"clauses": rows, "unchanged": unchanged, "values": list_values(before, after)}


def _text(row: dict[str, str]) -> tuple[str, str]:
    # The number of a tier is left out: one that only moves down because another was put before it says the same.
    return re.sub(r"\d+\. ?", "", row["title"]), row["sentence"]


def _pair(old: list[dict[str, str]], new: list[dict[str, str]]) -> list[Row]:
    """Pair the sentences of one changed passage by their clause; what has no partner was added or removed."""
    left = list(new)
    rows: list[Row] = []
    for row in old:
        partner = next((item for item in left if item["clause"] == row["clause"]), None)
        if partner is None:
            rows.append(_row("removed", row, [("gone", row["sentence"])]))
            continue
        left.remove(partner)
        parts = mark_words(row["sentence"], partner["sentence"])
        if row["title"] != partner["title"] and all(mark == "same" for mark, _ in parts):
            parts = [*mark_words(row["title"], partner["title"]), ("same", f" {partner['sentence']}")]
        rows.append(_row("changed", partner, parts))
    return rows + [_row("added", row, [("new", row["sentence"])]) for row in left]


def _row(change: str, row: dict[str, str], parts: list[tuple[str, str]]) -> Row:
    return {"change": change, "clause": row["clause"], "title": row["title"], "parts": parts}


def mark_words(before: str, after: str) -> list[tuple[str, str]]:
    """Return two sentences as one, each piece marked ``same``, ``gone`` or ``new``."""
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    parts: list[tuple[str, str]] = []
    for kind, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("same", "".join(old[start:end])))
            continue
        if end > start:
            parts.append(("gone", "".join(old[start:end])))
        if last > first:
            parts.append(("new", "".join(new[first:last])))
    return parts


def list_values(before: Any, after: Any, path: str = "") -> list[Row]:
    """Return every value that differs between two documents, at most 400 of them; lists of things with ids go by id."""
    rows: list[Row] = []
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = [(f"{path}.{key}" if path else key, before.get(key), after.get(key)) for key in {**before, **after}]
    elif isinstance(before, list) and isinstance(after, list):
        pairs = _list_pairs(before, after, path)
    else:
        return [] if before == after else [{"path": path, "before": before, "after": after}]
    for place, one, other in pairs:
        if one != other and len(rows) < _MOST_VALUES:
            rows += list_values(one, other, place)
    return rows[:_MOST_VALUES]


def _list_pairs(before: list[Any], after: list[Any], path: str) -> list[tuple[str, Any, Any]]:
    items = [*before, *after]
    if items and all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in items):
        old, new = ({item["id"]: item for item in rows} for rows in (before, after))
        return [(f"{path}[{name}]", old.get(name), new.get(name)) for name in {**old, **new}]
    length = max(len(before), len(after))
    padded = ([*rows, *[None] * (length - len(rows))] for rows in (before, after))
    return [(f"{path}[{index}]", one, other) for index, (one, other) in enumerate(zip(*padded, strict=True))]
