"""The linkage rules of a round, evaluated on its present commitments."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.funding.linkage_rules import Evaluation, Share, evaluate
from marketplace.funding.models import Commitment, LinkageRule, Round


def shares_of(commitments: Iterable[Commitment], *, base: str = "committed") -> list[Share]:
    """Live commitments as a rule sees them, on the committed or the paid base."""
    return [
        Share(
            label=item.organisation.public_id,
            kind=item.organisation_kind,
            amount_minor=item.paid_minor if base == "paid" else item.amount_minor,
            state_owned_bps=item.public_bps,
            is_loan=item.is_loan,
        )
        for item in commitments
        if item.state != "released"
    ]


def evaluate_rule(rule: LinkageRule, commitments: Iterable[Commitment], *, reading: str | None = None) -> Evaluation:
    """One rule, in its own reading or in another that is shown beside it."""
    return evaluate(
        kind=rule.kind,
        threshold=rule.threshold,
        reading=reading or rule.reading,
        base=rule.base,
        shares=shares_of(commitments, base=rule.base),
    )


def evaluate_round(round_: Round) -> list[tuple[LinkageRule, Evaluation]]:
    """Every rule of the round with its arithmetic."""
    return [(rule, evaluate_rule(rule, round_.commitments)) for rule in round_.linkage_rules]
