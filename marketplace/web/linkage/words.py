"""Words of the linkage pages that only they use."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

# What is listed as not reconciling, by its code.
PROBLEMS = {
    "other_currency": _l("In another currency; left out, nothing is converted"),
    "not_in_ledger": _l("Confirmed by the bank, but the ledger has no entry of this amount"),
    "paid_without_commitment": _l("Paid by somebody who did not commit to the round"),
    "defaulted": _l("The commitment is in default and left out"),
    "link_without_evidence": _l("A link is stated without evidence; counted as indirect"),
    "paid_above_commitment": _l("More is said to be paid than was committed"),
    "currency": _l("Reported in another currency"),
    "missing": _l("Neither the investor's own report nor a bank line"),
    "conflict": _l("Reporters tell different amounts or days; out of what is confirmed"),
}
BASES = {"committed": _l("Committed"), "paid": _l("Paid, confirmed"), "claimed": _l("Paid, as claimed")}
STATUS = {"committed": "computed", "paid": "confirmed", "claimed": "claimed"}
EVIDENCE = {
    "bank_line": _l("Bank line"),
    "letter": _l("Letter"),
    "lead_table": _l("The lead's table"),
    "statement": _l("Statement"),
    "none": _l("No evidence"),
}
SOURCES = {
    "own_report": _l("Own report"),
    "bank": _l("Bank evidence"),
    "lead_table": _l("The lead's table"),
    "co_investor": _l("A co-investor"),
    "": "–",
}
CONTINGENT = {"subsidy": _l("Premium subsidy"), "pool_room": _l("Room in a pool")}
