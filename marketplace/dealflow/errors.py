"""Refusals of deal flow, each naming the rule."""

from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class MandateNotFoundError(NotFoundError):
    code = "mandate_not_found"
    message = "There is no such mandate that you may see."


class MandateInvalidError(InvalidInputError):
    code = "mandate_invalid"


class MandateEmptyRangeError(InvalidInputError):
    code = "mandate_empty_range"
    message = "A range of this mandate has nothing in it."


class MandateMoveRefusedError(ConflictError):
    code = "mandate_state"
    message = "The state of this mandate does not allow this step."


class NotTheFunderError(NotAllowedError):
    code = "not_the_funder"
    message = "Only the funder of this mandate may do this."


class NotVisibleError(NotAllowedError):
    code = "not_visible"
    message = "Matches open once the operator has verified your organisation."
