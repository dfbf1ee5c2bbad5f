"""Errors of pricing and of claims arithmetic, with the stable codes of the insurance specification."""

from __future__ import annotations

from risk.errors import RiskError


class InsuranceError(RiskError):
    """A quote or an indemnity that cannot be computed; ``code`` names the broken rule.

    Codes used: ``product_not_filed``, ``version_expired``, ``sum_out_of_range``, ``term_out_of_range``,
    ``missing_factor_level``, ``score_expired``, ``loadings_exceed_one``, ``deductible_above_limit``,
    ``shares_not_100``, ``cover_exhausted``, ``commission_above_cap``, ``option_not_offered``,
    ``trigger_not_given``, ``trigger_too_certain``, ``unknown_cost_item``, ``subsidy_above_premium`` and
    ``invalid_insurance_input``.
    """

    code = "invalid_insurance_input"
