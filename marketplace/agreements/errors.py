"""Refusals of agreements; where a clause of the terms is at fault, `details` names it."""

from __future__ import annotations

from typing import Any

from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class AgreementNotFoundError(NotFoundError):
    code = "agreement_not_found"
    message = "There is no such agreement that you may see."


class AgreementStateError(ConflictError):
    code = "agreement_state"
    message = "The agreement is not in a state that allows this."


class VersionChangedError(ConflictError):
    code = "version_changed"
    message = "The terms were changed in the meantime; read the new version first."


class TermsRefusedError(InvalidInputError):
    """The engine cannot run these terms; the message is its sentence, `clause` the place."""

    code = "terms_refused"
    message = "These terms cannot be run."


class PartiesDifferError(InvalidInputError):
    code = "parties_differ"
    message = "The parties of the terms and the organisations that stand behind them do not agree."


class OrganisationTwiceError(InvalidInputError):
    code = "organisation_twice"
    message = "An organisation can act for one party of an agreement only."


class NotAPartyError(NotAllowedError):
    code = "not_a_party"
    message = "Your organisation is not a party of this agreement."


class NotSignatoryError(NotAllowedError):
    code = "not_signatory"
    message = "Only a signatory of the party can do this."


class AlreadySignedError(ConflictError):
    code = "already_signed"
    message = "This party has signed this version already."


class SimulationMissingError(ConflictError):
    code = "simulation_missing"
    message = "This version cannot be signed before it has been simulated and the result was shown to you."


class InstrumentNotOpenError(ConflictError):
    code = "instrument_closed"
    message = "An instrument of these terms is closed at the assessed level of the project."


class SimulationRefusedError(InvalidInputError):
    code = "simulation_refused"
    message = "The simulation cannot be run with these assumptions."


class NoSigningKeyError(ConflictError):
    code = "no_signing_key"
    message = "You have no signing key yet; make one first."


class KeyWaitingError(ConflictError):
    code = "signing_key_waiting"
    message = "Your new signing key waits for an owner of your organisation to confirm it."


class WrongPassphraseError(InvalidInputError):
    code = "wrong_passphrase"
    message = "The signing passphrase is not right."


class WeakPassphraseError(InvalidInputError):
    code = "weak_passphrase"
    message = "A signing passphrase has at least 12 characters."


class EventIdReusedError(ConflictError):
    code = "event_id_reused"
    message = "An event with this id and another content has been recorded already."


class EventRefusedError(InvalidInputError):
    """The engine refuses the event; the message is its sentence and nothing has changed."""

    code = "event_refused"
    message = "This event cannot be applied to the agreement."


class RegisterDiffersError(InvalidInputError):
    """A limit shared with other agreements is not that of its register; `clause` is the place."""

    code = "register_differs"
    message = "The terms and the register of the pool do not agree."


class RoomIsComputedError(InvalidInputError):
    code = "room_is_computed"
    message = "What the pool has left is taken from its register; it cannot be stated."


class EventNotYoursError(NotAllowedError):
    code = "event_not_yours"
    message = "Your organisation does not decide on an event of this kind."


class BundleUnreadableError(InvalidInputError):
    code = "bundle_unreadable"
    message = "The file is not an export of an agreement."


def from_risk(error: Any, kind: type[InvalidInputError], *, field: str | None = None) -> InvalidInputError:
    """The refusal of the quantitative core as ours, its code and clause kept."""
    refused = kind(error.message, field=field, clause=error.field, rule=error.code)
    refused.details.update({key: value for key, value in error.details.items() if key not in refused.details})
    return refused


class ConditionUnmetError(ConflictError):
    code = "condition_unmet"
    message = (
        "An instrument of these terms is conditional at the assessed level, and its condition is neither met nor a "
        "condition precedent of every drawdown."
    )


class ConditionNotOpenError(ConflictError):
    code = "condition_not_open"
    message = "Your organisation has no condition here that a document can meet now."
