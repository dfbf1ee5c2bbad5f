"""The closed lists of words of assessments."""

from __future__ import annotations

SCALES = ("trl", "mrl")
EVIDENCE_TYPES = ("peer_reviewed", "test_report", "demonstration", "deployment", "vendor_claim")
ENVIRONMENTS = ("", "laboratory", "simulated", "relevant", "operational")
# Evidence of something that was run: without its environment nobody can tell for which level it speaks.
PLACED_EVIDENCE = ("test_report", "demonstration", "deployment")
ASSESSMENT_STATES = ("requested", "accepted", "in_progress", "signed", "expired", "disputed", "declined")
JUDGEMENTS = ("met", "not_met", "not_applicable")
DISPUTE_STATES = ("open", "upheld", "dismissed")
DECIDER_KINDS = ("testing_body", "assessor")
MODEL_STATES = ("candidate", "champion", "retired")
PROMOTION_STATES = ("open", "confirmed", "refused")
CHECK_STATES = ("not_enough_data", "holds", "breaks")
# What an objection rests on.
DISPUTE_GROUNDS = (
    "evidence_missing", "evidence_wrong", "environment", "sample", "independence", "procedure", "other",
)  # fmt: skip
# What an assessor answers about its ties, one by one; each must be denied, or the work is not taken.
TIES = ("employment", "shares", "contingent_fee", "made_evidence", "funder")
