"""The refusals of the engine in the page's language, by the code of the broken rule."""

from __future__ import annotations

from flask_babel import LazyString, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as __

# The engine's own sentence is more exact, but English; these stand in for it on Chinese pages.
RULES: dict[str, LazyString] = {
    "condition_precedent_open": __("The milestone that this drawdown waits for has not passed."),
    "already_called": __("This drawdown was already called."),
    "more_than_called": __("More is paid than was called and is unpaid."),
    "nothing_to_pay": __("Nothing is called and unpaid."),
    "already_paid": __("This was already paid."),
    "premium_differs": __("The premium is not the one the terms give."),
    "milestone_already_passed": __("This milestone has already passed."),
    "already_exited": __("The exit has already been settled."),
    "after_compensation": __(
        "This comes after a compensation; what is recovered now goes by the channel “after a compensation”."
    ),
    "before_compensation": __("Nothing was compensated yet; name the channel the money came from."),
    "program_missing": __("These terms have no program for this."),
    "claim_is_fixed": __("The amount of this claim stands in the terms."),
    "not_settled": __("Something is not settled yet."),
    "loss_above_exposure": __("The loss exceeds the money that is out."),
    "room_missing": __("A limit is shared with other agreements; its register says what is left."),
    "unknown_shared_limit": __("Only the limits that are shared with other agreements have room in a register."),
    "shared_limit_misplaced": __(
        "A limit shared with other agreements stands only in the layer of a guarantee or pool."
    ),
    "guarantee_unpaid": __("The guarantor pays the bank first and then claims from the next."),
    "first_payer_missing": __("A chain of guarantors needs the one that pays the bank first."),
    "channel_missing": __("These terms say nothing about this channel."),
    "payer_differs": __("The layer of the terms is owed by another payer."),
    "indemnity_differs": __("The indemnity is not the one the terms give."),
    "compensation_differs": __("The compensation is not the one the terms give."),
    "no_default": __("A default or an exit must come first."),
    "costs_above_proceeds": __("The costs exceed the proceeds."),
    "already_written_off": __("The loss was already written off."),
    "bad_period": __("The period must be in order and not end after the report."),
    "period_already_reported": __("This period was reported already; restate it to replace that report."),
    "period_not_reported": __("This period was not reported yet, so there is nothing to restate."),
    "revenue_share_differs": __("The terms give another amount due."),
    "due_above_base": __("More is due than the base reported."),
    "not_an_interest_date": __("Interest is settled on its settlement days only."),
    "interest_differs": __("The interest is not the one the terms give."),
    "more_than_reported": __("More is distributed than was reported."),
    "one_amount": __("Give exactly one of amount and what is to be paid exactly."),
    "balance_twice": __("A balance is named twice."),
    "unknown_balance": __("There is no such balance in these terms."),
    "dividend_above_distributable_profit": __("Dividends exceed the distributable profit of the audited statement."),
    "date_before_last_event": __("The day lies before the last event."),
    "agreement_closed": __("The agreement is closed."),
    "not_active": __("The agreement has not been activated."),
    "not_the_last_event": __("Only the last event that still stands can be reversed."),
    "metric_missing": __("A figure that the terms need was not reported."),
    "concession_before_principal": __("A concession comes only after the giver's own principal has come back."),
    "unknown_tranche": __("There is no such drawdown in these terms."),
    "unknown_instrument": __("There is no such instrument in these terms."),
    "unknown_loan": __("There is no such loan in these terms."),
    "unknown_policy": __("There is no such policy in these terms."),
    "unknown_claim": __("There is no such claim in these terms."),
    "unknown_flag": __("There is no such condition in these terms."),
    "unknown_milestone": __("There is no such milestone in these terms."),
    "unknown_party": __("There is no such party in these terms."),
    "amount_not_integer": __("An amount is a whole number of minor units."),
    "negative_amount": __("An amount is not negative."),
    "amount_too_large": __("The amount is larger than can be recorded."),
    "float_in_amount": __("A floating-point number stands where text or an integer is needed."),
    "missing_key": __("Something is missing here."),
    "unknown_key": __("Something stands here that the format does not know."),
    "not_an_object": __("An object is needed here."),
    "not_a_list": __("A list is needed here."),
    "not_allowed": __("This word is not one of those allowed."),
    "bad_date": __("Write the day as YYYY-MM-DD."),
    "bad_identifier": __("An id has letters, figures, dots, dashes and underscores only."),
    "bad_decimal": __("Write the number as decimal text."),
    "bad_text": __("A text is missing or too long here."),
    "bad_parameters": __("The parameters do not fit the template."),
    "rate_without_unit": __("A rate must say per what it runs."),
    "rate_not_text": __("A rate is decimal text, not a number."),
    "share_above_one": __("A share is a fraction from 0 to 1."),
    "share_out_of_range": __("A catch-up needs a share of profit between 0 and 1."),
    "speed_too_low": __("The speed of a catch-up must be above its share of profit."),
    "bad_scope": __("Name each party whose profit counts once, with the one that catches up among them."),
    "profit_in_a_part": __("Profit is counted when it is paid; nothing may be collected in parts."),
    "shares_do_not_add_up": __("The shares do not add up."),
    "tranches_do_not_add_up": __("The drawdowns do not add up to the commitment."),
    "repayments_do_not_add_up": __("The repayments do not add up to the loan."),
    "last_bucket_bounded": __("A part of the pot may be left without a payee."),
    "unreachable_block": __("What follows here gets nothing."),
    "id_twice": __("An id stands twice."),
    "circular_reference": __("Parts feed each other in a circle."),
    "wrong_currency": __("This currency is not accepted."),
    "approval_required": __("This needs an approval."),
    "capital_from_revenue": __("Capital may not come back out of revenue."),
    "legal_basis_does_not_fit": __("The legal basis does not fit what is paid."),
    "missing_driver": __("An assumption that the terms need is missing."),
    "unknown_driver": __("There is no such assumption."),
    "zero_horizon": __("The end must be after the start."),
    "range_reversed": __("The range is reversed or does not hold its value."),
    "probability_out_of_range": __("A probability lies from 0 to 1."),
    "correlation_out_of_range": __("The correlation lies from 0 to 0.99."),
    "bad_basis": __("Every assumption names its basis and source."),
    "invalid_driver": __("This assumption cannot be read."),
    "terms_not_simulable": __("These terms cannot be simulated."),
}


def refusal(rule: str | None, sentence: str) -> str:
    """The engine's sentence on English pages, the rule in Chinese on Chinese ones."""
    locale = get_locale()
    if rule is None or locale is None or locale.language == "en":
        return _(sentence)
    return str(RULES[rule]) if rule in RULES else _("The rule %(rule)s refuses this.", rule=rule)
