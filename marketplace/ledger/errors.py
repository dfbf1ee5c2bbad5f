"""Refusals of the ledger."""

from marketplace.errors import ConflictError, InvalidInputError, NotFoundError


class EntryNotBalancedError(InvalidInputError):
    code = "entry_not_balanced"
    message = "The postings of an entry must add to zero in each currency and memo pair."


class EmptyEntryError(InvalidInputError):
    code = "entry_empty"
    message = "An entry needs at least two postings that are not zero."


class DuplicateReferenceError(ConflictError):
    code = "entry_reference_used"
    message = "An entry with this reference has been posted already."


class AlreadyReversedError(ConflictError):
    code = "entry_already_reversed"
    message = "This entry has been reversed already."


class EntryNotFoundError(NotFoundError):
    code = "entry_not_found"
    message = "There is no such ledger entry."
