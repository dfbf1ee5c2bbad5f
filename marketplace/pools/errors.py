"""Refusals of pools."""

from __future__ import annotations

from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class PoolNotFoundError(NotFoundError):
    code = "pool_not_found"
    message = "There is no such pool or filing that you may see."


class PoolInvalidError(InvalidInputError):
    code = "pool_invalid"
    message = "This entry cannot be taken into the register of the pool."


class NotPoolOperatorError(NotAllowedError):
    code = "not_pool_operator"
    message = "Only the office that keeps the pool can do this."


class NotPoolBankError(ConflictError):
    code = "not_pool_bank"
    message = "The bank does not lend under this pool."


class FilingStateError(ConflictError):
    code = "filing_state"
    message = "This filing is decided already."


class FiledAlreadyError(ConflictError):
    code = "filed_already"
    message = "A claim under this agreement has been filed already."


class FilingTooLateError(ConflictError):
    code = "filing_too_late"
    message = "The pool takes filings only within its days after the default."


class NotFiledError(ConflictError):
    code = "not_filed"
    message = "The bank has to file its claim with the pool first."


class EarlierFilingWaitsError(ConflictError):
    code = "earlier_filing_waits"
    message = "A filing with a lower acceptance number waits; it is served first."
