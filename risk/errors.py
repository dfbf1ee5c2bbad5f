"""Errors of the quantitative core: each has a stable code, a sentence for the user and the parameter it is about."""

from __future__ import annotations

from typing import Any


class RiskError(ValueError):
    """A refused input or a broken rule of the quantitative core.

    Parameters
    ----------
    message : str
        One sentence fit for the user.
    code : str, optional
        Stable slug; the class attribute of the same name where absent.
    field : str, optional
        The parameter, column or clause path the error is about, such as ``rows[2].trl_start``.
    details : dict, optional
        JSON-ready facts, for example the range allowed.

    Examples
    --------
    >>> RiskError("The terms are empty.", code="empty_terms", field="programs").to_dict()
    {'code': 'empty_terms', 'message': 'The terms are empty.', 'field': 'programs', 'details': {}}
    """

    code = "invalid_input"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.field = field
        self.details: dict[str, Any] = dict(details or {})

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-ready error object used on the command line and by the doors."""
        return {"code": self.code, "message": self.message, "field": self.field, "details": self.details}


class InvalidParameterError(RiskError):
    """A parameter is outside the range allowed; the message names both.

    Parameters
    ----------
    field : str
        Name of the parameter.
    value : object
        The value refused.
    allowed : str
        The range or set allowed, in words such as ``an integer from 1 to 9``.
    code : str, optional
        Stable slug, ``invalid_parameter`` where absent.
    """

    code = "invalid_parameter"

    def __init__(self, field: str, value: object, allowed: str, *, code: str | None = None) -> None:
        shown = repr(value)
        if len(shown) > 80:
            shown = shown[:77] + "..."
        super().__init__(
            f"{field} must be {allowed}; got {shown}.",
            code=code,
            field=field,
            details={"allowed": allowed, "value": shown},
        )
