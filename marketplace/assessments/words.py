"""The closed lists of words of assessments."""

from __future__ import annotations

SCALES = ("trl", "mrl")
EVIDENCE_TYPES = ("peer_reviewed", "test_report", "demonstration", "deployment", "vendor_claim")
ENVIRONMENTS = ("", "laboratory", "simulated", "relevant", "operational")
ASSESSMENT_STATES = ("requested", "accepted", "in_progress", "signed", "expired", "disputed", "declined")
JUDGEMENTS = ("met", "not_met", "not_applicable")
DISPUTE_STATES = ("open", "upheld", "dismissed")
DECIDER_KINDS = ("testing_body", "assessor")
MODEL_STATES = ("candidate", "champion", "retired")
PROMOTION_STATES = ("open", "confirmed", "refused")
CHECK_STATES = ("not_enough_data", "holds", "breaks")
