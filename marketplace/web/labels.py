"""Words shown for stored values: `label(kind, word)` and, for states, the tone that colours them."""

from __future__ import annotations

import logging

from flask import current_app, has_app_context

from marketplace.web.status_words import SLATE, STATUS_WORDS
from marketplace.web.term_names import NAMES

logger = logging.getLogger(__name__)


class UnknownLabelError(LookupError):
    """A stored word has no entry in the tables of `status_words` or `term_names`."""


def missing_labels(kind: str, words: list[str]) -> list[str]:
    """Words of an enumeration that have no label yet; a test of each domain expects none."""
    known = NAMES.get(kind) or STATUS_WORDS.get(kind) or {}
    return [word for word in words if word not in known]


def label(kind: str, word: object) -> str:
    """The word in the page's language: `label("sector", "chemicals")`."""
    key = _key(word)
    if kind == "region":
        return _region(key)
    if key in NAMES.get(kind, {}):
        return str(NAMES[kind][key])
    if key in STATUS_WORDS.get(kind, {}):
        return str(STATUS_WORDS[kind][key][0])
    return _unknown(kind, key)


def state_label(kind: str, state: object) -> str:
    """The word for a state, from the status table first: `organisation` names states as well as kinds."""
    key = _key(state)
    row = STATUS_WORDS.get(kind, {}).get(key)
    return str(row[0]) if row else _unknown(kind, key)


def tone(kind: str, state: object) -> str:
    """Jade for sure or paid, amber for waiting, vermilion for failed or owed, slate for the rest."""
    row = STATUS_WORDS.get(kind, {}).get(_key(state))
    return row[1] if row else SLATE


def names(kind: str) -> list[tuple[str, str]]:
    """Pairs (word, label) for a select or a filter."""
    if kind in NAMES:
        return [(word, str(text)) for word, text in NAMES[kind].items()]
    return [(word, str(text)) for word, (text, _tone) in STATUS_WORDS[kind].items()]


def _key(word: object) -> str:
    """Enumerations are stored as words; an Enum member gives its value."""
    return str(getattr(word, "value", word))


def _region(code: str) -> str:
    """GB/T 2260: the first two digits name the province; a city's own name travels with the record."""
    name = NAMES["region"].get(code[:2] + "0000")
    return str(name) if name else _unknown("region", code)


def _unknown(kind: str, word: str) -> str:
    """Loud in tests; a reader in production gets the plain word and the operator a log line."""
    if has_app_context() and not (current_app.testing or current_app.debug):
        logger.error("no label for %s %r", kind, word)
        return word.replace("_", " ")
    raise UnknownLabelError(f"no label for {kind} {word!r}")
