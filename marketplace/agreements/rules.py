"""Who decides on which kind of event: four events, four deciders; money facts come from the payments domain only."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from marketplace.agreements.errors import EventNotYoursError

FUNDERS = ("angel", "venture_fund", "industrial_fund", "guidance_fund")
# Whoever acts for the party that uses the money: a project, or a fund that hands it on to projects.
TEAM = ("project", "fund")
# Recorded by the house when another domain has decided: payment, milestone, claim, signatures.
HOUSE_KINDS = (
    "activate",
    "amendment",
    "drawdown_paid",
    "premium_paid",
    "milestone",
    "insurance_recovery",
    "payment",
    "deployment",
)
# Kinds that a party records at once.
PARTY_KINDS: dict[str, tuple[str, ...]] = {
    "drawdown_call": TEAM,
    "revenue_report": TEAM,
    "interest_due": ("bank", *TEAM),
    "distribution": TEAM,
    "loss_event": ("bank", *TEAM),
    "pool_compensation": ("pool", "guarantor"),
    "recovery": ("bank", *TEAM),
    "write_off": ("bank", *FUNDERS),
    "grant_audit": ("auditor",),
    "grant_return": (*FUNDERS, *TEAM),
}
# What stops an agreement, and what lifts it; nothing of it moves money, so none has an entry in the ledger.
RAISING_KINDS = ("dispute", "freeze", "default")
LIFTING_KINDS = ("release", "cure")
STOPPING_KINDS = (*RAISING_KINDS, *LIFTING_KINDS)
_PAID = ("insurer", "pool", "guarantor", "pilot_centre", "general_partner", "university", "auditor")
PARTY_KINDS |= {
    "dispute": (*FUNDERS, *TEAM, "bank", *_PAID),
    # Whoever has money in it, or answers for it.
    "freeze": (*FUNDERS, "bank", "guarantor"),
    "release": (*FUNDERS, *TEAM, "bank", *_PAID),
    "default": (*FUNDERS, *TEAM, "bank"),
    "cure": (*FUNDERS, *TEAM, "bank"),
}
# What a draft may be made from; each is a function of the engine's package.
TEMPLATES = ("joint_pilot", "guaranteed_loan", "pooled_loan", "licence", "royalty_to_cap", "sub_fund", "fund_first")
# Kinds that one party proposes and a party of another side confirms before they are recorded.
PROPOSED_KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "exit": (TEAM, (*FUNDERS, "bank")),
    "reversal": (("bank", *TEAM, *FUNDERS), ("bank", *TEAM, *FUNDERS)),
    "close": (TEAM, (*FUNDERS, "bank")),
    # Team and funder gain or lose by these, so neither decides them.
    "conversion": ((*TEAM, *FUNDERS), ("auditor",)),
    "grant_close": ((*TEAM, *FUNDERS), ("auditor",)),
}
# Whoever is paid by contract confirms these where the agreement has neither funder nor bank.
BY_CONTRACT = ("university", "pilot_centre")
_WITHOUT_FUNDER = ("reversal", "close")
# Events of a conditional grant that only the party decides on whom its terms name for it.
CERTIFIED_KINDS = ("conversion", "grant_audit", "grant_close")
GRANT_KINDS = (*CERTIFIED_KINDS, "grant_return")
KINDS_BY_HAND = (*PARTY_KINDS, *PROPOSED_KINDS)


def kinds_of_role(role: str) -> list[str]:
    """The kinds that a party of this role records or proposes."""
    return [kind for kind, roles in PARTY_KINDS.items() if role in roles] + [
        kind for kind, (proposers, _confirmers) in PROPOSED_KINDS.items() if role in proposers
    ]


def kinds_that_apply(model: Any, party: Any) -> list[str]:
    """The kinds of the party's role that these terms know at all: a licence calls no money and has no loan."""
    channels = model.recoveries.channels if model.recoveries else {}
    owes = any(getattr(node, "payer", None) == party.party for name, node in channels.items() if name != "insurance")
    applies = {
        "drawdown_call": bool(model.tranches),
        "revenue_report": model.operating is not None,
        "interest_due": bool(model.loans),
        "distribution": model.operating is not None,
        "loss_event": bool(model.instruments),
        "pool_compensation": owes,
        "recovery": any(name in channels for name in ("collateral", "estate", "later")),
        "write_off": bool(model.instruments),
        "exit": model.exit is not None,
        **dict.fromkeys(GRANT_KINDS, bool(model.grants)),
    }
    return [kind for kind in kinds_of_role(party.role) if applies.get(kind, True)]


def require_decider(kind: str, role: str, body: dict[str, Any]) -> None:
    """Refuse a party that does not decide on this kind of event."""
    roles = PARTY_KINDS.get(kind)
    if roles is None or role not in roles:
        raise EventNotYoursError(kind=kind, deciders=list(roles or ("house",)))
    if kind == "loss_event" and body.get("kind") == "default" and role != "bank":
        raise EventNotYoursError("A default is declared by the lender.", kind=kind, deciders=["bank"])
    if kind == "grant_return" and body.get("early") and role not in TEAM:
        raise EventNotYoursError("Only the team gives back early.", kind=kind, deciders=list(TEAM))


def require_stop(kind: str, body: dict[str, Any], party: str, *, raised_by: str, organisation: str) -> None:
    """Refuse a breach that a party declares of itself, and the lifting of what another party has raised."""
    if kind == "default" and body.get("party") == party:
        raise EventNotYoursError("A party does not declare its own default.", kind=kind)
    if kind in LIFTING_KINDS and raised_by not in ("", organisation):
        raise EventNotYoursError("Only the party that raised it lifts it.", kind=kind)


def require_own_payment(model: Any, body: dict[str, Any], party: str) -> None:
    """Refuse a compensation recorded by anybody but the party that pays it; what the terms lack the engine refuses."""
    channels = model.recoveries.channels if model.recoveries else {}
    facility = channels.get(body.get("channel", "pool"))
    payer = getattr(facility, "payer", party)
    if payer != party:
        raise EventNotYoursError("A compensation is recorded by the party that pays it.", kind="pool_compensation")


def require_certifier(model: Any, body: dict[str, Any], party: str) -> None:
    """Refuse a decision on a conditional grant by anybody but the certifier that its terms name."""
    rules = [item.conversion for item in model.grants if item.id == body.get("instrument") and item.conversion]
    if any(rule.certified_by != party for rule in rules):
        raise EventNotYoursError("Only the certifier that the terms name decides this.")


def require_proposer(kind: str, role: str) -> None:
    if kind not in PROPOSED_KINDS or role not in PROPOSED_KINDS[kind][0]:
        raise EventNotYoursError(kind=kind, deciders=list(PROPOSED_KINDS.get(kind, (("house",), ()))[0]))


def require_confirmer(kind: str, role: str, roles: Collection[str]) -> None:
    """Refuse a role that does not confirm this kind among the roles of an agreement."""
    deciders = PROPOSED_KINDS[kind][1]
    if kind in _WITHOUT_FUNDER and not set(roles) & {*FUNDERS, "bank"}:
        deciders = (*deciders, *BY_CONTRACT)
    if role not in deciders:
        raise EventNotYoursError("Another side confirms this proposal.", kind=kind, deciders=list(deciders))
