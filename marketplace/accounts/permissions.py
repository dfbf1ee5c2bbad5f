"""Who may do what: a closed list of permissions, by kind of organisation and role of the member."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

ORGANISATION_KINDS = (
    "project_team", "pilot_centre", "angel", "venture_fund", "industrial_fund", "guidance_fund", "bank", "insurer",
    "assessor", "testing_body", "technology_manager", "guarantor", "pool_operator", "broker", "auditor", "operator",
    "regulator",
)  # fmt: skip
FUND_KINDS = ("angel", "venture_fund", "industrial_fund", "guidance_fund")
FUNDER_KINDS = (*FUND_KINDS, "bank")
MEMBER_ROLES = ("owner", "editor", "signatory", "viewer")


class Permission(StrEnum):
    """`resource:action`, alphabetical."""

    AGREEMENT_DRAFT = "agreement:draft"
    AGREEMENT_READ = "agreement:read"
    AGREEMENT_RECORD_EVENT = "agreement:record_event"
    AGREEMENT_SIGN = "agreement:sign"
    API_KEY_MANAGE = "api_key:manage"
    ASSESSMENT_DECIDE = "assessment:decide"
    ASSESSMENT_READ = "assessment:read"
    ASSESSMENT_REQUEST = "assessment:request"
    AUDIT_READ = "audit:read"
    COMMITMENT_MAKE = "commitment:make"
    INBOX_READ = "inbox:read"
    JOB_MANAGE = "job:manage"
    JOB_READ = "job:read"
    LEDGER_READ = "ledger:read"
    LINKAGE_READ = "linkage:read"
    LINKAGE_SIGN = "linkage:sign"
    MANDATE_EDIT = "mandate:edit"
    MANDATE_READ = "mandate:read"
    MEMBER_MANAGE = "member:manage"
    MILESTONE_DECIDE = "milestone:decide"
    MILESTONE_REPORT = "milestone:report"
    MODEL_PROMOTE = "model:promote"
    ORGANISATION_READ = "organisation:read"
    ORGANISATION_VERIFY = "organisation:verify"
    PAYMENT_CONFIRM = "payment:confirm"
    PAYMENT_READ = "payment:read"
    PAYMENT_RECORD = "payment:record"
    POLICY_BIND = "policy:bind"
    POOL_MANAGE = "pool:manage"
    POOL_READ = "pool:read"
    PORTFOLIO_READ = "portfolio:read"
    PRODUCT_EDIT = "product:edit"
    PROJECT_EDIT = "project:edit"
    PROJECT_READ = "project:read"
    PROJECT_VERIFY = "project:verify"
    QUOTE_MAKE = "quote:make"
    QUOTE_READ = "quote:read"
    QUOTE_REQUEST = "quote:request"
    ROUND_MANAGE = "round:manage"
    ROUND_READ = "round:read"
    SCHEME_EDIT = "scheme:edit"
    SCHEME_READ = "scheme:read"
    SCORE_ANSWER = "score:answer"
    SCORE_READ = "score:read"
    SCORE_REQUEST = "score:request"


P = Permission
_EVERYONE = {P.INBOX_READ, P.JOB_READ, P.ORGANISATION_READ, P.PROJECT_READ, P.SCHEME_READ, P.SCORE_READ}
_PARTY = {P.AGREEMENT_READ, P.PAYMENT_READ, P.ROUND_READ, P.ASSESSMENT_READ, P.LEDGER_READ}

# What the members of an organisation of this kind may do at most; the role then narrows it.
KIND_PERMISSIONS: dict[str, frozenset[Permission]] = {
    kind: frozenset(_EVERYONE | extra)
    for kind, extra in {
        "project_team": _PARTY
        | {
            P.PROJECT_EDIT, P.ASSESSMENT_REQUEST, P.SCORE_REQUEST, P.QUOTE_REQUEST, P.QUOTE_READ, P.POLICY_BIND,
            P.ROUND_MANAGE, P.AGREEMENT_DRAFT, P.AGREEMENT_SIGN, P.AGREEMENT_RECORD_EVENT, P.MILESTONE_REPORT,
            P.PAYMENT_RECORD,
        },
        "pilot_centre": _PARTY | {P.AGREEMENT_SIGN, P.MILESTONE_REPORT, P.AGREEMENT_RECORD_EVENT},
        **{
            kind: _PARTY
            | {
                P.MANDATE_EDIT, P.MANDATE_READ, P.COMMITMENT_MAKE, P.AGREEMENT_SIGN, P.AGREEMENT_RECORD_EVENT,
                P.SCORE_REQUEST, P.PAYMENT_RECORD, P.LINKAGE_READ, P.PORTFOLIO_READ,
            }
            # A venture fund may itself have partners, whose agreement it drafts.
            | ({P.AGREEMENT_DRAFT} if kind == "venture_fund" else {P.POOL_READ} if kind == "bank" else set())
            for kind in ("angel", "venture_fund", "industrial_fund", "bank")
        },
        "guidance_fund": _PARTY
        | {
            P.MANDATE_EDIT, P.MANDATE_READ, P.COMMITMENT_MAKE, P.AGREEMENT_SIGN, P.AGREEMENT_RECORD_EVENT,
            P.SCORE_REQUEST, P.PAYMENT_RECORD, P.LINKAGE_READ, P.LINKAGE_SIGN, P.PORTFOLIO_READ,
        },
        "insurer": _PARTY
        | {
            P.QUOTE_READ, P.QUOTE_MAKE, P.PRODUCT_EDIT, P.AGREEMENT_SIGN, P.AGREEMENT_RECORD_EVENT, P.PAYMENT_RECORD,
            P.PORTFOLIO_READ,
        },
        "assessor": {P.ASSESSMENT_READ, P.ASSESSMENT_DECIDE, P.MILESTONE_DECIDE},
        "testing_body": {P.ASSESSMENT_READ, P.MILESTONE_DECIDE},
        "technology_manager": {P.ROUND_READ, P.ASSESSMENT_READ},
        "guarantor": _PARTY | {P.AGREEMENT_SIGN, P.AGREEMENT_RECORD_EVENT, P.PAYMENT_RECORD},
        "pool_operator": _PARTY
        | {P.AGREEMENT_SIGN, P.AGREEMENT_RECORD_EVENT, P.PAYMENT_RECORD, P.POOL_MANAGE, P.POOL_READ},
        "broker": {P.QUOTE_READ},
        # A party where terms name it to certify; it is paid nothing under them.
        "auditor": _PARTY | {P.LINKAGE_READ, P.POOL_READ, P.AGREEMENT_SIGN, P.AGREEMENT_RECORD_EVENT},
        "operator": _PARTY
        | {
            P.AUDIT_READ, P.JOB_MANAGE, P.LINKAGE_READ, P.ORGANISATION_VERIFY, P.PAYMENT_CONFIRM, P.PROJECT_VERIFY,
            P.POOL_READ, P.QUOTE_READ, P.SCHEME_EDIT, P.MODEL_PROMOTE, P.SCORE_ANSWER,
        },
        "regulator": _PARTY | {P.AUDIT_READ, P.LINKAGE_READ, P.QUOTE_READ, P.MANDATE_READ, P.POOL_READ},
    }.items()
}  # fmt: skip

_READS = frozenset(permission for permission in P if permission.value.endswith(":read"))
_OWNER_ONLY = frozenset({P.MEMBER_MANAGE})
_SIGNATORY_ONLY = frozenset({P.AGREEMENT_SIGN, P.POLICY_BIND, P.LINKAGE_SIGN})


def permissions_of(kind: str, role: str) -> frozenset[Permission]:
    """The permissions of a member: the kind's, narrowed by the role."""
    allowed = KIND_PERMISSIONS[kind]
    if kind == "regulator" or role == "viewer":
        return allowed & _READS
    if role == "owner":
        return allowed | _OWNER_ONLY | {P.API_KEY_MANAGE}
    if role == "signatory":
        return allowed | {P.API_KEY_MANAGE}
    return (allowed - _SIGNATORY_ONLY) | {P.API_KEY_MANAGE}


@dataclass(frozen=True)
class Actor:
    """Who acts, for which organisation; made anew for each request from the database."""

    user_id: int
    user_public_id: str
    user_name: str
    organisation_id: int
    organisation_public_id: str
    organisation_kind: str
    organisation_name: str
    role: str
    verified: bool
    permissions: frozenset[Permission] = field(default_factory=frozenset)

    def can(self, permission: Permission | str) -> bool:
        return permission in self.permissions

    @property
    def is_funder(self) -> bool:
        return self.organisation_kind in FUNDER_KINDS
