"""The jobs that exist, by name; domains register them in their `tasks.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class JobKind:
    """A named job. Slow work is split so that no write transaction is held while it computes.

    `prepare(session, **arguments)` reads, `compute(data)` works without a transaction, and
    `record(session, *, now, data, **arguments)` writes; without `compute`, only `record` runs.
    """

    name: str
    record: Callable[..., Any]
    prepare: Callable[..., Any] | None = None
    compute: Callable[[Any], Any] | None = None
    every_seconds: int | None = None
    attempts_allowed: int = 5


_kinds: dict[str, JobKind] = {}


def register_job(kind: JobKind) -> JobKind:
    """Make a job known to every worker."""
    _kinds[kind.name] = kind
    return kind


def get_kind(name: str) -> JobKind | None:
    return _kinds.get(name)


def list_kinds() -> list[JobKind]:
    return [_kinds[name] for name in sorted(_kinds)]


def run_steps(kind: JobKind, database: Any, arguments: dict[str, Any]) -> Any:
    """The steps before the write: read what is needed, then compute without any transaction."""
    data: Any = None
    if kind.prepare is not None:
        with database.transaction("read") as session:
            data = kind.prepare(session, **arguments)
    if kind.compute is not None:
        data = kind.compute(data)
    return data
