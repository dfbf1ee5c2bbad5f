"""One other reading of one clause: what is rewritten, and how it is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Path = tuple[str | int, ...]
REMOVED = object()


@dataclass(frozen=True)
class Change:
    """A rewriting of the terms at one clause, or (without a path) of the log.

    Attributes
    ----------
    code : str
        Stable name of the kind of reading.
    path : tuple of str and int
        Keys from the top of the terms to what is replaced; empty where the log is read otherwise.
    value : object
        What stands there instead; ``REMOVED`` where nothing does.
    words : dict of str to str
        The reading in both languages.
    events : callable, optional
        The log read otherwise: events in, events out.
    """

    code: str
    path: Path
    value: Any
    words: dict[str, str]
    events: Callable[[list[Json]], list[Json]] | None = None

    @property
    def clause(self) -> str:
        """Return the clause as the refusals of terms write it, ``events`` for the log."""
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return text.lstrip(".") or "events"

    def overlaps(self, other: Change) -> bool:
        """Say whether one of the two rewrites what the other does."""
        shorter = min(len(self.path), len(other.path))
        return self.path[:shorter] == other.path[:shorter] if self.path and other.path else self.code == other.code


def at(terms: Any, path: Path) -> Any:
    """Return what stands at a path of a document, ``REMOVED`` where nothing does."""
    for part in path:
        try:
            terms = terms[part]
        except (KeyError, IndexError, TypeError):
            return REMOVED
    return terms


def rewrite(terms: Any, path: Path, value: Any) -> Any:
    """Return a copy of a document with another value at a path; everything beside the path is shared."""
    if not path:
        return value
    head, rest = path[0], path[1:]
    copy: Any = list(terms) if isinstance(terms, list) else dict(terms)
    if value is not REMOVED or rest:
        copy[head] = rewrite(terms[head] if rest else None, rest, value)
    elif isinstance(head, int) or head in copy:
        del copy[head]
    return copy


def without_overlap(changes: Sequence[Change]) -> bool:
    """Say whether the changes can be made together."""
    return not any(one.overlaps(two) for place, one in enumerate(changes) for two in changes[place + 1 :])
