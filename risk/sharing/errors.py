"""Errors of the sharing engine: terms that cannot be run, events that cannot be applied, amounts out of bounds."""

from __future__ import annotations

from typing import Any

from risk.errors import RiskError


class TermsError(RiskError):
    """The terms break a rule; ``field`` is the path of the clause, such as ``programs.exit.seq[2].cap``."""

    code = "invalid_terms"

    def __init__(self, code: str, message: str, clause: str, **details: Any) -> None:
        super().__init__(message, code=code, field=clause, details=details)


class EventError(RiskError):
    """The event is refused; the state is exactly as before."""

    code = "invalid_event"

    def __init__(self, code: str, message: str, field: str | None = None, **details: Any) -> None:
        super().__init__(message, code=code, field=field, details=details)


class AmountError(RiskError):
    """An amount left the range in which every computation is exact."""

    code = "amount_too_large"

    def __init__(self, message: str, field: str | None = None, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message, code=code, field=field, details=details)
