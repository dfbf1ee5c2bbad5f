"""Reading the bodies of events."""

from __future__ import annotations

from typing import Any

from risk.sharing import reading
from risk.sharing.errors import EventError
from risk.sharing.run import Run


def read(body: dict[str, Any], required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the body with every required key and no unknown one."""
    return reading.mapping(body, "body", required, optional, EventError)


def known(value: Any, path: str, names: Any, what: str) -> str:
    """Return an id that the terms declare."""
    return reading.known(value, path, names, f"unknown_{what}", what, EventError)


def choice(value: Any, path: str, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed words."""
    return reading.choice(value, path, allowed, EventError)


def metrics(run: Run, body: dict[str, Any]) -> None:
    """Read ``metrics``: reported amounts by name."""
    data = body.get("metrics", {})
    if not isinstance(data, dict):
        raise EventError("not_an_object", "body.metrics must be an object.", "body.metrics")
    run.metrics = {name: run.amount(value, f"body.metrics.{name}") for name, value in data.items()}


def flags(run: Run, body: dict[str, Any]) -> None:
    """Read ``flags``: conditions of the terms that are now met or no longer met."""
    data = body.get("flags", {})
    if not isinstance(data, dict):
        raise EventError("not_an_object", "body.flags must be an object.", "body.flags")
    for name, value in data.items():
        known(name, f"body.flags.{name}", run.model.flags, "flag")
        run.set_flag(f"flag:{name}", run.truth(value, f"body.flags.{name}"))


def stated(run: Run, body: dict[str, Any], key: str, computed: Any, code: str, what: str) -> None:
    """Refuse a stated amount that is not the one the terms give."""
    if key in body:
        amount = run.amount(body[key], f"body.{key}")
        shown = None if run.arithmetic.is_array else int(computed)
        run.refuse(
            amount != computed,
            code,
            f"The {what} stated is not the one the terms give" + (f" ({shown})." if shown is not None else "."),
            f"body.{key}",
            computed_minor=shown,
        )
