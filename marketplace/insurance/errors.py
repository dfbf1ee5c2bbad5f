"""Refusals of insurance, with the stable codes of its specification."""

from __future__ import annotations

from typing import Any

from marketplace.errors import ConflictError, InvalidInputError, MarketplaceError, NotAllowedError, NotFoundError


class InsuranceNotFoundError(NotFoundError):
    code = "insurance_not_found"
    message = "There is no such product, request, quote, policy or claim that you may see."


class NotAuthorisedError(NotAllowedError):
    code = "not_authorised"
    message = "Only the party whose act this is may do it."


class ProductInvalidError(InvalidInputError):
    code = "product_invalid"


class ProductExistsError(ConflictError):
    code = "product_version_exists"
    message = "This version of the product is filed already; a change is a new version."


class ProductNotFiledError(InvalidInputError):
    code = "product_not_filed"
    message = "This product carries no filing number, so no premium may be quoted under it."


class VersionExpiredError(InvalidInputError):
    code = "version_expired"
    message = "This version of the product is not valid on the day of the quote."


class SumOutOfRangeError(InvalidInputError):
    code = "sum_out_of_range"
    message = "The sum insured is outside the range of the product."


class TermOutOfRangeError(InvalidInputError):
    code = "term_out_of_range"
    message = "The period of cover is outside the range of the product."


class OptionNotOfferedError(InvalidInputError):
    code = "option_not_offered"
    message = "The product does not offer this cost item, deductible, limit or share."


class MissingFactorLevelError(InvalidInputError):
    code = "missing_factor_level"
    message = "The product looks at a figure of the project that is not known."


class ScoreExpiredError(ConflictError):
    code = "score_expired"
    message = "The risk score has expired; a new score is needed, or an underwriter decides."


class TriggerNotGivenError(ConflictError):
    code = "trigger_not_given"
    message = "There is no score to price from; ask for one, or let an underwriter decide."


class TriggerTooCertainError(InvalidInputError):
    code = "trigger_too_certain"
    message = "The insured event is nearly certain and cannot be priced by this product."


class LoadingsExceedOneError(InvalidInputError):
    code = "loadings_exceed_one"
    message = "The loadings take the whole premium or more."


class CommissionAboveCapError(InvalidInputError):
    code = "commission_above_cap"
    message = "The commission is above the cap of the product."


class DeductibleAboveLimitError(InvalidInputError):
    code = "deductible_above_limit"
    message = "The deductible is above the limit, so the cover would be empty."


class SharesNotWholeError(InvalidInputError):
    code = "shares_not_100"
    message = "The assigned shares of the indemnity add up to more than the whole."


class SubsidyAbovePremiumError(InvalidInputError):
    code = "subsidy_above_premium"
    message = "The subsidies cover the whole premium or more; the insured bears a part of it."


class UnknownCostItemError(InvalidInputError):
    code = "unknown_cost_item"
    message = "This cost item is not in the schedule of the policy."


class CoverExhaustedError(ConflictError):
    code = "cover_exhausted"
    message = "The limit of this cover has been paid in full."


class PricingInputError(InvalidInputError):
    code = "invalid_insurance_input"
    message = "The cover cannot be priced with these figures."


class RequestInvalidError(InvalidInputError):
    code = "quote_request_invalid"


class RequestStateError(ConflictError):
    code = "quote_request_state"
    message = "This request for quotes is closed."


class CoverNotOpenError(ConflictError):
    code = "instrument_closed"
    message = "Pilot-failure cover is not open at the assessed level of this project."


class QuoteStateError(ConflictError):
    code = "quote_state"
    message = "The quote cannot do this in its present state."


class QuoteNotOfferedError(ConflictError):
    code = "quote_not_offered"
    message = "Only a quote that is offered can be accepted."


class QuoteExpiredError(ConflictError):
    code = "quote_expired"
    message = "This quote is no longer valid; ask the insurer for a new one."


class AlreadyAcceptedError(ConflictError):
    code = "already_accepted"
    message = "Another quote of this request is accepted already; at most one can be."


class AlreadyBoundError(ConflictError):
    code = "already_bound"
    message = "This cover is bound already."


class DeclineStandsError(ConflictError):
    code = "decline_stands"
    message = "A rule of the filed product declines this risk; an underwriter cannot set it aside."


class DisclosureNotAcknowledgedError(ConflictError):
    code = "disclosure_not_acknowledged"
    message = "The exclusions and duties must be read and acknowledged before the cover is bound."


class DisclosureChangedError(ConflictError):
    code = "disclosure_changed"
    message = "The text that was shown is not the text of this quote; read it again."


class PanelInvalidError(InvalidInputError):
    code = "panel_invalid"


class PanelStateError(ConflictError):
    code = "panel_state"
    message = "The panel of this quote cannot be changed or answered any more."


class OwnQuoteOpenError(ConflictError):
    code = "own_quote_open"
    message = "Your own quote for this cover is still open: withdraw or decline it before you follow another insurer."


class FollowerNotSignedError(ConflictError):
    code = "follower_not_signed"
    message = "A following insurer has not accepted its share yet, so the cover cannot be bound."


class PolicyStateError(ConflictError):
    code = "policy_state"
    message = "The policy cannot do this in its present state."


class ClaimInvalidError(InvalidInputError):
    code = "claim_invalid"


class ClaimStateError(ConflictError):
    code = "claim_state"
    message = "The claim cannot do this in its present state."


class ClaimOutsidePeriodError(InvalidInputError):
    code = "claim_outside_period"
    message = "The event lies outside the period of cover."


class DoubleRecoveryError(InvalidInputError):
    code = "double_recovery"
    message = "Another cover of the project has accepted this cost already; nothing is paid twice."


# Codes of the quantitative core that a person meets, each with its own sentence and kind.
PRICING_ERRORS: dict[str, type[MarketplaceError]] = {
    kind.code: kind
    for kind in (
        ProductNotFiledError, VersionExpiredError, SumOutOfRangeError, TermOutOfRangeError, OptionNotOfferedError,
        MissingFactorLevelError, ScoreExpiredError, TriggerNotGivenError, TriggerTooCertainError,
        LoadingsExceedOneError, CommissionAboveCapError, DeductibleAboveLimitError, SharesNotWholeError,
        SubsidyAbovePremiumError, UnknownCostItemError, CoverExhaustedError,
    )
}  # fmt: skip
# What a machine cannot price an underwriter may look at.
REFERRED_CODES = ("score_expired", "trigger_not_given", "missing_factor_level", "trigger_too_certain")


def translate_error(error: Any) -> MarketplaceError:
    """The marketplace's error for a refusal of `risk.pricing`; its own sentence goes into the details."""
    kind = PRICING_ERRORS.get(error.code, PricingInputError)
    return kind(field=error.field, reason=error.message, **error.details)
