"""Refusals of funding, each naming the rule."""

from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class RoundNotFoundError(NotFoundError):
    code = "round_not_found"
    message = "There is no such round that you may see."


class IllegalMoveError(ConflictError):
    code = "funding_state"
    message = "The state of this round or commitment does not allow this step."


class RoundNotOpenError(ConflictError):
    code = "round_not_open"
    message = "This round takes no commitments now."


class RoundFullError(ConflictError):
    code = "round_full"
    message = "The round has less room left than this amount."


class AlreadyCommittedError(ConflictError):
    code = "already_committed"
    message = "Your organisation has a commitment of this kind in this round already."


class TicketError(InvalidInputError):
    code = "ticket_out_of_range"
    message = "The amount is outside the limits of this round."


class InstrumentClosedError(InvalidInputError):
    code = "instrument_closed"
    message = "This instrument is closed at the assessed level."


class WrongInstrumentError(InvalidInputError):
    code = "instrument_not_for_kind"
    message = "Your kind of organisation does not offer this instrument: a bank lends, a fund holds equity."


class ConflictOfInterestError(NotAllowedError):
    code = "conflict_of_interest"
    message = "The project's own organisations cannot fund it here."


class LinkageRuleFailedError(ConflictError):
    code = "linkage_rule_failed"
    message = "A binding linkage rule is not met."


class RoundBelowMinimumError(ConflictError):
    code = "round_below_minimum"
    message = "The firm commitments do not reach the minimum of the round."


class SoftCommitmentsLeftError(ConflictError):
    code = "soft_commitments_left"
    message = "Some commitments are still soft; they are made firm or released first."


class HolderLimitError(ConflictError):
    code = "too_many_holders"
    message = "Direct equity is held by at most 200 holders."


class ScoreAloneError(InvalidInputError):
    code = "score_alone"
    message = "A risk score alone refuses nobody: say what else speaks against the project."


class ConditionNotAcknowledgedError(InvalidInputError):
    code = "condition_not_acknowledged"
    message = "This instrument is conditional at the assessed level: read the condition and acknowledge it."


class ConditionOpenError(ConflictError):
    code = "condition_open"
    message = "The condition of this commitment is not met, so it stays soft."


class ConditionChangedError(ConflictError):
    code = "condition_changed"
    message = "The level or the rules have changed: this commitment now carries another condition to acknowledge."


class ConditionStateError(ConflictError):
    code = "condition_state"
    message = "This condition does not stand open on the commitment."
