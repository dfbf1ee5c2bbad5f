"""Use cases of funding."""

from marketplace.funding.services.commitments import (
    harden_commitment,
    make_commitment,
    record_called,
    record_paid,
    release_commitment,
)
from marketplace.funding.services.conditions import acknowledge_condition, ask_open, check_evidence, meet_condition
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
    "acknowledge_condition",
    "add_linkage_rule",
    "ask_open",
    "check_evidence",
    "close_round",
    "evaluate_round",
    "fail_round",
    "harden_commitment",
    "launch_round",
    "make_commitment",
    "meet_condition",
    "open_round",
    "record_called",
    "record_paid",
    "refuse_round",
    "release_commitment",
]  # fmt: skip
