"""The ways of a request, a quote, a policy and a claim, each as a table of arrows."""

from __future__ import annotations

from marketplace.insurance.errors import ClaimStateError, PolicyStateError, QuoteStateError, RequestStateError

REQUEST_STATES = ("open", "bound", "withdrawn")
QUOTE_STATES = (
    "draft", "priced", "offered", "referred", "declined", "accepted", "bound", "expired", "withdrawn", "superseded",
)  # fmt: skip
POLICY_STATES = ("bound", "in_force", "expired", "cancelled", "lapsed")
# A quote that has its price and is not bound yet: a panel can be proposed and answered.
SHARED_STATES = ("priced", "offered", "accepted")
PANEL_STATES = ("standing", "superseded")
LINE_STATES = ("asked", "accepted", "declined")
CLAIM_STATES = ("notified", "registered", "assessing", "agreed", "paid", "closed", "refused")

REQUEST_ARROWS = {"open": ("bound", "withdrawn"), "bound": (), "withdrawn": ()}
QUOTE_ARROWS: dict[str, tuple[str, ...]] = {
    "draft": ("priced", "referred", "declined", "withdrawn", "superseded"),
    "priced": ("offered", "referred", "declined", "withdrawn", "superseded"),
    "referred": ("offered", "declined", "withdrawn", "superseded"),
    "offered": ("accepted", "expired", "withdrawn", "superseded"),
    "accepted": ("bound", "expired"),
    "declined": (),
    "expired": (),
    "withdrawn": (),
    "superseded": (),
    "bound": (),
}
POLICY_ARROWS: dict[str, tuple[str, ...]] = {
    "bound": ("in_force", "lapsed", "cancelled"),
    "in_force": ("expired", "cancelled"),
    "expired": (),
    "cancelled": (),
    "lapsed": (),
}
CLAIM_ARROWS: dict[str, tuple[str, ...]] = {
    "notified": ("registered", "refused"),
    "registered": ("assessing", "refused"),
    # An assessment may be corrected until the insured has agreed to it.
    "assessing": ("assessing", "agreed", "refused"),
    "agreed": ("paid",),
    "paid": ("closed",),
    "closed": (),
    "refused": (),
}
# Nobody waits for anything any more in these.
QUOTE_ENDED = tuple(state for state, targets in QUOTE_ARROWS.items() if not targets and state != "bound")
CLAIM_ENDED = ("closed", "refused")


def check_request_move(before: str, after: str) -> None:
    """Raise RequestStateError where the table has no such arrow."""
    if after not in REQUEST_ARROWS[before]:
        raise RequestStateError(state=before, wanted=after)


def check_quote_move(before: str, after: str) -> None:
    """Raise QuoteStateError where the table has no such arrow."""
    if after not in QUOTE_ARROWS[before]:
        raise QuoteStateError(state=before, wanted=after)


def check_policy_move(before: str, after: str) -> None:
    """Raise PolicyStateError where the table has no such arrow."""
    if after not in POLICY_ARROWS[before]:
        raise PolicyStateError(state=before, wanted=after)


def check_claim_move(before: str, after: str) -> None:
    """Raise ClaimStateError where the table has no such arrow."""
    if after not in CLAIM_ARROWS[before]:
        raise ClaimStateError(state=before, wanted=after)
