"""The strip of the main job on a project page, from what really happened.

A domain that adds a step registers a provider: it is given the session, the project and the actor, and returns
the step's fields (`state`, and where known `by`, `when`, `url`, `waits_for`), or None while it knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CHAIN_KEYS = ("list", "assess", "score", "match", "quote", "round", "agree", "settle", "report")
StepProvider = Callable[[Any, Any, Any], dict[str, Any] | None]
_providers: dict[str, StepProvider] = {}


def register_step(key: str, provider: StepProvider) -> None:
    """Let a domain's pages tell how far a project has come in one step."""
    if key not in CHAIN_KEYS:
        raise ValueError(f"the chain has no step {key!r}")
    _providers[key] = provider


def build_chain(session: Any, project: Any, actor: Any) -> list[dict[str, Any]]:
    """All nine steps in order; the first one that is not done, after those that are, is the current one."""
    steps = []
    for key in CHAIN_KEYS:
        provider = _providers.get(key)
        found = provider(session, project, actor) if provider else None
        steps.append({"key": key, "state": "waiting", **(found or {})})
    if not any(step["state"] in ("current", "blocked") for step in steps):
        waiting = next((step for step in steps if step["state"] == "waiting"), None)
        if waiting is not None:
            waiting["state"] = "current"
    return steps
