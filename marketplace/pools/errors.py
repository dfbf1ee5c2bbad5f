"""Refusals of pools."""

from __future__ import annotations

from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class PoolNotFoundError(NotFoundError):
    code = "pool_not_found"
    message = "There is no such pool or filing that you may see."


class PoolInvalidError(InvalidInputError):
    code = "pool_invalid"
    message = "This entry cannot be taken into the register of the pool."


class CompensationDayError(InvalidInputError):
    code = "compensation_day"
    message = "A compensation counts on a day from its filing to today."


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


class NothingLeftError(ConflictError):
    code = "pool_nothing_left"
    message = "A shared limit has nothing left; the filing keeps its number until there is room, or is refused."


class ContributionReversedError(ConflictError):
    code = "contribution_reversed"
    message = "This contribution has been reversed already."


class BalanceTooSmallError(ConflictError):
    code = "pool_balance_too_small"
    message = "The pool has used up too much of this contribution: its balance would fall below zero."
