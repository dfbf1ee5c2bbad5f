"""Refusals of linkage reports, each naming the rule."""

from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class FundNotFoundError(NotFoundError):
    code = "linkage_fund_not_found"
    message = "There is no such guidance fund whose reports you may see."


class ReportNotFoundError(NotFoundError):
    code = "linkage_report_not_found"
    message = "There is no such report that you may see."


class PeriodError(InvalidInputError):
    code = "period_invalid"
    message = "Enter a year such as 2026, or a quarter such as 2026Q3."


class UnknownFigureError(InvalidInputError):
    code = "figure_unknown"
    message = "Choose a symbol, a reading and a base from the lists."


class RoundNotClosedError(ConflictError):
    code = "round_not_closed"
    message = "Only what was paid into a closed round is reported."


class ReporterNotInRoundError(NotAllowedError):
    code = "reporter_not_in_round"
    message = "Only those who committed to a round report what was paid into it."


class InvestorNotInRoundError(InvalidInputError):
    code = "investor_not_in_round"
    message = "This organisation did not commit to the round."


class EvidenceError(InvalidInputError):
    code = "evidence_unknown"
    message = "Choose the evidence from the list."


class FutureDateError(InvalidInputError):
    code = "day_in_future"
    message = "This day lies in the future."


class NotSignatoryError(NotAllowedError):
    code = "linkage_not_signatory"
    message = "Only a signatory of the fund itself freezes its report."


class ReportUnchangedError(ConflictError):
    code = "report_unchanged"
    message = "Nothing has changed since the report was last frozen."


class AttributionError(ConflictError):
    code = "attribution_not_conserved"
    message = "The parts attributed to the funds do not add to the money of the round."
