"""The closed lists of words of mandates and matches; stored as they stand here."""

from __future__ import annotations

MANDATE_STATES = ("active", "paused", "expired")
VISIBILITIES = ("public", "verified", "private")
ROLES = ("lead", "follow", "either")
STAGES = ("seed", "early", "growth", "expansion")
MUST_HAVES = ("ip_owned", "pilot_site_booked", "insurance_bound", "assessed_level")
BANDS = ("low", "moderate", "elevated", "high", "very_high")
# What a match is ranked by. Where the money must be re-invested (返投) is not among it and never is.
PARTS = ("ticket", "level", "sector", "region", "risk", "text")
EXCLUSION_OPERATORS = ("above", "below", "is")
# A figure is compared, a word is equal or not.
EXCLUSION_FIGURES = ("scale_up_factor", "new_process_steps", "unproven_equipment_share", "recycle_streams")
EXCLUSION_WORDS = ("lead_organisation_size", "solids_handling", "sector")
EXCLUSION_FIELDS = (*EXCLUSION_FIGURES, *EXCLUSION_WORDS)
# In these states a project looks for money.
FUNDABLE_STATES = ("published", "in_funding")
MATCHES_KEPT = 200
