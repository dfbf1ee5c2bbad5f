"""Use cases of funding."""

from marketplace.funding.services.commitments import (
    harden_commitment,
    make_commitment,
    record_called,
    record_paid,
    release_commitment,
)
from marketplace.funding.services.evaluation import evaluate_round
from marketplace.funding.services.rounds import (
    add_linkage_rule,
    close_round,
    fail_round,
    launch_round,
    open_round,
    refuse_round,
)

__all__ = [
    "add_linkage_rule",
    "close_round",
    "evaluate_round",
    "fail_round",
    "harden_commitment",
    "launch_round",
    "make_commitment",
    "open_round",
    "record_called",
    "record_paid",
    "refuse_round",
    "release_commitment",
]  # fmt: skip
