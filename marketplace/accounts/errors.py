"""What accounts refuse, one class for each broken rule."""

from __future__ import annotations

from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class NotVerifiedError(NotAllowedError):
    """The organisation has not been verified by the operator."""

    code = "organisation_not_verified"
    message = "Your organisation is not verified yet. Until then it reads public teasers only."


class FreshSignInNeededError(NotAllowedError):
    """The act asks for a sign-in within the last minutes."""

    code = "fresh_sign_in_needed"
    message = "Please confirm first that it is you; this act asks for a sign-in within the last 15 minutes."


class ScopeMissingError(NotAllowedError):
    """The API key was made for reading only, or has no scope at all."""

    code = "scope_missing"
    message = "This API key does not have the scope that this act needs."


class OwnOrganisationError(NotAllowedError):
    """Maker and checker would be the same."""

    code = "own_organisation"
    message = "Nobody decides on the verification of an organisation that he or she belongs to."


class InvalidCreditCodeError(InvalidInputError):
    """The unified social credit code cannot be right (GB 32100-2015)."""

    code = "invalid_credit_code"
    message = "This is not a valid unified social credit code; please compare all 18 characters with the licence."


class CreditCodeTakenError(InvalidInputError):
    """Another organisation is registered with this code."""

    code = "credit_code_taken"
    message = "An organisation with this credit code is registered already; ask one of its owners for an invitation."


class WeakPasswordError(InvalidInputError):
    """The password does not meet the policy."""

    code = "weak_password"
    message = "Choose another password."


class SignInRefusedError(InvalidInputError):
    """One sentence for every reason, so that it tells nothing about the account."""

    code = "sign_in_refused"
    message = (
        "The e-mail address or the password is not right, "
        "or the account is paused for 15 minutes after too many attempts."
    )


class SecondFactorRefusedError(InvalidInputError):
    """The one-time code is wrong, was used already, or the account is paused."""

    code = "second_factor_refused"
    message = "This code is wrong, was used already, or the account is paused for 15 minutes after too many attempts."


class LinkSpentError(NotFoundError):
    """A link from a mail that was used, replaced or has run out."""

    code = "link_spent"
    message = "This link was used already, was replaced by a newer one, or has expired."


class IllegalVerificationMoveError(ConflictError):
    """The verification is not in a state from which this can be done."""

    code = "illegal_verification_move"
    message = "The verification of this organisation is in another state; reload the page."


class LastOwnerError(ConflictError):
    """An organisation keeps at least one owner."""

    code = "last_owner"
    message = "The last owner of an organisation cannot leave or change role; make somebody else an owner first."


class AlreadyMemberError(ConflictError):
    """The person belongs to the organisation already."""

    code = "already_member"
    message = "This person is a member of the organisation already."


class KeyNameTakenError(InvalidInputError):
    """Two live keys of one member under the same name."""

    code = "key_name_taken"
    message = "You have a key with this name already; choose another name or revoke the old one."
