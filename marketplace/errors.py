"""The error tree of the marketplace: five kinds, each subclass names the rule that was broken."""

from __future__ import annotations

from typing import Any


class MarketplaceError(Exception):
    """A refusal with a stable code, a sentence fit for the user and its details."""

    code = "error"
    message = "The request could not be carried out."

    def __init__(self, message: str | None = None, *, field: str | None = None, **details: Any) -> None:
        self.message = message or type(self).message
        self.field = field
        self.details = details
        super().__init__(self.message)

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "message": str(self.message), "field": self.field, "details": self.details}


class NotFoundError(MarketplaceError):
    """There is nothing here that the actor may see."""

    code = "not_found"
    message = "There is nothing at this address that you may see."


class NotAllowedError(MarketplaceError):
    """The actor may see the object and still not do this."""

    code = "not_allowed"
    message = "Your role does not allow this."


class NotSignedInError(NotAllowedError):
    """Nobody is signed in."""

    code = "not_signed_in"
    message = "Please sign in first."


class ConflictError(MarketplaceError):
    """The state of the object does not allow this now."""

    code = "conflict"
    message = "This was changed in the meantime."


class InvalidInputError(MarketplaceError):
    """Something that was entered cannot be used; `errors` maps fields to sentences."""

    code = "invalid_input"
    message = "Please correct the fields that are marked."

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        errors: dict[str, str] | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message, field=field, **details)
        self.errors = errors or ({field: self.message} if field else {})
        if self.errors and not self.field:
            self.field = next(iter(self.errors))
        if errors:
            self.details = {**self.details, "errors": errors}


class ProviderError(MarketplaceError):
    """An outside service did not answer as it should."""

    code = "provider_error"
    message = "An outside service did not answer. Nothing was booked; it will be tried again."
