"""What several tests of assessments send."""

from __future__ import annotations

from marketplace.assessments.words import TIES

NO_TIES_FORM = {f"ties.{tie}": "no" for tie in TIES}
