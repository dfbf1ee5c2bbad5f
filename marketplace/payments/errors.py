"""Refusals of payments."""

from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class PaymentNotFoundError(NotFoundError):
    code = "payment_not_found"
    message = "There is no such payment that you may see."


class PaymentStateError(ConflictError):
    code = "payment_state"
    message = "This payment can no longer be changed in this way."


class BankReferenceUsedError(ConflictError):
    code = "bank_reference_used"
    message = "A bank line with this reference has been recorded already."


class SamePersonError(NotAllowedError):
    code = "second_person_needed"
    message = "A transfer is confirmed by another person than the one who recorded it."


class InterestedPartyError(NotAllowedError):
    code = "interested_party"
    message = "Whoever pays or receives this money cannot confirm it."


class RemittanceCodeError(InvalidInputError):
    code = "remittance_code_wrong"
    message = "The remittance code does not belong to this payment."


class IntentDiffersError(ConflictError):
    code = "payment_intent_differs"
    message = "A payment for the same purpose exists with another amount or other parties."
